"""Failed EC2 and EBS calls → Symptoms, and which findings they belong to.

A symptom belongs to a finding if both name the same volume, instance, snapshot or key, if they
share a Request ID, or if the same caller had both within five minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from ebs_kms_audit.aws.ebs_operations import is_ebs_operation
from ebs_kms_audit.context.ec2_calls import NEAR, time_of
from ebs_kms_audit.context.history import History
from ebs_kms_audit.identify import PastedMessage
from ebs_kms_audit.model import Denial, DenialMessage, Event, Symptom
from ebs_kms_audit.reading.timestamps import order_of

_KINDS_KEPT = 1_000
_EVENTS_KEPT = 100_000
_MOST_RESOURCES = 100
_DENIED = frozenset(
    {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "VpceAccessDenied"}
)
_LAUNCHES = frozenset({"RunInstances", "StartInstances"})


def is_symptom(event: Event) -> bool:
    """Return whether an event is a failed call of EC2 or EBS that a symptom is made of."""
    if event.error_code is None or not is_ebs_operation(event.source, event.name):
        return False
    return _kind(event) is not None or bool(event.error_message)


def _kind(event: Event) -> str | None:
    """Return the id of the symptom that the error code of an event is; None for other codes."""
    code = event.error_code or ""
    if code.removeprefix("Client.") in _DENIED:
        return "other_service_denied"
    if code == "Client.InternalError" and event.name in _LAUNCHES:
        return "client_error_on_launch"
    from ebs_kms_audit.messages.symptoms import kind_of_code  # most inputs have no symptom

    return kind_of_code(code)


@dataclass(slots=True)
class _Seen:
    """The events that say the same: the first symptom, and what adds up."""

    first: Symptom
    count: int = 0
    times: list[datetime] = field(default_factory=list)
    resources: dict[str, None] = field(default_factory=dict)


class SymptomCollector:
    """Collects failed calls of EC2 and EBS; those that say the same become one symptom.

    At most 1,000 symptoms are kept.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], _Seen] = {}
        self._events: dict[object, bool] = {}  # whether a record was seen
        self.messages: list[PastedMessage] = []
        """KMS's access-denied messages that EC2 and EBS repeat."""

    def add(self, event: Event) -> None:
        """Take in an event that matters."""
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
    """Return the denials of KMS that the error message of a call repeats, and the symptoms."""
    from ebs_kms_audit.messages import read_error_text
    from ebs_kms_audit.messages.symptoms import names_in, placed, symptom

    place: dict[str, Any] = {
        "line": event.line,
        "event_id": event.event_id,
        "request_id": event.request_id,
        "account": event.account,
        "operation": event.name,
        "principal": (event.identity.arn if event.identity else None) or event.user_name,
    }
    resources = tuple(resource.name for resource in event.resources or () if resource.name)
    known = names_in(" ".join(resources))["resources"]
    text, kind = event.error_message, _kind(event)
    denials, found = read_error_text(text or "", file=event.file)
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
            kind, file=event.file, code=event.error_code, text=text, resources=known,
            region=event.region, first_seen=event.time, **place,
        )
    ]  # fmt: skip


class Surroundings(NamedTuple):
    """The denials of one finding and what happened around them."""

    finding: str
    denials: Sequence[Denial]
    history: History


def joined(symptoms: Iterable[Symptom], found: Iterable[Surroundings]) -> tuple[Symptom, ...]:
    """Return the symptoms, each with the findings to which it belongs and what joins them."""
    symptoms = tuple(symptoms)
    traces = [_Traces(one) for one in found] if symptoms else []
    return tuple(_join(one, traces) for one in symptoms)


class _Traces:
    """What a finding can be joined by."""

    def __init__(self, found: Surroundings) -> None:
        events = [denial.event for denial in found.denials]
        around = [*events, *found.history.attempts]
        self.finding = found.finding
        self.requests = {event.request_id for event in around if event.request_id}
        self.names = {name for event in around for name in _names(event)}
        self.names |= {denial.key.arn for denial in found.denials if denial.key.arn}
        self.files = {event.file for event in events if event.time is None}
        self.callers = {
            (name, event.region, time_of(event))
            for denial in found.denials
            for event in (denial.event,)
            for name in _callers(denial)
            if event.time
        }


def _names(event: Event) -> tuple[str, ...]:
    from ebs_kms_audit.messages.symptoms import names_in

    texts = [resource.name for resource in event.resources or () if resource.name]
    if event.error_message:
        texts.append(event.error_message)
    names: tuple[str, ...] = names_in(" ".join(texts))["resources"]
    return names


def _callers(denial: Denial) -> set[str]:
    """Return the names by which a symptom may call the caller of a denial."""
    principal, identity = denial.principal, denial.event.identity
    names = {denial.event.user_name, principal.arn, principal.role_name}
    names.add((principal.arn or "").rpartition("/")[2])
    names.add(identity.arn if identity else None)
    return {name for name in names if name}


def _join(one: Symptom, traces: Sequence[_Traces]) -> Symptom:
    found = [(trace.finding, why) for trace in traces if (why := _shared(one, trace))]
    return replace(
        one,
        findings=tuple(finding for finding, _ in found),
        joined_by=tuple(why for _, why in found),
    )


def _shared(one: Symptom, trace: _Traces) -> str | None:
    """Return what a symptom and a finding share, as a short text; None if nothing."""
    if one.request_id and one.request_id in trace.requests:
        return f"Request ID {one.request_id}"
    for name in one.resources:
        if name in trace.names:
            return name
    callers = {one.principal, one.caller}
    times = [_seconds(time) for time in (one.first_seen, one.last_seen) if time]
    for name, region, time in sorted(trace.callers):
        same_place = one.region in (None, region) or region is None
        near = times and min(times) - NEAR <= time <= max(times) + NEAR
        if name in callers and same_place and near:
            return f"the caller {name}, within five minutes"
    if one.file in trace.files:
        return f"the same text, {one.file}"
    return None


def _seconds(time: datetime) -> float:
    """Return a time in seconds, to compare with those of events."""
    return order_of(time).timestamp()
