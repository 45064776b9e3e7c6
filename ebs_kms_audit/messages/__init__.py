"""Pasted error texts → access-denied messages and symptoms.

plain     removes escapes, HTML, quotes and frames around a message
parse     text → DenialMessages
roles     the role of a session
symptoms  errors that point to a KMS key and are not KMS denials
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ebs_kms_audit.model import DenialMessage, Symptom

__all__ = [
    "ErrorText",
    "denial_messages",
    "parse_denial_message",
    "read_error_text",
]


def parse_denial_message(text: str) -> DenialMessage:
    """Read the first access-denied message of a text: of KMS, or an encoded one of EC2.

    The text can be wrapped, quoted or escaped, and can contain more than the message, for example
    the exception of an SDK or a line of JSON. If there is no such message, the kind is
    `not_recognised`. No error is raised.

    Source: IAM User Guide, "Troubleshoot access denied error messages".
    """
    from ebs_kms_audit.model import DenialMessage, MessageKind  # not needed for a console CSV

    return next(denial_messages(text), DenialMessage(kind=MessageKind.NOT_RECOGNISED))


def denial_messages(text: str) -> Iterator[DenialMessage]:
    """Yield the access-denied messages in a text, in order. Equal messages are yielded once."""
    from ebs_kms_audit.messages.parse import parse  # not needed for a console CSV

    yield from parse(text)


class ErrorText(NamedTuple):
    """The contents of an error text.

    denials   the KMS denials, in order
    symptoms  other errors that point to a KMS key, and denials by other services
    """

    denials: tuple[DenialMessage, ...]
    symptoms: tuple[Symptom, ...]


def read_error_text(text: str, *, file: str) -> ErrorText:
    """Return the denials and symptoms in a pasted text. `file` is the name of the input."""
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
    """Return whether a message names a KMS action, or no action."""
    from ebs_kms_audit.model import MessageKind

    if message.kind is not MessageKind.DENIAL:
        return False
    return message.action is None or message.action.casefold().startswith("kms:")
