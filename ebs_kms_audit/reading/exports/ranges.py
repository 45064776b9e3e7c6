"""A range of a large export → what an audit needs of it: the vectorised reader.

Rows that agree in source, name, Region, error code, Read-only, account and category form a group,
and each group is judged once, by the code of the plain reader. Then:

- Rows without an error are counted by group. Of EC2 calls, changes, successes, AssumeRole calls and
  holders of long-term keys, the place is kept.
- Rows with an error of KMS or EC2, and the few others that must be seen, are parsed (`needed`).
- Where a row is in doubt, the plain reader reads it and the rows after it.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ebs_kms_audit.aws.arns import is_region
from ebs_kms_audit.aws.ebs_errors import symptom_of
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.blocks import (
    CALL,
    CHANGE,
    COUNTED,
    DAMAGED,
    DOUBT,
    NEEDED,
    SESSION,
    SUCCESS,
    RegularRows,
    Settings,
)
from ebs_kms_audit.reading.exports.cells import read_account
from ebs_kms_audit.reading.exports.events import JUDGED_BY, RowReader, row_starter
from ebs_kms_audit.reading.exports.hashing import (
    LONGEST,
    Array,
    hash_spans,
    hash_texts,
    mixed,
    words_of,
)
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.index import RowIndex, index_rows
from ebs_kms_audit.reading.exports.kept import PLACE, one_of_each
from ebs_kms_audit.reading.exports.needed import NeededRow, NeededRows
from ebs_kms_audit.reading.exports.rows import Dialect, Rows
from ebs_kms_audit.reading.exports.times import read_times
from ebs_kms_audit.reading.exports.window import ByteWindow, WindowLines
from ebs_kms_audit.reading.stats import InputStats

KEPT = ("calls", "changes", "successes", "sessions", "holders")
_FEW, _MANY = 32, 16_384  # how many rows the plain reader reads where a row is in doubt
_FREED = 30 << 20
"""The C library keeps freed memory of blocks up to the largest that was freed, at most 32 MiB.
Source: mallopt(3), M_MMAP_THRESHOLD."""
_GROUPS_KEPT = 100_000
_EMPTY_LIST = 2  # bytes: of `[]`
_AKIA = int.from_bytes(b"AKIA", "little")
_KEY_BYTE = np.array([bytes([byte]).isalnum() for byte in range(256)])


class RangeResult(NamedTuple):
    """What a range holds. Lines are counted from the start of the range.

    begin, end  where the first row begins, and the first row after the range
    lines       how many lines there are
    stats       rows, rows set aside, whether dates were guessed, whether times have no zone
    first, last the earliest and the latest time, as ISO 8601 text
    aside       the lines of rows set aside, and why
    groups      for each group its hash, the cells of one row, the number of rows
    kinds       the cells of one row of each kind of needed rows
    needed      the rows to make events of
    damaged     whether there are damaged account ids
    kept        for each name in KEPT, rows as bytes of PLACE; and their texts
    """

    begin: int
    end: int
    lines: int
    stats: tuple[int, int, bool, bool]
    first: str | None
    last: str | None
    aside: list[tuple[int, str]]
    groups: list[tuple[int, list[str], int]]
    kinds: list[list[str]]
    needed: list[NeededRow]
    damaged: bool
    kept: list[tuple[bytes, dict[int, bytes]]]


class RangeReader:
    """Reads ranges of one file, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._width = settings.layout.width
        positions = settings.layout.positions
        self._at = positions
        self._spans = _spans(settings.layout)
        self._dialect = Dialect(settings.delimiter, row_starter(settings.layout))
        self._flags: dict[int, int] = {}
        self._samples: dict[int, list[str]] = {}
        self._change_hashes: dict[int, int] = {}
        self._few = _FEW
        # Without this, the C library gets the memory of each array anew from the system.
        np.empty(_FREED, dtype=np.uint8)
        self.needed = NeededRows(settings.layout, settings.delimiter, self._parse_row)

    def read(self, window: ByteWindow, stop: int | None) -> RangeResult:
        """Read the rows that begin before an offset, or up to the end of the file."""
        self._begin, self._first_line = window.offset, window.line
        if len(self._flags) > _GROUPS_KEPT:
            self._flags.clear()
            self._samples.clear()
            self._change_hashes.clear()
        self._stats = InputStats("")
        self._reader = RowReader(
            self._settings.layout, self._stats, self._settings.sample,
            day_first_by_default=self._settings.delimiter == ";",
        )  # fmt: skip
        self._groups: dict[int, int] = {}
        self.needed.clear()
        self._damaged = False
        self._kept: dict[str, list[Array]] = {name: [] for name in KEPT}
        self._texts: dict[str, dict[int, bytes]] = {name: {} for name in KEPT}
        while stop is None or window.offset < stop:
            if not window.extend():
                if window.begin == window.end:
                    break
                self._read_plainly(window, stop)  # an unfinished row at the end of the file
            while not self._read_block(window, stop):
                self._read_plainly(window, stop)
        return self._result(window)

    def _read_block(self, window: ByteWindow, stop: int | None) -> bool:
        """Read the regular rows of what the window holds; return whether there was no doubt."""
        if stop is not None and window.offset >= stop:
            return True
        index = index_rows(
            window.buffer, window.begin, window.end, self._width, ord(self._settings.delimiter)
        )
        if stop is not None and index.stop - window.begin > stop - window.offset:
            before = index.row_starts() < window.begin + (stop - window.offset)
            index = index.first(int(np.count_nonzero(before)))._replace(whole=True)
        sound = index.whole
        if len(index.delimiters):
            rows = self._read_rows(window, index)
            sound = sound and rows == len(index.delimiters)
            index = index.first(rows)
        lines = int(np.searchsorted(index.line_ends, index.stop))
        window.move(index.stop, lines)
        if not sound:
            return False
        self._few = _FEW
        done = stop is not None and window.offset >= stop
        return done or window.end - window.begin < len(window.buffer) // 4

    def _read_rows(self, window: ByteWindow, index: RowIndex) -> int:
        """Read regular rows up to the first that is in doubt; return how many."""
        buffer = window.buffer
        words = words_of(buffer)
        groups = self._group_hashes(words, index)
        seconds, sound = read_times(
            buffer,
            index.start(self._at[columns.EVENT_TIME]),
            index.end(self._at[columns.EVENT_TIME]),
        )
        flags, unique, inverse = self._judged(groups, buffer, index, named=False)
        named, long = self._named(flags, index)
        if len(named):  # what a row with a key says depends on the key
            at = self._at[columns.RESOURCES]
            start, end = index.start(at)[named], index.end(at)[named]
            groups[named] = mixed(groups[named], hash_spans(words, start, end))
            flags, unique, inverse = self._judged(groups, buffer, index, named=True)
        sound &= flags & DOUBT == 0
        key_start, key_end, key_words = self._access_keys(words, index)
        content = np.frombuffer(buffer, dtype=np.uint8)
        has_key = key_end > key_start
        sound &= ~has_key | _KEY_BYTE[content[key_start]]
        rows = len(sound) if sound.all() else int(sound.argmin())
        if (flags[: rows + 1] & DAMAGED).any():
            self._damaged = True
        if not rows:
            return 0
        flags, seconds, groups = flags[:rows], seconds[:rows], groups[:rows]
        self._count(unique, inverse[:rows], flags, seconds)
        long = long[long < rows]
        self.uncount(groups[long].tolist())
        flags[long] = NEEDED
        holders = (key_words[:rows] & np.uint64(0xFFFFFFFF) == _AKIA) & (
            key_end[:rows] - key_start[:rows] > 3
        )
        block = RegularRows(self, window, index.first(rows), seconds, groups)
        block.keep(flags, holders)
        return rows

    def _judged(
        self, groups: Array, buffer: bytearray, index: RowIndex, *, named: bool
    ) -> tuple[Array, Array, Array]:
        """Return the flags of rows; their different groups; and which of these each row has.

        `named` says whether new groups are of rows that name resources.
        """
        unique, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        found = [
            self._flags[group]
            if group in self._flags
            else self._judge(group, buffer, index, row, named=named)
            for group, row in zip(unique.tolist(), first.tolist(), strict=True)
        ]
        return np.array(found, dtype=np.uint8)[inverse], unique, inverse

    def _named(self, flags: Array, index: RowIndex) -> tuple[Array, Array]:
        """Return the successes and changes that name resources; and those with too many of them."""
        at = self._at.get(columns.RESOURCES)
        rows = np.flatnonzero(flags & (SUCCESS | CHANGE))
        if at is None or not len(rows):
            return rows[:0], rows[:0]
        size = index.end(at)[rows] - index.start(at)[rows]
        rows, size = rows[size > _EMPTY_LIST], size[size > _EMPTY_LIST]
        return rows[size <= LONGEST], rows[size > LONGEST]

    def _access_keys(self, words: Array, index: RowIndex) -> tuple[Array, Array, Array]:
        at = self._at.get(columns.ACCESS_KEY)
        if at is None:
            nothing = np.zeros(len(index.delimiters), dtype=np.int64)
            return nothing, nothing, nothing.astype(np.uint64)
        start, end = index.start(at), index.end(at)
        return start, end, words[start]

    def _group_hashes(self, words: Array, index: RowIndex) -> Array:
        found: Array | None = None
        for first, last in self._spans:
            one = hash_spans(words, index.start(first), index.end(last))
            found = one if found is None else mixed(found, one)
        assert found is not None
        at = self._at[columns.ERROR_CODE]
        start, end = index.start(at), index.end(at)
        errors = np.flatnonzero(end > start)
        if len(errors):
            found[errors] = mixed(found[errors], hash_spans(words, start[errors], end[errors]))
        return found

    def _judge(
        self, group: int, buffer: bytearray, index: RowIndex, row: int, *, named: bool
    ) -> int:
        """Return the flags of a group, from one of its rows."""
        start = int(index.row_starts()[row])
        end = int(index.end(self._width - 1)[row])
        cells = self._parse_row(bytes(buffer[start:end]))
        flags = self._flags_of(cells)
        self._flags[group] = flags
        if flags & COUNTED:
            if flags & (SUCCESS | CHANGE) and not named and columns.RESOURCES in self._at:
                cells[self._at[columns.RESOURCES]] = ""  # rows with resources are other groups
            self._samples[group] = cells
        if flags & CHANGE:
            self._change_hashes[group] = change_hash(self._settings.layout, cells)
        return flags

    def _flags_of(self, cells: list[str]) -> int:
        found = self._reader.judge(cells)
        if found.fault:
            return DOUBT
        account = self._at.get(columns.ACCOUNT)
        if account is not None and read_account(cells[account])[1]:
            return DOUBT | DAMAGED
        relevance = found.relevance
        name = cells[self._at[columns.EVENT_NAME]].strip()
        if not any(relevance):
            return 0
        region = cells[self._at[columns.REGION]].strip() if columns.REGION in self._at else ""
        if region and not is_region(region):
            return DOUBT
        source = cells[self._at[columns.EVENT_SOURCE]].strip()
        if relevance.role_change or relevance.iam_user or (relevance.kms and not source):
            return NEEDED
        error = cells[self._at[columns.ERROR_CODE]].strip()
        if name == "PutKeyPolicy":
            return NEEDED
        if error and not relevance.assume_role and (relevance.kms or symptom_of(name, error)):
            return NEEDED
        flags = COUNTED
        if error and relevance.assume_role:
            return flags
        if relevance.ec2_call:
            flags |= CALL
        if relevance.assume_role:
            flags |= SESSION
        if relevance.key_change:
            flags |= CHANGE
        if relevance.kms and kms_action(name).kind in (StatementKind.USAGE, StatementKind.GRANTS):
            flags |= SUCCESS
        return flags

    def _parse_row(self, line: bytes) -> list[str]:
        """Return the cells of a regular row."""
        (cells,) = csv.reader([line.decode()], delimiter=self._settings.delimiter, strict=True)
        return cells

    def _count(self, unique: Array, inverse: Array, flags: Array, seconds: Array) -> None:
        counts = np.bincount(inverse, minlength=len(unique)).tolist()
        for group, count in zip(unique.tolist(), counts, strict=True):
            if count and self._flags[group] & COUNTED:
                self._groups[group] = self._groups.get(group, 0) + count
        self._stats.rows += len(flags)
        for time in (int(seconds.min()), int(seconds.max())):
            self._stats.add_time(datetime.fromtimestamp(time, UTC))

    def uncount(self, groups: list[int]) -> None:
        """Take rows out of the count of their groups: they are needed one by one."""
        for group in groups:
            self._groups[group] -= 1

    @property
    def first_line(self) -> int:
        """The number of the line at which the range starts."""
        return self._first_line

    def keep(self, name: str, rows: Array, texts: dict[int, bytes]) -> None:
        """Keep the places of rows."""
        self._kept[name].append(rows)
        if self._settings.texts:
            self._texts[name].update(texts)

    @property
    def settings(self) -> Settings:
        """How the rows are written."""
        return self._settings

    def change_hash(self, group: int) -> int:
        """Return the hash of the Region, the account and the resources of a group of changes."""
        return self._change_hashes[group]

    def _read_plainly(self, window: ByteWindow, stop: int | None) -> None:
        """Let the plain reader read the next rows: few at first, more if the doubts go on."""
        lines = WindowLines(window, self._settings.check_length)
        first = window.line
        rows = Rows(iter(lines), first_line=first, dialect=self._dialect, together=self._few)
        count = 0
        end = window.line

        def some() -> Any:
            nonlocal count, end
            for row in rows:
                yield row
                count += 1
                end = rows.line
                if count >= self._few or (stop is not None and lines.offset_of(end) >= stop):
                    return
            end = rows.line

        account = self._at.get(columns.ACCOUNT)
        for line, cells, _, needed in self._reader.needed(some()):
            self.needed.add(line - self._first_line, cells, needed=needed)
            if account is not None and read_account(cells[account])[1]:
                self._damaged = True
        lines.stop(end)
        self._few = min(_MANY, 2 * self._few)

    def _result(self, window: ByteWindow) -> RangeResult:
        stats = self._stats
        kept = []
        for name in KEPT:
            parts = self._kept[name]
            rows = np.concatenate(parts) if parts else np.empty(0, PLACE)
            rows["line"] -= np.uint32(self._first_line)
            if name in ("successes", "holders"):
                rows = one_of_each(rows, latest=name == "successes")
            texts = self._texts[name]
            if texts:
                texts = {offset: texts[offset] for offset in rows["offset"].tolist()}
            kept.append((rows.tobytes(), texts))
        return RangeResult(
            begin=self._begin,
            end=window.offset,
            lines=window.line - self._first_line,
            stats=(
                stats.rows, stats.set_aside_count, stats.guessed_dates, stats.times_without_zone,
            ),
            first=stats.first.isoformat() if stats.first else None,
            last=stats.last.isoformat() if stats.last else None,
            aside=[(one.line - self._first_line, one.reason) for one in stats.set_aside],
            groups=[
                (group, self._samples[group], count)
                for group, count in self._groups.items()
                if count
            ],
            kinds=self.needed.kinds,
            needed=self.needed.rows,
            damaged=self._damaged,
            kept=kept,
        )  # fmt: skip


def change_hash(layout: Layout, cells: list[str]) -> int:
    """Return a hash of the Region, the account and the resources of a change."""
    names = (columns.REGION, columns.ACCOUNT, columns.RESOURCES)
    said = [cells[layout.positions[name]].strip() for name in names if name in layout.positions]
    return int(hash_texts(["\n".join(said)])[0])


def _spans(layout: Layout) -> list[tuple[int, int]]:
    """Return the columns that rows are grouped by, neighbours as one span.

    Event type may be between two of them: it has few values.
    """
    places = sorted(
        layout.positions[name]
        for name in (*JUDGED_BY, columns.EVENT_TYPE)
        if name in layout.positions
    )
    spans: list[list[int]] = [[places[0], places[0]]]
    for before, place in pairwise(places):
        if place == before + 1:
            spans[-1][1] = place
        else:
            spans.append([place, place])
    return [(first, last) for first, last in spans]
