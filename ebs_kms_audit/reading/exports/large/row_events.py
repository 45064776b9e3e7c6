"""The rows of one large export → Events: needed rows as columns, other rows one by one."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE
from ebs_kms_audit.model import AlikeEvents, Event, Summary
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.events import (
    EventMaker,
    NeededRow,
    RowKind,
    cells_getter,
)
from ebs_kms_audit.reading.exports.large.failed_rows import FailedRows
from ebs_kms_audit.reading.exports.large.needed import Columns, Kind, SingleRows
from ebs_kms_audit.reading.exports.large.settings import Settings, cells_of
from ebs_kms_audit.reading.exports.large.text_columns import column_at, text_at
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import time_in

_KINDS_KEPT = 3_000
_ONE_BY_ONE = -1  # instead of the number of a kind of failed rows
_IN_SUMMARY = (columns.EVENT_NAME, columns.ERROR_CODE, columns.EVENT_ID, columns.USER_NAME)


class RowEvents:
    """Makes the Events of one file. A report keeps it, for the rows that it has as text.

    have_zone  whether the time zone of the rows is known
    """

    def __init__(self, settings: Settings, stats: InputStats) -> None:
        self._delimiter = settings.delimiter
        self._maker = EventMaker(settings.layout, stats)
        self._kinds: dict[int, RowKind] = {}
        self._failed = FailedRows()
        self._time_at = settings.layout.positions[columns.EVENT_TIME]
        self._summary = cells_getter(settings.layout, *_IN_SUMMARY)
        self._times = settings.time_reader()
        self._zone = settings.time_zone
        self.have_zone = self._zone is not None
        self._is_start = True

    def needed(
        self,
        first_line: int,
        kinds: Sequence[tuple[Any, ...]],
        texts: Sequence[str],
        parts: Sequence[tuple[Any, ...] | SingleRows],
    ) -> Iterator[Event]:
        """Yield the events of the needed rows of a range, but those of most failed rows.

        `failed` yields these. `first_line` is the number of the line at which the range starts.
        `kinds`, `texts` and `parts` are what `NeededRows` collected.
        """
        row_kinds = [self._kind(Kind(*kind)) for kind in kinds]
        numbers_of_kinds = np.array(
            [
                self._number_if_failed(kind, shared)
                for kind, (shared, *_) in zip(row_kinds, kinds, strict=True)
            ],
            dtype=np.int64,
        )
        numbers_of_texts = self._failed.text_numbers(texts)
        for part in parts:
            if isinstance(part, list):
                for line, cells in part:
                    time = self._times.read(cells[self._time_at])
                    yield self._maker.event(NeededRow(first_line + line, cells, time))
                continue
            rows = Columns(*part)
            lines = np.frombuffer(rows.lines, "u4") + first_line
            seconds = np.frombuffer(rows.seconds, "i8")
            of_kinds = np.frombuffer(rows.kinds, "u4")
            callers = [np.frombuffer(one, "u4") for one in rows.callers]
            numbers = numbers_of_kinds[of_kinds]
            are_columns = numbers != _ONE_BY_ONE
            if self._is_start:  # an audit imports what it needs when the first event is there
                are_columns[0] = self._is_start = False
            failed = np.flatnonzero(are_columns)
            if len(failed):
                self._failed.add(
                    (lines[failed], seconds[failed], numbers[failed]),
                    [numbers_of_texts[one[failed]] for one in callers],
                    [column_at(one, failed) for one in rows.ids],
                )
            for at in np.flatnonzero(~are_columns).tolist():
                time = time_in(int(seconds[at]), self._zone)
                own = [texts[one[at]] for one in callers]
                own += [text_at(one, at) for one in rows.ids]
                kind = row_kinds[int(of_kinds[at])]
                yield self._maker.event_of(kind, int(lines[at]), time, *own)

    def _number_if_failed(self, kind: RowKind, kind_hash: int | None) -> int:
        """Return the number of a kind of failed rows, or _ONE_BY_ONE."""
        if kind_hash is None or not _are_columns(kind):
            return _ONE_BY_ONE
        return self._failed.kind_number(kind, kind_hash)

    def failed(self) -> Iterator[AlikeEvents]:
        """Yield the failed rows of all ranges since the last call, by kind."""
        for kind, rows in self._failed.take():
            time = time_in(rows.seconds[0], self._zone)
            _, _, user_names, *columns = rows
            own = [column[0] for column in columns]
            first = kind.events.event(rows.lines[0], time, user_names[0], own)
            yield AlikeEvents(first, kind.events, rows)

    @property
    def failed_count(self) -> int:
        """How many rows `failed` would yield."""
        return self._failed.count

    def _kind(self, kind: Kind) -> RowKind:
        """Return what makes the events of a kind. A kind with a hash is known in all ranges."""
        found = None if kind.hash is None else self._kinds.get(kind.hash)
        if found is None:
            found = self._maker.kind(marshal.loads(kind.cells))
            if kind.hash is not None:
                if len(self._kinds) >= _KINDS_KEPT:
                    self._kinds.clear()
                self._kinds[kind.hash] = found
        return found

    def unnoted_event(self, line: int, cells: list[str]) -> Event:
        """Return the event of a row. Cells that cannot be read are not noted in the stats."""
        return self._maker.unnoted_event(line, self._times.read(cells[self._time_at]), cells)

    def of_text(self, line: int, text: str) -> Event:
        """Return the event of the text of a row."""
        return self.unnoted_event(line, cells_of(text, self._delimiter))

    def summary(self, text: str) -> Summary:
        """Return what a list shows of the text of a row."""
        cells = cells_of(text, self._delimiter)
        cells.append("")  # a column that the file lacks
        name, error_code, event_id, user_name = self._summary(cells)
        return (
            name.strip(),
            error_code.strip() or None,
            event_id.strip() or None,
            user_name.strip() or None,
        )

    def forget_kinds(self) -> None:
        """Forget the kinds of needed rows, when all of them are read."""
        self._kinds.clear()
        self._maker.forget_kinds()


def _are_columns(kind: RowKind) -> bool:
    """Return whether rows of a kind are failed KMS calls, without unreadable cells to note."""
    first = kind.events.first
    failed = first.source == KMS_EVENT_SOURCE and first.error_code is not None
    return failed and not kind.unreadable
