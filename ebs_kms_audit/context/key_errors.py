"""KMS calls that failed because of the state of a key: disabled, pending deletion or import.

A call before the time at which the key became usable again explains nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.kms_errors import KEY_STATE_CODES, shows_unusable
from ebs_kms_audit.identify import is_kms, keys_in
from ebs_kms_audit.model import AlikeEvents, Denials, Event
from ebs_kms_audit.reading.related import spans_near, time_of

if TYPE_CHECKING:
    from ebs_kms_audit.reading.exports.large.changes import ChangeRows

NEAR = 3600.0
"""The longest time between a denial and a key error that can explain it, in seconds."""
SHOWN = 20
_KEPT = 20_000

_Key = tuple[str | None, str, str]
"""A Region, a key id and an error code."""
UsableFrom = Callable[[str | None, str, str], float]
"""Returns when a key became usable again, as `usable_from` does, by what `_Key` holds."""


class _Failures(NamedTuple):
    """The failed calls of one key with one error code, in order of time, file and line.

    times   the times in seconds since 1970
    events  returns the calls from one number to another
    """

    times: Sequence[float]
    events: Callable[[int, int], list[Event]]

    def since(self, time: float) -> _Failures:
        """Return the calls at a time and after it."""
        left_out = bisect_left(self.times, time)
        return _Failures(
            self.times[left_out:], lambda begin, end: self.events(begin + left_out, end + left_out)
        )


class KeyErrors:
    """Collects the calls that failed because of the state of a key."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._by_key: dict[_Key, list[AlikeEvents]] = {}
        self._rows: list[ChangeRows] = []
        self._groups: dict[_Key, list[tuple[int, int]]] = {}  # numbers of files of rows, groups
        self._failures: dict[_Key, list[_Failures]] = {}
        self._kept = 0
        self.overflowed = False

    def add(self, event: Event) -> None:
        """Add an event. Only failures because of the state of exactly one key are kept."""
        if shows_unusable(event.name, event.error_code) and event.time is not None:
            self.add_alike(AlikeEvents.of(event))

    def add_alike(self, events: AlikeEvents) -> None:
        """Add events with a time; they are kept as in `add`."""
        first = events.first
        if not concerns_one_key(first):
            return
        if self._kept >= _KEPT:
            self.overflowed = True
            return
        self._kept += len(events)
        self._files.setdefault(first.file, len(self._files))
        self._by_key.setdefault(_key(first), []).append(events)

    def add_rows(self, rows: Sequence[ChangeRows]) -> None:
        """Add rows of large exports that were only counted, after all events."""
        for number, one in enumerate(rows):
            better = one.without_repeated(chain.from_iterable(chain(*self._by_key.values())))
            if better:
                self._leave_out({*better})
            self._files.setdefault(one.file, len(self._files))
            for group, event in one.groups.items():
                self._groups.setdefault(_key(event), []).append((number, group))
        self._rows = [*rows]

    def _leave_out(self, event_ids: Collection[str]) -> None:
        """Leave out the events with some Event IDs."""
        for key, several in self._by_key.items():
            kept = []
            for events in several:
                ids = enumerate(events.columns.event_ids)
                if places := [at for at, one in ids if one not in event_ids]:
                    kept.append(events.at(places))
            self._by_key[key] = kept

    def near(self, denials: Denials, usable_from: UsableFrom) -> tuple[Event, ...]:
        """Return at most 20 errors of the denied key within an hour of a denial.

        The denials are those of one key, in order of time. Add all errors before.
        """
        found: list[Event] = []
        for region, key_id in {(denial.event.region, denial.key.id) for denial in denials.kinds}:
            if key_id is None:
                continue
            left = (self._left((region, key_id, code), usable_from) for code in KEY_STATE_CODES)
            for times, events in chain.from_iterable(left):
                first: list[Event] = []
                for begin, end in spans_near(times, denials.times, NEAR):
                    first += events(begin, min(end, begin + SHOWN))
                    if len(first) >= SHOWN:
                        break
                found += first
        return tuple(sorted(found, key=self._place)[:SHOWN])

    def none_is_left(self, key: _Key, usable_from: UsableFrom) -> bool:
        """Return whether all calls of a key are before it became usable again; False without any.

        A call that names several keys is not known here.
        """
        left = self._left(key, usable_from)
        return bool(left) and not self.overflowed and not any(len(one.times) for one in left)

    def _left(self, key: _Key, usable_from: UsableFrom) -> list[_Failures]:
        """Return the failed calls of a key without those before it became usable again."""
        if key not in self._failures:
            found = [*self._of_key(key)]
            self._failures[key] = [one.since(usable_from(*key)) for one in found]
        return self._failures[key]

    def _place(self, event: Event) -> tuple[float, int, int]:
        return time_of(event), self._files[event.file], event.line

    def _of_key(self, key: _Key) -> Iterator[_Failures]:
        """Yield the failed calls of a key: the events, and the rows of each file."""
        if key in self._by_key:
            yield self._in_order(self._by_key[key])
        of_files: dict[int, list[int]] = {}
        for number, group in self._groups.get(key, ()):
            of_files.setdefault(number, []).append(group)
        for number, groups in of_files.items():
            rows = self._rows[number].of_groups(groups)
            yield _Failures(rows.times, rows.events)

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

        def made(begin: int, end: int) -> list[Event]:
            return [events.event(at) for *_, events, at in in_order[begin:end]]

        return _Failures([seconds for seconds, *_ in in_order], made)


def concerns_one_key(event: Event) -> bool:
    """Return whether a call failed because of the state of exactly one key."""
    state = shows_unusable(event.name, event.error_code)
    return state and is_kms(event) and len(keys_in(event)) == 1


def _key(event: Event) -> _Key:
    assert event.error_code is not None
    return event.region, keys_in(event).pop(), event.error_code
