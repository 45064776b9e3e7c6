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

from ebs_kms_audit.reading.bits import Array

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
    """Return the regular rows of a part of a buffer; a row begins at `begin`."""
    content = np.frombuffer(buffer, dtype=np.uint8)
    part = content[begin:end]
    marks = part == delimiter
    other = part == _LF
    marks |= other
    np.equal(part, _QUOTE, out=other)
    marks |= other
    places = np.flatnonzero(marks)
    places += begin
    kinds = content[places]
    line_ends = places[kinds == _LF]
    quoted = kinds == _QUOTE
    limit = end
    if quoted.any():
        # Only the last bit of these sums counts. It says whether a quoted cell is open.
        opened = np.add.accumulate(quoted.view(np.uint8))
        opened &= 1
        outside = opened < (kinds != _QUOTE)
        limit = _first_broken_quote(content, places[quoted], begin, end, delimiter)
        places, kinds = places[outside], kinds[outside]
    count = len(places) // width
    cells = places[: count * width].reshape(count, width)
    pattern = np.full(width, delimiter, dtype=np.uint8)
    pattern[-1] = _LF
    fits = kinds[: count * width].reshape(count, width) == pattern
    rows = _first_false(fits.reshape(-1)) // width
    limit = min(limit, _first_doubtful_byte(buffer, part, begin, end))
    if limit < end:
        rows = min(rows, int(np.searchsorted(cells[:rows, -1], limit)))
    found = RowIndex(begin, cells[:rows], line_ends, rows == count)
    long = found.end(width - 1) - found.row_starts() > LONGEST_ROW
    if long.any():
        return found.first(int(long.argmax()))
    return found


def _first_false(flags: Array) -> int:
    return len(flags) if flags.all() else int(flags.argmin())


def _first_broken_quote(content: Array, quotes: Array, begin: int, end: int, delimiter: int) -> int:
    """Return the place of the first quote that a strict CSV reader does not accept, or `end`.

    A quote opens a cell at its start, closes it at its end, or is one of two that stand for one.
    """
    opening, closing = quotes[0::2], quotes[1::2]
    before = content[opening - 1]
    after = content[closing + 1]
    good = (before == delimiter) | (before == _LF) | (before == _QUOTE)
    if len(good) and opening[0] == begin:
        good[0] = True
    broken = end
    if not good.all():
        broken = int(opening[good.argmin()])
    good = (after == delimiter) | (after == _LF) | (after == _QUOTE)
    if not good.all():
        broken = min(broken, int(closing[good.argmin()]))
    return broken


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
