"""A block of bytes → where each cell of each row begins and ends, for all rows at once.

numpy finds the delimiters, line ends and quotes, and the exclusive or of all quotes before a
delimiter tells whether the delimiter is inside a quoted cell. If the other delimiters have the
pattern of one row after another, they are the rows that a strict CSV reader finds, also where
cells hold quotes, delimiters and newlines. The rows before the first doubt count; the plain reader
reads what comes after it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import (
    WORD,
    Array,
    between,
    bits_in,
    moved,
    moved_back,
    packed,
    places_of,
    unpacked,
)

LONGEST_ROW = 100_000
"""Longer rows are left to the plain reader: the csv module limits the length of a cell."""
_LF, _CR = 10, 13
QUOTE = 34
Rows = Array | slice
"""The numbers of some rows, or all rows."""
ALL = slice(None)


class RowIndex(NamedTuple):
    """Where the cells of regular rows are in a buffer.

    content      the bytes of the buffer
    starts       where each row begins, and where the row after them begins
    delimiters   where each cell ends, in the last column without the line end: a row for each row,
                 a column for each cell
    quoted_ends  where line ends inside quoted cells are
    whole        whether all bytes but those of a last, unfinished row are in these rows
    """

    content: Array
    starts: Array
    delimiters: Array
    quoted_ends: Array
    whole: bool

    def spans(self, first: int, last: int, rows: Rows = ALL) -> tuple[Array, Array]:
        """Return where the first of neighbouring cells begins and the last ends, with quotes."""
        starts = self.delimiters[rows, first - 1] + 1 if first else self.row_starts[rows]
        return starts, self.delimiters[rows, last]

    def cells(self, column: int, rows: Rows = ALL) -> tuple[Array, Array]:
        """Return where the text of cells of a column begins and ends, as in `inside_quotes`."""
        return inside_quotes(self.content, *self.spans(column, column, rows))

    def longer(self, column: int, size: int, rows: Rows = ALL) -> Array:
        """Return which rows, or which of some rows, have a text in a column that is longer.

        Only cells that can have one are read: to read a byte of each row takes time.
        """
        start, end = self.spans(column, column, rows)
        some = np.flatnonzero(end - start > size)
        rows = some if isinstance(rows, slice) else rows[some]
        start, end = self.cells(column, rows)
        found: Array = rows[end - start > size]
        return found

    def text(self, buffer: bytearray, row: int, first: int = 0, last: int = -1) -> bytes:
        """Return the text of a row, or of neighbouring cells of it, without the end of its line."""
        start = self.delimiters[row, first - 1] + 1 if first else self.starts[row]
        return bytes(buffer[int(start) : int(self.delimiters[row, last])])

    @property
    def row_starts(self) -> Array:
        """Where the rows begin."""
        starts: Array = self.starts[:-1]
        return starts

    @property
    def row_ends(self) -> Array:
        """Where the line ends of the rows begin."""
        ends: Array = self.delimiters[:, -1]
        return ends

    def first(self, rows: int) -> RowIndex:
        """Return the index of the first rows only."""
        return self._replace(
            starts=self.starts[: rows + 1], delimiters=self.delimiters[:rows], whole=False
        )

    def lines_before(self, rows: Array) -> Array:
        """Return how many lines there are before each of some rows."""
        if not len(self.quoted_ends):
            return rows
        lines: Array = rows + np.searchsorted(self.quoted_ends, self.starts[rows])
        return lines

    @property
    def lines(self) -> int:
        """How many lines the rows have."""
        return len(self.delimiters) + int(np.searchsorted(self.quoted_ends, self.stop))

    @property
    def stop(self) -> int:
        """Where the row after these rows begins."""
        return int(self.starts[-1])


def inside_quotes(content: Array, start: Array, end: Array) -> tuple[Array, Array]:
    """Return where the text of cells of regular rows begins and ends: without quotes around it.

    If a regular row has a quote at the start of a cell, it has one at the end of the cell too. Two
    quotes inside such a cell stand for one. Other cells have no quotes.
    """
    quoted = content[start] == QUOTE
    if not quoted.any():
        return start, end
    quoted &= end > start  # an empty span of a missing column is before the first cell
    return start + quoted, end - quoted


def index_rows(
    buffer: bytearray, begin: int, end: int, width: int, delimiter: int, *, crlf: bool = False
) -> RowIndex:
    """Return the regular rows of a part of a buffer; a row begins at `begin`.

    With `crlf`, there is a carriage return before the line feed at the end of each row. After
    the part, the buffer has `WORD` bytes more.
    """
    content = np.frombuffer(buffer, dtype=np.uint8)
    size = end - begin
    part = content[begin : end + -size % WORD]
    delimiters, ends, quotes = (_bits_of(part, size, byte) for byte in (delimiter, _LF, QUOTE))
    quoted = between(quotes)  # also an opening quote, but not a closing one
    borders = delimiters | ends
    outside = borders & ~quoted
    inside = ends & quoted
    quoted_ends = places_of(inside) + begin
    if crlf:
        borders |= moved(ends, 1)  # a carriage return may follow a closing quote
    ends ^= inside  # from here on, only the ends of rows
    doubts = _beside_broken_quotes(quotes, quoted, borders)
    if crlf or buffer.find(b"\r", begin, end) != -1:
        # In doubt: a carriage return that is not before the end of a row, or is missing there.
        expected = moved(ends, 1) if crlf else np.uint64(0)
        doubts |= (_bits_of(part, size, _CR) & ~quoted) ^ expected
    places = np.flatnonzero(unpacked(outside))
    places += begin
    count = len(places) // width
    cells = places[: count * width].reshape(count, width)
    rows = count
    # With one line end for each row, and at its end, all other borders are delimiters. Otherwise,
    # the rows before the first one with another pattern count.
    if int(bits_in(ends).sum()) != count or not (content[cells[:, -1]] == _LF).all():
        pattern = np.full(width, delimiter, dtype=np.uint8)
        pattern[-1] = _LF
        rows = _first_false((content[cells] == pattern).reshape(-1)) // width
    limit = begin + int(places_of(doubts)[0]) if doubts.any() else end
    limit = _first_foreign_byte(buffer, part[:size], begin, limit)
    if limit < end:
        rows = min(rows, int(np.searchsorted(cells[:rows, -1], limit)))
    cells = cells[:rows]
    starts = np.empty(rows + 1, dtype=np.int64)
    starts[0] = begin
    np.add(cells[:, -1], 1, out=starts[1:])
    if crlf:
        cells[:, -1] -= 1
    found = RowIndex(content, starts, cells, quoted_ends, rows == count)
    long = np.diff(starts) > LONGEST_ROW
    return found.first(int(long.argmax())) if long.any() else found


def _bits_of(part: Array, size: int, byte: int) -> Array:
    """Return which of the first `size` bytes of a part are this byte."""
    marks = part == byte
    marks[size:] = False
    return packed(marks)


def _beside_broken_quotes(quotes: Array, quoted: Array, borders: Array) -> Array:
    """Return the bytes beside quotes that a strict CSV reader does not accept.

    A quote opens a cell at its start, closes it at its end, or is one of two that stand for one.
    So a byte outside quoted cells that is beside a quote is a delimiter or a line end.
    """
    broken: Array = ~(quotes | quoted | borders) & (moved(quotes, 1) | moved_back(quotes))
    return broken


def _first_false(flags: Array) -> int:
    return len(flags) if flags.all() else int(flags.argmin())


def _first_foreign_byte(buffer: bytearray, part: Array, begin: int, end: int) -> int:
    """Return the place of the first bytes that are not UTF-8, or `end`."""
    if len(part) and part.max() > 127:
        try:
            buffer[begin:end].decode("utf-8")
        except UnicodeDecodeError as error:
            return begin + error.start
    return end
