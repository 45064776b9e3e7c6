"""KMS errors that are not denials: each event once, by code, operation, account and Region.

The order in which events are added does not matter: rows of a large export do not come in the order
of their lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.kms_errors import meaning_of
from ebs_kms_audit.identify import key_arns_in, keys_in
from ebs_kms_audit.model import AlikeEvents, Event
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import OtherError
    from ebs_kms_audit.reading.bits import Array
    from ebs_kms_audit.reading.exports.large.errors import CountedErrors

_LISTED_KEYS = 20

_Place = tuple[str, int]
"""A file and a line. Files are in order of their names: counted rows come after those of others."""


class _What(NamedTuple):
    """What events have in common that are counted together."""

    error_code: str
    event_name: str
    account: str | None
    region: str | None


class _Errors:
    """The events of one code, operation, account and Region."""

    def __init__(self, what: _What, place: _Place) -> None:
        self.what = what
        self.first_place = place
        self.count = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.id_hashes: list[Array] = []
        self._keys: dict[str, _Place] = {}

    def note(self, place: _Place, times: Iterable[datetime], keys: Iterable[str]) -> None:
        """Note where events begin, some of their times, and the keys that they name."""
        self.first_place = min(self.first_place, place)
        for time in times:
            self.first = min(time, self.first or time, key=_with_zone_first)
            self.last = max(time, self.last or time, key=_with_zone_last)
        new = [key for key in keys if key not in self._keys or place < self._keys[key]]
        if new:
            found = {**self._keys, **dict.fromkeys(new, place)}
            first = sorted((place, key) for key, place in found.items())[:_LISTED_KEYS]
            self._keys = {key: place for place, key in first}

    @property
    def keys(self) -> tuple[str, ...]:
        """The first keys, at most 20."""
        return tuple(self._keys)

    def is_better_than(self, other: _Errors) -> bool:
        """Return whether an event with both of these is one of these: they say more."""
        return _preference(self.what) < _preference(other.what)


def _preference(what: _What) -> tuple[object, ...]:
    return what.account is None, what.region is None, *(text or "" for text in what)


def _with_zone_first(time: datetime) -> tuple[datetime, bool]:
    return order_of(time), time.tzinfo is None


def _with_zone_last(time: datetime) -> tuple[datetime, bool]:
    return order_of(time), time.tzinfo is not None


class ErrorCollector:
    """Collects KMS errors that are not denials."""

    def __init__(self) -> None:
        self._errors: dict[_What, _Errors] = {}
        self._by_id: dict[str | None, _Errors] = {}

    def add(self, event: Event) -> None:
        """Add an event."""
        times = () if event.time is None else (event.time,)
        self._count(self._noted(event, event.line, times), (event.event_id,))

    def add_alike(self, events: AlikeEvents) -> None:
        """Add rows of a large export, which have a time."""
        seconds = events.columns.seconds
        ends = (seconds.index(min(seconds)), seconds.index(max(seconds)))
        times = (time for time in map(events.time, ends) if time is not None)
        first = events.first
        self._count(self._noted(first, first.line, times), events.columns.event_ids)

    def add_counted(self, errors: CountedErrors) -> None:
        """Add rows of a large export that were only counted."""
        noted = self._noted(errors.event, errors.line, errors.times)
        noted.id_hashes.append(errors.event_ids)

    def _noted(self, event: Event, line: int, times: Iterable[datetime]) -> _Errors:
        """Return the errors to which an event belongs, with its place, times and keys."""
        assert event.error_code is not None
        what = _What(event.error_code, event.name, event.account, event.region)
        place = event.file, line
        errors = self._errors.get(what)
        if errors is None:
            errors = self._errors[what] = _Errors(what, place)
        errors.note(place, times, key_arns_in(event) or keys_in(event))
        return errors

    def _count(self, errors: _Errors, event_ids: Sequence[str | None]) -> None:
        """Count events. One that has other errors in another form counts where more is known."""
        by_id = self._by_id
        if (
            None not in event_ids
            and len(set(event_ids)) == len(event_ids)
            and by_id.keys().isdisjoint(event_ids)
        ):
            by_id.update(dict.fromkeys(event_ids, errors))
            errors.count += len(event_ids)
            return
        for event_id in event_ids:
            before = None if event_id is None else by_id.get(event_id)
            if before is not None:
                if not errors.is_better_than(before):
                    continue
                before.count -= 1
            if event_id is not None:
                by_id[event_id] = errors
            errors.count += 1

    def _add_counted(self) -> None:
        """Count the rows that were only counted. An event counts where most is known, as above."""
        from ebs_kms_audit.reading.exports.large.errors import counted_once
        from ebs_kms_audit.reading.hashing import hash_texts  # imports numpy

        texts: dict[_What, list[str]] = {what: [] for what in self._errors}
        for event_id, errors in self._by_id.items():
            assert event_id is not None, "`_count` remembers no others"
            texts[errors.what].append(event_id)
        best_first = sorted(self._errors.values(), key=lambda one: _preference(one.what))
        counts = counted_once([hash_texts(texts[one.what]), *one.id_hashes] for one in best_first)
        for errors, count in zip(best_first, counts, strict=True):
            errors.count += count - len(texts[errors.what])
            errors.id_hashes.clear()

    def result(self) -> tuple[OtherError, ...]:
        """Return the errors, in the order of their first events by file and line."""
        if not self._errors:
            return ()
        if any(one.id_hashes for one in self._errors.values()):
            self._add_counted()
        from ebs_kms_audit.model import OtherError

        found = (errors for errors in self._errors.values() if errors.count)
        return tuple(
            OtherError(
                **errors.what._asdict(),
                meaning=meaning_of(errors.what.error_code, errors.what.event_name),
                count=errors.count,
                first_seen=errors.first,
                last_seen=errors.last,
                keys=errors.keys,
            )
            for errors in sorted(found, key=lambda one: one.first_place)
        )
