"""`ebs-kms-audit message TEXT`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ebs_kms_audit.cli.output import write
from ebs_kms_audit.cli.parser import Parser, one_of
from ebs_kms_audit.errors import InputError
from ebs_kms_audit.messages import MessageKind, parse_denial_message
from ebs_kms_audit.render import message as render

_DESCRIPTION = """\
Reads an access-denied message of KMS and says who was denied what, which type of policy denied it,
and whether a change of the key policy can help.
"""
_EPILOG = """\
examples:
  ebs-kms-audit message "User: arn:aws:sts::111122223333:assumed-role/deploy/run is not auth..."
  pbpaste | ebs-kms-audit message -

exit status:
  1  the message is a denial     2  not a recognized message, or bad usage
"""


def run(words: Sequence[str]) -> int:
    """Print what the message says; the exit status is 1, as for any input that holds a denial."""
    parser = Parser("message", _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "text", nargs="+", metavar="TEXT", help="the message, in quotes, or - for standard input"
    )
    parser.add_argument(
        "--format", type=one_of(("text", "json")), metavar="FORMAT", help="text (default) or json"
    )
    options = parser.parse(words)
    text = _standard_input() if options.text == ["-"] else " ".join(options.text)
    message = parse_denial_message(text)
    if message.kind is MessageKind.NOT_RECOGNISED:
        raise InputError(
            "message: not a recognized KMS access-denied message (User: ARN is not authorized to "
            "perform: kms:...). Give the whole text in quotes, or pipe it to: ebs-kms-audit "
            "message -"
        )
    write((render.as_json if options.format == "json" else render.as_text)(message))
    return 1


def _standard_input() -> str:
    return sys.stdin.buffer.read().decode("utf-8", "replace")
