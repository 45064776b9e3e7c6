"""What the denied events of an audit have in common with the events that bear on them.

An event bears on a denial if it is an EC2 call of the same caller within five minutes or of the
same Request ID, a later success of the same caller, a change to the key or the role, the AssumeRole
call that returned the access key, or a call of the same user with a long-term access key.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.model import AlikeEvents, Event

if TYPE_CHECKING:
    from ebs_kms_audit.model import Symptom

NEAR = 300.0
"""How many seconds an EC2 call may be before or after a denial to be part of the same attempt."""

Caller = tuple[str | None, str | None, str | None]
"""User name, or ARN of the role of a record; account; Region."""


class RelatedEvents(NamedTuple):
    """What the denied events of all inputs have, by which other events bear on them.

    callers      the callers, each with the times of the denials in seconds, sorted
    names        the User names
    access_keys  the access key ids
    request_ids  the Request IDs, also those of symptoms
    event_ids    the Event IDs
    resources    the volumes, instances, snapshots and images of symptoms
    """

    callers: Mapping[Caller, Sequence[float]]
    names: frozenset[str]
    access_keys: frozenset[str]
    request_ids: frozenset[str]
    event_ids: frozenset[str]
    resources: frozenset[str] = frozenset()

    @classmethod
    def by(cls, denied: Iterable[AlikeEvents], symptoms: Iterable[Symptom] = ()) -> RelatedEvents:
        """Return what bears on these denied events, or joins a symptom to them."""
        kinds, found = list(denied), list(symptoms)
        callers: dict[Caller, list[float]] = {}
        for events in kinds:
            for caller in callers_of(events.first):
                callers.setdefault(caller, []).extend(events.columns.seconds)
        columns = [events.columns for events in kinds]
        of_symptoms = [symptom.request_id for symptom in found]
        return cls(
            callers={caller: sorted(times) for caller, times in callers.items()},
            names=_given([events.first.user_name for events in kinds]),
            access_keys=_given(*(one.access_keys for one in columns)),
            request_ids=_given(of_symptoms, *(one.request_ids for one in columns)),
            event_ids=_given(*(one.event_ids for one in columns)),
            resources=frozenset(name for symptom in found for name in symptom.resources),
        )

    def is_near(self, event: Event) -> bool:
        """Return whether an EC2 call belongs to a denial, or has no time to tell."""
        return (
            event.time is None
            or event.request_id in self.request_ids
            or is_near(time_of(event), self.callers.get(caller_of(event), ()))
        )


def _given(*columns: Iterable[str | None]) -> frozenset[str]:
    return frozenset(filter(None, chain.from_iterable(columns)))


def caller_of(event: Event) -> Caller:
    """Return what identifies a caller: User name, account and Region."""
    cell = event.account_cell
    lost_digits = cell is not None and not cell.isdecimal()  # of two rows, one may be repaired
    return event.user_name, cell if lost_digits else event.account, event.region


def callers_of(event: Event) -> list[Caller]:
    """Return what identifies a caller: the name in the log and, for a record, the role too.

    Another session of the same role is the same principal.
    """
    issuer = event.identity.issuer_arn if event.identity else None
    name, account, region = caller_of(event)
    return [(name, account, region), *([(issuer, account, region)] if issuer else [])]


def time_of(event: Event) -> float:
    """Return an event's time in seconds, to compare with other events; 0 where it has none."""
    return event.seconds


def order_in_time(event: Event) -> tuple[float, str, int]:
    """Return the sort key of events: time, file, line."""
    return time_of(event), event.file, event.line


def is_near(time: float, times: Sequence[float], seconds: float = NEAR) -> bool:
    """Return whether one of the sorted times is within so many seconds."""
    after = bisect_left(times, time - seconds)
    return after < len(times) and times[after] <= time + seconds


def spans_near(
    times: Sequence[float], denied: Iterable[float], seconds: float = NEAR
) -> Iterator[tuple[int, int]]:
    """Yield the spans of `times` that are within so many seconds of one of `denied`.

    Both are sorted. The spans do not overlap.
    """
    begin = 0
    for time in denied:
        first = bisect_left(times, time - seconds, begin)
        begin = bisect_right(times, time + seconds, first)
        if begin > first:
            yield first, begin
