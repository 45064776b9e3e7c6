"""Findings → the events around them in order of time, for the timeline and its table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ebs_kms_audit.reading.timestamps import order_of
from ebs_kms_audit.render import phrases

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.model import Event

_MOST = 200  # events, the latest ones
_LANES = 12
KEY_LANE = "key changes"
OTHER_LANE = "other callers"


class Mark(StrEnum):
    """What an event of the timeline is."""

    DENIAL = "denied KMS call"
    EC2_CALL = "EC2 call"
    CHANGE = "key change"
    SUCCESS = "allowed KMS call"


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEvent:
    """One event: when, in which lane, what it is, and what happened."""

    time: datetime
    lane: str
    mark: Mark
    text: str


def timeline_of(findings: Iterable[Finding]) -> tuple[TimelineEvent, ...]:
    """Return the events in order of time: the latest 200, of the callers with most of them."""
    found: dict[tuple[object, Mark], TimelineEvent] = {}
    for finding in findings:
        for event, mark in _events(finding):
            if event.time:
                found.setdefault((event.uid, mark), _made(event, mark))
    events = sorted(found.values(), key=lambda one: order_of(one.time))[-_MOST:]
    lanes = list(dict.fromkeys(one.lane for one in events if one.lane != KEY_LANE))
    kept = {*lanes[:_LANES], KEY_LANE}
    return tuple(
        one
        if one.lane in kept
        else TimelineEvent(time=one.time, lane=OTHER_LANE, mark=one.mark, text=one.text)
        for one in events
    )


def _events(finding: Finding) -> Iterator[tuple[Event, Mark]]:
    history = finding.history
    yield from ((denial.event, Mark.DENIAL) for denial in finding.denials)
    yield from ((event, Mark.EC2_CALL) for event in history.attempts.listed)
    yield from ((event, Mark.CHANGE) for event in history.changes)
    if history.later_success:
        yield history.later_success, Mark.SUCCESS


def _made(event: Event, mark: Mark) -> TimelineEvent:
    assert event.time is not None
    caller = event.user_name or "(no name)"
    outcome = f": {event.error_code}" if event.error_code else ""
    lane = KEY_LANE if mark is Mark.CHANGE else caller
    text = f"{event.name} by {caller}{outcome}"
    return TimelineEvent(time=event.time, lane=lane, mark=mark, text=text)


def span_text(events: tuple[TimelineEvent, ...]) -> str:
    """Return from when to when the events are."""
    return phrases.span(events[0].time, events[-1].time)
