"""The EC2 calls that a denial may belong to: as few as can be told apart from the rest.

An export goes back in time row by row, and a trail forward. Once a caller's calls lie more than
five minutes behind, and no denial was met near them, none will be: they can be let go. Where one
is met there all the same (another file, rows in no order), that is noticed, and `overflowed`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ebs_kms_audit.aws.ebs_operations import is_ebs_operation
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.timestamps import order_of

NEAR = 300.0  # seconds
_KEPT = 20_000
_REQUESTS_KEPT = 500_000

Caller = tuple[str | None, str | None, str | None]  # User name, account, Region


class Ec2CallBuffer:
    """Keeps a bounded number of calls; `overflowed` tells that some may be missing.

    With `denied`, only what belongs to these events is kept.
    """

    def __init__(self, denied: Iterable[Event] | None = None) -> None:
        self._events: dict[object, Event] = {}
        self._refused: defaultdict[Caller, list[float]] = defaultdict(list)
        self._requests: set[str] = set()
        self._let_go: tuple[float, float] | None = None  # the first and the last time
        self._requests_let_go: set[int] = set()  # a few bytes of each
        self._all_refused = denied is not None
        self.overflowed = False
        for event in denied or ():
            self._note_refused(event)
        self._sort()

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.values())

    def add(self, event: Event) -> None:
        """Take in a call of an EC2 operation that uses an EBS key."""
        if self._all_refused and not self._belongs(event):
            return
        key = event.uid
        if len(self._events) >= _KEPT and key not in self._events and not self.overflowed:
            self._make_room(event)
        if len(self._events) < _KEPT or key in self._events:
            self._events[key] = event  # a record comes after its row, and says more
        else:
            self.overflowed = True

    def add_denied(self, event: Event) -> None:
        """Take in a denied KMS event: calls near it are kept."""
        if self._all_refused:
            return
        self._note_refused(event)
        if self._let_go is not None:
            first, last = self._let_go
            near = first - NEAR <= time_of(event) <= last + NEAR
            same = hash(event.request_id) in self._requests_let_go
            self.overflowed = self.overflowed or near or same

    def _note_refused(self, event: Event) -> None:
        if event.request_id:
            self._requests.add(event.request_id)
        for caller in callers_of(event):
            self._refused[caller].append(time_of(event))

    def _sort(self) -> None:
        for times in self._refused.values():
            times.sort()

    def _make_room(self, event: Event) -> None:
        """Let go of what lies behind an event, or before it, and belongs to no denial so far."""
        now = time_of(event)
        self._sort()
        gone = [
            key
            for key, one in self._events.items()
            if abs(time_of(one) - now) > NEAR and not self._belongs(one)
        ]
        # With few gone, it would be looked for again and again.
        if len(gone) <= _KEPT // 4 or len(self._requests_let_go) > _REQUESTS_KEPT:
            self.overflowed = True
            return
        let_go = [self._events.pop(key) for key in gone]
        self._requests_let_go.update(hash(one.request_id) for one in let_go if one.request_id)
        times = [time_of(one) for one in let_go]
        if self._let_go is not None:
            times += self._let_go
        self._let_go = min(times), max(times)

    def _belongs(self, event: Event) -> bool:
        """Return whether a call belongs to a denial known by now, or is of no known time."""
        return (
            event.time is None
            or event.request_id in self._requests
            or is_near(time_of(event), self._refused.get(caller_of(event), ()))
        )


def is_attempt(event: Event) -> bool:
    """Return whether it is a call of an EC2 operation that uses an EBS key."""
    return is_ebs_operation(event.source, event.name)


def caller_of(event: Event) -> Caller:
    """Return what tells callers apart: User name, account and Region."""
    cell = event.account_cell
    lost_digits = cell is not None and not cell.isdecimal()  # of two rows, one may be repaired
    return event.user_name, cell if lost_digits else event.account, event.region


def callers_of(event: Event) -> list[Caller]:
    """Return by what the caller is told: the name in the log and, of a record, the role too.

    Another session of the same role is the same principal.
    """
    issuer = event.identity.issuer_arn if event.identity else None
    name, account, region = caller_of(event)
    return [(name, account, region), *([(issuer, account, region)] if issuer else [])]


def time_of(event: Event) -> float:
    """Return an event's time in seconds, to compare with those of others; 0 where it has none."""
    return order_of(event.time).timestamp() if event.time else 0.0


def is_near(time: float, times: Sequence[float], seconds: float = NEAR) -> bool:
    """Return whether one of the sorted times lies within so many seconds."""
    after = bisect_left(times, time - seconds)
    return after < len(times) and times[after] <= time + seconds
