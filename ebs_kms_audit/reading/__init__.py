"""Exports → Events. `Reading` is the door: it reads every input once, row by row.

inputs     what the caller hands in → sources (files, archives, streams, tables)
text       bytes → lines: gzip, encodings, files that are no text
layout     the header → where each column is
records    lines → rows, as strict CSV; finds its feet again after a broken quote
events     rows → Events that matter; counts the rest, sets aside what can't be read
cells, times   single cells → values
tables     DataFrames and Arrow objects → rows
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.events import FileReading, read_events, row_starter
from ebs_kms_audit.reading.inputs import Source, sources
from ebs_kms_audit.reading.layout import Layout, find_header, require_columns
from ebs_kms_audit.reading.records import Records, Row
from ebs_kms_audit.reading.text import Lines

__all__ = ["FileReading", "Reading"]

_HEADER_SEARCHED = 50


class Reading:
    """The inputs of one audit. Iterate once for the events that matter; then `files` is whole.

    An input that can't be read at all does not end the iteration: its `error` says why.
    """

    def __init__(self, inputs: Any) -> None:
        self._inputs = inputs
        self.files: list[FileReading] = []

    def __iter__(self) -> Iterator[Event]:
        for source in sources(self._inputs):
            reading = FileReading(source.name)
            self.files.append(reading)
            try:
                yield from _read_source(source, reading)
            except InputError as error:
                reading.error = str(error)


def _read_source(source: Source, reading: FileReading) -> Iterator[Event]:
    if source.table is not None:
        header, rows = source.table()
        reading.layout = Layout.of_header(header)
        require_columns(source.name, reading.layout)
        numbered = (Row(line, cells) for line, cells in enumerate(rows, start=1))
        yield from read_events(numbered, reading)
        return
    assert source.blocks is not None
    lines = Lines(source.name, source.blocks())
    stream = iter(lines)
    head = list(islice(stream, _HEADER_SEARCHED))
    if lines.cut_short and (not head or (len(head) == 1 and not lines.ends_with_newline)):
        raise InputError(
            f"{source.name}: {lines.cut_short} and holds no whole row: download it again"
        )
    index, delimiter, reading.layout = find_header(source.name, head)
    yield from _read_rows(head[index + 1 :], stream, lines, delimiter, index + 2, reading)


def _read_rows(
    head: list[str],
    rest: Iterator[str],
    lines: Lines,
    delimiter: str,
    first_line: int,
    reading: FileReading,
) -> Iterator[Event]:
    assert reading.layout is not None

    def all_lines() -> Iterator[str]:
        yield from head
        yield from rest

    records = Records(
        all_lines(),
        first_line=first_line,
        delimiter=delimiter,
        begins_like_a_row=row_starter(reading.layout),
    )
    rows = _mark_last(records, lines)
    yield from read_events(rows, reading, day_first_by_default=delimiter == ";")
    reading.cut_short = lines.cut_short
    if lines.cut_short and reading.rows == reading.set_aside_count:
        raise InputError(
            f"{reading.name}: {lines.cut_short} and holds no whole row: download it again"
        )


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
