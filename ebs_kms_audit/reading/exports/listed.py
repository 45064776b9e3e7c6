"""Rows of a large export that findings count, and of which each finding lists the last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from math import inf

import numpy as np

from ebs_kms_audit.model import Completeness, Event, Listed, Summary
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.distinct import are_among, distinct
from ebs_kms_audit.reading.exports.hashing import hash_texts
from ebs_kms_audit.reading.exports.kept import joined, rows_at
from ebs_kms_audit.reading.exports.row_events import RowEvents

NO_ID = 0  # the hash of an empty Event ID
_ONE_BY_ONE = 20  # so many texts are read one by one when they are asked for


class RowTexts:
    """The texts of the rows of one file that findings list, each once.

    `texts_of` yields the texts of rows, and `events` parses them. `completeness` is how much a row
    of the file says at most. With `when_asked`, a text is read when its event is asked for.
    """

    def __init__(
        self,
        file: str,
        texts_of: Callable[[Array], Iterator[str]],
        events: RowEvents,
        completeness: Completeness,
        *,
        when_asked: bool = False,
    ) -> None:
        self.completeness = completeness
        self._when_asked = when_asked
        self.file = file
        self._texts_of = texts_of
        self._events = events
        self._rows: dict[int, str | Event] = {}
        self._asked = 0
        self._unread: list[Array] = []
        # By the id of an array of rows: the rows, and which of them are not read yet.
        self._unread_places: dict[int, tuple[Array, list[Array]]] = {}

    def at(
        self, rows: Array, places: Array, times: Iterable[int], lines: Iterable[int]
    ) -> list[Listed]:
        """Return the rows at some places, like `of`, but without a copy of the rows.

        `times` and `lines` are those of these rows.
        """
        if len(places):
            self._unread_places.setdefault(id(rows), (rows, []))[1].append(places)
        return list(zip(times, repeat(self.file), lines, repeat(self)))

    def of(self, rows: Array) -> list[Listed]:
        """Return rows that a finding lists. They have no events before `read`."""
        if not len(rows):
            return []
        self._unread.append(rows)
        times, lines = rows["time"].tolist(), rows["line"].tolist()
        return list(zip(times, repeat(self.file), lines, repeat(self)))

    def parsed(self, rows: Array) -> list[Event]:
        """Return the events of rows that need not be listed."""
        lines = rows["line"].tolist()
        return [*map(self._events.of_text, lines, self._texts_of(rows))]

    def read(self) -> None:
        """Read the texts of the new rows: a report does not need its input any more."""
        if not self._when_asked:
            self.read_now()

    def read_now(self) -> None:
        """Read the texts of the new rows."""
        for rows, places in self._unread_places.values():
            self._unread.append(rows[np.sort(np.concatenate(places))])
        self._unread_places.clear()
        if not self._unread:
            return
        rows = joined(self._unread)
        self._unread.clear()
        rows = rows[distinct(rows["line"]).first]
        for line, text in zip(rows["line"].tolist(), self._texts_of(rows), strict=True):
            self._rows.setdefault(line, text)

    def release(self) -> None:
        """Forget where the texts come from, when all are read: a report keeps the texts only."""
        if not self._when_asked:
            self._texts_of = _no_texts

    def event(self, line: int) -> Event:
        """Return the event of the row at a line. It is parsed once."""
        row = self._row(line)
        if isinstance(row, str):
            row = self._rows[line] = self._events.of_text(line, row)
        return row

    def summary(self, line: int) -> Summary:
        """Return what a list shows of the row at a line. No event is made."""
        row = self._row(line)
        if isinstance(row, str):
            return self._events.summary(row)
        return row.name, row.error_code, row.event_id, row.user_name

    def _row(self, line: int) -> str | Event:
        """Return the row at a line: its text, or its event if it was made.

        The first texts that are asked for are read one by one, then all others together.
        """
        if line not in self._rows:
            self._asked += 1
            if self._asked > _ONE_BY_ONE:
                self.read_now()
            else:
                self._rows[line] = self._text(line)
        return self._rows[line]

    def _text(self, line: int) -> str:
        """Return the text of the row at a line that is not read yet."""
        for rows in (*self._unread, *(rows for rows, _ in self._unread_places.values())):
            at = np.flatnonzero(rows["line"] == line)[:1]
            if len(at):
                (text,) = self._texts_of(rows[at])
                return text
        raise KeyError(line)


def _no_texts(rows: Array) -> Iterator[str]:
    raise ValueError(f"{len(rows)} rows are listed after the reading")


class ListedRows:
    """Rows of one file in order of time and place. Of those with one Event ID, the last is kept.

    The rows are given in order of their place. The `key` of a row is the hash of its Event ID.
    `texts` has the texts of the rows that a finding lists.
    """

    def __init__(self, rows: Array, texts: RowTexts) -> None:
        places = _last_of_each_id(rows["key"])
        places = places[np.argsort(rows["time"][places], kind="stable")]
        self._rows = rows_at(rows, places)
        self._texts = texts

    def __len__(self) -> int:
        return len(self._rows)

    def without_repeated(self, events: Iterable[Event]) -> list[str]:
        """Leave out the rows of these events, which other inputs hold.

        Return the Event IDs of the events that rows outrank: those rows are kept.
        """
        by_id = {event.event_id: event for event in events if event.event_id}
        most = self.rank
        ids = [event_id for event_id, event in by_id.items() if event.rank < most]
        rows = self._rows[are_among(self._rows["key"], hash_texts(ids))]
        better = [
            row.event_id
            for row in self._texts.parsed(rows)
            if row.event_id in by_id and row.rank > by_id[row.event_id].rank
        ]
        self._leave_out(hash_texts(sorted(by_id.keys() - set(better))))
        return better

    def leave_out_rows_of(self, other: ListedRows) -> None:
        """Leave out the rows that another file holds as well."""
        known = other._rows["key"]
        self._leave_out(known[known != NO_ID])

    @property
    def rank(self) -> tuple[object, ...]:
        """The highest `rank` that the event of a row can have."""
        return *self._texts.completeness, self._texts.file, inf

    def _leave_out(self, known: Array) -> None:
        self._rows = self._rows[~are_among(self._rows["key"], known)]

    def read_texts(self) -> None:
        """Read the texts of the rows that findings list, before the file can change."""
        self._texts.read()


def _last_of_each_id(ids: Array) -> Array:
    """Return the places of rows that are the last with their Event ID; rows without one all are.

    `ids` are the hashes of the Event IDs.
    """
    ordered = np.sort(ids)
    if not (ordered[1:] == ordered[:-1]).any():  # as in most files
        return np.arange(len(ids))
    chosen: Array = ids == NO_ID
    chosen[len(ids) - 1 - distinct(ids[::-1]).first] = True
    return np.flatnonzero(chosen)
