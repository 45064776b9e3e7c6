"""Failed EC2 and EBS calls → Symptoms, and the KMS denials in their error messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

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


def is_symptom(event: Event) -> bool:
    """Return whether an event is a failed EC2 or EBS call with a known symptom."""
    if event.error_code is None or not is_ebs_operation(event.source, event.name):
        return False
    return _kind(event) is not None or bool(event.error_message)


def _kind(event: Event) -> str | None:
    """Return the id of the symptom that the error code of an event is; None for other codes."""
    return symptom_of(event.name, event.error_code or "")


class _Seen:
    """Events with equal symptoms: the first symptom, and the count, times and resources of all."""

    def __init__(self, first: Symptom) -> None:
        self.first = first
        self.count = 0
        self.times: list[datetime] = []
        self.resources: dict[str, None] = {}


class SymptomCollector:
    """Collects failed EC2 and EBS calls. Calls with equal symptoms become one symptom.

    At most 1,000 symptoms are kept.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], _Seen] = {}
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
        denials, symptoms = _of_event(event)
        for found in symptoms:
            self._put(found, event, again=known is not None)
        if len(self.messages) < _KINDS_KEPT:
            self.messages += [PastedMessage(one, event.file, event.line, event) for one in denials]

    def _put(self, found: Symptom, event: Event, *, again: bool) -> None:
        what = (found.id, found.code, event.name, event.user_name, event.account, event.region)
        seen = self._seen.get(what)
        if seen is None:
            if len(self._seen) >= _KINDS_KEPT:
                return
            seen = self._seen[what] = _Seen(found)
        elif seen.first.text is None and found.text is not None:
            seen.first = replace(found, line=seen.first.line, file=seen.first.file)
        if len(seen.resources) < _MOST_RESOURCES:
            seen.resources.update(dict.fromkeys(found.resources))
        if again and seen.count:  # the record of a row that was counted
            return
        seen.count += 1
        if event.time:
            seen.times = sorted([*seen.times, event.time], key=order_of)
            del seen.times[1:-1]

    def __iter__(self) -> Iterator[Symptom]:
        for seen in self._seen.values():
            yield replace(
                seen.first,
                count=seen.count,
                first_seen=seen.times[0] if seen.times else None,
                last_seen=seen.times[-1] if seen.times else None,
                resources=tuple(seen.resources)[:_MOST_RESOURCES],
            )


def _of_event(event: Event) -> tuple[tuple[DenialMessage, ...], list[Symptom]]:
    """Return the KMS denials and the symptoms in the error message of a call."""
    text, kind = event.error_message, _kind(event)
    if not text and kind is None:
        return (), []
    from ebs_kms_audit.messages.symptoms import names_in, placed, symptom

    place: dict[str, Any] = {
        "file": event.file,
        "line": event.line,
        "event_id": event.event_id,
        "request_id": event.request_id,
        "account": event.account,
        "operation": event.name,
        "principal": (event.identity.arn if event.identity else None) or event.user_name,
    }
    resources = tuple(resource.name for resource in event.resources or () if resource.name)
    known = names_in(" ".join(resources))["resources"]
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
