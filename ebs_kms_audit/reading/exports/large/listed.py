"""Rows of a large export that findings count. A finding lists the last of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from math import inf

import numpy as np

from ebs_kms_audit.model import Completeness, Event, Listed, Summary
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.distinct import are_among, distinct
from ebs_kms_audit.reading.exports.large.places import joined, some_of
from ebs_kms_audit.reading.exports.large.row_events import RowEvents
from ebs_kms_audit.reading.hashing import hash_texts

NO_ID = 0  # the hash of an empty Event ID
_ONE_BY_ONE = 20  # so many texts are read one by one when they are used


class RowTexts:
    """The rows of one file that findings list, by their lines. A report keeps it.

    The text of a row is read when it is first used, or by `close`.

    file          the name of the file
    texts_of      yields the texts of the rows at some places
    events        makes events of texts
    completeness  how much a row of the file says at most
    have_zone     whether the time zone of the rows is known
    """

    def __init__(
        self,
        file: str,
        texts_of: Callable[[Array], Iterator[str]],
        events: RowEvents,
        completeness: Completeness,
    ) -> None:
        self.file = file
        self.completeness = completeness
        self.have_zone = events.have_zone
        self._texts_of = texts_of
        self._events = events
        self._rows: dict[int, str | Event] = {}  # by line: the text, or the event if it was made
        self._read_alone = 0
        # By the id of an array of places: the array, and the numbers of places that are not read.
        self._unread: dict[int, tuple[Array, list[Array]]] = {}

    def listed(
        self, places: Array, numbers: Array, times: Iterable[int], lines: Iterable[int]
    ) -> list[Listed]:
        """Return the rows at the places with some numbers, for a finding to list.

        `times` and `lines` are those of these rows.
        """
        if len(numbers):
            self._unread.setdefault(id(places), (places, []))[1].append(numbers)
        return list(zip(times, repeat(self.file), lines, repeat(self)))

    def parsed(self, places: Array) -> list[Event]:
        """Return the events of rows, which need not be listed."""
        lines = places["line"].tolist()
        return [*map(self._events.of_text, lines, self._texts_of(places))]

    def read(self, places: Array) -> list[Event]:
        """Return the events of rows. Each row is read and parsed once."""
        lines = places["line"].tolist()
        new = [at for at, line in enumerate(lines) if line not in self._rows]
        for at, text in zip(new, self._texts_of(some_of(places, np.array(new, int))), strict=True):
            self._rows[lines[at]] = text
        return [self.event(line) for line in lines]

    def event(self, line: int) -> Event:
        """Return the event of a listed row. It is parsed once."""
        row = self._row(line)
        if isinstance(row, str):
            row = self._rows[line] = self._events.of_text(line, row)
        return row

    def summary(self, line: int) -> Summary:
        """Return what a list shows of a listed row. No event is made."""
        row = self._row(line)
        if isinstance(row, str):
            return self._events.summary(row)
        return row.name, row.error_code, row.event_id, row.user_name

    def close(self) -> None:
        """Read the texts of all listed rows, and forget the file."""
        self._read_all()
        self._texts_of = _no_texts

    def _row(self, line: int) -> str | Event:
        """Return a listed row. The first few are read one by one, then all others together."""
        if line not in self._rows:
            if self._read_alone < _ONE_BY_ONE:
                self._read_alone += 1
                (self._rows[line],) = self._texts_of(self._place(line))
            else:
                self._read_all()
        return self._rows[line]

    def _place(self, line: int) -> Array:
        """Return the place of a listed row that is not read."""
        for places, _ in self._unread.values():
            at = np.flatnonzero(places["line"] == line)[:1]
            if len(at):
                return some_of(places, at)
        raise KeyError(line)

    def _read_all(self) -> None:
        """Read the texts of all listed rows."""
        unread = joined(
            some_of(places, np.concatenate(numbers)) for places, numbers in self._unread.values()
        )
        self._unread.clear()
        self._read_alone = 0
        if not len(unread):
            return
        unread = some_of(unread, distinct(unread["line"]).first)
        for line, text in zip(unread["line"].tolist(), self._texts_of(unread), strict=True):
            self._rows.setdefault(line, text)


def _no_texts(places: Array) -> Iterator[str]:
    raise ValueError(f"{len(places)} rows are listed after the file was closed")


class ListedRows:
    """Rows of one file in order of time and place. Of those with one Event ID, the last is kept.

    places     the places of the rows, in order of the file
    event_ids  the hashes of their Event IDs
    texts      the texts of the rows that findings list
    """

    def __init__(self, places: Array, event_ids: Array, texts: RowTexts) -> None:
        numbers = _last_of_each_id(event_ids)
        numbers = numbers[np.argsort(places["time"][numbers], kind="stable")]
        self._places = some_of(places, numbers)
        self._event_ids = event_ids[numbers]
        self._texts = texts

    def __len__(self) -> int:
        return len(self._places)

    @property
    def file(self) -> str:
        """The name of the file."""
        return self._texts.file

    @property
    def rank(self) -> tuple[object, ...]:
        """The highest `rank` that the event of a row can have."""
        return *self._texts.completeness, self._texts.file, inf

    def without_repeated(self, events: Iterable[Event]) -> list[str]:
        """Leave out the rows of these events, which other inputs hold.

        Return the Event IDs of the events that rows outrank: those rows are kept.
        """
        by_id = {event.event_id: event for event in events if event.event_id}
        most = self.rank
        ids = [event_id for event_id, event in by_id.items() if event.rank < most]
        places = self._places[are_among(self._event_ids, hash_texts(ids))]
        better = [
            row.event_id
            for row in self._texts.parsed(places)
            if row.event_id in by_id and row.rank > by_id[row.event_id].rank
        ]
        self._leave_out(hash_texts(sorted(by_id.keys() - set(better))))
        return better

    def leave_out_rows_of(self, other: ListedRows) -> None:
        """Leave out the rows that another file holds as well."""
        self._leave_out(other._event_ids[other._event_ids != NO_ID])

    def _leave_out(self, known: Array) -> None:
        left = ~are_among(self._event_ids, known)
        self._places, self._event_ids = self._places[left], self._event_ids[left]


def _last_of_each_id(ids: Array) -> Array:
    """Return the numbers of rows that are the last with their Event ID; rows without one all are.

    `ids` are the hashes of the Event IDs.
    """
    ordered = np.sort(ids)
    if not (ordered[1:] == ordered[:-1]).any():  # as in most files
        return np.arange(len(ids))
    chosen: Array = ids == NO_ID
    chosen[len(ids) - 1 - distinct(ids[::-1]).first] = True
    return np.flatnonzero(chosen)
