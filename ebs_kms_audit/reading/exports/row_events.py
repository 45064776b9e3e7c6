"""The rows of one large export → Events: needed rows as columns, other rows one by one."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE
from ebs_kms_audit.aws.kms_errors import DENIAL_CODES
from ebs_kms_audit.model import AlikeEvents, Event, EventColumns, Summary
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.blocks import Settings
from ebs_kms_audit.reading.exports.events import EventMaker, RowKind, cells_getter
from ebs_kms_audit.reading.exports.needed import Kind
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import TimeReader

_KINDS_KEPT = 3_000
_IN_SUMMARY = (columns.EVENT_NAME, columns.ERROR_CODE, columns.EVENT_ID, columns.USER_NAME)
_Columns = tuple[list[int], list[float], list[str | None], list[str | None], list[str | None]]
"""Those of `EventColumns`."""


class RowEvents:
    """Makes the Events of one file. A report keeps it, for the rows that it has as text."""

    def __init__(self, settings: Settings, stats: InputStats) -> None:
        self._delimiter = settings.delimiter
        self._maker = EventMaker(settings.layout, stats)
        self._kinds: dict[int, RowKind] = {}
        self._denied: dict[tuple[int | None, str], tuple[RowKind, _Columns]] = {}
        self._time_at = time_at = settings.layout.positions[columns.EVENT_TIME]
        self._summary = cells_getter(settings.layout, *_IN_SUMMARY)
        self._times = TimeReader(
            (row.cells[time_at] for row in settings.sample if time_at < len(row.cells)),
            day_first_by_default=settings.delimiter == ";",
        )

    def needed(
        self, first_line: int, kinds: Sequence[tuple[Any, ...]], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Event]:
        """Yield the events of the needed rows of a range, but most of the denied ones.

        `denied` yields these. `kinds` and `rows` are those of the range, and `first_line` is the
        number of the line at which it starts.
        """
        made = [self._kind(Kind(*kind)) for kind in kinds]
        denied = [
            kind_hash if _are_columns(kind) else None
            for kind, (kind_hash, *_) in zip(made, kinds, strict=True)
        ]
        times, event_of, columns = self._times, self._maker.event_of, self._denied
        for line, kind, seconds, user_name, access_key, event_id, request_id in zip(
            *rows, strict=True
        ):
            group = denied[kind], user_name
            if group[0] is not None and seconds is not None:
                if group not in columns:
                    columns[group] = made[kind], ([], [], [], [], [])
                lines, times_of, event_ids, request_ids, access_keys = columns[group][1]
                lines.append(first_line + line)
                times_of.append(seconds)
                event_ids.append(event_id.strip() or None)
                request_ids.append(request_id.strip() or None)
                access_keys.append(access_key.strip() or None)
                continue
            if seconds is None:
                time = times.read(kinds[kind][1][self._time_at])
            else:
                time = datetime.fromtimestamp(seconds, UTC)
            own = user_name, access_key, event_id, request_id
            yield event_of(made[kind], first_line + line, time, *own)

    def denied(self) -> Iterator[AlikeEvents]:
        """Yield the denied rows of all ranges since the last call, by kind and User name."""
        for (_, user_name), (kind, values) in self._denied.items():
            lines, seconds, event_ids, request_ids, access_keys = values
            own = (user_name, *(one[0] or "" for one in (access_keys, event_ids, request_ids)))
            time = datetime.fromtimestamp(seconds[0], UTC)
            first = self._maker.event_of(kind, lines[0], time, *own)
            fixed: Any = [tuple(one) for one in values]
            yield AlikeEvents(first, kind.events, EventColumns(*fixed))
        self._denied = {}

    def _kind(self, kind: Kind) -> RowKind:
        """Return what makes the events of a kind. A kind with a hash is known in all ranges."""
        found = None if kind.hash is None else self._kinds.get(kind.hash)
        if found is None:
            found = self._maker.kind(kind.cells, needed=kind.needed)
            if kind.hash is not None:
                if len(self._kinds) >= _KINDS_KEPT:
                    self._kinds.clear()
                self._kinds[kind.hash] = found
        return found

    def single(self, line: int, cells: list[str]) -> Event:
        """Return the event of a row. Nothing is noted."""
        return self._maker.single(line, self._times.read(cells[self._time_at]), cells)

    def of_text(self, line: int, text: str) -> Event:
        """Return the event of the text of a row."""
        return self.single(line, self._cells(text))

    def summary(self, text: str) -> Summary:
        """Return what a list shows of the text of a row."""
        cells = self._cells(text)
        cells.append("")  # a column that the file lacks
        name, error_code, event_id, user_name = self._summary(cells)
        return Summary(
            name.strip(),
            error_code.strip() or None,
            event_id.strip() or None,
            user_name.strip() or None,
        )

    def _cells(self, text: str) -> list[str]:
        if '"' not in text:
            return text.rstrip("\r\n").split(self._delimiter)  # three times as fast
        (cells,) = csv.reader([text], delimiter=self._delimiter)
        return cells

    def forget_kinds(self) -> None:
        """Forget the kinds of needed rows, when all of them are read."""
        self._kinds.clear()
        self._maker.forget_kinds()


def _are_columns(kind: RowKind) -> bool:
    """Return whether rows of a kind are denied by KMS, and nothing is noted of each row."""
    first = kind.events.first
    denied = first.source == KMS_EVENT_SOURCE and first.error_code in DENIAL_CODES
    return denied and not kind.unreadable
