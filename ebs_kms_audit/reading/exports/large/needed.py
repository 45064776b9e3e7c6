"""The rows of a range of a large export that an audit needs one by one, as columns.

Most failed rows differ from an earlier row in time, User name, address, User agent, access key and
ids only. Rows that agree in all other cells are of one kind. The cells of a kind are parsed once.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.aws.callers import is_address
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.events import CALLERS, IDS
from ebs_kms_audit.reading.exports.header import Layout, runs_of
from ebs_kms_audit.reading.exports.large.distinct import distinct
from ebs_kms_audit.reading.exports.large.index import inside_quotes
from ebs_kms_audit.reading.exports.large.text_columns import TextColumn, plain_column
from ebs_kms_audit.reading.hashing import LONGEST, PAD, hash_spans, mixed

_KINDS_KEPT = 2_000
_ANY_ADDRESS = 1  # the hash of each IP address in kinds; 0 is that of an empty cell


class Kind(NamedTuple):
    """What needed rows have in common.

    hash   the hash of the cells that they share; None for a row with a cell too long for a hash
    cells  the cells of one of the rows, as bytes of `marshal`
    """

    hash: int | None
    cells: bytes


class Columns(NamedTuple):
    """Regular needed rows, an entry for each in every column. Numbers are bytes of an array.

    lines    counted from the start of the range, u4
    seconds  the time in seconds since 1970, i8
    kinds    numbers of kinds, u4
    callers  the columns of `CALLERS`: numbers of texts, u4
    ids      the columns of `IDS`: the cells, as in `text_columns`; "" without one
    """

    lines: bytes
    seconds: bytes
    kinds: bytes
    callers: tuple[bytes, ...]
    ids: tuple[TextColumn, ...]


SingleRows = list[tuple[int, list[str]]]
"""Needed rows that the plain reader read: lines, counted from the start of the range, and cells."""


class NeededRows:
    """Collects the needed rows of one range after the other.

    After `finish`:

    kinds  the kinds of the regular rows
    texts  the texts of their columns of `CALLERS`, each once
    parts  all rows, in the order in which they were added
    """

    def __init__(self, layout: Layout, parse: Callable[[bytes], list[str]]) -> None:
        self._parse = parse
        self._callers = [layout.positions.get(name) for name in CALLERS]
        self._ids = [layout.positions.get(name) for name in IDS]
        self._address_at = layout.positions.get(columns.SOURCE_IP)
        own = {*self._callers, *self._ids, layout.positions[columns.EVENT_TIME]}
        self._shared = runs_of([at for at in range(layout.width) if at not in own])
        self._known: dict[int, bytes] = {}
        self.clear()

    def clear(self) -> None:
        """Begin a range."""
        self.kinds: list[Kind] = []
        self.texts: list[str] = []
        self.parts: list[Columns | SingleRows] = []
        self._numbers: dict[int, int] = {}
        self._text_numbers: dict[str, int] = {}
        self._copied = bytearray()
        self._places: list[tuple[Array, ...]] = []

    def add(self, line: int, cells: list[str]) -> None:
        """Add a row that the plain reader read."""
        self.finish()  # the parts are in the order of the rows
        rows = self.parts[-1] if self.parts else None
        if not isinstance(rows, list):
            rows = []
            self.parts.append(rows)
        rows.append((line, cells))

    def add_regular(
        self, buffer: bytearray, starts: Array, ends: Array, lines: Array, seconds: Array
    ) -> None:
        """Add regular rows: where they begin, where each of their cells ends, lines and times.

        Their text is only copied here, because the buffer changes. `finish` reads it. The line end
        is after the last cell: an empty cell is not followed by the quote of another row.
        """
        begin = len(self._copied)
        sizes = ends[:, -1] + 1 - starts
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            self._copied += buffer[start : start + size]
        moved = begin + np.cumsum(sizes) - sizes - starts
        self._places.append((starts + moved, ends + moved[:, np.newaxis], lines, seconds))

    def finish(self) -> None:
        """Make columns of the regular rows that were added: many rows together take less time."""
        if not self._places:
            return
        starts, ends, lines, seconds = map(np.concatenate, zip(*self._places, strict=True))
        self._copied += bytes(PAD)
        cells = _Cells(self._copied, starts, ends)
        callers = _, addresses, _ = [self._text_numbers_of(cells, at) for at in self._callers]
        self.parts.append(
            Columns(
                _bytes_of(lines),
                seconds.tobytes(),
                _bytes_of(self._kinds_of(cells, addresses)),
                tuple(map(_bytes_of, callers)),
                tuple([self._texts(cells, at) for at in self._ids]),
            )
        )
        self._copied, self._places = bytearray(), []

    def _texts(self, cells: _Cells, at: int | None) -> TextColumn:
        """Return the cells of a column."""
        if at is None:
            return [""] * len(cells.starts)
        plain = plain_column(cells.buffer, *cells.of(at))
        return plain or [cells.text(row, at) for row in range(len(cells.starts))]

    def _text_numbers_of(self, cells: _Cells, at: int | None) -> Array:
        """Return the numbers of the texts of a column."""
        if at is None:
            return np.full(len(cells.starts), self._text_number(""))
        return _numbered(
            *cells.hashes([cells.of(at)]),
            lambda row, _: self._text_number(cells.text(row, at)),
        )

    def _text_number(self, text: str) -> int:
        text = text.strip()
        number = self._text_numbers.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def _kinds_of(self, cells: _Cells, addresses: Array) -> Array:
        """Return the numbers of the kinds of rows.

        `addresses` are the numbers of their Source IP addresses. Rows of one kind can have
        different IP addresses. Any other text there is part of the kind.
        """
        hashes, has_hash = cells.hashes([cells.spans(*run) for run in self._shared])
        at = self._address_at
        if at is not None:
            sources, are_short = cells.hashes([cells.of(at)])
            numbers, _, inverse = distinct(addresses)
            are_addresses = [is_address(self.texts[number]) for number in numbers.tolist()]
            sources[np.array(are_addresses, dtype=bool)[inverse]] = _ANY_ADDRESS
            hashes = mixed(hashes, sources)
            has_hash &= are_short
        return _numbered(hashes, has_hash, partial(self._kind_number, cells))

    def _kind_number(self, cells: _Cells, row: int, shared: int | None) -> int:
        """Return the number of the kind of a row. Kinds that are new are parsed."""
        number = None if shared is None else self._numbers.get(shared)
        if number is None:
            number = len(self.kinds)
            self.kinds.append(Kind(shared, self._parsed(cells, row, shared)))
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
        text = self.buffer[start : int(self.ends[row, at])].decode()
        return text[1:-1].replace('""', '"') if text.startswith('"') else text

    def of(self, at: int) -> tuple[Array, Array]:
        """Return where the text of the cells of a column begins and ends, as in `inside_quotes`."""
        return inside_quotes(np.frombuffer(self.buffer, np.uint8), *self.spans(at, at))

    def hashes(self, several: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
        """Return one hash of several cells of each row, and which are short enough for it."""
        found = np.zeros(len(self.starts), dtype=np.uint64)
        has_hash = np.ones(len(found), dtype=bool)
        for start, end in several:
            has_hash &= end - start <= LONGEST
            found = mixed(found, hash_spans(self.buffer, start, end))
        return found, has_hash

    def spans(self, first: int, last: int) -> tuple[Array, Array]:
        """Return where the first of neighbouring cells begins and the last ends, with quotes."""
        return self.ends[:, first - 1] + 1 if first else self.starts, self.ends[:, last]


def _numbered(hashes: Array, has_hash: Array, number: Callable[[int, int | None], int]) -> Array:
    """Return the numbers of rows by their hashes.

    `number` returns the number of a row and its hash, which is None if a cell is too long.
    """
    numbers = np.zeros(len(hashes), dtype=np.int64)
    hashed = np.flatnonzero(has_hash)
    unique, first, inverse = distinct(hashes[hashed])
    found = list(map(number, hashed[first].tolist(), unique.tolist()))
    numbers[hashed] = np.array(found, dtype=np.int64)[inverse]
    for row in np.flatnonzero(~has_hash).tolist():
        numbers[row] = number(row, None)
    return numbers


def _bytes_of(numbers: Array) -> bytes:
    return numbers.astype("u4").tobytes()
