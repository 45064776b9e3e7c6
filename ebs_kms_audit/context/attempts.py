"""The EC2 calls of the caller near its denials. A finding lists the last of them, and counts all.

In a large export most of these calls are not parsed (`reading.exports.large.calls`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.identify import key_names
from ebs_kms_audit.model import NO_EVENTS, AlikeEvents, Denials, Event, EventList, in_order, listed
from ebs_kms_audit.reading.related import (
    Caller,
    caller_of,
    callers_in,
    order_in_time,
    spans_near,
    time_of,
)

if TYPE_CHECKING:
    from ebs_kms_audit.reading.exports.large.calls import CallRows

SHOWN = 20
"""The number of EC2 calls that a finding lists."""
_SAME_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempts:
    """The EC2 calls near the denials of one finding.

    listed      the last 20, in order of time; one with the Request ID of a denial takes precedence
    count       the number of all
    operations  the Event names of all
    """

    listed: EventList = NO_EVENTS
    count: int = 0
    operations: frozenset[str] = frozenset()


NO_ATTEMPTS = Attempts()


class _Calls(NamedTuple):
    """The calls of one caller, in order of time, and their times in seconds."""

    events: list[Event]
    times: list[float]


class Ec2CallLog:
    """The EC2 calls by caller and by Request ID."""

    def __init__(self, ec2_calls: Iterable[Event]) -> None:
        self._by_request: dict[str, list[Event]] = {}
        by_caller: dict[Caller, list[Event]] = {}
        with_keys: dict[Caller, list[Event]] = {}
        seen = set()
        for event in sorted(ec2_calls, key=order_in_time):
            if event.request_id:
                self._by_request.setdefault(event.request_id, []).append(event)
            if event.time is None:
                continue
            caller, keys = caller_of(event), key_names(event)
            by_caller.setdefault(caller, []).append(event)
            same = caller, event.time, frozenset(keys)
            if keys and same not in seen:
                seen.add(same)
                with_keys.setdefault(caller, []).append(event)
        self._by_caller = _with_times(by_caller)
        self._with_keys = _with_times(with_keys)
        """Calls that name a key. Of those with equal time and keys, the first."""
        self._rows: Sequence[CallRows] = ()

    def concern(self, events: AlikeEvents) -> bool:
        """Return whether calls can have the Request ID of some of the events, or name their key."""
        if self._by_request and not self._by_request.keys().isdisjoint(events.columns.request_ids):
            return True
        return bool(self._with_keys) and not self._with_keys.keys().isdisjoint(callers_in(events))

    def same_request(self, event: Event) -> Sequence[Event]:
        """Return the EC2 calls with the same Request ID."""
        return self._by_request.get(event.request_id or "", ())

    def with_key(self, event: Event) -> list[Event]:
        """Return the EC2 calls that name a key, made by the same caller within a minute.

        If the calls name several keys, only the calls for the first two keys are returned, because
        the key of the event is then unknown.
        """
        made = self._with_keys.get(caller_of(event)) if self._with_keys else None
        if made is None or event.time is None:
            return []
        time = time_of(event)
        first = bisect_left(made.times, time - _SAME_MINUTE)
        end = bisect_right(made.times, time + _SAME_MINUTE)
        found: list[Event] = []
        keys: set[str] = set()
        for call in made.events[first:end]:
            found.append(call)
            keys |= {key for key in key_names(call) if not key.startswith("alias/")}
            if len(keys) > 1:
                break
        return found

    def add_rows(self, rows: Sequence[CallRows]) -> None:
        """Add the calls of large exports that were not parsed."""
        self._rows = [one for one in rows if len(one)]

    def of(self, denials: Denials) -> Attempts:
        """Return the EC2 calls of the denials of one principal, which are in order of time."""
        if not self._by_caller and not self._by_request and not self._rows:
            return NO_ATTEMPTS
        called = _times_by_caller(denials)
        same_request = self._same_requests(denials)
        near = self._near(called)
        in_rows = [
            found
            for rows in self._rows
            for one in called.items()
            if (found := rows.near(*one)) is not None
        ]
        if not (near or same_request or in_rows):
            return NO_ATTEMPTS
        others = [call for key, call in near.items() if key not in same_request]
        unparsed = (found.last(SHOWN) for found in in_rows)
        first = sorted(chain(map(listed, others), *unparsed), key=in_order)
        shown = [*first, *map(listed, same_request.values())][-SHOWN:]
        return Attempts(
            listed=EventList.last(shown, SHOWN),
            count=len(others) + len(same_request) + sum(found.size for found in in_rows),
            operations=frozenset(call.name for call in (*others, *same_request.values())).union(
                *(found.operations for found in in_rows)
            ),
        )

    def parsed(self, denials: Denials) -> Iterable[Event]:
        """Return the EC2 calls of the denials of one principal, without rows that were not parsed.

        Every call that shares a resource or a Request ID with a symptom is parsed.
        """
        near = self._near(_times_by_caller(denials)) if self._by_caller else {}
        return {**near, **self._same_requests(denials)}.values()

    def _same_requests(self, denials: Denials) -> dict[int, Event]:
        known = self._by_request.keys()
        if all(known.isdisjoint(one.events.columns.request_ids) for one in denials.alike):
            return {}
        requests = dict.fromkeys(one.events.columns.request_ids[at] for one, at in denials.each())
        return {id(call): call for one in requests for call in self._by_request.get(one or "", ())}

    def _near(self, called: Mapping[Caller, Sequence[float]]) -> dict[int, Event]:
        """Return the calls of each caller near its times, which are sorted."""
        found = {}
        for caller, times in called.items():
            if (made := self._by_caller.get(caller)) is not None:
                for begin, end in spans_near(made.times, times):
                    found.update({id(call): call for call in made.events[begin:end]})
        return found


def _times_by_caller(denials: Denials) -> dict[Caller, list[float]]:
    """Return the times of the denials of each caller, sorted. Sessions are callers of their own."""
    found: dict[Caller, list[float]] = {}
    for alike in denials.alike:
        if alike.events.first.time is not None:
            for caller, seconds in callers_in(alike.events).items():
                found.setdefault(caller, []).extend(seconds)
    return {caller: sorted(times) for caller, times in found.items()}


def _with_times(by_caller: Mapping[Caller, list[Event]]) -> dict[Caller, _Calls]:
    return {
        caller: _Calls(events, [time_of(event) for event in events])
        for caller, events in by_caller.items()
    }
