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
_LF, _QUOTE = 10, 34


class RowIndex(NamedTuple):
    """Where the cells of regular rows are in a buffer.

    begin       where the first row begins
    delimiters  where each cell ends: a row for each row, a column for each cell
    line_ends   where all line ends are, also those inside quoted cells
    whole       whether all bytes but those of a last, unfinished row are in these rows
    """

    begin: int
    delimiters: Array
    line_ends: Array
    whole: bool

    def start(self, column: int) -> Array:
        """Return where the cells of a column begin."""
        if column:
            before: Array = self.delimiters[:, column - 1] + 1
            return before
        return self.row_starts()

    def end(self, column: int) -> Array:
        """Return where the cells of a column end."""
        end: Array = self.delimiters[:, column]
        return end

    def row_starts(self) -> Array:
        """Return where the rows begin."""
        starts = np.empty(len(self.delimiters), dtype=np.int64)
        starts[:1] = self.begin
        starts[1:] = self.delimiters[:-1, -1] + 1
        return starts

    def first(self, rows: int) -> RowIndex:
        """Return the index of the first rows only."""
        return self._replace(delimiters=self.delimiters[:rows], whole=False)

    @property
    def stop(self) -> int:
        """Where the row after these rows begins."""
        return int(self.delimiters[-1, -1]) + 1 if len(self.delimiters) else self.begin


def index_rows(buffer: bytearray, begin: int, end: int, width: int, delimiter: int) -> RowIndex:
    """Return the regular rows of a part of a buffer; a row begins at `begin`.

    After the part, the buffer has `WORD` bytes more.
    """
    content = np.frombuffer(buffer, dtype=np.uint8)
    size = end - begin
    part = content[begin : end + -size % WORD]
    delimiters, ends, quotes = (_bits_of(part, size, byte) for byte in (delimiter, _LF, _QUOTE))
    limit = end
    outside, line_ends = delimiters | ends, None
    if quotes.any():
        quoted = between(quotes)
        broken = _broken_quotes(quotes, quoted, outside)
        if broken.any():
            limit = begin + int(places_of(broken)[0])
        outside &= ~quoted
        if (ends & quoted).any():
            line_ends = places_of(ends) + begin
            ends &= ~quoted
    places = np.flatnonzero(unpacked(outside))
    places += begin
    count = len(places) // width
    cells = places[: count * width].reshape(count, width)
    rows = count
    if int(bits_in(ends).sum()) != count or not (content[cells[:, -1]] == _LF).all():
        pattern = np.full(width, delimiter, dtype=np.uint8)
        pattern[-1] = _LF
        rows = _first_false((content[cells] == pattern).reshape(-1)) // width
    limit = min(limit, _first_doubtful_byte(buffer, part[:size], begin, end))
    if limit < end:
        rows = min(rows, int(np.searchsorted(cells[:rows, -1], limit)))
    cells = cells[:rows]
    found = RowIndex(begin, cells, cells[:, -1] if line_ends is None else line_ends, rows == count)
    long = found.end(width - 1) - found.row_starts() > LONGEST_ROW
    if long.any():
        return found.first(int(long.argmax()))
    return found


def _bits_of(part: Array, size: int, byte: int) -> Array:
    """Return which of the first `size` bytes of a part are this byte."""
    marks = part == byte
    marks[size:] = False
    return packed(marks)


def _broken_quotes(quotes: Array, quoted: Array, borders: Array) -> Array:
    """Return the quotes that a strict CSV reader does not accept.

    A quote opens a cell at its start, closes it at its end, or is one of two that stand for one.
    """
    beside = borders | quotes
    before = moved_back(beside)
    before[0] |= np.uint64(1)
    broken: Array = quotes & ~((quoted & before) | (~quoted & moved(beside, 1)))
    return broken


def _first_false(flags: Array) -> int:
    return len(flags) if flags.all() else int(flags.argmin())


def _first_doubtful_byte(buffer: bytearray, part: Array, begin: int, end: int) -> int:
    """Return the place of the first carriage return, or of bytes that are not UTF-8, or `end`."""
    found = buffer.find(b"\r", begin, end)
    limit = end if found == -1 else found
    if len(part) and part.max() > 127:
        try:
            buffer[begin:limit].decode("utf-8")
        except UnicodeDecodeError as error:
            limit = begin + error.start
    return limit
