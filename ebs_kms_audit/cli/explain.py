"""`ebs-kms-audit explain [ID]`."""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit.cli.output import write
from ebs_kms_audit.cli.parser import Parser
from ebs_kms_audit.explain import entries, pages

_DESCRIPTION = "Says what a word or an id of the report means, and what to do."
_EPILOG = """\
examples:
  ebs-kms-audit explain
  ebs-kms-audit explain read_only_hidden
  ebs-kms-audit explain safe

exit status:
  0  explained     2  unknown id or bad usage
"""


def run(words: Sequence[str]) -> int:
    """Print the page of an id, or a list of all ids. The exit status is 0.

    Raises UsageError for an unknown id.
    """
    parser = Parser("explain", _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="an id of the report; without it, all are listed"
    )
    options = parser.parse(words)
    if options.id is None:
        lines = [f"{one.id:28}{one.kind:14}{one.title}" for one in entries()]
        write("\n".join(lines) + "\n")
    else:
        write("\n\n\n".join(map(str, pages(options.id))) + "\n")
    return 0
