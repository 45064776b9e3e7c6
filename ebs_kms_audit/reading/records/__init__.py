"""Files of CloudTrail JSON → their Events; of many small files, other processes read a part.

decoder      JSON → records, one at a time
envelopes    JSON values → the records and documents inside them
columns      columns of a query result → records
struct_text  cells with structure → JSON values
prefilter    which records cannot matter, by their text
blocks       blocks of bytes → records; those that cannot matter are counted, and not decoded
paths        JSONPath expressions → steps
fields       the fields of a record, by JSONPath expressions
events       records → Events that matter
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.command_outputs import WITH_MESSAGE
from ebs_kms_audit.reading.decoding import Lines, decoded
from ebs_kms_audit.reading.formats import JSON_FORMATS, RECORDS, ForeignError
from ebs_kms_audit.reading.records.blocks import Records
from ebs_kms_audit.reading.records.decoder import Record, read_records
from ebs_kms_audit.reading.records.envelopes import Unpacker
from ebs_kms_audit.reading.records.events import RecordFields, fields_of, read_record_events
from ebs_kms_audit.reading.records.fields import Fields
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter
from ebs_kms_audit.reading.sources import BLOCK, PlainFile, Source
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.workers import Workers

_SMALL = 8 << 20  # unpacked: a process holds what it reads of one file until it is asked for
_PACKED = 16  # the usual ratio of unpacked to packed size, at most
_TOGETHER = 10_000
_LARGE = 2 << 20  # from here on it pays to start a process
_EVENT_NAME = re.compile(rb'"eventName\W', re.IGNORECASE)  # it is no text: records are deeper in it
_MOST_DOCUMENTS = 10_000


class RecordFiles:
    """Reads the files of CloudTrail JSON of one audit.

    `record_path` is a JSONPath expression for records at any other place.
    """

    def __init__(self, workers: Workers, record_path: str | None = None) -> None:
        self._workers = workers
        self._record_path = record_path
        self._prefilter = RecordPrefilter()

    def events(self, sources: Iterable[Source], files: list[InputStats]) -> Iterator[Event]:
        """Yield the events of all files that matter; add the figures of each file to `files`.

        A file that cannot be read at all has its `error`.
        """
        for group in _groups(sources):
            size = sum(map(_size, group))
            helpers = self._workers.helpers() if len(group) > 1 and size >= _LARGE else 0
            if helpers:
                yield from self._read_together(group, files, helpers)
                continue
            for source in group:
                reading = InputStats(source.name, form="records")
                files.append(reading)
                try:
                    records = self._records(self._workers.watched(source), reading)
                    yield from read_record_events(fields_of(records), reading)
                    check_records(reading)
                except InputError as error:
                    reading.fail(error, listed=source.listed)
                reading.check_size(source.file)

    def _read_together(
        self, sources: Sequence[Source], files: list[InputStats], helpers: int
    ) -> Iterator[Event]:
        from ebs_kms_audit.reading.processes import in_order

        def work(number: int) -> tuple[Any, ...]:
            reading = InputStats(sources[number].name, form="records")
            records: list[tuple[Any, ...]] = []
            error = None
            try:
                for one in fields_of(self._records(sources[number], reading)):
                    # What was read before an error is kept.
                    records.append((one.number, one.fields.found, one.fault))  # noqa: PERF401
            except InputError as failed:
                error = str(failed)
            envelopes, foreign = dict(reading.envelopes), dict(reading.foreign)
            figures = (reading.rows, reading.cut_short, envelopes, foreign, reading.documents)
            return records, figures, error

        Fields.of({})  # so that the paths are parsed before, and not by each process
        results = in_order(work, len(sources), helpers)
        done = self._workers.counted(zip(sources, results, strict=True), lambda one: _size(one[0]))
        try:
            for source, (found, figures, error) in done:
                reading = InputStats(source.name, form="records")
                reading.rows, reading.cut_short, envelopes, foreign, reading.documents = figures
                reading.envelopes.update(envelopes)
                reading.foreign.update(foreign)
                files.append(reading)
                records = (
                    RecordFields(number, Fields(fields), fault) for number, fields, fault in found
                )
                yield from read_record_events(records, reading)
                try:
                    check_records(reading)
                except InputError as failed:
                    reading.fail(failed, listed=source.listed)
                reading.error = error or reading.error
                reading.check_size(source.file)
        finally:
            results.close()  # what the caller raises may keep all this for long

    def _records(self, source: Source, reading: InputStats) -> Iterator[Record]:
        """Yield the records that must be read; the others are counted in `reading`.

        The documents among them are kept in `reading`.
        """
        assert source.blocks is not None
        text = Lines(source.name, source.blocks(), RECORDS)
        content = iter(text.utf8())
        beginning = next(content, b"")
        content = chain([beginning], content)
        scanned = Records(content, self._prefilter)
        records: Iterable[Record] = scanned
        if self._record_path is not None:
            records = read_records(decoded(content), Unpacker(self._record_path))
        try:
            yield from without_documents(records, reading, beginning)
        finally:
            reading.rows += scanned.passed
        reading.cut_short = text.cut_short


def without_documents(
    records: Iterable[Record], reading: InputStats, beginning: bytes = b""
) -> Iterator[Record]:
    """Yield the records of a file. Its documents and envelopes are kept in `reading`.

    `beginning` is the first block. A file without a record that ends there is kept as a text, if
    it holds an error message.
    """
    nothing = True
    for record in records:
        nothing = nothing and record.fault is not None
        for envelope in record.envelopes:
            reading.envelopes[envelope] += 1
        if record.foreign:
            reading.foreign[record.foreign] += 1
        if record.document is None:
            yield record
        elif len(reading.documents) < _MOST_DOCUMENTS:
            reading.documents.append((record.document, record.content))
    if nothing and len(beginning) < BLOCK and not _EVENT_NAME.search(beginning):
        from ebs_kms_audit.reading.texts import holds_message

        text = beginning.decode("utf-8", "backslashreplace")
        if holds_message(text):
            reading.documents.append((WITH_MESSAGE, {"text": text}))


def _groups(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """Put small files together. Any other source is read by itself."""
    group: list[Source] = []
    for source in sources:
        small = source.file is not None and _unpacked(source.file) <= _SMALL
        if group and (not small or len(group) == _TOGETHER):
            yield group
            group = []
        if small:
            group.append(source)
        else:
            yield [source]
    if group:
        yield group


def _size(source: Source) -> int:
    return source.file.size if source.file else 0


def _unpacked(file: PlainFile) -> int:
    return file.size * _PACKED if file.packed else file.size


def check_records(reading: InputStats) -> None:
    """Raise InputError if a file holds no record and no document."""
    if any(kind == WITH_MESSAGE for kind, _ in reading.documents):
        reading.forget_rows()
    if reading.documents or not reading.rows or reading.rows != reading.set_aside_count:
        return
    foreign = list(reading.foreign)
    if foreign and reading.foreign.total() == reading.rows:
        raise ForeignError(reading.name, JSON_FORMATS[foreign[0]])
    raise InputError(f"it holds no CloudTrail record; {RECORDS.how_to_get_it}", source=reading.name)
