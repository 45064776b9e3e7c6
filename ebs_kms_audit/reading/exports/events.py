"""Rows under a header → Events of the rows that an audit needs. All other rows are only counted.

`RowReader` judges rows, and `EventMaker` makes Events. Both remember what rows have in common: an
export of 100,000 rows has a few hundred kinds of rows, that differ in time, ids and access key
only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple

from ebs_kms_audit.aws.access_keys import key_kind
from ebs_kms_audit.aws.arns import is_region
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE, is_kms_event_name
from ebs_kms_audit.aws.kms_errors import DENIAL_CODES
from ebs_kms_audit.aws.relevance import (
    HOLDERS_KEPT,
    NOT_RELEVANT,
    ONLY_NAMES_A_USER,
    Relevance,
    is_relevant,
    relevance,
)
from ebs_kms_audit.model import Event, EventKind, Resource
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.cells import (
    is_of_another_service,
    read_account,
    read_flag,
    read_resources,
)
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.named_keys import NamedKeys
from ebs_kms_audit.reading.exports.rows import Row
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import TimeReader

SAMPLE = 500
"""How many rows at the start of a file show whether its dates begin with the day."""
JUDGED_BY = (
    columns.EVENT_SOURCE,
    columns.EVENT_NAME,
    columns.REGION,
    columns.READ_ONLY,
    columns.ACCOUNT,
    columns.CATEGORY,
)
"""The columns that decide, beside Event time, whether a row can be read and is needed."""
_SHARED = (
    columns.EVENT_SOURCE,
    columns.EVENT_NAME,
    columns.REGION,
    columns.ERROR_CODE,
    columns.RESOURCES,
    columns.READ_ONLY,
    columns.ACCOUNT,
)
CALLERS = (columns.USER_NAME, columns.SOURCE_IP, columns.USER_AGENT)
"""The columns that describe the caller. Most rows have the texts of other rows there."""
IDS = (columns.EVENT_ID, columns.REQUEST_ID, columns.ACCESS_KEY)
OWN = (*CALLERS, *IDS)
"""The columns, beside Event time, in which rows of one kind differ."""
_KINDS_KEPT = 5_000
_TEXTS_KEPT = 20_000
_LONGEST_KEPT = 2_000  # characters of all cells: no cache holds more of a row
_NO_RESOURCES = ("", "[]")
_EVENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NO_NAME = "it has no Event name"

_Cells = tuple[str, ...]


class NeededRow(NamedTuple):
    """A row that an audit needs: its line, its cells, its time."""

    line: int
    cells: list[str]
    time: datetime | None


class RowKind(NamedTuple):
    """What rows have in common that differ in line, time and the columns of `OWN` only.

    events      makes their events
    unreadable  the columns with a cell that cannot be read
    """

    events: EventKind
    unreadable: Sequence[str]


class Judgement(NamedTuple):
    """What the cells under `JUDGED_BY` say of a row: why it cannot be read, and why it is needed.

    For most rows, `fault` is None and `relevance` is NOT_RELEVANT.
    """

    fault: str | None
    relevance: Relevance


def row_starter(layout: Layout) -> Callable[[list[str]], bool]:
    """Return the test whether cells at the start of a line begin a row: a time and a name."""
    name_at = layout.positions[columns.EVENT_NAME]
    time_at = layout.positions.get(columns.EVENT_TIME)
    times = TimeReader()

    def begins_like_a_row(cells: list[str]) -> bool:
        if len(cells) <= max(name_at, time_at or 0):
            return False
        return bool(_EVENT_NAME.fullmatch(cells[name_at].strip())) and (
            time_at is None or times.read(cells[time_at]) is not None
        )

    return begins_like_a_row


def judge(cells: list[str], layout: Layout) -> Judgement:
    """Return what all cells but the time say of a row."""
    fault = layout.misfit(cells)
    if fault:
        return Judgement(fault, NOT_RELEVANT)
    source_at = layout.positions.get(columns.EVENT_SOURCE)
    source = "" if source_at is None else cells[source_at].strip()
    name = cells[layout.positions[columns.EVENT_NAME]].strip()
    return Judgement(None if name else _NO_NAME, relevance(source or None, name))


def time_reader(layout: Layout, sample: Iterable[Row], delimiter: str) -> TimeReader:
    """Return what reads the times of a file with these first rows.

    Spreadsheets that write semicolons write the day first.
    """
    at = layout.positions.get(columns.EVENT_TIME)
    return TimeReader(
        (row.cells[at] for row in sample if at is not None and at < len(row.cells)),
        day_first_by_default=delimiter == ";",
    )


class RowReader:
    """Counts the rows of one file in `stats`, sets aside what it cannot read, yields the rest.

    Every row is counted: `stats.rows` = rows that can be read + rows set aside. `keys` collects
    the keys that rows of other services than KMS name, where it is given.
    """

    def __init__(
        self, layout: Layout, stats: InputStats, times: TimeReader, keys: NamedKeys | None = None
    ) -> None:
        self._layout = layout
        self._stats = stats
        self._times = times
        self._time_at = layout.positions.get(columns.EVENT_TIME)
        self._key_at = layout.positions.get(columns.ACCESS_KEY)
        places = [layout.positions[name] for name in JUDGED_BY if name in layout.positions]
        self._judged_by: Callable[[list[str]], Any] = itemgetter(*places)
        self._known: dict[Any, Judgement] = {}
        self._holder = cells_getter(layout, columns.USER_NAME, columns.ACCESS_KEY, columns.ACCOUNT)
        self._holders: set[_Cells] = set()
        self._resources_at = layout.positions.get(columns.RESOURCES)
        self._named_users: set[str] = set()  # cells under Resources
        self._named_keys = keys

    def needed(self, rows: Iterable[Row]) -> Iterator[NeededRow]:
        """Yield the rows that an audit needs: the relevant ones, and those that identify users.

        Of the rows that only show that a user has a long-term access key, the first of each user,
        key and account is yielded. Of those that only have the ARN of a user, the first with these
        resources is yielded.
        """
        stats, width, time_at, key_at = (
            self._stats, self._layout.width, self._time_at, self._key_at,
        )  # fmt: skip
        known, judged_by, times = self._known, self._judged_by, self._times
        named_keys, resources_at = self._named_keys, self._resources_at
        time: datetime | None = None
        read: str | None = None  # the cell with the time: many rows have the time of the last one
        for line, cells, fault in rows:
            stats.rows += 1
            if fault:
                stats.put_aside(line, fault)
                continue
            if len(cells) == width:
                found = known.get(judged_by(cells)) or self._judge_and_remember(cells)
            else:
                cells = self._layout.before_header(cells) or cells  # noqa: PLW2901
                found = judge(cells, self._layout)
            if found.fault:
                self._put_aside(line, cells, found.fault)
                continue
            if time_at is not None and cells[time_at] != read:
                time = times.read(cells[time_at])
                if time is None:
                    read = None
                    self._put_aside(line, cells, _no_time(cells[time_at]))
                    continue
                read = cells[time_at]
                stats.add_time(time)
                if time.tzinfo is None:
                    stats.times_without_zone = True
            why = found.relevance
            if named_keys and resources_at is not None and not why.kms:
                named_keys.add(cells[resources_at])
            is_needed = why is not NOT_RELEVANT and (
                why != ONLY_NAMES_A_USER or self._names_new_users(cells)
            )
            if is_needed or (
                key_at is not None and "AKIA" in cells[key_at] and self._is_new_holder(cells)
            ):
                yield NeededRow(line, cells, time)
            if times.guessed_order:
                stats.guessed_dates = True

    def _put_aside(self, line: int, cells: list[str], reason: str) -> None:
        """Set a row aside, unless it is the header of an export that was joined to another."""
        if self._layout.is_header(cells):
            self._stats.rows -= 1
        else:
            self._stats.put_aside(line, reason)

    def _judge_and_remember(self, cells: list[str]) -> Judgement:
        """Judge a row, and remember the judgement for rows with equal cells under `JUDGED_BY`."""
        found, by = judge(cells, self._layout), self._judged_by(cells)
        if found.fault is None and sum(map(len, by)) < _LONGEST_KEPT:
            if len(self._known) >= _KINDS_KEPT:
                self._known.clear()
            self._known[by] = found
        return found

    def _names_new_users(self, cells: list[str]) -> bool:
        """Return whether a row of IAM has resources that no row before it has."""
        named = cells[self._resources_at] if self._resources_at is not None else ""
        if named.strip() in _NO_RESOURCES or named in self._named_users:
            return False
        if len(self._named_users) < HOLDERS_KEPT and len(named) < _LONGEST_KEPT:
            self._named_users.add(named)
        return True

    def _is_new_holder(self, cells: list[str]) -> bool:
        if self._key_at is None or key_kind(cells[self._key_at].strip()) != "long_term":
            return False
        holder = self._holder(cells)
        if holder in self._holders:
            return False
        if len(self._holders) < HOLDERS_KEPT and sum(map(len, holder)) < _LONGEST_KEPT:
            self._holders.add(holder)
        return True


class EventMaker:
    """Makes Events of rows that fit under one header."""

    def __init__(self, layout: Layout, stats: InputStats) -> None:
        self._stats = stats
        self._kinds: dict[_Cells, EventKind] = {}
        self._texts: dict[str, str] = {}
        self._resources: dict[str | None, tuple[Resource, ...] | None] = {}
        self._shared = cells_getter(layout, *_SHARED)
        self._own = cells_getter(layout, *OWN)
        self._resources_at = layout.positions.get(columns.RESOURCES, -1)
        self._named = cells_getter(layout, columns.RESOURCES, columns.EVENT_SOURCE)
        self._region: Callable[[list[str]], str] = itemgetter(
            layout.positions.get(columns.REGION, -1)
        )

    def event(self, row: NeededRow) -> Event:
        """Return the event of a row. Cells are stripped; an empty cell is None."""
        kind = self.kind(row.cells)
        return self.event_of(kind, row.line, row.time, *self._own([*row.cells, ""]))

    def kind(self, cells: Sequence[str]) -> RowKind:
        """Return the kind of a row. From it, the events of equal rows are made."""
        cells = [*cells, ""]  # a column that the file lacks is at its end
        events = self._events_like(cells)
        first = events.first
        unreadable = []
        if first.resources is None and first.error_code in DENIAL_CODES:
            unreadable.append(columns.RESOURCES)
        if first.region is None and self._region(cells).strip():
            unreadable.append(columns.REGION)
        # A row that only identifies a user is not among those that are counted.
        counts = not unreadable or is_relevant(first.source, first.name)
        return RowKind(events, unreadable if counts else ())

    def _events_like(self, cells: list[str]) -> EventKind:
        shared = self._shared(cells)
        events = self._kinds.get(shared)
        if events is None:
            events = EventKind(self._first_of_kind(shared))
            if sum(map(len, shared)) < _LONGEST_KEPT:
                if len(self._kinds) >= _KINDS_KEPT:
                    self._kinds.clear()
                self._kinds[shared] = events
        return events

    def forget_kinds(self) -> None:
        """Forget the kinds of rows: no further row is probably like them."""
        self._kinds.clear()

    def unnoted_event(self, line: int, time: datetime | None, cells: Sequence[str]) -> Event:
        """Return the event of a row. Cells that cannot be read are not noted in the stats."""
        cells = [*cells, ""]
        own, resources = self._own(cells), None
        named, source = self._named(cells)
        if source.strip() and named and self._shared(cells) not in self._kinds:
            resources = read_resources(named)  # those of an AssumeRole row are of this row only
            if resources is not None:
                cells[self._resources_at] = ""
        return self._event(self._events_like(cells), line, time, own, resources)

    def event_of(self, kind: RowKind, line: int, time: datetime | None, *own: str) -> Event:
        """Return an event of a kind, and note its cells that cannot be read in the stats.

        `own` are its cells under `OWN`.
        """
        for column in kind.unreadable:
            self._stats.note_unreadable(column, line)
        return self._event(kind.events, line, time, own)

    def _event(
        self,
        events: EventKind,
        line: int,
        time: datetime | None,
        own: Sequence[str],
        resources: tuple[Resource, ...] | None = None,
    ) -> Event:
        user_name, source_ip, user_agent, *ids = [cell.strip() or None for cell in own]
        once = self._once
        described = once(source_ip), once(user_agent), *ids
        return events.event(line, time, once(user_name), described, resources)

    def _once(self, text: str | None) -> str | None:
        """Return the same object for equal texts: kinds of rows differ in few cells."""
        if text is None:
            return None
        if len(self._texts) < _TEXTS_KEPT and len(text) < _LONGEST_KEPT:
            return self._texts.setdefault(text, text)
        return self._texts.get(text, text)

    def _first_of_kind(self, shared: _Cells) -> Event:
        source, name, region, error, named, read_only, account_cell = [
            self._once(cell.strip() or None) for cell in shared
        ]
        assert name is not None
        resources = self._resources.get(named)
        if resources is None:
            resources = read_resources(named or "")
            if len(self._resources) < _TEXTS_KEPT and len(named or "") < _LONGEST_KEPT:
                self._resources[named] = resources
        inferred = source is None and is_kms_event_name(name)
        inferred = inferred and not is_of_another_service(resources)
        account, damaged = read_account(account_cell or "")
        return Event(
            file=self._stats.name,
            line=0,
            time=None,
            name=name,
            source=KMS_EVENT_SOURCE if inferred else source,
            source_inferred=inferred,
            region=region if is_region(region) else None,
            error_code=error,
            resources=resources,
            read_only=read_flag(read_only or ""),
            account=account,
            account_cell=damaged,
        )


def cells_getter(layout: Layout, *names: str) -> Callable[[list[str]], _Cells]:
    """Return what takes the cells of several columns; a missing column is at the row's end."""
    return itemgetter(*(layout.positions.get(name, -1) for name in names))


def read_events(
    rows: Iterable[Row],
    stats: InputStats,
    delimiter: str = ",",
    named_keys: NamedKeys | None = None,
) -> Iterator[Event]:
    """Yield the events of rows that an audit needs, as `RowReader` does."""
    assert stats.layout is not None
    rows = iter(rows)
    sample = list(islice(rows, SAMPLE))
    times = time_reader(stats.layout, sample, delimiter)
    reader = RowReader(stats.layout, stats, times, named_keys)
    maker = EventMaker(stats.layout, stats)
    return map(maker.event, reader.needed(chain(sample, rows)))


def _no_time(cell: str) -> str:
    return "its Event time is no time" if cell.strip() else "it has no Event time"
