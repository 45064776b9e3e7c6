"""The rows of a range of a large export that an audit needs one by one, as columns.

Most denied rows differ from an earlier row in time, User name, access key and ids only. Rows that
agree in all other cells are of one kind. The cells of a kind are parsed once.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.distinct import distinct
from ebs_kms_audit.reading.exports.events import OWN
from ebs_kms_audit.reading.exports.hashing import LONGEST, PAD, hash_spans, mixed
from ebs_kms_audit.reading.exports.header import Layout, runs_of
from ebs_kms_audit.reading.exports.text_columns import TextColumn, plain_column

NO_TIME = -1
"""Instead of a time in seconds: the time must be read from the cells."""
_KINDS_KEPT = 2_000


class Kind(NamedTuple):
    """What needed rows have in common.

    hash    the hash of the cells that they share; None for a row that is a kind by itself
    cells   the cells of one of the rows, as bytes of `marshal`
    needed  as in `events.NeededRow`
    """

    hash: int | None
    cells: bytes
    needed: bool


class Columns(NamedTuple):
    """Needed rows, an entry for each in every column. Numbers are bytes of an array.

    lines        counted from the start of the range, u4
    kinds        numbers of kinds, u4
    users        numbers of User names, u4
    seconds      the time in seconds since 1970, or NO_TIME, i8
    access_keys, event_ids, request_ids  the cells, as in `text_columns`; "" without one
    """

    lines: bytes
    kinds: bytes
    users: bytes
    seconds: bytes
    access_keys: TextColumn
    event_ids: TextColumn
    request_ids: TextColumn


class NeededRows:
    """Collects the needed rows of one range after the other.

    After `finish`:

    kinds       the kinds of the rows
    user_names  their User names, each once
    parts       the rows, in the order in which they were added
    """

    def __init__(self, layout: Layout, parse: Callable[[bytes], list[str]]) -> None:
        self._parse = parse
        self._user_at, *self._own = (layout.positions.get(name) for name in OWN)
        own = {self._user_at, *self._own, layout.positions[columns.EVENT_TIME]}
        self._shared = runs_of([at for at in range(layout.width) if at not in own])
        self._known: dict[int, bytes] = {}
        self.clear()

    def clear(self) -> None:
        """Begin a range."""
        self.kinds: list[Kind] = []
        self.user_names: list[str] = []
        self.parts: list[Columns] = []
        self._numbers: dict[int, int] = {}
        self._user_numbers: dict[str, int] = {}
        self._single: list[tuple[int, int, int, str, str, str]] = []
        self._copied = bytearray()
        self._places: list[tuple[Array, ...]] = []

    def add(self, line: int, cells: list[str], *, needed: bool) -> None:
        """Add a row by its cells. It is a kind by itself."""
        self._finish_regular()  # the parts are in the order of the rows
        user, key, event_id, request_id = (
            cells[at] if at is not None and at < len(cells) else ""
            for at in (self._user_at, *self._own)
        )
        numbers = len(self.kinds), self._user_number(user)
        self._single.append((line, *numbers, key, event_id, request_id))
        self.kinds.append(Kind(None, marshal.dumps(cells), needed))

    def add_regular(
        self, buffer: bytearray, starts: Array, ends: Array, lines: Array, seconds: Array
    ) -> None:
        """Add regular rows: where they begin, where each of their cells ends, lines and times.

        Their text is only copied here, because the buffer changes. `finish` reads it.
        """
        self._finish_single()
        begin = len(self._copied)
        for start, end in zip(starts.tolist(), ends[:, -1].tolist(), strict=True):
            self._copied += buffer[start:end]
        sizes = ends[:, -1] - starts
        moved = begin + np.cumsum(sizes) - sizes - starts
        self._places.append((starts + moved, ends + moved[:, np.newaxis], lines, seconds))

    def finish(self) -> None:
        """Make columns of the rows that were added: many rows together take less time."""
        self._finish_single()
        self._finish_regular()

    def _finish_single(self) -> None:
        """Make columns of the rows that were added by their cells."""
        if not self._single:
            return
        lines, kinds, users, keys, event_ids, request_ids = zip(*self._single, strict=True)
        self.parts.append(
            Columns(
                _bytes_of(np.array(lines)), _bytes_of(np.array(kinds)), _bytes_of(np.array(users)),
                np.full(len(lines), NO_TIME, dtype=np.int64).tobytes(),
                list(keys), list(event_ids), list(request_ids),
            )
        )  # fmt: skip
        self._single = []

    def _finish_regular(self) -> None:
        """Make columns of the regular rows that were added."""
        if not self._places:
            return
        starts, ends, lines, seconds = map(np.concatenate, zip(*self._places, strict=True))
        self._copied += bytes(PAD)
        cells = _Cells(self._copied, starts, ends)
        kinds = self._numbers_of(cells, self._shared, self._kind_number)
        user_at = [] if self._user_at is None else [(self._user_at, self._user_at)]
        users = self._numbers_of(cells, user_at, self._user_number_of)
        self.parts.append(
            Columns(
                _bytes_of(lines), _bytes_of(kinds), _bytes_of(users), seconds.tobytes(),
                *(self._texts(cells, at) for at in self._own),
            )
        )  # fmt: skip
        self._copied, self._places = bytearray(), []

    def _texts(self, cells: _Cells, at: int | None) -> TextColumn:
        """Return the cells of a column."""
        if at is None:
            return [""] * len(cells.starts)
        plain = plain_column(cells.buffer, *cells.spans(at, at))
        return plain or [self._text(cells, row, at) for row in range(len(cells.starts))]

    def _text(self, cells: _Cells, row: int, at: int) -> str:
        """Return the value of a cell. Only a row with a quote in the cell is parsed."""
        text = cells.text(row, at)
        return self._parse(cells.row(row))[at] if '"' in text else text

    def _numbers_of(
        self,
        cells: _Cells,
        runs: Sequence[tuple[int, int]],
        number: Callable[[_Cells, int, int | None], int],
    ) -> Array:
        """Return the numbers of rows by runs of their columns.

        `number` returns the number of a row and its hash, which is None if a cell is too long.
        """
        hashes, has_hash = cells.hashes(runs)
        numbers = np.zeros(len(hashes), dtype=np.int64)
        hashed = np.flatnonzero(has_hash)
        unique, first, inverse = distinct(hashes[hashed])
        found = [
            number(cells, row, one)
            for one, row in zip(unique.tolist(), hashed[first].tolist(), strict=True)
        ]
        numbers[hashed] = np.array(found, dtype=np.int64)[inverse]
        for row in np.flatnonzero(~has_hash).tolist():
            numbers[row] = number(cells, row, None)
        return numbers

    def _user_number_of(self, cells: _Cells, row: int, _: int | None) -> int:
        at = self._user_at
        return self._user_number("" if at is None else self._text(cells, row, at))

    def _user_number(self, name: str) -> int:
        number = self._user_numbers.setdefault(name, len(self.user_names))
        if number == len(self.user_names):
            self.user_names.append(name)
        return number

    def _kind_number(self, cells: _Cells, row: int, shared: int | None) -> int:
        """Return the number of the kind of a row. Kinds that are new are parsed."""
        number = None if shared is None else self._numbers.get(shared)
        if number is None:
            number = len(self.kinds)
            self.kinds.append(Kind(shared, self._parsed(cells, row, shared), True))
            if shared is not None:
                self._numbers[shared] = number
        return number

    def _parsed(self, cells: _Cells, row: int, shared: int | None) -> bytes:
        """Return the cells of a row that has the shared cells of its kind, as in `Kind`."""
        parsed = None if shared is None else self._known.get(shared)
        if parsed is None:
            parsed = marshal.dumps(self._parse(cells.row(row)))
            if len(self._known) >= _KINDS_KEPT:
                self._known.clear()
            if shared is not None:
                self._known[shared] = parsed
        return parsed


class _Cells(NamedTuple):
    """The cells of regular rows in a buffer."""

    buffer: bytearray
    starts: Array
    ends: Array

    def row(self, row: int) -> bytes:
        """Return the text of a row."""
        return bytes(self.buffer[int(self.starts[row]) : int(self.ends[row, -1])])

    def text(self, row: int, at: int) -> str:
        """Return the text of a cell."""
        start = int(self.ends[row, at - 1]) + 1 if at else int(self.starts[row])
        return self.buffer[start : int(self.ends[row, at])].decode()

    def hashes(self, runs: Sequence[tuple[int, int]]) -> tuple[Array, Array]:
        """Return the hashes of runs of columns, and which rows are short enough for a hash."""
        found = np.zeros(len(self.starts), dtype=np.uint64)
        has_hash = np.ones(len(found), dtype=bool)
        for first, last in runs:
            start, end = self.spans(first, last)
            has_hash &= end - start <= LONGEST
            found = mixed(found, hash_spans(self.buffer, start, end))
        return found, has_hash

    def spans(self, first: int, last: int) -> tuple[Array, Array]:
        """Return where a run of columns begins, and where it ends."""
        return self.ends[:, first - 1] + 1 if first else self.starts, self.ends[:, last]


def _bytes_of(numbers: Array) -> bytes:
    return numbers.astype("u4").tobytes()
