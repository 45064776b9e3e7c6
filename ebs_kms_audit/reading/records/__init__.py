"""Files of CloudTrail JSON → their Events; of many small files, other processes do a part.

decode         JSON → records, one at a time
ordinary       which records can't matter, told by their text
scan           blocks of bytes → records; ordinary ones are counted, and not decoded
query_results  rows of a query's result → records
paths          the JSONPath expressions by which fields are taken
events         records → Events that matter
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.records.blocks import Records
from ebs_kms_audit.reading.records.decoder import Record, looks_like_json
from ebs_kms_audit.reading.records.events import Told, read_record_events, told
from ebs_kms_audit.reading.records.fields import Fields
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter
from ebs_kms_audit.reading.sources import RECORDS, PlainFile, Source
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.workers import Workers

_SMALL = 8 << 20  # unpacked: what a process reads of one file, it holds until it is asked for
_PACKED = 16  # how much smaller a packed file is, at the most that is usual
_TOGETHER = 10_000
_LARGE = 2 << 20  # from here on it pays to start a process


def read_record_files(
    sources: Iterable[Source], files: list[InputStats], workers: Workers
) -> Iterator[Event]:
    """Yield the events of all files that matter; add to `files` what is known of each.

    One that can't be read at all has its `error`.
    """
    ordinary = RecordPrefilter()
    for group in _groups(sources):
        size = sum(map(_size, group))
        helpers = workers.helpers() if len(group) > 1 and size >= _LARGE else 0
        if helpers:
            yield from _read_together(group, ordinary, files, workers, helpers)
            continue
        for source in group:
            reading = InputStats(source.name, form="records")
            files.append(reading)
            try:
                records = _records(workers.watched(source), ordinary, reading)
                yield from read_record_events(told(records), reading)
                _check(reading)
            except InputError as error:
                reading.error = str(error)


def _groups(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """Put small files together. Any other source stands alone: it is to be read in its turn."""
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


def _read_together(
    sources: Sequence[Source],
    ordinary: RecordPrefilter,
    files: list[InputStats],
    workers: Workers,
    helpers: int,
) -> Iterator[Event]:
    from ebs_kms_audit.reading.processes import in_order

    def work(number: int) -> tuple[Any, ...]:
        reading = InputStats(sources[number].name, form="records")
        records: list[tuple[Any, ...]] = []
        try:
            for one in told(_records(sources[number], ordinary, reading)):
                # What was read before an error is kept.
                records.append((one.number, one.fields.found, one.fault))  # noqa: PERF401
        except InputError as error:
            reading.error = str(error)
        return records, reading.rows, reading.cut_short, reading.error

    Fields.of({})  # so that the paths are parsed before, and not by each process
    results = in_order(work, len(sources), helpers)
    done = workers.counted(zip(sources, results, strict=True), lambda one: _size(one[0]))
    try:
        for source, (found, passed, cut_short, error) in done:
            reading = InputStats(source.name, form="records", rows=passed, cut_short=cut_short)
            files.append(reading)
            records = (Told(number, Fields(fields), fault) for number, fields, fault in found)
            yield from read_record_events(records, reading)
            try:
                _check(reading)
            except InputError as refused:
                error = error or str(refused)  # noqa: PLW2901
            reading.error = error
    finally:
        results.close()  # what the caller raises may keep all this for long


def _records(source: Source, ordinary: RecordPrefilter, reading: InputStats) -> Iterator[Record]:
    """Yield the records that must be read; count the others in `reading`."""
    if source.blocks is None:
        raise InputError(f"{source.name}: a table holds no records; {RECORDS.how_to_get_it}")
    text = Lines(source.name, source.blocks(), RECORDS)
    content = text.utf8()
    begun = next((block for block in content if block and not block.isspace()), b"")
    if not looks_like_json(begun.decode("utf-8", "replace")):
        raise InputError(
            f"{source.name}: "
            + ("this is no JSON" if begun else "the file is empty")
            + f"; {RECORDS.expected}"
        )
    records = Records(chain([begun], content), ordinary)
    try:
        yield from records
    finally:
        reading.rows += records.passed
    reading.cut_short = text.cut_short


def _check(reading: InputStats) -> None:
    if reading.rows and reading.rows == reading.set_aside_count:
        raise InputError(f"{reading.name}: it holds no CloudTrail record; {RECORDS.how_to_get_it}")
