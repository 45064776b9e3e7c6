"""A bounded buffer of the EC2 calls that can belong to a denial.

The rows of an export are in descending order of time, those of a trail in ascending order. Calls
more than five minutes from the present row, without a denial near them, are dropped when the buffer
is full. If a denial near them is found later, `overflowed` is True.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ebs_kms_audit.model import AlikeEvents, Event
from ebs_kms_audit.reading.related import (
    NEAR,
    Caller,
    RelatedEvents,
    caller_of,
    callers_in,
    is_near,
    time_of,
)

_KEPT = 20_000
_KEPT_OF_DENIALS = 100_000
_REQUESTS_KEPT = 500_000


class Ec2CallBuffer:
    """Keeps a bounded number of calls. `overflowed` is True if calls can be missing.

    With `related`, only calls that belong to these denials are kept.
    """

    def __init__(self, related: RelatedEvents | None = None) -> None:
        self._related = related
        self._limit = _KEPT if related is None else max(_KEPT, _KEPT_OF_DENIALS)
        self._events: dict[object, Event] = {}
        self._denied: defaultdict[Caller, list[float]] = defaultdict(list)
        self._undivided: list[AlikeEvents] = []  # denied events that are not in `_denied`
        self._requests: set[str | None] = set()
        self._dropped: tuple[float, float] | None = None  # the first and the last time
        self._dropped_requests: set[int] = set()  # their hashes
        self.overflowed = False

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.values())

    def add(self, event: Event) -> None:
        """Add a call of an EC2 operation that uses an EBS key."""
        if self._related is not None and not self._related.is_near(event):
            return
        key = event.uid
        known = self._events.get(key)
        if known is not None:
            if event.rank >= known.rank:
                self._events[key] = event
            return
        if len(self._events) >= self._limit and not self.overflowed:
            self._make_room(event)
        if len(self._events) < self._limit:
            self._events[key] = event
        else:
            self.overflowed = True

    def remove(self, event_ids: Iterable[str]) -> None:
        """Remove calls that are known better from elsewhere."""
        for event_id in event_ids:
            del self._events[event_id]

    def add_denied(self, events: AlikeEvents) -> None:
        """Add denied KMS events: calls of their callers near them are kept."""
        if self._related is not None:
            return
        seconds, request_ids = events.columns.seconds, events.columns.request_ids
        self._requests.update(request_ids)
        self._undivided.append(events)
        if self._dropped is not None:
            first, last = self._dropped
            near = any(first - NEAR <= time <= last + NEAR for time in seconds)
            same = not self._dropped_requests.isdisjoint(map(hash, request_ids))
            self.overflowed = self.overflowed or near or same

    def _make_room(self, event: Event) -> None:
        """Drop calls that are far from an event in time and belong to no known denial."""
        now = time_of(event)
        for events in self._undivided:
            for caller, seconds in callers_in(events).items():
                self._denied[caller].extend(seconds)
        self._undivided.clear()
        for times in self._denied.values():
            times.sort()
        far = [
            key
            for key, one in self._events.items()
            if abs(time_of(one) - now) > NEAR and not self._belongs(one)
        ]
        # If only a few calls are dropped, the search is repeated too often.
        if self._related or len(far) <= _KEPT // 4 or len(self._dropped_requests) > _REQUESTS_KEPT:
            self.overflowed = True
            return
        dropped = [self._events.pop(key) for key in far]
        self._dropped_requests.update(hash(one.request_id) for one in dropped if one.request_id)
        times = [time_of(one) for one in dropped]
        if self._dropped is not None:
            times += self._dropped
        self._dropped = min(times), max(times)

    def _belongs(self, event: Event) -> bool:
        """Return whether a call belongs to a known denial, or has no time."""
        return (
            event.time is None
            or (event.request_id is not None and event.request_id in self._requests)
            or is_near(time_of(event), self._denied.get(caller_of(event), ()))
        )
