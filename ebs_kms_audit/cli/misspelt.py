"""Names of files that do not exist → the file that was probably meant."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ebs_kms_audit.cli.options import Options


def misspelt_files(options: Options) -> Iterator[str]:
    """Give a sentence for each given file that does not exist, if its folder has one like it."""
    given = (*options.inputs, *(options.records or ()), *options.key_policy)
    for name in given:
        path = name.partition("=")[2] if name.startswith("arn:") else name
        folder, _, file = path.rpartition("/")
        if not file or os.path.lexists(path) or any(mark in file for mark in "*?["):
            continue
        from ebs_kms_audit.render.phrases import did_you_mean

        try:
            known = sorted(os.listdir(folder or "."))  # noqa: PTH208 - pathlib is slow to import
        except (OSError, ValueError):
            continue
        if hint := did_you_mean(file, known):
            yield f"{path} does not exist.{hint}"
