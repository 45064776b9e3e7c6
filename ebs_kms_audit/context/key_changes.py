"""Changes to keys and roles, found by the key, the Region or the role that a denial concerns.

The time of a lookup does not grow with the number of changes, because an export of KMS events can
have 100,000 RetireGrant rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.relevance import IAM_EVENT_SOURCE, STATE_CHANGES, relevance
from ebs_kms_audit.context.key_states import KeyUses, left_unusable
from ebs_kms_audit.identify import is_kms, key_names
from ebs_kms_audit.model import (
    Denial,
    Event,
    EventList,
    Listed,
    PrincipalKind,
    event_of,
    listed,
)
from ebs_kms_audit.model.event_list import NO_EVENTS, in_order
from ebs_kms_audit.reading.related import order_in_time

if TYPE_CHECKING:
    from ebs_kms_audit.reading.exports.large.changes import ChangeRows, Changes
    from ebs_kms_audit.reading.records.listed import ListedRecord

SHOWN = 20
"""The number of changes that a finding lists, the last ones before its first denial."""
_RETIRED = 3
"""The number of retired grants that a finding lists, if nothing else was changed.

AWS services retire the grants that they create as soon as a task is complete. Source: AWS KMS
Developer Guide, "Grants in AWS KMS".
"""
BEFORE = 24 * 3600.0
"""The last changes within this time before the first denial are listed, in seconds."""
_KEPT = 20_000  # of each Event name: no number of RetireGrant events hides a PutKeyPolicy event

_LOOKUPS_KEPT = 1_000
_STATES = 100
"""The number of changes of the state of a key that are used, the last ones."""

_Place = tuple[str | None, ...]
"""What was changed: a role (`"role", name`), a key (`"key", Region, key id`; the id is None if the
change names no key), or any key in a Region (`"region", Region, None`). Grants that were retired
have places of their own, which begin with "retired". A change of the state of a key has one more
place (`"state", Region, key id`)."""
_GroupsAt = dict[_Place, list[tuple[str | None, int]]]
"""The groups of the rows of a large export that changed a place, each with its account."""


class ChangesBefore(NamedTuple):
    """The changes before the first denial of a finding.

    listed          the last of them, in order of time
    total           how many there are
    grants_retired  how many of them retired a grant
    """

    listed: EventList = NO_EVENTS
    total: int = 0
    grants_retired: int = 0


class _EventChanges(NamedTuple):
    """The changes at one place in one account that are no rows, like `Changes` of a large export.

    times   their times in seconds, in order
    events  the changes, in the same order
    """

    times: list[float]
    events: list[Listed]

    def listed(self, begin: int, end: int) -> list[Listed]:
        """Return the changes from one number to another, counted in order of time."""
        return self.events[begin:end]


class _Span(NamedTuple):
    """Changes between two times.

    changes     changes at one place, in order of time
    begin, end  the numbers of the first one between the times, and of the first one after them
    """

    changes: Changes | _EventChanges
    begin: int
    end: int

    @classmethod
    def between(cls, changes: Changes | _EventChanges, begin: float, end: float) -> _Span:
        """Return the changes between two times, both included."""
        return cls(changes, bisect_left(changes.times, begin), bisect_right(changes.times, end))

    @property
    def size(self) -> int:
        """How many changes there are between the times."""
        return self.end - self.begin

    def last(self, most: int) -> list[Listed]:
        """Return the last changes between the times, in order."""
        return self.changes.listed(max(self.begin, self.end - most), self.end)

    def last_before(self) -> list[Listed]:
        """Return the last change before the times, if there is none between them."""
        return [] if self.size else self.changes.listed(max(0, self.end - 1), self.end)


class ChangeLog:
    """The changes to keys and roles. Add all of them before a lookup.

    overflowed  whether there were too many changes to keep all
    """

    def __init__(self) -> None:
        self._events: dict[object, Event] = {}
        self._kept: Counter[str] = Counter()
        self._rows: list[ChangeRows] = []
        self._records: list[ListedRecord] = []
        self._at: dict[tuple[_Place, str | None], list[Changes | _EventChanges]] = {}
        self._before: dict[object, ChangesBefore] = {}
        self._unusable: dict[object, Event | None] = {}
        self.overflowed = False

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.values())

    def add(self, event: Event) -> None:
        """Add a change. Of rows and records of the same event, the most complete one is kept."""
        known = self._events.get(event.uid)
        if known is None and self._kept[event.name] >= _KEPT:
            self.overflowed = True
        elif known is None or event.rank >= known.rank:
            self._events[event.uid] = event
            self._kept[event.name] += known is None

    def add_rows(self, rows: Iterable[ChangeRows]) -> None:
        """Add the changes of large exports, after all events."""
        for one in rows:
            for event_id in one.without_repeated(self):
                del self._events[event_id]
            self._rows.append(one)

    def add_records(self, records: Iterable[ListedRecord]) -> None:
        """Add the changes in logs that are not decoded, after all events."""
        for record in records:
            if record.id in self._events:
                self.add(record.event())
            else:
                self._records.append(record)

    def before(self, denial: Denial, time: float) -> ChangesBefore:
        """Return the changes before a time that concern a denial.

        A change concerns a denial if it was made to the denied key or to the caller's role. If the
        row of the change or the denial names no key, a change in the same account and Region
        concerns it. Only changes in the last 24 hours are used. If there are none, the last change
        is used. Retired grants are listed only if nothing else was changed, or if the caller is
        EC2 infrastructure, which uses the key by a grant.
        """
        places = _places_of_denial(denial)
        changes = self._spans(places, time)
        retired = self._spans([(("retired", *place), account) for place, account in places], time)
        by_grant = denial.principal.kind is PrincipalKind.INFRASTRUCTURE
        spans = [(id(one.changes), one.begin, one.end) for one in (*changes, *retired)]
        which = by_grant, len(changes), *spans
        known = self._before.get(which)  # many callers of a key have the same changes
        if known is None:
            if len(self._before) >= _LOOKUPS_KEPT:
                self._before.clear()
            known = self._before[which] = _before(changes, retired, by_grant=by_grant)
        return known

    def _spans(self, places: Iterable[tuple[_Place, str | None]], time: float) -> list[_Span]:
        """Return the changes in the 24 hours before a time, at places with their accounts."""
        found: list[_Span] = []
        for place in places:
            if place[0] not in self._changed:  # as most users and roles
                continue
            at = self._at.get(place)
            if at is None:
                at = self._at[place] = self._changes_at(*place)
            found += [_Span.between(changes, time - BEFORE, time) for changes in at]
        return found

    @cached_property
    def _changed(self) -> frozenset[_Place]:
        """The places with a change."""
        return frozenset(self._by_place).union(*(groups_at for _, groups_at in self._groups_at))

    def _changes_at(self, place: _Place, account: str | None) -> list[Changes | _EventChanges]:
        """Return the changes at a place in an account, and those without a known account."""
        found: list[Changes | _EventChanges] = [
            changes
            for made_in, changes in self._by_place.get(place, {}).items()
            if account is None or made_in in (None, account)
        ]
        for rows, groups_at in self._groups_at:
            groups = [
                group
                for made_in, group in groups_at.get(place, ())
                if account is None or made_in in (None, account)
            ]
            if groups:
                found.append(rows.of_groups(groups))
        return found

    @cached_property
    def _groups_at(self) -> list[tuple[ChangeRows, _GroupsAt]]:
        """The groups of the changes in large exports by the place, each with its account."""
        found = []
        for rows in self._rows:
            groups_at: _GroupsAt = {}
            for group, event in rows.groups.items():
                for place in _places_of_change(event):
                    groups_at.setdefault(place, []).append((event.account, group))
            found.append((rows, groups_at))
        return found

    def left_unusable(
        self, region: str | None, key_id: str | None, account: str | None, uses: KeyUses
    ) -> Event | None:
        """Return the last change of the state of a key if it leaves the key unusable, or None.

        Without an account, changes in all accounts count. Add all changes and uses before.
        """
        at = region, key_id, account
        if key_id is None or ("state", region, key_id) not in self._changed:  # as most keys
            return None
        if at not in self._unusable:
            found = self.of_state(*at)
            change = left_unusable(found)
            if change:  # most keys with a change are enabled again
                change = left_unusable(found, uses.last(region, key_id))
            self._unusable[at] = change
        return self._unusable[at]

    def of_state(
        self, region: str | None, key_id: str | None, account: str | None = None
    ) -> list[Event]:
        """Return the last changes of the state of a key."""
        place = ("state", region, key_id)
        if place not in self._changed:
            return []
        return [
            event_of(change)
            for changes in self._changes_at(place, account)
            for change in _Span(changes, 0, len(changes.times)).last(_STATES)
        ]

    def policy_changes_after(self, denial: Denial, time: float) -> tuple[Event, ...]:
        """Return the last 20 changes to the policy of the denied key after a time."""
        if denial.key.id is None:
            return ()
        edits = self._policy_edits.get(("key", denial.event.region, denial.key.id))
        if edits is None:
            return ()
        found: list[Event] = []
        for changes in edits.values():
            after = bisect_right(changes.times, time)
            found += map(event_of, changes.events[max(after, len(changes.events) - SHOWN) :])
        return tuple(sorted(found, key=order_in_time)[-SHOWN:])

    @cached_property
    def _by_place(self) -> dict[_Place, dict[str | None, _EventChanges]]:
        """The changes that are events or records by place and account."""
        of_records = ((record.listed, record.alike) for record in self._records)
        return _by_place(chain(_with_time(self._events.values()), of_records))

    @cached_property
    def _policy_edits(self) -> dict[_Place, dict[str | None, _EventChanges]]:
        """The changes to key policies by place and account."""
        edits = (event for event in self._events.values() if event.name == "PutKeyPolicy")
        return _by_place(_with_time(edits))


def _before(changes: Sequence[_Span], retired: Sequence[_Span], *, by_grant: bool) -> ChangesBefore:
    """Return the changes before a denial, of a caller that uses the key by a grant or not."""
    found, count = _last(changes, SHOWN)
    grants, retired_count = _last(retired, _RETIRED)
    if not found or by_grant:
        found += grants
    return ChangesBefore(EventList.last(found, SHOWN), count + retired_count, retired_count)


def _last(spans: Sequence[_Span], most: int) -> tuple[tuple[Listed, ...], int]:
    """Return the last changes and their number. If there are none, return the last one before."""
    if count := sum(one.size for one in spans):
        recent = [change for one in spans for change in one.last(most)]
        return EventList.last(recent, most).entries, count
    earlier = EventList.last([change for one in spans for change in one.last_before()], 1).entries
    return earlier, len(earlier)


def is_change(event: Event) -> bool:
    """Return whether an event can have changed a role, or the permissions or state of a key."""
    found = relevance(event.source, event.name)
    if event.source == IAM_EVENT_SOURCE:
        return found.role_change
    return found.key_change and is_kms(event) and not event.error_code


def _with_time(events: Iterable[Event]) -> Iterator[tuple[Listed, Event]]:
    """Yield the events that have a time, each with what is listed of it."""
    return ((listed(event), event) for event in events if event.time is not None)


def _by_place(
    changes: Iterable[tuple[Listed, Event]],
) -> dict[_Place, dict[str | None, _EventChanges]]:
    """Return changes by place and account. Each has an event that changed the same keys."""
    found: dict[_Place, dict[str | None, _EventChanges]] = {}
    places: dict[int, set[_Place]] = {}  # of each event: many changes can have the same
    for change, alike in sorted(changes, key=lambda one: in_order(one[0])):
        if id(alike) not in places:
            places[id(alike)] = _places_of_change(alike)
        for place in places[id(alike)]:
            at = found.setdefault(place, {}).setdefault(alike.account, _EventChanges([], []))
            at.times.append(change[0])
            at.events.append(change)
    return found


def _places_of_change(event: Event) -> set[_Place]:
    """Return the keys or the roles that an event changes, and the Region for a change to a key."""
    if event.source == IAM_EVENT_SOURCE:
        names = ((resource.name or "").rpartition("/")[2] for resource in event.resources or ())
        return {("role", name) for name in names}
    keys: set[_Place] = {("key", event.region, key) for key in key_names(event) or (None,)}
    keys.add(("region", event.region, None))
    if event.name in STATE_CHANGES:
        keys.update([("state", event.region, key) for key in key_names(event)])
    return {("retired", *place) for place in keys} if event.name == "RetireGrant" else keys


def _places_of_denial(denial: Denial) -> list[tuple[_Place, str | None]]:
    """Return the keys and roles that concern a denial, each with the account of the change."""
    role = (denial.principal.arn or "").rpartition("/")[2]
    account, region = denial.event.account, denial.event.region
    found: list[tuple[_Place, str | None]] = []
    if role:
        found.append((("role", role), denial.caller_account))
    if denial.key.id:
        owner = denial.key_account or account
        found += [(("key", region, denial.key.id), owner), (("key", region, None), owner)]
    else:
        found.append((("region", region, None), account))
    return found
