"""Results of queries, as CSV or as a table in memory → records.

The columns are those of the queries in `sql`, those of AWS's own tables, or a choice by hand: see
`records.columns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.exports.rows import Dialect, Row, Rows, is_blank
from ebs_kms_audit.reading.formats import ANYTHING
from ebs_kms_audit.reading.recognition import Header
from ebs_kms_audit.reading.records.columns import Columns
from ebs_kms_audit.reading.records.envelopes import NOT_A_RECORD, Found, Unpacker
from ebs_kms_audit.reading.records.events import RecordFields, read_record_events
from ebs_kms_audit.reading.records.fields import Fields
from ebs_kms_audit.reading.records.needless import NeedlessRows
from ebs_kms_audit.reading.sources import Source
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import TimeReader

_NO_NAME = "it has no event name, and its message is not a recognized access-denied message"


def read_query_csv(source: Source, header: Header, stats: InputStats) -> Iterator[Event]:
    """Yield the events in a query result as CSV, and count its rows in `stats`.

    Raises InputError if it has no column by which a denial is recognized.
    """
    assert source.blocks is not None
    lines = Lines(source.name, source.blocks(), ANYTHING)
    rows = iter(lines)
    for _ in range(header.line + 1):
        next(rows, None)
    dialect = Dialect(header.delimiter, lambda cells: len(cells) == len(header.cells))
    found = Rows(rows, first_line=header.line + 2, dialect=dialect)
    yield from read_query_rows(found, header.cells, stats)
    stats.cut_short = lines.cut_short


def read_query_rows(
    rows: Iterable[Row], header: Sequence[str], stats: InputStats
) -> Iterator[Event]:
    """Yield the events in the rows of a query result, and count the rows in `stats`.

    Raises InputError if there is no column by which a denial is recognized.
    """
    columns = Columns(header)
    fault = columns.fault()
    if fault:
        raise InputError(
            f"this table has {fault}, so no denial can be recognized; add the columns eventname, "
            "errorcode and errormessage to the query",
            source=stats.name,
        )
    stats.form = "query result"
    stats.unknown_columns, stats.missing = columns.unknown, columns.missing
    records = _records(rows, columns, len(header), stats)
    yield from read_record_events(records, stats, timed=columns.has_time)


def _records(
    rows: Iterable[Row], columns: Columns, width: int, stats: InputStats
) -> Iterator[RecordFields]:
    """Yield the fields of the record in each row; its number is that of the line.

    Needless rows with a time are counted instead.
    """
    unpacker, needless, times = Unpacker(), NeedlessRows(columns), TimeReader()
    for row in rows:
        cells = row.cells
        fault = row.fault or _misfit(cells, width)
        if fault:
            yield RecordFields(row.line, Fields({}), fault)
            continue
        text = needless.time(cells)
        if text is not None:
            time = times.read(text)
            if time is None:
                yield RecordFields(row.line, Fields({"time": text}), None)
            else:
                stats.rows += 1
                stats.add_time(time)
            continue
        if is_blank(cells):
            continue
        values, unreadable = columns.values(cells)
        for name in unreadable:
            stats.note_unreadable(name, row.line)
        found = [*unpacker.in_row(values)] or [Found({}, fault=_NO_NAME)]
        for one in found:
            fault = _NO_NAME if one.fault == NOT_A_RECORD else one.fault
            yield RecordFields(row.line, Fields.of(one.content), fault)


def _misfit(cells: Sequence[str], width: int) -> str | None:
    """Return why a row does not fit under a header of so many columns; None if it does."""
    if len(cells) < width and not is_blank(cells):
        return f"too few fields: {len(cells)} where the header has {width}"
    if len(cells) > width and not is_blank(cells[width:]):
        return f"too many fields: {len(cells)} where the header has {width}"
    return None
