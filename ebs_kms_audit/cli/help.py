"""`ebs-kms-audit help [COMMAND]`."""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit.cli.commands import COMMANDS, run_of
from ebs_kms_audit.cli.parser import Parser, one_of

_DESCRIPTION = "Prints the help of the main command or of another command."
_EPILOG = """\
examples:
  ebs-kms-audit help
  ebs-kms-audit help query

exit status:
  0  the help was printed     2  bad usage
"""


def run(words: Sequence[str]) -> int:
    """Print the help of a command, or of the main one. Raises UsageError for an unknown name."""
    parser = Parser("help", _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "command", nargs="?", type=one_of(COMMANDS), metavar="COMMAND", help=", ".join(COMMANDS)
    )
    return run_of(parser.parse(words).command or "audit")(["--help"])
