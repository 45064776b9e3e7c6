"""`ebs-kms-audit version`."""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit import __version__
from ebs_kms_audit.aws import FACTS_DATE
from ebs_kms_audit.cli.output import write
from ebs_kms_audit.cli.parser import Parser

_EPILOG = """\
example:
  ebs-kms-audit version

exit status:
  0  the version was printed     2  bad usage
"""


def run(words: Sequence[str]) -> int:
    """Print the version. The exit status is 0."""
    Parser("version", "Prints the version.", _EPILOG).parse(words)
    write(f"{version_text()}\n")
    return 0


def version_text() -> str:
    """Return the name, the version and the date of the facts about AWS."""
    return f"ebs-kms-audit {__version__} (facts about AWS as of {FACTS_DATE})"
