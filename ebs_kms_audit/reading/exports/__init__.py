"""One export → its Events.

layout     the header → where each column is
rows       lines → rows, as strict CSV; finds its feet again after a broken quote
ordinary   which rows can't matter, told by their lines
scan       blocks of bytes → lines; those of ordinary rows are passed over
events     rows → Events that matter; counts the rest, sets aside what can't be read
cells      single cells → values
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from itertools import islice

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.exports.blocks import Block, Scan, blocks_of, whole_lines
from ebs_kms_audit.reading.exports.events import read_events, row_starter
from ebs_kms_audit.reading.exports.header import (
    Layout,
    find_header,
    require_columns,
)
from ebs_kms_audit.reading.exports.prefilter import RowPrefilter
from ebs_kms_audit.reading.exports.rows import Dialect, Row, Rows
from ebs_kms_audit.reading.sources import Source
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.workers import Workers

_HEADER_SEARCHED = 50
_LARGE = 8 << 20  # from here on it pays to start a process


def read_export(source: Source, reading: InputStats, workers: Workers) -> Iterator[Event]:
    """Yield the events of an export that matter, and count its rows in `reading`.

    Raises InputError where it can't be read at all.
    """
    if source.table is not None:
        header, table = source.table()
        require_columns(source.name, header, Layout.of_header(header))
        numbered = (Row(line, cells) for line, cells in enumerate(table, start=1))
        yield from _events_in(numbered, header, reading)
        return
    assert source.blocks is not None
    lines = Lines(source.name, source.blocks())
    raw = lines.raw()
    stream = iter(lines) if raw is None else Scan(whole_lines(raw))
    head = list(islice(stream, _HEADER_SEARCHED))
    if lines.cut_short and (not head or (len(head) == 1 and not lines.ends_with_newline)):
        raise InputError(
            f"{source.name}: {lines.cut_short} and holds no whole row: download it again"
        )
    index, delimiter, header = find_header(source.name, head)
    layout = Layout.of_header(header)
    ordinary = RowPrefilter.of(layout, delimiter)
    helped = None if raw is None else _helped(source, ordinary, lines, workers)
    if helped is not None:
        stream = Scan(workers.counted(helped, lambda block: len(block.lines)))
        deque(islice(stream, len(head)), maxlen=0)  # they were read above
    rows = Rows(
        stream,
        ahead=head[index + 1 :],
        first_line=index + 2,
        dialect=Dialect(delimiter, row_starter(layout)),
        ordinary=ordinary,
    )
    try:
        yield from _events_in(_mark_last(rows, lines), header, reading, day_first=delimiter == ";")
    finally:
        reading.rows += rows.passed
        if helped is not None:
            helped.close()  # what the caller raises may keep all this for long
    reading.cut_short = lines.cut_short
    if lines.cut_short and reading.rows == reading.set_aside_count:
        raise InputError(
            f"{reading.name}: {lines.cut_short} and holds no whole row: download it again"
        )


def _helped(
    source: Source, ordinary: RowPrefilter | None, lines: Lines, workers: Workers
) -> Generator[Block] | None:
    """Return the blocks of a large file on the disk, which other processes help to read."""
    file = source.file
    if ordinary is None or file is None or file.packed or file.size < _LARGE:
        return None
    helpers = workers.helpers()
    return blocks_of(file, ordinary, helpers, lines.check_length) if helpers else None


def _events_in(
    rows: Iterable[Row], header: list[str], reading: InputStats, *, day_first: bool = False
) -> Iterator[Event]:
    reading.layout = Layout.of_header(header)
    yield from read_events(rows, reading, day_first_by_default=day_first)


def _mark_last(records: Iterable[Row], lines: Lines) -> Iterator[Row]:
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
