"""KMS calls that failed because of the state of a key: disabled, pending deletion or import."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from ebs_kms_audit.aws.kms_errors import KEY_STATE_CODES
from ebs_kms_audit.identify import is_kms, keys_in
from ebs_kms_audit.model import Denials, Event
from ebs_kms_audit.reading.related import time_of

NEAR = 3600.0
"""The longest time between a denial and a key error that can explain it, in seconds."""
SHOWN = 20
_KEPT = 20_000


class KeyErrors:
    """Collects the calls that failed because of the state of a key."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str | None, str], list[Event]] = {}
        self._sorted = True
        self._kept = 0
        self.overflowed = False

    def add(self, event: Event) -> None:
        """Add an event. Only failures because of the state of exactly one key are kept."""
        if not is_kms(event) or event.error_code not in KEY_STATE_CODES or event.time is None:
            return
        keys = keys_in(event)
        if len(keys) != 1:
            return
        if self._kept >= _KEPT:
            self.overflowed = True
            return
        self._kept += 1
        self._sorted = False
        self._by_key.setdefault((event.region, keys.pop()), []).append(event)

    def near(self, denials: Denials) -> tuple[Event, ...]:
        """Return at most 20 errors of the denied key within an hour of a denial."""
        if not any((one.event.region, one.key.id) in self._by_key for one in denials.kinds):
            return ()
        if not self._sorted:
            for events in self._by_key.values():
                events.sort(key=time_of)
            self._sorted = True
        found: dict[int, Event] = {}
        for denial in denials:
            event = denial.event
            errors = self._by_key.get((event.region, denial.key.id or ""), [])
            if event.time is None or not errors:
                continue
            begin = bisect_left(errors, time_of(event) - NEAR, key=time_of)
            end = bisect_right(errors, time_of(event) + NEAR, key=time_of)
            found |= {id(one): one for one in errors[begin : min(end, begin + SHOWN)]}
            if len(found) >= SHOWN:
                break
        return tuple(sorted(found.values(), key=time_of)[:SHOWN])
