"""Failed EC2 and EBS calls → Symptoms, and the KMS denials in their error messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ebs_kms_audit.aws.caching import cached_if_short
from ebs_kms_audit.aws.ebs_errors import symptom_of
from ebs_kms_audit.aws.ebs_operations import is_ebs_operation
from ebs_kms_audit.identify import PastedMessage
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.messages import ErrorText
    from ebs_kms_audit.model import DenialMessage, Event, Symptom

_KINDS_KEPT = 1_000
_EVENTS_KEPT = 100_000
_MOST_RESOURCES = 100
_ANY = object()  # instead of a User name


def is_symptom(event: Event) -> bool:
    """Return whether an event is a failed EC2 or EBS call with a known symptom."""
    if not event.error_message:
        return _kind(event) is not None
    return event.error_code is not None and is_ebs_operation(event.source, event.name)


def _kind(event: Event) -> str | None:
    """Return the id of the symptom that an event is by its error code; None for other codes."""
    return symptom_of(event.source, event.name, event.error_code)


class _What(NamedTuple):
    """What equal symptoms have in common."""

    id: str | None
    code: str | None
    operation: str
    user_name: object
    account: str | None
    region: str | None


class _Seen:
    """Events with equal symptoms: the first symptom, and the count, times and resources of all."""

    def __init__(self, first: Symptom) -> None:
        self.symptom = first
        self.count = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._resources: dict[str, None] = {}

    @property
    def resources(self) -> tuple[str, ...]:
        """The first resources, at most 100."""
        return tuple(self._resources)[:_MOST_RESOURCES]

    def add_resources(self, names: Callable[[], Iterable[str]]) -> None:
        """Add resources, unless there are 100."""
        if len(self._resources) < _MOST_RESOURCES:
            self._resources.update(dict.fromkeys(names()))

    def count_event(self, event: Event) -> None:
        """Count an event, and note its time."""
        self.count += 1
        if time := event.time:
            self.first = min(self.first or time, time, key=order_of)
            self.last = max(self.last or time, time, key=order_of)


class SymptomCollector:
    """Collects failed EC2 and EBS calls. Calls with equal symptoms become one symptom.

    After 1,000 symptoms, the calls of further callers become one symptom without a caller.
    """

    def __init__(self) -> None:
        self._seen: dict[_What, _Seen] = {}
        self._events: dict[object, bool] = {}  # whether a record was seen
        self.messages: list[PastedMessage] = []
        """KMS access-denied messages in the error messages of EC2 and EBS."""

    def add(self, event: Event) -> None:
        """Add an event that an audit needs."""
        if not is_symptom(event):
            return
        of_record = event.identity is not None
        known = self._events.get(event.uid)
        if known or (known is not None and not of_record):
            return
        if len(self._events) < _EVENTS_KEPT:
            self._events[event.uid] = of_record
        if not event.error_message:  # a storm of failed calls is not described call by call
            seen = self._known(_what(_kind(event), event))
            if seen is not None:
                seen.add_resources(lambda: _resources_of(event))
                self._count(seen, event, again=known is not None)
                return
        denials, symptoms = _of_event(event)
        for found in symptoms:
            self._put(found, event, again=known is not None)
        if len(self.messages) < _KINDS_KEPT:
            self.messages += [PastedMessage(one, event.file, event.line, event) for one in denials]

    def _put(self, found: Symptom, event: Event, *, again: bool) -> None:
        what = _what(found.id, event, found.code)
        seen = self._known(what)
        if seen is None:
            if len(self._seen) >= _KINDS_KEPT:
                what, found = _of_any_caller(what), replace(found, principal=None)
            seen = self._seen[what] = _Seen(found)
        elif seen.symptom.text is None and found.text is not None:
            first = seen.symptom
            seen.symptom = replace(found, line=first.line, file=first.file)
        seen.add_resources(lambda: found.resources)
        self._count(seen, event, again=again)

    def _known(self, what: _What) -> _Seen | None:
        """Return the symptom of an event, if there is one; that of any caller if there are many."""
        seen = self._seen.get(what)
        if seen is None and len(self._seen) >= _KINDS_KEPT:
            seen = self._seen.get(_of_any_caller(what))
        return seen

    def _count(self, seen: _Seen, event: Event, *, again: bool) -> None:
        if not (again and seen.count):  # otherwise it is the record of a row that was counted
            seen.count_event(event)

    def __iter__(self) -> Iterator[Symptom]:
        for seen in self._seen.values():
            yield replace(
                seen.symptom,
                count=seen.count,
                first_seen=seen.first,
                last_seen=seen.last,
                resources=seen.resources,
            )


def _what(id: str | None, event: Event, code: str | None = None) -> _What:
    """Return what equal symptoms have in common. Without its own code, it has that of the event."""
    code = code or event.error_code
    return _What(id, code, event.name, event.user_name, event.account, event.region)


def _of_any_caller(what: _What) -> _What:
    """Return what symptoms have in common whose callers are not told apart."""
    return what._replace(user_name=_ANY)


def resources_in(texts: Iterable[str | None]) -> tuple[str, ...]:
    """Return the volumes, instances, snapshots and keys that texts name."""
    from ebs_kms_audit.messages.symptoms import names_in  # few inputs have a symptom

    names: tuple[str, ...] = names_in(" ".join(filter(None, texts)))["resources"]
    return names


def _resources_of(event: Event) -> tuple[str, ...]:
    return resources_in(resource.name for resource in event.resources or ())


def _of_event(event: Event) -> tuple[tuple[DenialMessage, ...], list[Symptom]]:
    """Return the KMS denials and the symptoms in the error message of a call."""
    text, kind = event.error_message, _kind(event)
    if not text and kind is None:
        return (), []
    from ebs_kms_audit.messages.symptoms import placed, symptom

    place: dict[str, Any] = {
        "file": event.file,
        "line": event.line,
        "event_id": event.event_id,
        "request_id": event.request_id,
        "account": event.account,
        "operation": event.name,
        "principal": (event.identity.arn if event.identity else None) or event.user_name,
    }
    known = _resources_of(event)
    denials, found = _in_text(text) if text else ((), ())
    if kind == "other_service_denied":
        found = tuple(one for one in found if one.id in (kind, "encoded_message"))
    if found:
        return denials, [
            placed(
                one, code=one.code or event.error_code, region=event.region or one.region,
                first_seen=event.time, resources=tuple(dict.fromkeys((*known, *one.resources))),
                **place,
            )
            for one in found
        ]  # fmt: skip
    if kind is None or denials:
        return denials, []
    return denials, [
        symptom(
            kind, code=event.error_code, text=text, resources=known,
            region=event.region, first_seen=event.time, **place,
        )
    ]  # fmt: skip


@cached_if_short(100)
def _in_text(text: str) -> ErrorText:
    """Return the denials and symptoms in an error message. Many calls fail with the same one."""
    from ebs_kms_audit.messages import read_error_text

    return read_error_text(text, file="")
