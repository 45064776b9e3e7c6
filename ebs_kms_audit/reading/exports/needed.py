"""The rows of a range of a large export that an audit needs one by one, as columns.

Most denied rows differ from an earlier row in time, User name, access key and ids only. Rows that
agree in all other cells are of one kind. The cells of a kind are parsed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.distinct import distinct
from ebs_kms_audit.reading.exports.events import OWN
from ebs_kms_audit.reading.exports.hashing import LONGEST, hash_spans, mixed
from ebs_kms_audit.reading.exports.header import Layout, runs_of

_KINDS_KEPT = 2_000


class Kind(NamedTuple):
    """What needed rows have in common.

    hash    the hash of the cells that they share; None for a row that is a kind by itself
    cells   the cells of one of the rows
    needed  as in `events.NeededRow`
    """

    hash: int | None
    cells: list[str]
    needed: bool


class Columns(NamedTuple):
    """Needed rows, an entry for each in every list.

    lines        counted from the start of the range
    kinds        numbers of kinds
    seconds      the time in seconds since 1970, or None if it is to be read from the cells
    user_names, access_keys, event_ids, request_ids  the cells under `events.OWN`; "" without one
    """

    lines: list[int]
    kinds: list[int]
    seconds: list[int | None]
    user_names: list[str]
    access_keys: list[str]
    event_ids: list[str]
    request_ids: list[str]


class NeededRows:
    """Collects the needed rows of one range after the other.

    After `finish`:

    kinds  the kinds of the rows
    rows   the rows, in the order in which they were added
    """

    def __init__(self, layout: Layout, parse: Callable[[bytes], list[str]]) -> None:
        self._parse = parse
        self._own = [layout.positions.get(name) for name in OWN]
        own = {*self._own, layout.positions[columns.EVENT_TIME]}
        self._shared = runs_of([at for at in range(layout.width) if at not in own])
        self._known: dict[int, list[str]] = {}
        self.clear()

    def clear(self) -> None:
        """Begin a range."""
        self.kinds: list[Kind] = []
        self.rows = Columns([], [], [], [], [], [], [])
        self._numbers: dict[int, int] = {}
        self._copied = bytearray()
        self._places: list[tuple[Array, ...]] = []

    def add(self, line: int, cells: list[str], *, needed: bool) -> None:
        """Add a row by its cells."""
        self.finish()
        own = ([cells[at] if at is not None and at < len(cells) else ""] for at in self._own)
        self._extend(Columns([line], [len(self.kinds)], [None], *own))
        self.kinds.append(Kind(None, cells, needed))

    def add_regular(
        self, buffer: bytearray, starts: Array, ends: Array, lines: Array, seconds: Array
    ) -> None:
        """Add regular rows: where they begin, where each of their cells ends, lines and times."""
        begin = len(self._copied)
        for start, end in zip(starts.tolist(), ends[:, -1].tolist(), strict=True):
            self._copied += buffer[start:end]
        sizes = ends[:, -1] - starts
        moved = begin + np.cumsum(sizes) - sizes - starts
        self._places.append((starts + moved, ends + moved[:, np.newaxis], lines, seconds))

    def finish(self) -> None:
        """Read the rows that were only copied: many together take less time."""
        if not self._places:
            return
        starts, ends, lines, seconds = map(np.concatenate, zip(*self._places, strict=True))
        self._copied += bytes(LONGEST + 8)
        cells = _Cells(self._copied, starts, ends, _ascii(self._copied))
        own = (self._texts(cells, at) for at in self._own)
        self._extend(Columns(lines.tolist(), self._kind_numbers(cells), seconds.tolist(), *own))
        self._copied, self._places = bytearray(), []

    def _extend(self, new: Columns) -> None:
        pairs: Iterable[tuple[list[Any], list[Any]]] = zip(self.rows, new, strict=True)
        for column, values in pairs:
            column.extend(values)

    def _texts(self, cells: _Cells, at: int | None) -> list[str]:
        if at is None:
            return [""] * len(cells.starts)
        texts = cells.texts(at)
        if '"' not in "".join(texts):
            return texts
        for row, text in enumerate(texts):
            if '"' in text:
                texts[row] = self._parse(cells.row(row))[at]
        return texts

    def _kind_numbers(self, cells: _Cells) -> list[int]:
        """Return the numbers of the kinds of rows. Kinds that are new are parsed."""
        hashes, has_hash = cells.hashes(self._shared)
        numbers = np.zeros(len(hashes), dtype=np.int64)
        hashed = np.flatnonzero(has_hash)
        unique, first, inverse = distinct(hashes[hashed])
        found = [
            self._number(one, cells, row)
            for one, row in zip(unique.tolist(), hashed[first].tolist(), strict=True)
        ]
        numbers[hashed] = np.array(found, dtype=np.int64)[inverse]
        for row in np.flatnonzero(~has_hash).tolist():
            numbers[row] = len(self.kinds)
            self.kinds.append(Kind(None, self._parse(cells.row(row)), True))
        result: list[int] = numbers.tolist()
        return result

    def _number(self, shared: int, cells: _Cells, row: int) -> int:
        """Return the number of the kind with a hash. `row` is a row of this kind."""
        number = self._numbers.get(shared)
        if number is None:
            parsed = self._known.get(shared)
            if parsed is None:
                if len(self._known) >= _KINDS_KEPT:
                    self._known.clear()
                parsed = self._known[shared] = self._parse(cells.row(row))
            number = self._numbers[shared] = len(self.kinds)
            self.kinds.append(Kind(shared, parsed, True))
        return number


class _Cells(NamedTuple):
    """The cells of regular rows in a buffer. `ascii` is its text, if all of it is ASCII."""

    buffer: bytearray
    starts: Array
    ends: Array
    ascii: str | None

    def row(self, row: int) -> bytes:
        """Return the text of a row."""
        return bytes(self.buffer[int(self.starts[row]) : int(self.ends[row, -1])])

    def texts(self, at: int) -> list[str]:
        """Return the texts of a column."""
        buffer, text = self.buffer, self.ascii
        pairs = zip(self._start(at).tolist(), self.ends[:, at].tolist(), strict=True)
        if text is None:
            return [buffer[start:end].decode() for start, end in pairs]
        return [text[start:end] for start, end in pairs]

    def hashes(self, runs: Sequence[tuple[int, int]]) -> tuple[Array, Array]:
        """Return the hashes of runs of columns, and which rows are short enough for a hash."""
        found = np.zeros(len(self.starts), dtype=np.uint64)
        has_hash = np.ones(len(found), dtype=bool)
        for first, last in runs:
            start, end = self._start(first), self.ends[:, last]
            has_hash &= end - start <= LONGEST
            found = mixed(found, hash_spans(self.buffer, start, end))
        return found, has_hash

    def _start(self, at: int) -> Array:
        start: Array = self.ends[:, at - 1] + 1 if at else self.starts
        return start


def _ascii(buffer: bytearray) -> str | None:
    return buffer.decode("ascii") if buffer.isascii() else None
