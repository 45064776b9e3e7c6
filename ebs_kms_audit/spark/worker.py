"""Rows of a partition → Events, on the workers, with the readers of `reading/`.

The input is Arrow batches. The output is rows of one pickled value each: events with their
positions, and the figures of the partition as the last row.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.diagnosis.coverage import CoverageCounter
from ebs_kms_audit.errors import InputError
from ebs_kms_audit.identify.account_repair import AccountVotes
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading import NOT_RECORDS, InputStats
from ebs_kms_audit.reading.exports.events import read_events, row_starter
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.rows import Dialect, Row, Rows
from ebs_kms_audit.reading.formats import RECORDS
from ebs_kms_audit.reading.recognition import ContentKind, recognize
from ebs_kms_audit.reading.records import without_documents
from ebs_kms_audit.reading.records.decoder import Record, read_records
from ebs_kms_audit.reading.records.events import fields_of, read_record_events
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.sources import Source
from ebs_kms_audit.spark.related import Sieve, shows_a_denial

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_OUT = 500
_Cells = dict[str, Any]
Read = Callable[[Iterator[_Cells], dict[str, InputStats]], Iterator[Event]]


@dataclass(slots=True)
class Counted:
    """The figures of one partition.

    files    the figures of each file
    counter  the coverage of the events that are not sent to the driver
    votes    the account ids of each file
    """

    files: dict[str, InputStats] = field(default_factory=dict)
    counter: CoverageCounter = field(default_factory=lambda: CoverageCounter(None))
    votes: AccountVotes = field(default_factory=AccountVotes)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of an export.

    cells      the names of the columns
    delimiter  the delimiter between columns
    """

    cells: list[str]
    delimiter: str = ","


def work(
    batches: Iterator[pa.RecordBatch], read: Read, related: RelatedEvents | None
) -> Iterator[pa.RecordBatch]:
    """Read one partition.

    Without `related`, only denials are returned, and EC2 calls with a denial in their message. With
    `related`, all events that belong to these denials are returned. The result has one column of
    bytes: pickled `(position, Event)` values, and one `Counted` at the end.
    """
    import pyarrow as pa

    def packed() -> Iterator[bytes]:
        counted = Counted()
        cells = (row for batch in batches for row in batch.to_pylist())
        events = read(cells, counted.files)
        if related is None:
            yield from (pickle.dumps((0, event)) for event in events if shows_a_denial(event))
            return
        left: list[Event] = []
        for sent in Sieve(related).part(events, left):
            yield pickle.dumps(sent)
            _count(left, counted)
        _count(left, counted)
        yield pickle.dumps(counted)

    waiting: list[bytes] = []
    for one in packed():
        waiting.append(one)
        if len(waiting) == _ROWS_OUT:
            yield pa.RecordBatch.from_arrays([pa.array(waiting, pa.binary())], ["packed"])
            waiting = []
    yield pa.RecordBatch.from_arrays([pa.array(waiting, pa.binary())], ["packed"])


def _count(left: list[Event], counted: Counted) -> None:
    for event in left:
        counted.counter.add(event)
        counted.votes.add(event)
    left.clear()


def read_exports(
    rows: Iterator[_Cells], files: dict[str, InputStats], headers: dict[str, Header]
) -> Iterator[Event]:
    """Read rows of exports: `file`, `cells`, and the `raw` text if Spark cannot parse the row."""
    for name, of_file in groupby(rows, key=lambda row: str(row["file"])):
        header = headers[name]
        layout = Layout.of_header(header.cells)
        stats = files.setdefault(name, InputStats(name, layout=layout))
        dialect = Dialect(header.delimiter, row_starter(layout))
        placed = (row for cells in of_file for row in _rows(cells, dialect))
        yield from read_events(placed, stats, header.delimiter)


def _rows(cells: _Cells, dialect: Dialect) -> Iterator[Row]:
    if cells["raw"] is None:
        yield Row(0, cells["cells"])
        return
    lines = iter(str(cells["raw"]).splitlines(keepends=True))
    yield from (row._replace(line=0) for row in Rows(lines, first_line=0, dialect=dialect))


def read_logs(rows: Iterator[_Cells], files: dict[str, InputStats]) -> Iterator[Event]:
    """Read records: `file`, `number` and `record`, or the `whole` text of a file."""
    for name, of_file in groupby(rows, key=lambda row: str(row["file"])):
        stats = files.setdefault(name, InputStats(name, form="records"))
        try:
            yield from read_record_events(fields_of(_records(of_file, stats)), stats)
        except InputError as error:
            stats.fail(error, listed=False)


def _records(rows: Iterable[_Cells], stats: InputStats) -> Iterator[Record]:
    for row in rows:
        if row["whole"] is None:
            yield from without_documents(_numbered(row["record"], row["number"]), stats)
            continue
        text = str(row["whole"]).removeprefix("\ufeff")
        _check_is_json(text, stats.name)
        beginning = text.encode("utf-8", "replace")
        yield from without_documents(read_records([text]), stats, beginning)


def _check_is_json(text: str, name: str) -> None:
    """Raise InputError for a file that is not JSON. The text is that of one machine."""
    content, _ = recognize(Source(name=name, head=lambda size: text[:size]))
    if content is not ContentKind.JSON:
        what = NOT_RECORDS.get(content, f"{content}, which Spark does not read as records")
        raise InputError(f"this is {what}; {RECORDS.expected}", source=name)


def _numbered(text: str, number: int) -> Iterator[Record]:
    """Read one record as an element of a list, so that it is not recognized as a file."""
    return (record._replace(number=number) for record in read_records([f"[{text}]"]))
