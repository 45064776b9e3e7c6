"""`ebs-kms-audit message TEXT`: the audit of one pasted text."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ebs_kms_audit.cli.audit import audit_as
from ebs_kms_audit.cli.options import read_options
from ebs_kms_audit.cli.parser import Parser
from ebs_kms_audit.errors import UsageError

_DESCRIPTION = """\
Reads the error that a person got, and says who was denied what, why, and what fixes it. It is the
same report as ebs-kms-audit --message TEXT, and takes the same options.
"""
_EPILOG = """\
examples:
  ebs-kms-audit message "User: arn:aws:sts::111122223333:assumed-role/deploy/run is not auth..."
  ebs-kms-audit message "Client.InternalError: Client error on launch"
  pbpaste | ebs-kms-audit message - --key-policy key_policy.json

exit status:
  1  a denial, or an error that points to a KMS key     2  not a known error, or bad usage
"""


def run(words: Sequence[str]) -> int:
    """Audit the text that the words make, or standard input for `-`; return the exit status."""
    if not words or not {"-h", "--help"}.isdisjoint(words):
        parser = Parser("message", _DESCRIPTION, _EPILOG)
        parser.add_argument("text", nargs="+", metavar="TEXT", help="the error text, or -")
        parser.parse(words)
    options = read_options(words)
    text = _standard_input() if options.inputs == ["-"] else " ".join(options.inputs)
    options.inputs, options.message = [], [text, *options.message]
    return audit_as(options)


def _standard_input() -> str:
    if sys.stdin is None:
        raise UsageError("Standard input is closed. Give the message as an argument, in quotes.")
    return sys.stdin.buffer.read().decode("utf-8", "replace")
