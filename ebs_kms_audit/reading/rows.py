"""Lines → rows, as strict CSV; a row whose quoting is broken costs itself, not the rest.

What a row is has one meaning here: what a strict CSV reader makes of it. A newline or a made-up
row inside a well-closed quoted field is content and never a row (user agents are the caller's to
choose). Only where strict reading fails (a quote that is never closed, text after a closing
quote, a quote inside an unquoted field of a row of several lines) is the row set aside, and
reading goes on at the next line that begins like a row.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

_LONGEST_RECORD = 4 << 20
_NOT_CLOSED = "a quote is opened and not closed where the field ends"
_CR_MARK = "\udc0d"  # a lone surrogate: no decoder here makes one, so no file holds it


class Row(NamedTuple):
    """One row: the line it starts at, its cells, and, where it can't be read, the reason."""

    line: int
    cells: list[str]
    fault: str | None = None


class Rows:
    """An iterator over the rows below the header; blank lines are no rows."""

    def __init__(
        self,
        lines: Iterator[str],
        *,
        first_line: int,
        delimiter: str,
        begins_like_a_row: Callable[[list[str]], bool],
    ) -> None:
        self._lines = _Feed(lines)
        self._line = first_line
        self._delimiter = delimiter
        self._begins_like_a_row = begins_like_a_row
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        mark = re.escape(delimiter)
        self._field = re.compile(rf'"([^"]*+(?:""[^"]*+)*+)"|((?!")[^{mark}]*+)')
        self._bare_delimiter = re.compile(rf"{mark}(?! )")  # a comma in a text has a space behind

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        while True:
            line = self._line
            self._lines.begin_record()
            try:
                cells = next(self._reader)
                if len(self._lines.taken) > 1 and self._split() is None:
                    return self._recover(line, _NOT_CLOSED)
            except csv.Error as error:
                if "field limit" in str(error):
                    return self._read_huge(line)
                return self._recover(line, _NOT_CLOSED)
            except _TooLongError:
                return self._recover(line, _NOT_CLOSED)
            self._line += len(self._lines.taken)
            if cells and (len(cells) > 1 or cells[0].strip()):
                if self._lines.marked:
                    cells = [cell.replace(_CR_MARK, "\r") for cell in cells]
                return Row(line, cells)

    def _recover(self, line: int, fault: str) -> Row:
        """Set the row aside and find the next line, of those it swallowed, that begins a row."""
        taken = self._lines.taken
        for offset in range(1, len(taken)):
            if self._begins_a_row(taken[offset]):
                self._lines.give_back(offset)
                break
        else:
            offset = len(taken)
        self._line = line + offset
        return Row(line, [], fault)

    def _begins_a_row(self, text: str) -> bool:
        """Tell whether a line begins a row, be it a row whose quotes are broken as well."""
        try:
            start = [text[: csv.field_size_limit()]]
            cells = next(csv.reader(start, delimiter=self._delimiter), [])
        except csv.Error:  # a line feed, in a file whose lines end at CR
            cells = []
        return self._begins_like_a_row(cells) or self._begins_like_a_row(
            self._bare_delimiter.split(text.replace('"', ""))
        )

    def _read_huge(self, line: int) -> Row:
        """Read a row with a field larger than the csv module takes (its limit is global)."""
        try:
            self._lines.close_quotes()
        except _TooLongError:
            return self._recover(line, _NOT_CLOSED)
        cells = self._split()
        if cells is None:
            return self._recover(line, _NOT_CLOSED)
        self._line = line + len(self._lines.taken)
        return Row(line, cells)

    def _split(self) -> list[str] | None:
        """Split the lines taken into cells; None where the quotes are out of step.

        Over several lines no unquoted field may hold a quote: a quote that a damaged row opens is
        closed by one that opens a field of a later row, and that field's last quote then stands
        so.
        """
        text = "".join(self._lines.taken).rstrip("\r\n").replace(_CR_MARK, "\r")
        several = len(self._lines.taken) > 1
        cells: list[str] = []
        position = 0
        while match := self._field.match(text, position):
            quoted, bare = match.groups()
            if several and bare and '"' in bare:
                return None
            cells.append(bare if quoted is None else quoted.replace('""', '"'))
            position = match.end()
            if position == len(text):
                return cells
            if text[position] != self._delimiter:
                return None
            position += 1
        return None


class _TooLongError(Exception):
    """A record grew past what any real row has: a quote was opened and never closed."""


class _Feed:
    """The lines, with those of the record being read at hand, so that they can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._source = lines
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self.marked = False
        self._size = 0

    def begin_record(self) -> None:
        self.taken = []
        self.marked = False
        self._size = 0

    def close_quotes(self) -> None:
        """Take lines until the record's quotes are even; it may be none that is ever whole."""
        odd = sum(line.count('"') for line in self.taken) % 2
        while odd and (line := next(self, None)) is not None:
            odd ^= line.count('"') % 2

    def give_back(self, offset: int) -> None:
        self._returned.extendleft(reversed(self.taken[offset:]))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._source)
        if "\r" in line:  # a CR that ends no line must not end one for the csv module
            body = line.rstrip("\r\n")
            line = body.replace("\r", _CR_MARK) + line[len(body) :]
        self.marked = self.marked or _CR_MARK in line
        self.taken.append(line)
        self._size += len(line)
        if self._size > _LONGEST_RECORD and len(self.taken) > 1:
            raise _TooLongError
        return line
