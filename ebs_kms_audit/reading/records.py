"""Lines → rows, as strict CSV; a row whose quoting is broken costs itself, not the rest.

What a row is has one meaning here: what a strict CSV reader makes of it. A newline or a made-up
row inside a well-closed quoted field is content and never a row (user agents are the caller's to
choose). Only where strict reading fails (a quote that is never closed, text after a closing
quote) is the row set aside, and reading goes on at the next line that begins like a row.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

_LONGEST_RECORD = 4 << 20
_CR_MARK = "\udc0d"  # a lone surrogate: no decoder here makes one, so no file holds it


class Row(NamedTuple):
    """One row: the line it starts at, its cells, and, where it can't be read, the reason."""

    line: int
    cells: list[str]
    fault: str | None = None


class Records:
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

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        while True:
            line = self._line
            self._lines.begin_record()
            try:
                cells = next(self._reader)
            except csv.Error as error:
                if "field limit" in str(error):
                    return self._read_huge(line)
                return self._recover(line, "a quote is opened and not closed where the field ends")
            except _TooLongError:
                return self._recover(line, "a quote is opened and never closed")
            self._line += len(self._lines.taken)
            if cells and (len(cells) > 1 or cells[0].strip()):
                if self._lines.marked:
                    cells = [cell.replace(_CR_MARK, "\r") for cell in cells]
                return Row(line, cells)

    def _recover(self, line: int, fault: str) -> Row:
        """Set the row aside and find the next line, of those it swallowed, that begins a row."""
        taken = self._lines.taken
        for offset in range(1, len(taken)):
            start = next(csv.reader([taken[offset]], delimiter=self._delimiter), [])
            if self._begins_like_a_row(start):
                self._lines.give_back(offset)
                break
        else:
            offset = len(taken)
        self._line = line + offset
        return Row(line, [], fault)

    def _read_huge(self, line: int) -> Row:
        """Read a row with a field larger than the csv module takes (its limit is global)."""
        while "".join(self._lines.taken).count('"') % 2 and next(self._lines, None) is not None:
            pass
        self._line = line + len(self._lines.taken)
        text = "".join(self._lines.taken).rstrip("\r\n").replace(_CR_MARK, "\r")
        field = re.compile(rf'"([^"]*(?:""[^"]*)*)"|([^"{self._delimiter}][^{self._delimiter}]*|)')
        cells: list[str] = []
        position = 0
        while match := field.match(text, position):
            quoted, bare = match.groups()
            cells.append(bare if quoted is None else quoted.replace('""', '"'))
            position = match.end()
            if position == len(text):
                return Row(line, cells)
            if text[position] != self._delimiter:
                break
            position += 1
        return self._recover(line, "a quote is opened and not closed where the field ends")


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
