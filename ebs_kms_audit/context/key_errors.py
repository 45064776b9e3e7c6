"""KMS calls that failed because of the state of a key: disabled, pending deletion or import."""

from __future__ import annotations

from ebs_kms_audit.aws.kms_errors import KEY_STATE_CODES
from ebs_kms_audit.identify import is_kms, keys_in
from ebs_kms_audit.model import Denials, Event
from ebs_kms_audit.reading.related import spans_near, time_of

NEAR = 3600.0
"""The longest time between a denial and a key error that can explain it, in seconds."""
SHOWN = 20
_KEPT = 20_000


class KeyErrors:
    """Collects the calls that failed because of the state of a key."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str | None, str | None], list[Event]] = {}
        self._times: dict[tuple[str | None, str | None], list[float]] = {}
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
        self._by_key.setdefault((event.region, keys.pop()), []).append(event)

    def near(self, denials: Denials) -> tuple[Event, ...]:
        """Return at most 20 errors of the denied key within an hour of a denial.

        The denials are those of one key, in order of time. Add all errors before.
        """
        found: list[Event] = []
        for key in {(denial.event.region, denial.key.id) for denial in denials.kinds}:
            if (errors := self._by_key.get(key)) is None:
                continue
            if key not in self._times:
                errors.sort(key=time_of)
                self._times[key] = [time_of(error) for error in errors]
            for begin, end in spans_near(self._times[key], denials.times, NEAR):
                found += errors[begin : min(end, begin + SHOWN)]
                if len(found) >= SHOWN:
                    break
        return tuple(sorted(found, key=time_of)[:SHOWN])
