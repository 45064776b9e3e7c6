"""`ebs-kms-audit explain [ID]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ebs_kms_audit.cli.output import write
from ebs_kms_audit.explain import entries, pages

_DESCRIPTION = "Says what an id of the report means, and what to do."


def run(words: Sequence[str]) -> int:
    """Print the page of an id, or a list of all ids. The exit status is 0.

    Raises UsageError for an unknown id.
    """
    parser = argparse.ArgumentParser(prog="ebs-kms-audit explain", description=_DESCRIPTION)
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="an id of the report; without it, all are listed"
    )
    options = parser.parse_args(words)
    if options.id is None:
        lines = [f"{one.id:28}{one.kind:14}{one.title}" for one in entries()]
        write("\n".join(lines) + "\n")
    else:
        write("\n\n\n".join(map(str, pages(options.id))) + "\n")
    return 0
