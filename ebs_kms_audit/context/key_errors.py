"""KMS calls that failed because of the state of a key: disabled, pending deletion or import."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from ebs_kms_audit.aws.kms_errors import KEY_STATE_CODES
from ebs_kms_audit.identify import is_kms, keys_in
from ebs_kms_audit.model import AlikeEvents, Denials, Event
from ebs_kms_audit.reading.related import spans_near, time_of

NEAR = 3600.0
"""The longest time between a denial and a key error that can explain it, in seconds."""
SHOWN = 20
_KEPT = 20_000

_Key = tuple[str | None, str | None]
"""A Region and a key id."""


class _Failures(NamedTuple):
    """The failed calls of one key, in order of time, file and line.

    times   the times in seconds since 1970
    places  the events that hold each call, and its place in them
    """

    times: list[float]
    places: list[tuple[AlikeEvents, int]]


class KeyErrors:
    """Collects the calls that failed because of the state of a key."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._by_key: dict[_Key, list[AlikeEvents]] = {}
        self._failures: dict[_Key, _Failures] = {}
        self._kept = 0
        self.overflowed = False

    def add(self, event: Event) -> None:
        """Add an event. Only failures because of the state of exactly one key are kept."""
        if event.error_code in KEY_STATE_CODES and event.time is not None:
            self.add_alike(AlikeEvents.of(event))

    def add_alike(self, events: AlikeEvents) -> None:
        """Add events with a time; they are kept as in `add`."""
        first = events.first
        if not is_kms(first) or first.error_code not in KEY_STATE_CODES:
            return
        keys = keys_in(first)
        if len(keys) != 1:
            return
        if self._kept >= _KEPT:
            self.overflowed = True
            return
        self._kept += len(events)
        self._files.setdefault(first.file, len(self._files))
        self._by_key.setdefault((first.region, keys.pop()), []).append(events)

    def near(self, denials: Denials) -> tuple[Event, ...]:
        """Return at most 20 errors of the denied key within an hour of a denial.

        The denials are those of one key, in order of time. Add all errors before.
        """
        found: list[Event] = []
        for key in {(denial.event.region, denial.key.id) for denial in denials.kinds}:
            if key not in self._by_key:
                continue
            if key not in self._failures:
                self._failures[key] = self._in_order(self._by_key[key])
            times, places = self._failures[key]
            for begin, end in spans_near(times, denials.times, NEAR):
                some = places[begin : min(end, begin + SHOWN)]
                found += [events.event(at) for events, at in some]
                if len(found) >= SHOWN:
                    break
        return tuple(sorted(found, key=time_of)[:SHOWN])

    def _in_order(self, failed: list[AlikeEvents]) -> _Failures:
        """Return the calls in order, each event once: of two forms, the one that says more."""
        calls: dict[object, tuple[float, int, int, AlikeEvents, int]] = {}
        for events in failed:
            file, columns = self._files[events.first.file], events.columns
            for at, (line, seconds, event_id) in enumerate(
                zip(columns.lines, columns.seconds, columns.event_ids, strict=True)
            ):
                uid: object = event_id or (file, line)
                if uid in calls:
                    *_, known, known_at = calls[uid]
                    if events.event(at).rank <= known.event(known_at).rank:
                        continue
                calls[uid] = seconds, file, line, events, at
        in_order = sorted(calls.values(), key=itemgetter(0, 1, 2))
        return _Failures(
            [seconds for seconds, *_ in in_order], [(one, at) for *_, one, at in in_order]
        )
