"""Rows of a large export that findings count, and of which each finding lists the last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.hashing import Array, hash_texts

_NO_ID = 0  # the hash of an empty Event ID


class ListedRow:
    """A row that findings list. Its event is made when it is first used.

    order  its time in seconds since 1970, its file and its line
    text   the text of the row, after `RowTexts.read`
    """

    __slots__ = ("_event", "_event_of", "order", "text")

    def __init__(self, order: tuple[int, str, int], event_of: Callable[[int, str], Event]) -> None:
        self.order = order
        self.text = ""
        self._event_of = event_of
        self._event: Event | None = None

    @property
    def event(self) -> Event:
        """The event of the row. It is parsed once."""
        if self._event is None:
            self._event = self._event_of(self.order[-1], self.text)
            self.text = ""
        return self._event


class RowTexts:
    """The texts of the rows of one file that findings list, each once.

    `texts_of` yields the texts of rows, and `event_of` makes an event of a line and a text.
    """

    def __init__(
        self,
        file: str,
        texts_of: Callable[[Array], Iterator[str]],
        event_of: Callable[[int, str], Event],
    ) -> None:
        self._file = file
        self._texts_of = texts_of
        self._event_of = event_of
        self._rows: dict[int, ListedRow] = {}
        self._unread: list[Array] = []

    def of(self, rows: Array) -> list[ListedRow]:
        """Return the rows that a finding lists. They have no text before `read`."""
        lines, known = rows["line"].tolist(), self._rows
        new = [at for at, line in enumerate(lines) if line not in known]
        if new:
            self._unread.append(rows[new])
            for at, time in zip(new, rows["time"][new].tolist(), strict=True):
                line = lines[at]
                known[line] = ListedRow((time, self._file, line), self._event_of)
        return [known[line] for line in lines]

    def read(self) -> None:
        """Read the texts of the new rows: a report does not need its input any more."""
        if not self._unread:
            return
        rows = np.concatenate(self._unread)
        self._unread.clear()
        rows = rows[np.argsort(rows["offset"])]
        for line, text in zip(rows["line"].tolist(), self._texts_of(rows), strict=True):
            self._rows[line].text = text


class ListedRows:
    """Rows of one file, each Event ID once, in order of time and place.

    The `key` of a row is the hash of its Event ID. `texts` has the texts of those that a finding
    lists.
    """

    def __init__(self, rows: Array, texts: RowTexts) -> None:
        rows = rows[np.lexsort((rows["offset"], rows["time"]))]
        self._rows = rows[_last_of_each_id(rows)]
        self._texts = texts

    def leave_out(self, event_ids: Iterable[str]) -> None:
        """Leave out the rows with these Event IDs: another input holds them."""
        self._leave_out(hash_texts(sorted(event_ids)))

    def leave_out_rows_of(self, other: ListedRows) -> None:
        """Leave out the rows that a later file holds as well."""
        known = other._rows["key"]
        self._leave_out(known[known != _NO_ID])

    def _leave_out(self, known: Array) -> None:
        self._rows = self._rows[~np.isin(self._rows["key"], known)]

    def read_texts(self) -> None:
        """Read the texts of the rows that findings list, before the file can change."""
        self._texts.read()


def _last_of_each_id(rows: Array) -> Array:
    """Return which rows are the last with their Event ID; rows without one all are."""
    _, last = np.unique(rows["key"][::-1], return_index=True)
    chosen: Array = rows["key"] == _NO_ID
    chosen[len(rows) - 1 - last] = True
    return chosen
