"""Whether the changes of the state of a key leave it unusable, and when it was usable again.

Source: AWS KMS Developer Guide, "Key states of AWS KMS keys": only an enabled key can be used. A
canceled deletion leaves the key disabled. EnableKey fails on a key that is pending deletion or
pending import. ImportKeyMaterial enables a key that lost its material. The deletion of material
does not change the state of a key that is pending deletion (AWS KMS API Reference,
"DeleteImportedKeyMaterial").

A later use of the key by any caller shows that it is enabled again. A change of the state "can take
several minutes" to have effect (AWS KMS Developer Guide, "AWS KMS eventual consistency").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, nextafter

from ebs_kms_audit.aws.relevance import KEY_USES, MATERIAL_LOST, STATE_CHANGES
from ebs_kms_audit.identify import key_names
from ebs_kms_audit.model import Event

_DELAY = 600.0
"""A use shows the effect of changes that were made so many seconds before, or earlier."""
_KEPT = 100_000


class KeyUses:
    """When each key was used last: by a successful call that fails unless the key is enabled."""

    def __init__(self) -> None:
        self._last: dict[tuple[str | None, str], float] = {}
        self._more: list[Callable[[], Iterable[tuple[Event, float]]]] = []

    def add(self, event: Event, time: float | None = None) -> None:
        """Add a successful KMS call with a time. It is that of the event if none is given."""
        if event.name not in KEY_USES:
            return
        time = event.seconds if time is None else time
        for key_id in key_names(event):
            key = event.region, key_id
            if key in self._last or len(self._last) < _KEPT:
                self._last[key] = max(time, self._last.get(key, time))

    def add_later(self, successes: Callable[[], Iterable[tuple[Event, float]]]) -> None:
        """Add what returns more calls with their times. It is called if a time is asked for."""
        self._more.append(successes)

    def last(self, region: str | None, key_id: str) -> float:
        """Return when a key was used last, in seconds since 1970; -inf if it was not."""
        while self._more:
            for event, time in self._more.pop()():
                self.add(event, time)
        return self._last.get((region, key_id), -inf)


def left_unusable(changes: Iterable[Event], used: float = -inf) -> Event | None:
    """Return the change after which the key is not enabled; None if it was enabled after that.

    `changes` are successful changes of the state of one key. Of changes at equal times, those that
    can make the key unusable count as the later ones. `used` is when the key was used last.
    """
    found: Event | None = None
    for change in sorted(changes, key=_in_order):
        if change.name == "EnableKey" or change.seconds + _DELAY <= used:
            found = None
        elif change.name == "ImportKeyMaterial":
            found = None if found and found.name in MATERIAL_LOST else found
        elif change.name not in MATERIAL_LOST or not found or found.name != "ScheduleKeyDeletion":
            found = change
    return found


def usable_from(changes: Iterable[Event], used: float, error_code: str) -> float:
    """Return when the input last shows that a key became usable, in seconds since 1970.

    A call that failed with the error code before that time does not show the state after it.
    `changes` and `used` are those of `left_unusable`.
    """
    enabling = ["EnableKey"]
    if error_code == "KMSInvalidStateException":  # maybe pending import
        enabling.append("ImportKeyMaterial")
    enabled = (change.seconds for change in changes if change.name in enabling)
    return max(nextafter(used - _DELAY, inf), max(enabled, default=-inf))


def _in_order(change: Event) -> tuple[float, int, str, int]:
    return change.seconds, STATE_CHANGES.index(change.name), change.file, change.line
