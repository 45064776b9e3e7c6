"""Pasted error texts → messages, and the events of the messages that match no event of the log.

A message matches an event if user or session name, action, account, Region and key are equal. It is
then the error message of that event. Every other message becomes a separate denial. Its Event has
no time, and its Evidence is `given`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.callers import ROOT_USER
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE, kms_actions
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.identify.kms_key import key_names, keys_in_message
from ebs_kms_audit.model import Denial, Event, Evidence

if TYPE_CHECKING:
    from ebs_kms_audit.model import DenialMessage, Symptom
    from ebs_kms_audit.model.command_output import PastedText

NO_ACTION = "(not named)"


class PastedMessage(NamedTuple):
    """A KMS access-denied message from outside the record of a KMS event.

    message  the message
    file     the input that holds it
    number   its number in a text, from 1; the line or the number of an event
    event    the failed EC2 call with this message; None for a pasted text
    """

    message: DenialMessage
    file: str
    number: int
    event: Event | None = None

    @property
    def evidence(self) -> Evidence:
        """How the denial is known."""
        return Evidence.GIVEN if self.event is None else Evidence.RECORDED


class PastedTexts:
    """The KMS denials (`messages`) and the symptoms (`symptoms`) in pasted texts."""

    def __init__(
        self, messages: Iterable[PastedMessage] = (), symptoms: Iterable[Symptom] = ()
    ) -> None:
        self.messages = tuple(messages)
        self.symptoms = tuple(symptoms)
        self._by_caller: dict[str, list[PastedMessage]] = {}
        for one in self.messages:
            if caller := Arn.parse(one.message.principal):
                self._by_caller.setdefault(_user_name(caller), []).append(one)

    def __add__(self, other: PastedTexts) -> PastedTexts:
        return PastedTexts(self.messages + other.messages, self.symptoms + other.symptoms)

    def of_caller(self, user_name: str | None) -> Sequence[PastedMessage]:
        """Return the messages about a user or session with this name."""
        return self._by_caller.get(user_name or "", ())


def pasted_texts(texts: str | Iterable[str] | None) -> PastedTexts:
    """Read `messages=`. Raises UsageError for a text without a recognized error."""
    texts = (texts,) if isinstance(texts, str) else tuple(texts or ())
    read = PastedTexts()
    if not texts:
        return read
    from ebs_kms_audit.model.command_output import PastedText

    for number, text in enumerate(texts, start=1):
        name = f"message {number}"
        found = read_texts([PastedText(file=name, text=text)])
        if not (found.messages or found.symptoms):
            raise UsageError(
                f"{name}: Not a recognized access-denied message or volume error. Give the whole "
                "text in quotes, from “User: arn:aws:…” to its end."
            )
        read += found
    return read


def read_texts(texts: Iterable[PastedText]) -> PastedTexts:
    """Read pasted texts. A text without a recognized error is ignored."""
    from ebs_kms_audit.messages import read_error_text  # not needed for an export

    messages: list[PastedMessage] = []
    symptoms: list[Symptom] = []
    for text in texts:
        found = read_error_text(text.text, file=text.file)
        messages += [
            PastedMessage(message, text.file, number)
            for number, message in enumerate(found.denials, start=1)
        ]
        symptoms += found.symptoms
    return PastedTexts(messages, symptoms)


def fits(message: DenialMessage, event: Event, account: str | None) -> bool:
    """Return whether caller, account, Region and key of a message match an event."""
    caller, key = Arn.parse(message.principal), Arn.parse(message.resource)
    if caller is None or not event.user_name or _user_name(caller) != event.user_name:
        return False
    if account not in (None, caller.account) or (key and event.region not in (None, key.region)):
        return False
    named = key_names(event) or keys_in_message(event)
    return not (key and named and key.resource_type == "key") or key.name in named


def of_no_event(pasted: Sequence[PastedMessage], denials: Iterable[Denial]) -> list[PastedMessage]:
    """Return the messages that match no denial."""
    by_name: dict[str | None, list[Denial]] = {}
    if pasted:
        for denial in denials:
            by_name.setdefault(denial.event.user_name, []).append(denial)
    left = []
    for one in pasted:
        caller = Arn.parse(one.message.principal)
        candidates = by_name.get(_user_name(caller), ()) if caller else ()
        if not any(_explains(one.message, denial) for denial in candidates):
            left.append(one)
    return left


def _explains(message: DenialMessage, denial: Denial) -> bool:
    actions = {action.casefold() for action in denial.iam_actions}
    return (message.action or "").casefold() in actions and fits(
        message, denial.event, denial.event.account
    )


def event_of(pasted: PastedMessage) -> Event:
    """Return an Event with the fields that the message contains."""
    message, call = pasted.message, pasted.event
    caller, key = Arn.parse(message.principal), Arn.parse(message.resource)
    region = (key.region if key else None) or message.authorization_region
    account = (caller.account or None) if caller else None
    return Event(
        file=pasted.file,
        line=pasted.number,
        time=call.time if call else None,
        name=_event_name(message.action),
        source=KMS_EVENT_SOURCE,
        event_id=call.event_id if call else None,
        request_id=call.request_id if call else None,
        region=region or (call.region if call else None),
        error_code="AccessDenied",
        error_message=call.error_message if call else None,
        user_name=_user_name(caller) if caller else None,
        account=account or (call.account if call else None),
    )


def _user_name(caller: Arn) -> str:
    return ROOT_USER if caller.resource == "root" else caller.name


def _event_name(action: str | None) -> str:
    """Return the operation that needs an action: `ReEncrypt` for kms:ReEncryptTo."""
    if action is None:
        return NO_ACTION
    return _EVENT_NAMES.get(action.casefold()) or action.partition(":")[2]


_EVENT_NAMES = {
    action.casefold(): row.event_name for row in kms_actions() for action in row.iam_actions
}
