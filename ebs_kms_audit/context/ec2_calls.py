"""The EC2 calls that may belong to a denial, a bounded number of them.

An export goes back in time row by row, and a trail forward. When the calls of a caller are more
than five minutes away and no denial was found near them, they are dropped. If a denial is found
near them later (in another file, or in rows without order), `overflowed` shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.related import (
    NEAR,
    Caller,
    RelatedEvents,
    caller_of,
    callers_of,
    is_near,
    time_of,
)

_KEPT = 20_000
_KEPT_OF_DENIALS = 100_000
_REQUESTS_KEPT = 500_000


class Ec2CallBuffer:
    """Keeps a bounded number of calls; `overflowed` is True where some may be missing.

    With `wanted`, only calls that belong to these denials are kept.
    """

    def __init__(self, wanted: RelatedEvents | None = None) -> None:
        self._wanted = wanted
        self._limit = _KEPT if wanted is None else max(_KEPT, _KEPT_OF_DENIALS)
        self._events: dict[object, Event] = {}
        self._denied: defaultdict[Caller, list[float]] = defaultdict(list)
        self._requests: set[str] = set()
        self._dropped: tuple[float, float] | None = None  # the first and the last time
        self._dropped_requests: set[int] = set()  # their hashes
        self.overflowed = False

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.values())

    def add(self, event: Event) -> None:
        """Add a call of an EC2 operation that uses an EBS key."""
        if self._wanted is not None and not self._wanted.is_near(event):
            return
        key = event.uid
        known = self._events.get(key)
        if known is not None:
            if event.identity is not None or known.identity is None:
                self._events[key] = event  # a record has more fields than its row
            return
        if len(self._events) >= self._limit and not self.overflowed:
            self._make_room(event)
        if len(self._events) < self._limit:
            self._events[key] = event
        else:
            self.overflowed = True

    def add_denied(self, event: Event) -> None:
        """Add a denied KMS event: calls near it are kept."""
        if self._wanted is not None:
            return
        if event.request_id:
            self._requests.add(event.request_id)
        for caller in callers_of(event):
            self._denied[caller].append(time_of(event))
        if self._dropped is not None:
            first, last = self._dropped
            near = first - NEAR <= time_of(event) <= last + NEAR
            same = hash(event.request_id) in self._dropped_requests
            self.overflowed = self.overflowed or near or same

    def _make_room(self, event: Event) -> None:
        """Drop calls that are far from an event in time and belong to no denial found until now."""
        now = time_of(event)
        for times in self._denied.values():
            times.sort()
        far = [
            key
            for key, one in self._events.items()
            if abs(time_of(one) - now) > NEAR and not self._belongs(one)
        ]
        # With few of these, the search would be repeated again and again.
        if self._wanted or len(far) <= _KEPT // 4 or len(self._dropped_requests) > _REQUESTS_KEPT:
            self.overflowed = True
            return
        dropped = [self._events.pop(key) for key in far]
        self._dropped_requests.update(hash(one.request_id) for one in dropped if one.request_id)
        times = [time_of(one) for one in dropped]
        if self._dropped is not None:
            times += self._dropped
        self._dropped = min(times), max(times)

    def _belongs(self, event: Event) -> bool:
        """Return whether a call belongs to a denial found until now, or has no time to tell."""
        return (
            event.time is None
            or event.request_id in self._requests
            or is_near(time_of(event), self._denied.get(caller_of(event), ()))
        )
