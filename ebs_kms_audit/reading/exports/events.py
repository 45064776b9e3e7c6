"""Rows under a header → Events: the rows that matter; the others are counted, or set aside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain, islice

from ebs_kms_audit.aws.access_keys import key_kind
from ebs_kms_audit.aws.arns import is_region
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE, is_kms_event_name
from ebs_kms_audit.aws.relevance import IAM_EVENT_SOURCE, matters, names_a_user
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports import cells as cell
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.header import Fitting, Layout
from ebs_kms_audit.reading.exports.rows import Row
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import TimeReader

_SAMPLE = 500
_REMEMBERED = 10_000
# What an Event takes as it stands in the cell, and then what it reads out of one.
_COLUMNS = (
    columns.EVENT_SOURCE,
    columns.REGION,
    columns.EVENT_ID,
    columns.REQUEST_ID,
    columns.SOURCE_IP,
    columns.USER_AGENT,
    columns.ERROR_CODE,
    columns.USER_NAME,
    columns.ACCESS_KEY,
    columns.RESOURCES,
    columns.READ_ONLY,
    columns.ACCOUNT,
)
_EVENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


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


def read_events(
    rows: Iterable[Row], reading: InputStats, *, day_first_by_default: bool = False
) -> Iterator[Event]:
    """Yield the events that matter; count every row in `reading`, and set aside what it can't read.

    Those that only prove an IAM user are among them. Every row of the iterator is counted:
    `reading.rows` = events (yielded or not) + set aside.
    """
    layout = reading.layout
    assert layout is not None
    name_at = layout.positions[columns.EVENT_NAME]
    time_at = layout.positions.get(columns.EVENT_TIME)
    rows = iter(rows)
    sample = list(islice(rows, _SAMPLE))
    times = TimeReader(
        (row.cells[time_at] for row in sample if time_at is not None and time_at < len(row.cells)),
        day_first_by_default=day_first_by_default,
    )
    last_time = None
    misfit = Fitting(layout).misfit
    matter, maker = _Matter(layout), _Maker(layout)
    for row in chain(sample, rows):
        reading.rows += 1
        fault = row.fault or misfit(row.cells)
        if fault:
            reading.put_aside(row.line, fault)
            continue
        name = row.cells[name_at].strip()
        time = None if time_at is None else times.read(row.cells[time_at])
        if not name:
            reading.put_aside(row.line, "it has no Event name")
            continue
        if time is None and time_at is not None:
            blank = not row.cells[time_at].strip()
            reading.put_aside(
                row.line, "it has no Event time" if blank else "its Event time is no time"
            )
            continue
        if reading.first is None and time is not None:
            reading.add_time(time)
        last_time = time
        if matter.has(row.cells):
            _add_time(time, reading)
            yield maker.event(row, name, time, reading)
        elif matter.has_long_term_key(row.cells) or matter.names_a_user(row.cells):
            yield maker.event(row, name, time, reading)
    if last_time is not None:
        reading.add_time(last_time)
    reading.guessed_dates = times.guessed_order


class _Matter:
    """Asks whether rows matter, and remembers the answers: an export has few kinds of rows."""

    def __init__(self, layout: Layout) -> None:
        self._source = layout.positions.get(columns.EVENT_SOURCE)
        self._name = layout.positions[columns.EVENT_NAME]
        self._access_key = layout.positions.get(columns.ACCESS_KEY)
        self._known: dict[tuple[str, str], bool] = {}

    def has(self, cells: list[str]) -> bool:
        """Tell whether a row that fits under the header matters."""
        shown = "" if self._source is None else cells[self._source], cells[self._name]
        known = self._known.get(shown)
        if known is None:
            source, name = shown
            known = matters(source.strip() or None, name.strip())
            if len(self._known) < _REMEMBERED:
                self._known[shown] = known
        return known

    def names_a_user(self, cells: list[str]) -> bool:
        """Return whether a row that fits under the header may name an IAM user."""
        source = None if self._source is None else cells[self._source].strip()
        return source == IAM_EVENT_SOURCE and names_a_user(source, cells[self._name].strip())

    def has_long_term_key(self, cells: list[str]) -> bool:
        """Tell whether the call was made with a long-term access key."""
        if self._access_key is None:
            return False
        return key_kind(cells[self._access_key].strip()) == "long_term"


def _add_time(time: datetime | None, reading: InputStats) -> None:
    if time is not None:
        reading.add_time(time)
        reading.times_without_zone = reading.times_without_zone or time.tzinfo is None


class _Maker:
    """Makes Events of rows that fit under one header."""

    def __init__(self, layout: Layout) -> None:
        # A column that the file lacks has its place behind the last cell, where nothing stands.
        self._places = [layout.positions.get(name, layout.width) for name in _COLUMNS]

    def event(self, row: Row, name: str, time: datetime | None, reading: InputStats) -> Event:
        """Return the row's Event. A cell counts without the space around it; an empty one is None.

        Resources that can't be read are noted in `reading`.
        """
        cells = [*row.cells, ""]
        source, region, event_id, request_id, *others = [
            cells[place].strip() or None for place in self._places
        ]
        ip, agent, error, user, key, named, read_only, account_cell = others
        resources = cell.read_resources(named or "")
        inferred = source is None and is_kms_event_name(name)
        inferred = inferred and not cell.is_of_another_service(resources)
        if resources is None:
            reading.note_unreadable(columns.RESOURCES, row.line)
        if region is not None and not is_region(region):
            reading.note_unreadable(columns.REGION, row.line)
            region = None
        account, damaged = cell.read_account(account_cell or "")
        return Event(
            file=reading.name,
            line=row.line,
            time=time,
            name=name,
            source=KMS_EVENT_SOURCE if inferred else source,
            source_inferred=inferred,
            event_id=event_id,
            request_id=request_id,
            region=region,
            source_ip=ip,
            user_agent=agent,
            error_code=error,
            user_name=user,
            access_key=key,
            resources=resources,
            read_only=cell.read_flag(read_only or ""),
            account=account,
            account_cell=damaged,
        )
