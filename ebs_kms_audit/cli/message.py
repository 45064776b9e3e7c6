"""`ebs-kms-audit message TEXT`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ebs_kms_audit.cli.output import write
from ebs_kms_audit.errors import InputError
from ebs_kms_audit.messages import MessageKind, parse_denial_message
from ebs_kms_audit.render import message as render

_DESCRIPTION = """\
Reads an access-denied message of KMS and says who was refused what, which type
of policy refused, and whether an edit of the key policy can help.
"""
_EPILOG = """\
exit status:
  1  the message is a denial     2  no access-denied message, or bad usage
"""


def run(words: Sequence[str]) -> int:
    """Print what the message says; the exit status is 1, as of any input that holds a denial."""
    parser = argparse.ArgumentParser(
        prog="ebs-kms-audit message",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "text", nargs="+", metavar="TEXT", help="the message, in quotes, or - for standard input"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args(words)
    text = _standard_input() if options.text == ["-"] else " ".join(options.text)
    message = parse_denial_message(text)
    if message.kind is MessageKind.NOT_RECOGNISED:
        raise InputError(
            "message: this is no access-denied message that is known here (User: ARN is not "
            "authorized to perform: kms:…); give the whole text, in quotes"
        )
    write((render.as_json if options.format == "json" else render.as_text)(message))
    return 1


def _standard_input() -> str:
    return sys.stdin.buffer.read().decode("utf-8", "replace")
