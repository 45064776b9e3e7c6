"""A range of a large export → what an audit needs of it: the vectorised reader.

The rows are judged in two parts, each text of a part once, by the code of the plain reader. Then:

- Rows without an error are counted by group. Of EC2 calls, changes, successes, AssumeRole calls and
  holders of long-term keys, the place is kept (`selection`).
- Failed KMS calls are counted by group too, with their Event IDs (`errors`). If the state of a key
  is the reason, the place is kept. Denied calls are parsed, and the few other rows that must be
  seen (`needed`).
- Where a row is in doubt, the plain reader reads it and the rows after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.cells import lost_digits
from ebs_kms_audit.reading.exports.events import RowReader
from ebs_kms_audit.reading.exports.large.account_counter import AccountCounter
from ebs_kms_audit.reading.exports.large.blocks import Block
from ebs_kms_audit.reading.exports.large.event_times import EventTimes
from ebs_kms_audit.reading.exports.large.flags import DOUBT
from ebs_kms_audit.reading.exports.large.groups import Groups
from ebs_kms_audit.reading.exports.large.index import LONGEST_ROW, RowIndex, index_rows
from ebs_kms_audit.reading.exports.large.naming_keys import cells_naming_keys
from ebs_kms_audit.reading.exports.large.needed import NeededRows, SingleRows
from ebs_kms_audit.reading.exports.large.selection import RowSelection
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.exports.large.window import ByteWindow, WindowLines
from ebs_kms_audit.reading.exports.named_keys import NamedKeys
from ebs_kms_audit.reading.exports.rows import CUT_SHORT, Row, Rows
from ebs_kms_audit.reading.memory import keep_freed_memory
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import time_in

_FEWEST, _MOST = 4, 16_384  # rows that the plain reader reads where a row is in doubt
_TOGETHER = 512  # lines that the plain reader looks at together: few are after the range
_APART = 1_000  # with so many sound rows between two doubts, the second is treated like a first
_AKIA, _AKIA_SIZE = int.from_bytes(b"AKIA", "little"), 4
_IS_ALPHANUMERIC = np.array([bytes([byte]).isalnum() for byte in range(256)])


class RangeResult(NamedTuple):
    """What a range holds. Lines are counted from the start of the range.

    Another process can have made it: all values are of types that `marshal` accepts.

    begin, end          where the first row begins, and the first row after the range
    lines               how many lines there are
    rows                how many rows there are, including those set aside
    set_aside_count     how many rows are set aside
    set_aside           the lines of the first of these, and why
    guessed_dates       whether the order of day and month was guessed
    times_without_zone  whether times have no zone
    first, last         the earliest and the latest time, as ISO 8601 text
    groups              for each group its hash, the text of one row, and the number of rows; the
                        text is empty if an earlier range has it
    kinds               the kinds of needed rows, as the fields of `needed.Kind`
    texts               the texts that needed rows refer to by numbers
    needed              the needed rows, as the fields of `needed.Columns` or as `SingleRows`
    damaged             whether account ids lost digits
    accounts            how often temporary access keys and ARNs show each account id, and the
                        long-term access keys, if the settings say so
    errors              failed KMS calls that are counted, as the fields of `errors.ErrorGroup`
    named_keys          the keys that rows of other services name, as in `NamedKeys`
    kept                for each kind in `places.KINDS`, places as bytes of PLACE; texts by offset
    cut_short           why the content ends too early, if its end was read
    """

    begin: int
    end: int
    lines: int
    rows: int
    set_aside_count: int
    set_aside: list[tuple[int, str]]
    guessed_dates: bool
    times_without_zone: bool
    first: str | None
    last: str | None
    groups: list[tuple[int, bytes, int]]
    kinds: list[tuple[Any, ...]]
    texts: list[str]
    needed: list[tuple[Any, ...] | SingleRows]
    damaged: bool
    accounts: tuple[dict[str, int], list[str]]
    errors: list[tuple[Any, ...]]
    named_keys: list[tuple[str, ...]]
    kept: list[tuple[bytes, dict[int, bytes]]]
    cut_short: str | None = None


class RangeReader:
    """Reads ranges of one file, in order.

    What it has learned of groups and kinds of rows is used in later ranges.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._at = settings.layout.positions
        self._dialect = settings.dialect
        self._times = EventTimes(settings)
        self._groups = Groups(settings)
        self._needed = NeededRows(settings.layout, settings.cells)
        self._selection = RowSelection(settings, self._groups, self._needed)
        self._accounts = AccountCounter(settings.layout) if settings.count_accounts else None
        self._rows_at_doubt = _FEWEST
        keep_freed_memory()

    def read(self, window: ByteWindow, stop: int) -> RangeResult:
        """Read the rows that begin before an offset. The window begins at the first one."""
        begin = window.offset
        self._begin_range()
        while window.offset < stop:
            if not window.extend(stop):
                if window.begin == window.end:
                    break
                self._read_plainly(window, stop)  # an unfinished row at the end of the file
            while window.offset < stop:
                is_in_doubt = self._read_regular(window, stop)
                if not is_in_doubt:
                    break
                self._read_plainly(window, stop)
        return self._result(begin, window)

    def _begin_range(self) -> None:
        settings = self._settings
        self._times.begin_range()
        self._groups.begin_range()
        self._needed.clear()
        self._selection.begin_range()
        self._stats = InputStats("")
        self._named_keys = None if settings.named_keys is None else NamedKeys()
        self._plain_reader = RowReader(
            settings.layout, self._stats, self._times.reader, self._named_keys
        )
        self._damaged = False
        if self._accounts:
            self._accounts.begin_range()

    def _read_regular(self, window: ByteWindow, stop: int) -> bool:
        """Read the regular rows in the window. Return whether the row after them is in doubt.

        It is also in doubt if it is too long. The window goes on there.
        """
        settings = self._settings
        index = index_rows(
            window.buffer, window.begin, window.end, settings.layout.width,
            ord(settings.delimiter), crlf=settings.crlf,
        )  # fmt: skip
        if index.stop > window.begin + stop - window.offset:
            before = index.row_starts < window.begin + stop - window.offset
            # What is after the stop belongs to the next range, so it is not in doubt.
            index = index.first(int(np.count_nonzero(before)))._replace(whole=True)
        rows = self._read_block(window, index) if len(index.delimiters) else 0
        is_whole = index.whole and rows == len(index.delimiters)
        index = index.first(rows)
        window.move(index.stop, index.lines)
        if rows >= _APART:
            self._rows_at_doubt = _FEWEST
        is_too_long = window.end - window.begin > LONGEST_ROW and window.offset < stop
        return not is_whole or is_too_long

    def _read_block(self, window: ByteWindow, index: RowIndex) -> int:
        """Read regular rows up to the first that is in doubt; return how many."""
        buffer, layout = window.buffer, self._settings.layout
        seconds, sound = self._times.of_rows(buffer, index)
        have_long_term_keys, sound_keys = self._access_keys(buffer, index)
        index = index.first(_before_doubt(sound & sound_keys))
        groups = self._groups.of_rows(buffer, index)  # no row in doubt stands for a group
        rows = _before_doubt(groups.flags & DOUBT == 0)
        if rows:
            block = Block(window, layout, index.first(rows), seconds[:rows], groups.first(rows))
            self._count(block)
            self._selection.add(block, have_long_term_keys[:rows])
            if self._accounts:
                self._accounts.add(block, have_long_term_keys[:rows])
            if self._named_keys is not None:
                for cell in cells_naming_keys(block):
                    self._named_keys.add(cell)
        return rows

    def _access_keys(self, buffer: bytearray, index: RowIndex) -> tuple[Array, Array]:
        """Return which rows have a long-term access key, and which keys can be read here."""
        at = self._at.get(columns.ACCESS_KEY)
        if at is None:
            found = np.zeros(len(index.delimiters), dtype=bool)
            return found, ~found
        found, sound = _long_term_keys(buffer, *index.spans(at, at))
        others = np.flatnonzero(~sound)
        if len(others):  # they can be quoted
            found[others], sound[others] = _long_term_keys(buffer, *index.cells(at, others))
        return found, sound

    def _count(self, block: Block) -> None:
        """Count the rows of a block by group, and note their earliest and latest time."""
        self._groups.count(block.groups.numbers)
        self._stats.rows += len(block.seconds)
        for time in (int(block.seconds.min()), int(block.seconds.max())):
            self._stats.add_time(time_in(time, self._times.zone))
        self._stats.times_without_zone |= self._times.zone is None

    def _read_plainly(self, window: ByteWindow, stop: int) -> None:
        """Let the plain reader read the next rows: few at first, twice as many at the next doubt.

        The window goes on after the last row that was read.
        """
        most = self._rows_at_doubt
        lines = WindowLines(window, self._settings.check_length)
        rows = Rows(
            iter(lines), first_line=window.line, dialect=self._dialect,
            together=min(most, _TOGETHER),
        )  # fmt: skip
        lines.first_needed = lambda: rows.line
        account = self._at.get(columns.ACCOUNT)
        for line, cells, _ in self._plain_reader.needed(_next(rows, lines, most, stop)):
            self._needed.add(line, cells)
            if account is not None and lost_digits(cells[account]):
                self._damaged = True
            if self._accounts:
                self._accounts.add_row(cells)
        lines.stop(rows.line)
        self._rows_at_doubt = min(_MOST, 2 * most)

    def _result(self, begin: int, window: ByteWindow) -> RangeResult:
        """Return what was read of the range."""
        self._needed.finish()
        stats, counted = self._stats, self._accounts
        accounts = (dict(counted.counts), list(counted.long_term_keys)) if counted else ({}, [])
        return RangeResult(
            begin=begin,
            end=window.offset,
            lines=window.line,
            rows=stats.rows,
            set_aside_count=stats.set_aside_count,
            set_aside=[(one.line, one.reason) for one in stats.set_aside],
            guessed_dates=stats.guessed_dates or self._times.reader.guessed_order,
            times_without_zone=stats.times_without_zone,
            first=stats.first.isoformat() if stats.first else None,
            last=stats.last.isoformat() if stats.last else None,
            groups=list(self._groups.counted()),
            kinds=[tuple(kind) for kind in self._needed.kinds],
            texts=self._needed.texts,
            needed=[one if isinstance(one, list) else tuple(one) for one in self._needed.parts],
            damaged=self._damaged or self._groups.damaged,
            accounts=accounts,
            errors=[tuple(one) for one in self._selection.errors()],
            named_keys=[*self._named_keys.found] if self._named_keys else [],
            kept=self._selection.kept(),
        )  # fmt: skip


def _before_doubt(sound: Array) -> int:
    """Return how many rows are before the first that is not sound."""
    return len(sound) if sound.all() else int(sound.argmin())


def _long_term_keys(buffer: bytearray, start: Array, end: Array) -> tuple[Array, Array]:
    """Return which access keys are long-term ones, and which are empty or begin without spaces."""
    begins: Array = np.ndarray((len(buffer) - 3,), "<u4", buffer, 0, (1,))
    size, keys = end - start, begins[start]
    found = (keys == _AKIA) & (size >= _AKIA_SIZE)
    return found, (size == 0) | _IS_ALPHANUMERIC[keys.view(np.uint8)[::4]]


def _next(rows: Rows, lines: WindowLines, most: int, stop: int) -> Iterator[Row]:
    """Yield the next rows, up to the first that ends at an offset or after it, `most` at most.

    The last row of a file that is cut short within a line is not whole.
    """
    for row in islice(rows, most):
        is_cut = lines.cut is not None and rows.line > lines.cut and row.fault is None
        yield row._replace(fault=CUT_SHORT) if is_cut else row
        if lines.offset_of(rows.line) >= stop:
            return
