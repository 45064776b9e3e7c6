"""Results of queries, as CSV or as a table in memory → records.

The columns are those of the queries in `sql`, those of AWS's own tables, or a choice by hand: see
`records.columns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.exports.rows import Dialect, Row, Rows
from ebs_kms_audit.reading.formats import ANYTHING
from ebs_kms_audit.reading.recognition import Header
from ebs_kms_audit.reading.records.columns import Columns
from ebs_kms_audit.reading.records.decoder import Record
from ebs_kms_audit.reading.records.envelopes import NOT_A_RECORD, Unpacker
from ebs_kms_audit.reading.records.events import fields_of, read_record_events
from ebs_kms_audit.reading.sources import Source
from ebs_kms_audit.reading.stats import InputStats

_NO_NAME = "it has no event name, and its message is not a recognized access-denied message"


def read_query_csv(source: Source, header: Header, reading: InputStats) -> Iterator[Event]:
    """Yield the events in a query result as CSV, and count its rows in `reading`.

    Raises InputError if it has no column by which a denial is recognized.
    """
    assert source.blocks is not None
    lines = Lines(source.name, source.blocks(), ANYTHING)
    rows = iter(lines)
    for _ in range(header.line + 1):
        next(rows, None)
    dialect = Dialect(header.delimiter, lambda cells: len(cells) == len(header.cells))
    found = Rows(rows, first_line=header.line + 2, dialect=dialect)
    yield from read_query_rows(found, header.cells, reading)
    reading.cut_short = lines.cut_short


def read_query_rows(
    rows: Iterable[Row], header: Sequence[str], reading: InputStats
) -> Iterator[Event]:
    """Yield the events in the rows of a query result, and count the rows in `reading`.

    Raises InputError if there is no column by which a denial is recognized.
    """
    columns = Columns(header)
    fault = columns.fault()
    if fault:
        raise InputError(
            f"this table has {fault}, so no denial can be recognized; add the columns eventname, "
            "errorcode and errormessage to the query",
            source=reading.name,
        )
    reading.form = "query result"
    reading.unknown_columns, reading.missing = columns.unknown, columns.missing
    records = _records(rows, columns, len(header), reading)
    yield from read_record_events(fields_of(records), reading, timed=columns.has_time)


def _records(
    rows: Iterable[Row], columns: Columns, width: int, reading: InputStats
) -> Iterator[Record]:
    """Yield the record in each row; its number is that of the line."""
    unpacker = Unpacker()
    for row in rows:
        cells = row.cells
        if row.fault:
            yield Record(row.line, {}, row.fault)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != width and any(cell.strip() for cell in cells[width:]):
            why = f"too many fields: {len(cells)} where the header has {width}"
            yield Record(row.line, {}, why)
            continue
        if len(cells) < width:
            why = f"too few fields: {len(cells)} where the header has {width}"
            yield Record(row.line, {}, why)
            continue
        values, unreadable = columns.values(cells)
        for name in unreadable:
            reading.unreadable.setdefault(name, []).append(row.line)
        nothing = True
        for found in unpacker.in_row(values):
            nothing = False
            fault = _NO_NAME if found.fault == NOT_A_RECORD else found.fault
            yield Record(row.line, found.content, fault, found.document, found.envelopes)
        if nothing:
            yield Record(row.line, {}, _NO_NAME)
