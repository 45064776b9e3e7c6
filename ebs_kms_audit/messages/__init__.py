"""An error text, as a person pasted it → what it says.

plain     removes what wraps a message: escapes, HTML, quotes, frames
parse     text → DenialMessages
roles     the role of a session
advice    whether an edit of the key policy can help
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ebs_kms_audit.model import DenialMessage, Effect, Helps, MessageKind, PolicyType

__all__ = [
    "DenialMessage",
    "Effect",
    "Helps",
    "MessageKind",
    "PolicyType",
    "denial_messages",
    "parse_denial_message",
]


def parse_denial_message(text: str) -> DenialMessage:
    """Read the first access-denied message of a text: of KMS, or an encoded one of EC2.

    The text may be wrapped, quoted or escaped, and hold more than the message: the exception of
    an SDK, Terraform's frame, a line of JSON. Nothing is raised: for a text without such a message
    the kind is `not_recognised`.
    """
    return next(denial_messages(text), DenialMessage(kind=MessageKind.NOT_RECOGNISED))


def denial_messages(text: str) -> Iterator[DenialMessage]:
    """Yield every access-denied message of a text, in order; equal ones once."""
    # Imported here: an audit of a CSV alone reads no message.
    from ebs_kms_audit.messages.advice import advise
    from ebs_kms_audit.messages.parse import parse

    for message in parse(text):
        advice = advise(message)
        yield (
            message
            if advice is None
            else replace(
                message, key_policy_edit=advice.helps, why=advice.why, what_helps=advice.what_helps
            )
        )
