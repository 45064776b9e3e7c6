"""What the denied events of an audit have in common with the events that bear on them.

An event bears on a denial if it is an EC2 call of the same caller within five minutes or of the
same Request ID, a later success of the same caller, a change to the key or the role, a grant on
the key, the AssumeRole call that returned the access key, or a call of the same user with a
long-term access key.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from ebs_kms_audit.model import AlikeEvents, Event

if TYPE_CHECKING:
    from ebs_kms_audit.model import Symptom

NEAR = 300.0
"""How many seconds an EC2 call may be before or after a denial to be part of the same attempt."""

Caller = tuple[str | None, str | None, str | None]
"""User name, or ARN of the role of a record; account; Region."""


class RelatedEvents:
    """What the denied events of all inputs have, by which other events bear on them.

    Each is put together when it is first asked for: a log without EC2 calls needs no Request IDs.
    """

    def __init__(
        self,
        denied: Iterable[AlikeEvents],
        symptoms: Iterable[Symptom] = (),
        key_id_of: Callable[[Event], str | None] = lambda _: None,
    ) -> None:
        """Take the denied events, and the symptoms that can be joined to them.

        `key_id_of` returns the id of the key that a denied event names, or None.
        """
        self._denied = list(denied)
        self._symptoms = list(symptoms)
        self._key_id_of = key_id_of

    @cached_property
    def callers(self) -> Mapping[Caller, Sequence[float]]:
        """The callers, each with the times of the denials in seconds, sorted."""
        callers: dict[Caller, list[float]] = {}
        for events in self._denied:
            for caller, seconds in callers_in(events).items():
                callers.setdefault(caller, []).extend(seconds)
        return {caller: sorted(times) for caller, times in callers.items()}

    @cached_property
    def names(self) -> frozenset[str]:
        """The User names."""
        return _given(*(events.columns.user_names for events in self._denied))

    @cached_property
    def access_keys(self) -> frozenset[str]:
        """The access key ids."""
        return _given(*(events.columns.access_keys for events in self._denied))

    @cached_property
    def request_ids(self) -> frozenset[str]:
        """The Request IDs, also those of symptoms."""
        of_symptoms = [symptom.request_id for symptom in self._symptoms]
        return _given(of_symptoms, *(events.columns.request_ids for events in self._denied))

    @cached_property
    def event_ids(self) -> frozenset[str]:
        """The Event IDs."""
        return _given(*(events.columns.event_ids for events in self._denied))

    @cached_property
    def _keys(self) -> list[tuple[str | None, str | None]]:
        """The Region of the denied events of each kind, and the key id that they name."""
        firsts = (events.first for events in self._denied)
        return [(first.region, self._key_id_of(first)) for first in firsts]

    @cached_property
    def key_ids(self) -> frozenset[str]:
        """The ids of the keys that the denied events name."""
        return _given([key_id for _, key_id in self._keys])

    @cached_property
    def regions_of_unknown_keys(self) -> frozenset[str | None]:
        """The Regions of the denied events that name no key."""
        return frozenset(region for region, key_id in self._keys if key_id is None)

    @cached_property
    def resources(self) -> frozenset[str]:
        """The volumes, instances, snapshots and images of symptoms."""
        return frozenset(name for symptom in self._symptoms for name in symptom.resources)

    def __getstate__(self) -> dict[str, object]:
        """Return what other processes need: everything but the events."""
        return {
            name: getattr(self, name)
            for name in (
                "callers", "names", "access_keys", "request_ids", "event_ids", "key_ids",
                "resources",
            )
        }  # fmt: skip

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


def callers_in(events: AlikeEvents) -> Mapping[Caller, Sequence[float]]:
    """Return what identifies the callers of events, each with the times in seconds."""
    columns = events.columns
    if events.have_one_name:
        return dict.fromkeys(callers_of(events.first), columns.seconds)
    _, account, region = caller_of(events.first)
    by_name: dict[str | None, list[float]] = {}
    for name, seconds in zip(columns.user_names, columns.seconds, strict=True):
        by_name.setdefault(name, []).append(seconds)
    return {(name, account, region): seconds for name, seconds in by_name.items()}


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
