"""Changes to keys and roles, found by the key, the Region or the role that a denial concerns.

Looking up the changes before a denial takes the same time however many changes there are: an
export of KMS events can hold 100,000 RetireGrant rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain

from ebs_kms_audit.aws.relevance import ROLE_CHANGES
from ebs_kms_audit.context.ec2_calls import time_of
from ebs_kms_audit.identify import is_kms, key_names
from ebs_kms_audit.model import Denial, Event

SHOWN = 20
"""How many changes a finding lists: the last ones before its first denial."""
_KEPT = 20_000
_KEY_CHANGES = frozenset(
    {"PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion", "RevokeGrant", "RetireGrant"}
)
_IAM = "iam.amazonaws.com"

_Place = tuple[str | None, ...]  # what a change was made to


class ChangeLog:
    """The changes to keys and roles. Add all of them, then look them up."""

    def __init__(self) -> None:
        self._events: dict[object, Event] = {}
        self._by_place: dict[_Place, list[Event]] | None = None
        self.overflowed = False

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.values())

    def add(self, event: Event) -> None:
        """Add a change. A record replaces the row of the same event: a record has more fields."""
        if event.uid in self._events or len(self._events) < _KEPT:
            self._events[event.uid] = event
        else:
            self.overflowed = True

    def before(self, denial: Denial, time: float) -> tuple[tuple[Event, ...], int]:
        """Return the last changes up to a time that may concern a denial, and how many there are.

        A change concerns a denial if it was made to the denied key or to the caller's role. Where
        the row of a change or the denial names no key, any change in the Region may concern it.
        """
        if self._by_place is None:
            self._by_place = _by_place(self._events.values())
        last: list[Event] = []
        count = 0
        for place in _places_of_denial(denial):
            changes = self._by_place.get(place, [])
            end = bisect_right(changes, time, key=time_of)
            count += end
            last += changes[max(0, end - SHOWN) : end]
        return tuple(sorted(last, key=time_of)[-SHOWN:]), count


def is_change(event: Event) -> bool:
    """Return whether an event may have changed a role, or who can use a key."""
    if event.source == _IAM:
        return event.name in ROLE_CHANGES
    return is_kms(event) and not event.error_code and event.name in _KEY_CHANGES


def _by_place(events: Iterable[Event]) -> dict[_Place, list[Event]]:
    places: dict[_Place, list[Event]] = {}
    for event in events:
        if event.time is not None:
            for place in _places_of_change(event):
                places.setdefault(place, []).append(event)
    for changes in places.values():
        changes.sort(key=time_of)
    return places


def _places_of_change(event: Event) -> Iterable[_Place]:
    if event.source == _IAM:
        names = ((resource.name or "").rpartition("/")[2] for resource in event.resources or ())
        return {("role", name) for name in names}
    keys: Iterable[_Place] = (("key", event.region, key) for key in key_names(event) or (None,))
    return chain(keys, [("region", event.region)])


def _places_of_denial(denial: Denial) -> Iterator[_Place]:
    role = (denial.principal.arn or "").rpartition("/")[2]
    if role:
        yield "role", role
    region, key = denial.event.region, denial.key.id
    if key:
        yield "key", region, key
        yield "key", region, None
    else:
        yield "region", region
