"""Lines → rows, as strict CSV; a row whose quoting is broken costs itself, not the rest.

What a row is has one meaning here. A line whose quotes are even in number is a row. A line with an
odd number opens a field that may go on over lines, and a strict CSV reader says where the row
ends: a newline or a made-up row inside a well-closed quoted field is content and never a row (user
agents are the caller's to choose). Where strict reading fails (a quote that is never closed, text
after a closing quote, a quote inside an unquoted field of a row of several lines), the row is set
aside, and reading goes on at the next line that begins like a row.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from ebs_kms_audit.reading.exports.blocks import Scan
from ebs_kms_audit.reading.exports.prefilter import RowPrefilter

_LONGEST_RECORD = 4 << 20
_NOT_CLOSED = "a quote is opened and not closed where the field ends"
_CR_MARK = "\udc0d"  # a lone surrogate: no decoder here makes one, so no file holds it


class Row(NamedTuple):
    """One row: the line it starts at, its cells, and, where it can't be read, the reason."""

    line: int
    cells: list[str]
    fault: str | None = None


class Dialect:
    """How the rows of one file are written, and how one begins."""

    def __init__(self, delimiter: str, begins_like_a_row: Callable[[list[str]], bool]) -> None:
        self.delimiter = delimiter
        self._begins_like_a_row = begins_like_a_row

    def row(self, number: int, line: str) -> Row | None:
        """Read a row of one line; None where the line is blank."""
        marked = _mark_returns(line)
        try:
            cells = next(csv.reader((marked,), delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            # The module's limit on the length of a field is global: it is not ours to change.
            whole = self.split([line]) if "field limit" in str(error) else None
            return Row(number, [], _NOT_CLOSED) if whole is None else Row(number, whole)
        if marked is not line:
            cells = [cell.replace(_CR_MARK, "\r") for cell in cells]
        return None if _is_blank(cells) else Row(number, cells)

    def begins_a_row(self, line: str) -> bool:
        """Tell whether a line begins a row, be it a row whose quotes are broken as well."""
        try:
            start = [_mark_returns(line[: csv.field_size_limit()])]
            cells = next(csv.reader(start, delimiter=self.delimiter), [])
        except csv.Error:  # a line feed, in a file whose lines end at CR
            cells = []
        return self._begins_like_a_row(cells) or self._begins_like_a_row(
            self._bare_delimiter.split(line.replace('"', ""))
        )

    def split(self, lines: list[str]) -> list[str] | None:
        """Split the lines of a row into cells; None where the quotes are out of step.

        Over several lines no unquoted field may hold a quote: a quote that a damaged row opens is
        closed by one that opens a field of a later row, and that field's last quote then stands
        so.
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
        return re.compile(rf"{re.escape(self.delimiter)}(?! )")  # in a text, a space is behind it


class Rows:
    """The rows below the header, to be gone through once; blank lines are no rows.

    `ahead` are lines already taken from `lines`, that come first. Rows that can't matter, as
    `ordinary` tells, are passed over: `passed` counts them. The first row and the last one that can
    be read are given out in any case: they tell the span of time. `line` is the number of the next
    line.
    """

    def __init__(
        self,
        lines: Iterator[str],
        *,
        first_line: int,
        dialect: Dialect,
        ahead: Iterable[str] = (),
        ordinary: RowPrefilter | None = None,
    ) -> None:
        self._lines = _Feed(lines, ahead)
        self._dialect = dialect
        self._ordinary = ordinary
        self._reader = csv.reader(self._lines, delimiter=dialect.delimiter, strict=True)
        self._begun = False
        self._asks: RowPrefilter | None = None  # tells whether the next line can be passed over
        self._last_passed: tuple[int, str] | None = None
        self.line = first_line
        self.passed = 0

    def __iter__(self) -> Iterator[Row]:
        while (line := self._next_line()) is not None:
            row = self._several_lines() if line.count('"') % 2 else self._one_line(line)
            if row is None:
                continue
            may_be_last = self._last_passed and (row.fault or self._lines.at_end())
            if may_be_last and not self._is_sound(row):
                yield from self._take_back(only_sound=True)
            self._begun = True
            self._last_passed = None
            yield row
        yield from self._take_back()

    def _take_back(self, *, only_sound: bool = False) -> Iterator[Row]:
        """Yield the row that was passed over last, if none was given out since."""
        last, self._last_passed = self._last_passed, None
        row = self._dialect.row(*last) if last else None
        if row is not None and (self._is_sound(row) or not only_sound):
            self.passed -= 1
            yield row

    def _is_sound(self, row: Row) -> bool:
        ordinary = self._ordinary
        return row.fault is None and ordinary is not None and ordinary.is_sound(row.cells)

    def _next_line(self) -> str | None:
        """Pass over what can be at once, and peek at the next line; None at the end."""
        self._asks = self._ordinary if self._begun else None
        if self._asks is not None and (passed := self._lines.pass_over(self._asks)):
            if passed[0]:
                self._pass(*passed)
            self._asks = None  # what comes now is none of them
        return self._lines.peek()

    def _pass(self, count: int, last: str) -> None:
        self.line += count
        self.passed += count
        self._last_passed = self.line - 1, last

    def _one_line(self, line: str) -> Row | None:
        """Read the next line as a row; None where it is passed over, or blank."""
        self._lines.take()
        if self._asks is not None and self._asks.passes(line):
            self._pass(1, line)
            return None
        self.line += 1
        return self._dialect.row(self.line - 1, line)

    def _several_lines(self) -> Row | None:
        number = self.line
        self._lines.begin_record()
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
        return None if _is_blank(cells) else Row(number, cells)

    def _recover(self, number: int) -> Row:
        """Set the row aside and find the next line, of those it swallowed, that begins a row."""
        taken = self._lines.taken
        for offset in range(1, len(taken)):
            if self._dialect.begins_a_row(taken[offset]):
                self._lines.give_back(offset)
                break
        else:
            offset = len(taken)
        self.line = number + offset
        return Row(number, [], _NOT_CLOSED)

    def _read_huge(self, number: int) -> Row:
        """Read a row with a field larger than the csv module takes."""
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
    """A record grew past what any real row has: a quote was opened and never closed."""


class _Feed:
    """The lines, with those of the record being read at hand, so that they can be given back."""

    def __init__(self, lines: Iterator[str], ahead: Iterable[str]) -> None:
        self._source = lines
        self._scan = lines if isinstance(lines, Scan) else None
        self._returned = deque(ahead)
        self.taken: list[str] = []
        self.marked = False
        self._size = 0

    def pass_over(self, ordinary: RowPrefilter) -> tuple[int, str] | None:
        """Pass over what the source knows can be; return the number of rows, and the last line.

        None where the next line is of no source that knows.
        """
        return self._scan.pass_over(ordinary) if self._scan and not self._returned else None

    def at_end(self) -> bool:
        """Tell whether there is no line left."""
        if self._scan is None or self._returned:
            return self.peek() is None
        return self._scan.at_end()

    def peek(self) -> str | None:
        """Return the next line without taking it; None at the end."""
        if not self._returned:
            line = next(self._source, None)
            if line is None:
                return None
            self._returned.append(line)
        return self._returned[0]

    def take(self) -> None:
        """Take the line that was peeked at."""
        self._returned.popleft()

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
        line = self.peek()
        if line is None:
            raise StopIteration
        self.take()
        self.taken.append(line)
        self._size += len(line)
        if self._size > _LONGEST_RECORD and len(self.taken) > 1:
            raise _TooLongError
        marked = _mark_returns(line)
        self.marked = self.marked or marked is not line
        return marked


def _mark_returns(line: str) -> str:
    """Mark each CR that ends no line: it must not end one for the csv module."""
    if "\r" not in line:
        return line
    body = line.rstrip("\r\n")
    return body.replace("\r", _CR_MARK) + line[len(body) :] if "\r" in body else line


def _is_blank(cells: list[str]) -> bool:
    """Tell whether a line is blank, and so no row."""
    return not any(cell.strip() for cell in cells)
