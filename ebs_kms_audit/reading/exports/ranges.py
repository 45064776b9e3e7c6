"""A range of a large export → what an audit needs of it: the vectorised reader.

Rows form groups, and each group is judged once, by the code of the plain reader. Then:

- Rows without an error are counted by group. Of EC2 calls, changes, successes, AssumeRole calls and
  holders of long-term keys, the place is kept.
- Rows with an error of KMS or EC2, and the few others that must be seen, are parsed (`needed`).
- Where a row is in doubt, the plain reader reads it and the rows after it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.blocks import RegularRows, Settings
from ebs_kms_audit.reading.exports.cells import read_account
from ebs_kms_audit.reading.exports.events import Judgement, RowReader, is_day_first, row_starter
from ebs_kms_audit.reading.exports.groups import DAMAGED, DOUBT, Groups
from ebs_kms_audit.reading.exports.index import LONGEST_ROW, RowIndex, index_rows
from ebs_kms_audit.reading.exports.kept import KEPT, Seen
from ebs_kms_audit.reading.exports.needed import NeededRows
from ebs_kms_audit.reading.exports.rows import CUT_SHORT, Dialect, Row, Rows
from ebs_kms_audit.reading.exports.times import read_times
from ebs_kms_audit.reading.exports.window import ByteWindow, WindowLines
from ebs_kms_audit.reading.memory import keep_freed_memory
from ebs_kms_audit.reading.stats import InputStats

_FEWEST, _MOST = 32, 16_384  # rows that the plain reader reads where a row is in doubt
_TOGETHER = 512  # lines that the plain reader looks at together: few are after the range
_APART = 1_000  # with so many sound rows between two doubts, the second is treated like a first
_AKIA, _AKIA_SIZE = int.from_bytes(b"AKIA", "little"), 4
_IS_ALPHANUMERIC = np.array([bytes([byte]).isalnum() for byte in range(256)])


class RangeResult(NamedTuple):
    """What a range holds. Lines are counted from the start of the range.

    Another process can have made it: all values are of types that `marshal` accepts.

    begin, end  where the first row begins, and the first row after the range
    after       where ranges begin that were read before; rows that they keep can be missing here
    lines       how many lines there are
    stats       rows, rows set aside, whether dates were guessed, whether times have no zone
    first, last the earliest and the latest time, as ISO 8601 text
    aside       the lines of rows set aside, and why
    groups      for each group its hash, the cells of one row as bytes of `marshal`, and the
                number of rows
    kinds       the kinds of needed rows, as the fields of `needed.Kind`
    texts       the texts that needed rows refer to by numbers
    needed      the needed rows, as the fields of `needed.Columns`
    damaged     whether there are damaged account ids
    kept        for each name in KEPT, rows as bytes of PLACE; and their texts
    cut_short   why the content ends too early, if its end was read
    """

    begin: int
    end: int
    after: list[int]
    lines: int
    stats: tuple[int, int, bool, bool]
    first: str | None
    last: str | None
    aside: list[tuple[int, str]]
    groups: list[tuple[int, bytes, int]]
    kinds: list[tuple[Any, ...]]
    texts: list[str]
    needed: list[tuple[Any, ...]]
    damaged: bool
    kept: list[tuple[bytes, dict[int, bytes]]]
    cut_short: str | None = None


class RangeReader:
    """Reads ranges of one file, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._width = settings.layout.width
        self._at = settings.layout.positions
        self._dialect = Dialect(settings.delimiter, row_starter(settings.layout))
        self.groups = Groups(settings.layout, self._parse_row, self._judge)
        self.needed = NeededRows(settings.layout, self._parse_row)
        self._rows_at_doubt = _FEWEST
        self.forget_ranges()
        keep_freed_memory()

    @property
    def settings(self) -> Settings:
        """How the rows are written."""
        return self._settings

    @property
    def first_line(self) -> int:
        """The number of the line at which the range starts."""
        return self._first_line

    def forget_ranges(self) -> None:
        """Forget which rows earlier ranges kept: equal rows of later ranges are kept again."""
        self._after: list[int] = []
        self.seen = {"successes": Seen(bits=17), "holders": Seen(bits=12)}

    def read(self, window: ByteWindow, stop: int | None) -> RangeResult:
        """Read the rows that begin before an offset, or up to the end of the file."""
        if self._after and window.offset < self._after[-1]:
            self.forget_ranges()
        self._begin, self._first_line = window.offset, window.line
        self.groups.begin_range()
        self._stats = InputStats("")
        self._reader = RowReader(
            self._settings.layout, self._stats, self._settings.sample,
            day_first_by_default=is_day_first(self._settings.delimiter),
        )  # fmt: skip
        self.needed.clear()
        self._damaged = False
        self._kept: dict[str, list[bytes]] = {name: [] for name in KEPT}
        self._texts: dict[str, dict[int, bytes]] = {name: {} for name in KEPT}
        while stop is None or window.offset < stop:
            if not window.extend(stop):
                if window.begin == window.end:
                    break
                self._read_plainly(window, stop)  # an unfinished row at the end of the file
            while not self._read_block(window, stop):
                self._read_plainly(window, stop)
        return self._result(window)

    def _read_block(self, window: ByteWindow, stop: int | None) -> bool:
        """Read the regular rows of what the window holds, up to the first doubt.

        Return False if the plain reader must read the next row, because it is in doubt or too long.
        """
        if stop is not None and window.offset >= stop:
            return True
        index = index_rows(
            window.buffer, window.begin, window.end, self._width, ord(self._settings.delimiter),
            returns=self._settings.returns,
        )  # fmt: skip
        if stop is not None and index.stop > window.begin + stop - window.offset:
            before = index.row_starts < window.begin + stop - window.offset
            # What is after the stop belongs to the next range, so it is not in doubt.
            index = index.first(int(np.count_nonzero(before)))._replace(whole=True)
        sound = index.whole
        if len(index.delimiters):
            rows = self._read_rows(window, index)
            sound = sound and rows == len(index.delimiters)
            index = index.first(rows)
        window.move(index.stop, index.lines)
        if len(index.delimiters) >= _APART:
            self._rows_at_doubt = _FEWEST
        if not sound:
            return False
        is_at_stop = stop is not None and window.offset >= stop
        return is_at_stop or window.end - window.begin <= LONGEST_ROW

    def _read_rows(self, window: ByteWindow, index: RowIndex) -> int:
        """Read regular rows up to the first that is in doubt; return how many."""
        buffer = window.buffer
        seconds, sound = read_times(
            buffer,
            index.start(self._at[columns.EVENT_TIME]),
            index.end(self._at[columns.EVENT_TIME]),
        )
        _, _, flags = groups = self.groups.of_rows(buffer, index)
        sound &= flags & DOUBT == 0
        key_sizes, keys = self._access_keys(buffer, index)
        # A key that begins with a letter or a digit has neither quotes nor spaces before it.
        sound &= (key_sizes == 0) | _IS_ALPHANUMERIC[keys.view(np.uint8)[::4]]
        rows = len(sound) if sound.all() else int(sound.argmin())
        if (flags[: rows + 1] & DAMAGED).any():
            self._damaged = True
        if not rows:
            return 0
        hashes, numbers, flags = (column[:rows] for column in groups)
        seconds = seconds[:rows]
        self._count(numbers, seconds)
        holders = (keys[:rows] == _AKIA) & (key_sizes[:rows] >= _AKIA_SIZE)
        regular = RegularRows(self, window, index.first(rows), seconds, hashes, numbers)
        regular.keep(flags, holders)
        return rows

    def _access_keys(self, buffer: bytearray, index: RowIndex) -> tuple[Array, Array]:
        """Return the sizes of the access keys, and the first four bytes of each as a number."""
        at = self._at.get(columns.ACCESS_KEY)
        if at is None:
            nothing = np.zeros(len(index.delimiters), dtype="<u4")
            return nothing, nothing
        start = index.start(at)
        begins: Array = np.ndarray((len(buffer) - 3,), "<u4", buffer, 0, (1,))
        return index.end(at) - start, begins[start]

    def _judge(self, cells: list[str]) -> Judgement:
        """Return what all cells but the time say of a row."""
        return self._reader.judge(cells)

    def _parse_row(self, line: bytes) -> list[str]:
        """Return the cells of a regular row."""
        if b'"' not in line:
            return line.decode().split(self._settings.delimiter)
        (cells,) = csv.reader([line.decode()], delimiter=self._settings.delimiter, strict=True)
        return cells

    def _count(self, numbers: Array, seconds: Array) -> None:
        """Count rows by the numbers of their groups, and note their earliest and latest time."""
        self.groups.count(numbers)
        self._stats.rows += len(numbers)
        for time in (int(seconds.min()), int(seconds.max())):
            self._stats.add_time(datetime.fromtimestamp(time, UTC))

    def keep(self, name: str, rows: Array, texts: dict[int, bytes]) -> None:
        """Keep the places of rows, and their texts by their offsets if the settings say so."""
        self._kept[name].append(rows.tobytes())
        if self._settings.texts:
            self._texts[name].update(texts)

    def _read_plainly(self, window: ByteWindow, stop: int | None) -> None:
        """Let the plain reader read the next rows: few at first, twice as many at the next doubt.

        The window goes on after the last row that was read.
        """
        lines = WindowLines(window, self._settings.check_length)
        first = window.line
        rows = Rows(
            iter(lines), first_line=first, dialect=self._dialect,
            together=min(self._rows_at_doubt, _TOGETHER),
        )  # fmt: skip
        count = 0
        end = window.line

        def next_rows() -> Iterator[Row]:
            nonlocal count, end
            for row in rows:
                is_cut = lines.cut is not None and rows.line > lines.cut and row.fault is None
                yield row._replace(fault=CUT_SHORT) if is_cut else row
                count += 1
                end = rows.line
                if count >= self._rows_at_doubt or (
                    stop is not None and lines.offset_of(end) >= stop
                ):
                    return
            end = rows.line

        account = self._at.get(columns.ACCOUNT)
        for line, cells, _, needed in self._reader.needed(next_rows()):
            self.needed.add(line - self._first_line, cells, needed=needed)
            if account is not None and read_account(cells[account])[1]:
                self._damaged = True
        lines.stop(end)
        self._rows_at_doubt = min(_MOST, 2 * self._rows_at_doubt)

    def _result(self, window: ByteWindow) -> RangeResult:
        """Return what was read since the range began."""
        self.needed.finish()
        stats = self._stats
        after = self._after
        self._after = [*after, self._begin]
        return RangeResult(
            begin=self._begin,
            end=window.offset,
            after=after,
            lines=window.line - self._first_line,
            stats=(
                stats.rows, stats.set_aside_count, stats.guessed_dates, stats.times_without_zone,
            ),
            first=stats.first.isoformat() if stats.first else None,
            last=stats.last.isoformat() if stats.last else None,
            aside=[(one.line - self._first_line, one.reason) for one in stats.set_aside],
            groups=list(self.groups.counted()),
            kinds=[tuple(kind) for kind in self.needed.kinds],
            texts=self.needed.texts,
            needed=[tuple(part) for part in self.needed.parts],
            damaged=self._damaged,
            kept=[(b"".join(self._kept[name]), self._texts[name]) for name in KEPT],
        )  # fmt: skip
