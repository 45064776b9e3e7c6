"""Rows of a large export that findings count, and of which each finding lists the last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.hashing import Array, hash_texts

_NO_ID = 0  # the hash of an empty Event ID


class ListedRows:
    """Rows of one file, each Event ID once, in order of time and place.

    The `key` of a row is the hash of its Event ID. `events_at` returns the events of rows.
    """

    def __init__(self, rows: Array, events_at: Callable[[Array], Iterator[Event]]) -> None:
        rows = rows[np.lexsort((rows["offset"], rows["time"]))]
        self._rows = rows[_last_of_each_id(rows)]
        self._events_at = events_at
        self._parsed: dict[int, Event] = {}

    def leave_out(self, event_ids: Iterable[str]) -> None:
        """Leave out the rows with these Event IDs: another input holds them."""
        self._leave_out(hash_texts(sorted(event_ids)))

    def leave_out_rows_of(self, other: ListedRows) -> None:
        """Leave out the rows that a later file holds as well."""
        known = other._rows["key"]
        self._leave_out(known[known != _NO_ID])

    def _leave_out(self, known: Array) -> None:
        self._rows = self._rows[~np.isin(self._rows["key"], known)]

    def _events_of(self, rows: Array) -> Iterator[Event]:
        """Yield the events of rows. A row is parsed once, because several findings list it."""
        lines, parsed = rows["line"].tolist(), self._parsed
        new = [at for at, line in enumerate(lines) if line not in parsed]
        if new:
            for event in self._events_at(rows[new]):
                parsed[event.line] = event
        return (parsed[line] for line in lines)


def _last_of_each_id(rows: Array) -> Array:
    """Return which rows are the last with their Event ID; rows without one all are."""
    _, last = np.unique(rows["key"][::-1], return_index=True)
    chosen: Array = rows["key"] == _NO_ID
    chosen[len(rows) - 1 - last] = True
    return chosen
