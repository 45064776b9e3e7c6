"""Changes to keys and roles, found by the key, the Region or the role that a denial concerns.

Looking up the changes before a denial takes the same time however many changes there are: an
export of KMS events can hold 100,000 RetireGrant rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from ebs_kms_audit.aws.relevance import ROLE_CHANGES
from ebs_kms_audit.context.ec2_calls import time_of
from ebs_kms_audit.identify import is_kms, key_names
from ebs_kms_audit.model import Denial, Event

SHOWN = 20
"""How many changes a finding lists: the last ones before its first denial."""
BEFORE = 24 * 3600.0
"""Seconds before the first denial in which a change is listed. The last one is listed anyway."""
_KEPT = 20_000
_KEY_CHANGES = frozenset(
    {
        "PutKeyPolicy",
        "DisableKey",
        "EnableKey",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
        "RevokeGrant",
        "RetireGrant",
    }
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
        """Return the last changes up to a time that concern a denial, and how many there are.

        A change concerns a denial if it was made to the denied key or to the caller's role. If the
        row of the change or the denial names no key, a change in the same account and Region
        concerns it. Only changes of the last 24 hours count, or else the last change known.
        """
        last: list[Event] = []
        count = 0
        for changes in self._concerning(denial):
            end = bisect_right(changes, time, key=time_of)
            begin = min(bisect_left(changes, time - BEFORE, key=time_of), max(0, end - 1))
            count += end - begin
            last += changes[max(begin, end - SHOWN) : end]
        recent = [event for event in last if time_of(event) >= time - BEFORE]
        if not recent and last:
            return (max(last, key=time_of),), 1
        if len(recent) < len(last):
            count -= len(last) - len(recent)
        return tuple(sorted(recent, key=time_of)[-SHOWN:]), count

    def policy_changes_after(self, denial: Denial, time: float) -> tuple[Event, ...]:
        """Return the changes of the denied key's policy after a time, the last 20."""
        if denial.key.id is None:
            return ()
        changes = self._places.get(_key_place(denial), [])
        after = changes[bisect_right(changes, time, key=time_of) :]
        return tuple(event for event in after if event.name == "PutKeyPolicy")[-SHOWN:]

    def _concerning(self, denial: Denial) -> Iterator[list[Event]]:
        role = (denial.principal.arn or "").rpartition("/")[2]
        account, region = denial.event.account, denial.event.region
        if role:
            yield _of_account(self._places.get(("role", role), []), denial.caller_account)
        if denial.key.id:
            owner = denial.key_account or account
            yield _of_account(self._places.get(_key_place(denial), []), owner)
            yield _of_account(self._places.get(("key", region, None), []), owner)
        else:
            yield _of_account(self._places.get(("region", region), []), account)

    @property
    def _places(self) -> dict[_Place, list[Event]]:
        if self._by_place is None:
            self._by_place = _by_place(self._events.values())
        return self._by_place


def is_change(event: Event) -> bool:
    """Return whether an event may have changed a role, or who can use a key."""
    if event.source == _IAM:
        return event.name in ROLE_CHANGES
    return is_kms(event) and not event.error_code and event.name in _KEY_CHANGES


def _of_account(changes: list[Event], account: str | None) -> list[Event]:
    """Leave out the changes that were made in another account."""
    if all(event.account in (None, account) for event in changes) or account is None:
        return changes
    return [event for event in changes if event.account in (None, account)]


def _key_place(denial: Denial) -> _Place:
    return "key", denial.event.region, denial.key.id


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
    keys: set[_Place] = {("key", event.region, key) for key in key_names(event) or (None,)}
    return keys | {("region", event.region)}
