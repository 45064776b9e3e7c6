"""Lines → rows, as strict CSV. A row with broken quoting is set aside; the other rows are read.

What a row is has one meaning here. A line with an even number of quotes is a row. A line with an
odd number opens a field that may go on over lines, and a strict CSV reader decides where the row
ends: a newline or a forged row inside a well-closed quoted field is content, never a row (callers
choose their user agents). Where strict reading fails (a quote that is never closed, text after a
closing quote, a quote inside an unquoted field of a row of several lines), the row is set aside,
and reading goes on at the next line that begins like a row.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

_LONGEST_ROW = 4 << 20  # characters
CUT_SHORT = "the file ends in the middle of this row"
_NOT_CLOSED = "a quote is opened and not closed where the field ends"
_CR_MARK = "\udc0d"  # a lone surrogate: no decoder here makes one, so no file holds it


class Row(NamedTuple):
    """One row.

    line   the number of its first line; the header is line 1
    cells  its cells; empty where the row cannot be read
    fault  why the row cannot be read; None where it can
    """

    line: int
    cells: list[str]
    fault: str | None = None


class Dialect:
    """How the rows of one file are written, and how a row begins."""

    def __init__(self, delimiter: str, begins_like_a_row: Callable[[list[str]], bool]) -> None:
        self.delimiter = delimiter
        self._begins_like_a_row = begins_like_a_row

    def rows(self, lines: list[str]) -> list[list[str]] | None:
        """Read lines as rows of one line each; None where a row has several lines, or is broken.

        A blank line gives a row without cells.
        """
        try:
            rows = list(csv.reader(lines, delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def row(self, number: int, line: str) -> Row | None:
        """Read a row of one line; None where the line is blank."""
        marked = _mark_returns(line)
        try:
            cells = next(csv.reader((marked,), delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            # The csv module's limit on the length of a field is global: a library must not change
            # it.
            whole = self.split([line]) if "field limit" in str(error) else None
            return Row(number, [], _NOT_CLOSED) if whole is None else Row(number, whole)
        if marked is not line:
            cells = [cell.replace(_CR_MARK, "\r") for cell in cells]
        return None if is_blank(cells) else Row(number, cells)

    def begins_a_row(self, line: str) -> bool:
        """Return whether a line begins a row, also one with broken quotes."""
        try:
            start = [_mark_returns(line[: csv.field_size_limit()])]
            cells = next(csv.reader(start, delimiter=self.delimiter), [])
        except csv.Error:  # a line feed, in a file with lines that end at CR
            cells = []
        return self._begins_like_a_row(cells) or self._begins_like_a_row(
            self._bare_delimiter.split(line.replace('"', ""))
        )

    def split(self, lines: list[str]) -> list[str] | None:
        """Split the lines of a row into cells; None where the quotes do not match.

        In a row of several lines no unquoted field may hold a quote. A quote that a damaged row
        opens is closed by a quote that opens a field of a later row, and the last quote of that
        field is then inside an unquoted field.
        """
        text = "".join(lines).rstrip("\r\n")
        cells: list[str] = []
        position = 0
        while match := self._field.match(text, position):
            quoted, bare = match.groups()
            if len(lines) > 1 and bare and '"' in bare:
                return None
            cells.append(bare if quoted is None else quoted.replace('""', '"'))
            position = match.end()
            if position == len(text):
                return cells
            if text[position] != self.delimiter:
                return None
            position += 1
        return None

    @cached_property
    def _field(self) -> re.Pattern[str]:
        mark = re.escape(self.delimiter)
        return re.compile(rf'"([^"]*+(?:""[^"]*+)*+)"|((?!")[^{mark}]*+)')

    @cached_property
    def _bare_delimiter(self) -> re.Pattern[str]:
        return re.compile(rf"{re.escape(self.delimiter)}(?! )")  # in a text, a space follows it


class Rows:
    """The rows below the header. An iteration goes on where the last one ended.

    Blank lines are no rows. `ahead` are lines already taken from `lines`, and come first. As many
    lines as `together` says are tried as rows of one line each. If one of them is not, all of them
    are read one by one. While a row is handled, `line` is the number of the line after it.
    """

    def __init__(
        self,
        lines: Iterator[str],
        *,
        first_line: int,
        dialect: Dialect,
        ahead: Iterable[str] = (),
        together: int = 50,
    ) -> None:
        self._lines = _Feed(lines, ahead)
        self._together = together
        self._dialect = dialect
        self._reader = csv.reader(self._lines, delimiter=dialect.delimiter, strict=True)
        self.line = first_line
        self._rows = self._read()

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def _read(self) -> Iterator[Row]:
        while lines := self._lines.take_some(self._together):
            rows = self._dialect.rows(lines)
            if rows is None:
                yield from self._one_by_one(lines)
                continue
            for cells in rows:
                self.line += 1
                if not is_blank(cells):
                    yield Row(self.line - 1, cells)

    def _one_by_one(self, lines: list[str]) -> Iterator[Row]:
        self._lines.give_back(lines)
        end = self.line + len(lines)
        while self.line < end and (line := self._lines.peek()) is not None:
            row = self._several_lines() if line.count('"') % 2 else self._one_line(line)
            if row is not None:
                yield row

    def _one_line(self, line: str) -> Row | None:
        self._lines.take()
        self.line += 1
        return self._dialect.row(self.line - 1, line)

    def _several_lines(self) -> Row | None:
        number = self.line
        self._lines.begin_row()
        try:
            cells = next(self._reader)
            if len(self._lines.taken) > 1 and self._dialect.split(self._lines.taken) is None:
                return self._recover(number)
        except csv.Error as error:
            if "field limit" in str(error):
                return self._read_huge(number)
            return self._recover(number)
        except _TooLongError:
            return self._recover(number)
        self.line += len(self._lines.taken)
        if self._lines.marked:
            cells = [cell.replace(_CR_MARK, "\r") for cell in cells]
        return None if is_blank(cells) else Row(number, cells)

    def _recover(self, number: int) -> Row:
        """Return the row as one to set aside, and go on at the next line that begins a row."""
        taken = self._lines.taken
        for offset in range(1, len(taken)):
            if self._dialect.begins_a_row(taken[offset]):
                self._lines.give_back(taken[offset:])
                break
        else:
            offset = len(taken)
        self.line = number + offset
        return Row(number, [], _NOT_CLOSED)

    def _read_huge(self, number: int) -> Row:
        """Read a row with a field that is too long for the csv module."""
        try:
            self._lines.close_quotes()
        except _TooLongError:
            return self._recover(number)
        cells = self._dialect.split(self._lines.taken)
        if cells is None:
            return self._recover(number)
        self.line = number + len(self._lines.taken)
        return Row(number, cells)


class _TooLongError(Exception):
    """A row is longer than any real row: a quote was opened and never closed."""


class _Feed:
    """The lines. Those of the row that is being read are kept, and can be given back.

    taken   the lines of this row, as they are in the file
    marked  whether a CR in them is marked
    """

    def __init__(self, lines: Iterator[str], ahead: Iterable[str]) -> None:
        self._source = lines
        self._returned = deque(ahead)
        self.taken: list[str] = []
        self.marked = False
        self._size = 0

    def take_some(self, count: int) -> list[str]:
        """Take the next lines; none at the end."""
        if not self._returned:
            return list(islice(self._source, count))
        return [self._returned.popleft() for _ in range(min(count, len(self._returned)))]

    def give_back(self, lines: list[str]) -> None:
        """Put lines back: they come next."""
        self._returned.extendleft(reversed(lines))

    def peek(self) -> str | None:
        """Return the next line without taking it; None at the end."""
        if not self._returned:
            line = next(self._source, None)
            if line is None:
                return None
            self._returned.append(line)
        return self._returned[0]

    def take(self) -> None:
        """Take the line that `peek` returned."""
        self._returned.popleft()

    def begin_row(self) -> None:
        """Forget the lines of the last row."""
        self.taken = []
        self.marked = False
        self._size = 0

    def close_quotes(self) -> None:
        """Take lines until the row has an even number of quotes, or the lines end."""
        odd = sum(line.count('"') for line in self.taken) % 2
        while odd and (line := next(self, None)) is not None:
            odd ^= line.count('"') % 2

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.peek()
        if line is None:
            raise StopIteration
        self.take()
        self.taken.append(line)
        self._size += len(line)
        if self._size > _LONGEST_ROW and len(self.taken) > 1:
            raise _TooLongError
        marked = _mark_returns(line)
        self.marked = self.marked or marked is not line
        return marked


def is_blank(cells: Sequence[str]) -> bool:
    """Return whether all cells are empty: such a line is not a row."""
    return not any(map(str.strip, cells))


def _mark_returns(line: str) -> str:
    """Mark each CR that ends no line: the csv module must not end a row there."""
    if "\r" not in line:
        return line
    body = line.rstrip("\r\n")
    return body.replace("\r", _CR_MARK) + line[len(body) :] if "\r" in body else line
