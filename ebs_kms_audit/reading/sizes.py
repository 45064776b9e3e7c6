"""Inputs → how many bytes they have on the disk, for the progress."""

from __future__ import annotations

import os
from contextlib import suppress
from stat import S_ISDIR, S_ISREG
from typing import Any

from ebs_kms_audit.reading.sources import Sources, looks_like_content


def total_size(inputs: Any) -> int | None:
    """Return how many bytes of the inputs are on the disk; None if some are elsewhere."""
    if isinstance(inputs, (str, os.PathLike)):
        return _size_at(os.fsdecode(inputs))
    if not isinstance(inputs, (list, tuple)):
        return 0 if inputs is None else None
    sizes = [total_size(item) for item in inputs]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _size_at(path: str) -> int | None:
    from ebs_kms_audit.reading.patterns import matches

    if path == "-":
        return None
    sources = Sources()
    try:
        found = os.stat(path)  # noqa: PTH116
        if S_ISREG(found.st_mode):
            return found.st_size
        if not S_ISDIR(found.st_mode):
            return None
        files = [file for file in sources.files_in(path) if isinstance(file, str)]
    except (OSError, ValueError):
        files = [] if looks_like_content(path) else [one for one in matches(path) if one != path]
        return sum(_size_at(match) or 0 for match in files)
    sizes = 0
    for file in files:
        with suppress(OSError):
            sizes += os.stat(file).st_size  # noqa: PTH116
    return sizes
