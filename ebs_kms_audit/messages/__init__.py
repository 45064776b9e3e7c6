"""An error text, as a person pasted it → what it says.

plain     removes what wraps a message: escapes, HTML, quotes, frames
parse     text → DenialMessages
roles     the role of a session
symptoms  errors that point to a KMS key and are not KMS denials
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ebs_kms_audit.model import DenialMessage, Effect, MessageKind, PolicyType, Symptom

__all__ = [
    "DenialMessage",
    "Effect",
    "ErrorText",
    "MessageKind",
    "PolicyType",
    "denial_messages",
    "parse_denial_message",
    "read_error_text",
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
    from ebs_kms_audit.messages.parse import parse  # an audit of a CSV alone reads no message

    yield from parse(text)


class ErrorText(NamedTuple):
    """What an error text says.

    denials   the KMS denials, in order
    symptoms  what else points to a KMS key, and denials of other services
    """

    denials: tuple[DenialMessage, ...]
    symptoms: tuple[Symptom, ...]


def read_error_text(text: str, *, file: str) -> ErrorText:
    """Read everything that a pasted text says. Both parts are empty for a text without an error."""
    from ebs_kms_audit.messages.symptoms import denied_by_other_service, symptoms_in_text

    denials, symptoms = [], []
    for message in denial_messages(text):
        if _may_be_of_kms(message):
            denials.append(message)
        else:
            symptoms.append(denied_by_other_service(message, file=file, text=text))
    symptoms += symptoms_in_text(text, file=file)
    return ErrorText(tuple(denials), tuple(symptoms))


def _may_be_of_kms(message: DenialMessage) -> bool:
    """Return whether a message is about KMS: it names a KMS action, or no action at all."""
    if message.kind is not MessageKind.DENIAL:
        return False
    return message.action is None or message.action.casefold().startswith("kms:")
