"""Files of CloudTrail JSON → their Events.

The plain reader decodes every record:

content    a file → blocks of UTF-8, or all of it at once
decoder    JSON text → records, one at a time
envelopes  JSON values → the records and documents inside them
columns    a row of a query result → a record (struct_text: cells with structure → JSON values;
           needless: rows that are only counted)
fields     a record → its fields, by JSONPath expressions (paths: an expression → its steps)
events     fields → Events (changes: the key policy or grant in a record)

The scan passes over the records of a log that need not be decoded. A needless record is only
counted. Of a record that may bear on a denial, the sketch and the text are kept until all denials
are known. In case of doubt, the plain reader decodes the record:

scan        blocks of bytes → the records that must be decoded; the others are passed over
log_format  how CloudTrail writes a log file: the parts of its text by which records are found
prefilter   the text of a record → its kind, or that it must be decoded
failed      failed KMS calls → events as columns, those of one kind together
sketches    the text of a record → what decides whether it bears on a denial
looked_up   output of lookup-events → the texts of its records
spaced      JSON with line breaks and spaces → the same as CloudTrail writes it, by numpy
index       a large block → the kinds of all its records, by numpy (structure: strings, brackets)
logs        small files → one index for several of them
large       a large file → its records, in several processes
batches     the records of one unit of work → their sketches and texts, packed
kept        the sketches and texts of all records; those that bear on denials are decoded
texts       the texts of kept records, some of them from their files
listed      kept records that a finding lists
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import AlikeEvents, Event
from ebs_kms_audit.reading.decoding import decoded
from ebs_kms_audit.reading.document_kinds import WITH_MESSAGE
from ebs_kms_audit.reading.formats import JSON_FORMATS, RECORDS, ForeignError
from ebs_kms_audit.reading.memory import keep_freed_memory
from ebs_kms_audit.reading.records.batches import Batch, Packed
from ebs_kms_audit.reading.records.content import Content
from ebs_kms_audit.reading.records.decoder import Record, read_records
from ebs_kms_audit.reading.records.envelopes import LOOKUP, Unpacker
from ebs_kms_audit.reading.records.events import RecordFields, fields_of, read_record_events
from ebs_kms_audit.reading.records.fields import Fields
from ebs_kms_audit.reading.records.kept import KeptRecords
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter
from ebs_kms_audit.reading.records.scan import Keep, RecordScan, is_lookup
from ebs_kms_audit.reading.sources import PlainFile, Source
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.streams import BLOCK
from ebs_kms_audit.reading.timestamps import TimeReader
from ebs_kms_audit.reading.workers import Workers

if TYPE_CHECKING:
    from ebs_kms_audit.reading.records.index import Indexer
    from ebs_kms_audit.reading.records.large import LargeLog
    from ebs_kms_audit.reading.records.logs import Log

_SMALL = 8 << 20  # unpacked: a process holds what it reads of one file until it is asked for
_PACKED = 8  # the usual ratio of unpacked to packed size
_MOST_PACKED = 16
_TOGETHER = 10_000
_LARGE = 2 << 20  # from here on it pays to start a process
_VECTORISED = 32 << 20  # unpacked: from here on it pays to import numpy
_IMPORTED = 1 / 32  # of it: from here on it pays to use numpy
_PART = 256 << 10  # packed: what a process reads before it is asked for the next part
_EVENT_NAME = re.compile(rb'"eventName\W', re.IGNORECASE)  # it is no text: records are deeper in it
_MOST_DOCUMENTS = 10_000


class _FileResult(NamedTuple):
    """What a small file holds. A helper process returns it as a tuple, for `marshal`.

    records    the number, the fields and the fault of each record that was decoded
    passed     how many records were passed over
    times      the earliest and the latest Event time of these
    cut_short  why its content ends too early
    envelopes  how many records each kind of envelope holds
    foreign    how many values of each known foreign kind there are
    documents  the kind and the content of each document
    error      why it could not be read to its end
    """

    records: list[tuple[int, dict[str, Any], str | None]]
    passed: int
    times: list[str]
    cut_short: str | None
    envelopes: dict[str, int]
    foreign: dict[str, int]
    documents: list[tuple[str, dict[str, Any]]]
    error: str | None


class RecordFiles:
    """Reads the files of CloudTrail JSON of one audit.

    `record_path` is a JSONPath expression for records at any other place. `kept` takes the records
    that may bear on a denial; without it, each is yielded.
    """

    def __init__(
        self,
        workers: Workers,
        record_path: str | None = None,
        kept: KeptRecords | None = None,
    ) -> None:
        self._workers = workers
        self._record_path = record_path
        self._kept = kept
        self._prefilter = RecordPrefilter()
        self._indexer: Indexer | None = None
        self._unpacked = 0  # bytes of all files so far
        self._numpy_pays = False

    def events(
        self, sources: Iterable[Source], files: list[InputStats]
    ) -> Iterator[Event | AlikeEvents]:
        """Yield the events of all files that matter; add the figures of each file to `files`.

        With `kept`, failed calls come last, those of one kind together. A file that cannot be read
        at all has its `error`.
        """
        for group in _groups(sources):
            if self._kept:
                self._kept.add_sources(group)
            self._unpacked += sum(_unpacked(one.file) for one in group if one.file)
            numpy_costs = _IMPORTED if "numpy" in sys.modules else 1
            self._numpy_pays = self._unpacked >= _VECTORISED * numpy_costs
            if self._numpy_pays and len(group) > 1:
                self._start_numpy()
            if len(group) > 1 and (
                self._indexer or (sum(map(_size, group)) >= _LARGE and self._workers.helpers())
            ):
                yield from self._read_together(group, files)
                continue
            for source in group:
                stats = InputStats(source.name, form="records")
                files.append(stats)
                try:
                    content = Content(self._workers.watched(source))
                    records = self._records(content, stats, self._kept)
                    yield from read_record_events(fields_of(records), stats)
                    check_records(stats)
                except InputError as error:
                    stats.fail(error, listed=source.listed)
                stats.check_size(source.file)
        if self._kept:
            yield from self._kept.failed()

    def _start_numpy(self) -> None:
        """Let numpy index large blocks from now on."""
        if self._indexer is None:
            keep_freed_memory()
            with self._workers.numpy_in_one_thread():
                from ebs_kms_audit.reading.records.index import Indexer

            self._indexer = Indexer(self._prefilter)

    def _read_together(self, sources: Sequence[Source], files: list[InputStats]) -> Iterator[Event]:
        """Read small files: helper processes read a part, several files at a time."""
        Fields.of({})  # so that the paths are parsed before, and not by each process
        parts = _parts(sources)

        def work(number: int) -> tuple[list[tuple[Any, ...]], Packed | None]:
            batch = self._kept.batch(number) if self._kept else None
            results = self._results(parts[number], batch)
            return [*map(tuple, results)], batch.packed() if batch else None

        with closing(self._workers.in_order(work, len(parts))) as results:
            done = self._workers.counted(
                zip(parts, results, strict=True), lambda one: sum(map(_size, one[0]))
            )
            for part, (found, kept) in done:
                if self._kept and kept:
                    self._kept.take(kept)
                for source, result in zip(part, found, strict=True):
                    yield from self._events_of(source, _FileResult(*result), files)

    def _results(self, sources: Sequence[Source], batch: Batch | None) -> list[_FileResult]:
        """Read files, perhaps in a helper process. `batch` takes what may bear on a denial."""
        contents = [Content(source) for source in sources]
        logs: Sequence[Log | None] = [None] * len(contents)
        if self._indexer and self._record_path is None:
            from ebs_kms_audit.reading.records.logs import index_together

            logs = index_together([one.whole_log(_SMALL) for one in contents], self._indexer)
        return [self._result(one, log, batch) for one, log in zip(contents, logs, strict=True)]

    def _result(self, content: Content, log: Log | None, batch: Batch | None) -> _FileResult:
        """Read a file. With a `log`, its records are indexed."""
        stats = InputStats(content.name, form="records")
        records: list[tuple[int, dict[str, Any], str | None]] = []
        error = None
        try:
            for one in fields_of(self._records(content, stats, batch, log)):
                # What was read before an error is kept.
                records.append((one.number, one.fields.found, one.fault))  # noqa: PERF401
        except InputError as failed:
            error = str(failed)
        times = [time.isoformat() for time in (stats.first, stats.last) if time]
        return _FileResult(
            records, stats.rows, times, stats.cut_short, dict(stats.envelopes),
            dict(stats.foreign), stats.documents, error,
        )  # fmt: skip

    def _events_of(
        self, source: Source, result: _FileResult, files: list[InputStats]
    ) -> Iterator[Event]:
        """Yield the events of a file that was read."""
        stats = InputStats(source.name, form="records")
        stats.rows, stats.cut_short = result.passed, result.cut_short
        stats.envelopes.update(result.envelopes)
        stats.foreign.update(result.foreign)
        stats.documents = result.documents
        for time in result.times:
            stats.add_time(datetime.fromisoformat(time))
        files.append(stats)
        records = (
            RecordFields(number, Fields(found), why) for number, found, why in result.records
        )
        yield from read_record_events(records, stats)
        try:
            check_records(stats)
        except InputError as failed:
            stats.fail(failed, listed=source.listed)
        stats.error = result.error or stats.error
        stats.check_size(source.file)

    def _scan(self, blocks: Iterator[bytes], keep: Keep | None, begin: int = 0) -> RecordScan:
        """Return a reader of blocks that begin at a place in a content."""
        return RecordScan(blocks, self._prefilter, keep, self._indexer, begin)

    def _records(
        self,
        content: Content,
        stats: InputStats,
        kept: KeptRecords | Batch | None,
        log: Log | None = None,
    ) -> Iterator[Record]:
        """Yield the records that must be decoded; the others are counted in `stats`.

        The documents among them are kept in `stats`.
        """
        blocks = content.blocks()
        beginning = next(blocks, b"")
        blocks = chain([beginning], blocks)
        if self._numpy_pays and not is_lookup(beginning):
            self._start_numpy()
        keep = partial(kept.add, content.name) if kept else None
        scanned: RecordScan | LargeLog = self._scan(blocks, keep)
        records: Iterable[Record] = scanned
        if self._record_path is not None:
            records = read_records(decoded(blocks), Unpacker(self._record_path))
        elif log and isinstance(scanned, RecordScan):
            records = scanned.of_log(log)
        elif self._indexer and not isinstance(kept, Batch) and self._workers.helpers():
            from ebs_kms_audit.reading.records.large import LargeLog, is_large_log

            if is_large_log(content.file, beginning):
                scanned = LargeLog(content, self._workers, self._scan, kept)
                records = scanned
        try:
            yield from without_documents(records, stats, beginning)
        finally:
            stats.rows += scanned.passed
            if isinstance(scanned, RecordScan) and scanned.looked_up:
                stats.envelopes[LOOKUP] += scanned.looked_up
            for time in filter(None, map(TimeReader().read, scanned.times)):
                stats.add_time(time)
        stats.cut_short = content.cut_short


def without_documents(
    records: Iterable[Record], stats: InputStats, beginning: bytes = b""
) -> Iterator[Record]:
    """Yield the records of a file. Its documents and envelopes are kept in `stats`.

    `beginning` is the first block. A file without a record that ends there is kept as a text, if
    it holds an error message.
    """
    nothing = True
    for record in records:
        nothing = nothing and record.fault is not None
        for envelope in record.envelopes:
            stats.envelopes[envelope] += 1
        if record.foreign:
            stats.foreign[record.foreign] += 1
        if record.document is None:
            yield record
        elif len(stats.documents) < _MOST_DOCUMENTS:
            stats.documents.append((record.document, record.content))
    if nothing and len(beginning) < BLOCK and not _EVENT_NAME.search(beginning):
        from ebs_kms_audit.reading.texts import holds_message

        text = beginning.decode("utf-8", "backslashreplace")
        if holds_message(text):
            stats.documents.append((WITH_MESSAGE, {"text": text}))


def _groups(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """Put small files together. Any other source is read by itself."""
    group: list[Source] = []
    for source in sources:
        small = source.file is not None and _unpacked(source.file, _MOST_PACKED) <= _SMALL
        if group and (not small or len(group) == _TOGETHER):
            yield group
            group = []
        if small:
            group.append(source)
        else:
            yield [source]
    if group:
        yield group


def _parts(sources: Sequence[Source]) -> list[list[Source]]:
    """Put files together for one unit of work."""
    parts: list[list[Source]] = []
    size = _PART
    for source in sources:
        if size >= _PART:
            parts.append([])
            size = 0
        parts[-1].append(source)
        size += _size(source)
    return parts


def _size(source: Source) -> int:
    return source.file.size if source.file else 0


def _unpacked(file: PlainFile, ratio: int = _PACKED) -> int:
    return file.size * ratio if file.packed else file.size


def check_records(stats: InputStats) -> None:
    """Raise InputError if a file holds no record and no document."""
    if any(kind == WITH_MESSAGE for kind, _ in stats.documents):
        stats.forget_rows()
    if stats.documents or not stats.rows or stats.rows != stats.set_aside_count:
        return
    foreign = list(stats.foreign)
    if foreign and stats.foreign.total() == stats.rows:
        raise ForeignError(stats.name, JSON_FORMATS[foreign[0]])
    raise InputError(f"it holds no CloudTrail record; {RECORDS.how_to_get_it}", source=stats.name)
