"""The rows of one large export → Events: needed rows as columns, other rows one by one."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.blocks import Settings
from ebs_kms_audit.reading.exports.events import EventMaker, RowKind
from ebs_kms_audit.reading.exports.needed import Kind
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import TimeReader

_KINDS_KEPT = 3_000


class RowEvents:
    """Makes the Events of one file. A report keeps it, for the rows that it has as text."""

    def __init__(self, settings: Settings, stats: InputStats) -> None:
        self._delimiter = settings.delimiter
        self._maker = EventMaker(settings.layout, stats)
        self._kinds: dict[int, RowKind] = {}
        self._time_at = time_at = settings.layout.positions[columns.EVENT_TIME]
        self._times = TimeReader(
            (row.cells[time_at] for row in settings.sample if time_at < len(row.cells)),
            day_first_by_default=settings.delimiter == ";",
        )

    def needed(
        self, first_line: int, kinds: Sequence[tuple[Any, ...]], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Event]:
        """Yield the events of the needed rows of a range. `kinds` and `rows` are its own.

        `first_line` is the number of the line at which the range starts.
        """
        made = [self._kind(Kind(*kind)) for kind in kinds]
        times, event_of = self._times, self._maker.event_of
        for line, kind, seconds, *own in zip(*rows, strict=True):
            if seconds is None:
                time = times.read(kinds[kind][1][self._time_at])
            else:
                time = datetime.fromtimestamp(seconds, UTC)
            yield event_of(made[kind], first_line + line, time, *own)

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
        if '"' in text:
            (cells,) = csv.reader([text], delimiter=self._delimiter)
        else:
            cells = text.rstrip("\r\n").split(self._delimiter)  # three times as fast
        return self.single(line, cells)

    def forget_kinds(self) -> None:
        """Forget the kinds of needed rows, when all of them are read."""
        self._kinds.clear()
        self._maker.forget_kinds()
