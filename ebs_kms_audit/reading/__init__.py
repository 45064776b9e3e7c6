"""Exports → Events. `Reading` is the door: it reads every input once, row by row.

inputs     what the caller hands in → sources (files, archives, streams, tables)
text       bytes → lines: gzip, encodings, files that are no text
layout     the header → where each column is
rows       lines → rows, as strict CSV; finds its feet again after a broken quote
ordinary   which rows can't matter, told by their lines
scan       blocks of bytes → lines; those of ordinary rows are passed over
events     rows → Events that matter; counts the rest, sets aside what can't be read
cells, times   single cells → values
tables     DataFrames and Arrow objects → rows
json_records   JSON → CloudTrail records
ordinary_records, record_scan   the same, without decoding records that can't matter
query_results  rows of a query's result → CloudTrail records
record_events  CloudTrail records → Events that matter
paths      the JSONPath expressions by which fields are taken
policies   what the caller hands in → key policies
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.events import FileReading, read_events, row_starter
from ebs_kms_audit.reading.inputs import RECORDS, Source, repeatable, sources
from ebs_kms_audit.reading.layout import (
    Layout,
    find_header,
    is_query_result,
    require_columns,
)
from ebs_kms_audit.reading.ordinary import Ordinary
from ebs_kms_audit.reading.rows import Dialect, Row, Rows
from ebs_kms_audit.reading.scan import Scan
from ebs_kms_audit.reading.text import Lines

if TYPE_CHECKING:
    from ebs_kms_audit.progress import Meter

__all__ = ["FileReading", "Reading"]

_HEADER_SEARCHED = 50


class Reading:
    """The inputs of one audit. Iterate for the events that matter; then `files` is whole.

    The exports come first, then the records. An input that can't be read at all does not end the
    iteration: its `error` says why.
    """

    def __init__(self, exports: Any, records: Any = None, meter: Meter | None = None) -> None:
        self._exports = exports
        self._records = records
        self._meter = meter
        self.files: list[FileReading] = []

    @property
    def repeatable(self) -> bool:
        """Whether the inputs can be read a second time."""
        return repeatable(self._exports) and repeatable(self._records)

    def __iter__(self) -> Iterator[Event]:
        if self._meter and self.files:
            self._meter.again()
        self.files = []
        if self._exports is not None:
            yield from self._read(sources(self._exports), _read_export)
        if self._records is not None:
            yield from self._read(sources(self._records, RECORDS), _read_records)

    def _read(
        self,
        sources: Iterator[Source],
        read: Callable[[Source, FileReading], Iterator[Event]],
    ) -> Iterator[Event]:
        for source in sources:
            reading = FileReading(source.name)
            self.files.append(reading)
            try:
                yield from read(self._watched(source), reading)
            except InputError as error:
                reading.error = str(error)

    def _watched(self, source: Source) -> Source:
        """Count what is read of a source, if anyone asks."""
        meter, blocks = self._meter, source.blocks
        if meter is None or blocks is None:
            return source
        return source._replace(blocks=lambda: meter.watch(blocks(), source.scale))


def _read_records(source: Source, reading: FileReading) -> Iterator[Event]:
    # Patterns to compile, and not for exports.
    from ebs_kms_audit.reading.json_records import looks_like_json
    from ebs_kms_audit.reading.record_events import read_record_events
    from ebs_kms_audit.reading.record_scan import Records

    if source.blocks is None:
        raise InputError(f"{source.name}: a table holds no records; {RECORDS.how_to_get_it}")
    reading.form = "records"
    text = Lines(source.name, source.blocks(), RECORDS)
    content = text.utf8()
    begun = next((block for block in content if block and not block.isspace()), b"")
    if not looks_like_json(begun.decode("utf-8", "replace")):
        raise InputError(
            f"{source.name}: "
            + ("this is no JSON" if begun else "the file is empty")
            + f"; {RECORDS.expected}"
        )
    records = Records(chain([begun], content))
    try:
        yield from read_record_events(records, reading)
    finally:
        reading.rows += records.passed
    reading.cut_short = text.cut_short
    if reading.rows and reading.rows == reading.set_aside_count:
        raise InputError(f"{source.name}: it holds no CloudTrail record; {RECORDS.how_to_get_it}")


def _read_export(source: Source, reading: FileReading) -> Iterator[Event]:
    if source.table is not None:
        header, table = source.table()
        require_columns(source.name, header, Layout.of_header(header))
        numbered = (Row(line, cells) for line, cells in enumerate(table, start=1))
        yield from _events_in(numbered, header, reading)
        return
    assert source.blocks is not None
    lines = Lines(source.name, source.blocks())
    raw = lines.raw()
    stream = iter(lines) if raw is None else Scan(raw)
    head = list(islice(stream, _HEADER_SEARCHED))
    if lines.cut_short and (not head or (len(head) == 1 and not lines.ends_with_newline)):
        raise InputError(
            f"{source.name}: {lines.cut_short} and holds no whole row: download it again"
        )
    index, delimiter, header = find_header(source.name, head)
    layout = Layout.of_header(header)
    rows = Rows(
        stream,
        ahead=head[index + 1 :],
        first_line=index + 2,
        dialect=Dialect(delimiter, row_starter(layout)),
        ordinary=None if is_query_result(header) else Ordinary.of(layout, delimiter),
    )
    try:
        yield from _events_in(_mark_last(rows, lines), header, reading, day_first=delimiter == ";")
    finally:
        reading.rows += rows.passed
    reading.cut_short = lines.cut_short
    if lines.cut_short and reading.rows == reading.set_aside_count:
        raise InputError(
            f"{reading.name}: {lines.cut_short} and holds no whole row: download it again"
        )


def _events_in(
    rows: Iterable[Row], header: list[str], reading: FileReading, *, day_first: bool = False
) -> Iterator[Event]:
    layout = Layout.of_header(header)
    if is_query_result(header):
        from ebs_kms_audit.reading.query_results import records_in_rows
        from ebs_kms_audit.reading.record_events import read_record_events

        reading.form = "query result"
        records = records_in_rows(rows, header, layout, reading)
        yield from read_record_events(records, reading)
    else:
        reading.layout = layout
        yield from read_events(rows, reading, day_first_by_default=day_first)


def _mark_last(records: Iterator[Row], lines: Lines) -> Iterator[Row]:
    """Pass rows on; the last one of a file cut short in the middle of a line is not whole."""
    held: Row | None = None
    for row in records:
        if held is not None:
            yield held
        held = row
    if held is not None:
        if lines.cut_short and not lines.ends_with_newline and held.fault is None:
            held = held._replace(fault="the file ends in the middle of this row")
        yield held
