"""Inputs → Events and documents. `Reading` reads every input once, by what it holds.

sizes            what the caller hands in → bytes on the disk
sources          what the caller hands in → sources (files, members of archives, streams, tables)
streams          open files → blocks
archives         zip archives → members
recognition      the beginning of a source → what it is
formats          the formats that are read, and those that are recognized and not read
decoding         blocks → lines or UTF-8, in any encoding
gunzip           blocks of gzip → blocks
seekable         blocks → the content from any place on
tables, parquet  DataFrames, Arrow objects and Parquet files → rows
exports/         rows of the console's CSV → Events
records/         CloudTrail JSON in any envelope → Events
query_results    rows of a query result → Events
document_kinds   JSON objects that are not events → which document each is
command_outputs  output of AWS commands → values
key_policies     policies, also those that the caller hands in
texts            text files → texts with an error message
documents        what the inputs hold besides events
timestamps       cells and fields → datetime
shown_accounts   the account ids that access keys and ARNs of a file show
stats            the figures of one input
workers, processes    other processes that read a part
bits, hashing, times  bytes, cells and times of many rows at once, by numpy
memory           the memory of blocks is kept
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import chain, count
from typing import TYPE_CHECKING, Any, TypeVar

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.documents import Documents
from ebs_kms_audit.reading.exports import Exports
from ebs_kms_audit.reading.exports.rows import Row
from ebs_kms_audit.reading.formats import RECORDS
from ebs_kms_audit.reading.recognition import ContentKind, Header, content_of_columns, recognize
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.shown_accounts import ShownAccounts
from ebs_kms_audit.reading.sources import Source, Sources, only_path, repeatable
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.tables import Table
from ebs_kms_audit.reading.workers import Workers

if TYPE_CHECKING:
    from ebs_kms_audit.model import AlikeEvents, Event, Window
    from ebs_kms_audit.progress import Meter
    from ebs_kms_audit.reading.exports.large import LargeExport
    from ebs_kms_audit.reading.exports.large.calls import CallRows
    from ebs_kms_audit.reading.exports.large.changes import ChangeRows
    from ebs_kms_audit.reading.exports.large.errors import CountedErrors
    from ebs_kms_audit.reading.exports.large.listed import ListedRows
    from ebs_kms_audit.reading.exports.large.successes import SuccessRows
    from ebs_kms_audit.reading.records.kept import KeptRecords

__all__ = ["InputStats", "Reading"]

# Contents that are not CloudTrail records.
NOT_RECORDS = {
    ContentKind.TEXT: "not valid JSON",
    ContentKind.CONSOLE_CSV: "the console's CSV, not valid JSON: give it without --records",
}
_Recognized = tuple[ContentKind, Header | None, Source]


class Reading:
    """The inputs of one audit. Iterate for the events that matter; `files` is then complete.

    inputs        what `audit()` takes: files of any kind that is read
    records       inputs that must hold CloudTrail events
    record_path   a JSONPath expression for records at any other place in JSON
    window        the span of time that the audit looks at
    processes     how many processes may work at a time; None is one for each CPU
    meter         counts what is read, for the progress
    lazy          whether `release` leaves rows that findings list to be read at their first use
    policy_without_key  whether a policy was given that can be of any key
    files         the figures of each input
    documents     what the inputs hold besides events
    kept_records  the records of logs that `read` left out, if there are any

    The console's CSV files come first, then everything else: a record completes its row. An input
    that cannot be read does not end the iteration; its `error` says why.
    """

    def __init__(
        self,
        inputs: Any,
        records: Any = None,
        *,
        record_path: str | None = None,
        window: Window | None = None,
        processes: int | None = 1,
        meter: Meter | None = None,
        lazy: bool = False,
        policy_without_key: bool = False,
    ) -> None:
        self._inputs = inputs
        self._records = records
        self._record_path = record_path
        self._window = window
        self._workers = Workers(processes, meter)
        self._lazy = lazy
        self._without_policy = None if policy_without_key else only_path(inputs, records)
        self._of_records: set[str] = set()
        self.files: list[InputStats] = []
        self.documents = Documents()
        self._exports = Exports(self._workers)
        self.kept_records: KeptRecords | None = None
        self._related: RelatedEvents | None = None
        self._started: Iterator[Event | AlikeEvents] | None = None

    @property
    def counted(self) -> list[tuple[Event, int]]:
        """Events that were not yielded: one of each kind, and how many there are."""
        return [pair for part in self._parts() for pair in part.counted]

    @property
    def errors(self) -> list[CountedErrors]:
        """Failed KMS calls that were not yielded and are not in `counted`."""
        return [errors for one in self._exports.large for errors in one.errors]

    @property
    def named_keys(self) -> Collection[tuple[str, ...]]:
        """The KMS keys that rows of other services name: their names in each row.

        They are not asked for where there is no policy that can be of any key.
        """
        return self._exports.named_keys.found

    @property
    def overflowed(self) -> bool:
        """Whether events that bear on a denial may be missing."""
        return any(part.overflowed for part in self._parts())

    def _parts(self) -> list[LargeExport | KeptRecords]:
        """Return what `read` leaves events out of."""
        return [*self._exports.large, *([self.kept_records] if self.kept_records else [])]

    @property
    def repeatable(self) -> bool:
        """Whether the inputs can be read a second time."""
        return repeatable(self._inputs) and repeatable(self._records)

    def __iter__(self) -> Iterator[Event]:
        """Yield every event that an audit can need. `read` is faster, and yields fewer."""
        events: Any = self._read_all(Exports(self._workers))  # none are columns
        return iter(events)

    def read(self, related: RelatedEvents | None = None) -> Iterator[Event | AlikeEvents]:
        """Yield the events that an audit needs, apart from those that `around` yields.

        Denied rows of a large export are together, those of each kind as columns.
        In a second reading, `related` says which events bear on a denial.
        """
        if self._started is not None:
            events, self._started = self._started, None
            return events
        self._related = related
        self.kept_records = None
        self._exports = Exports(
            self._workers,
            vectorised=True,
            related=related,
            window=self._window,
            without_policy=self._without_policy,
        )
        return self._read_all(self._exports, lazily=self._window is None)

    def start(self) -> None:
        """Read up to the first event, which `read` then yields first.

        Helper processes go on reading while this process does something else.
        """
        events = self.read()
        first = next(events, None)
        self._started = events if first is None else chain([first], events)

    def _read_all(self, exports: Exports, *, lazily: bool = False) -> Iterator[Event | AlikeEvents]:
        if self.files and self._workers.meter:
            self._workers.meter.again()
        self.files, self.documents = [], Documents()
        sources = Sources()
        order: dict[str, int] = {}
        try:
            yield from self._events(sources, order, exports, lazily=lazily)
        finally:
            sources.close()
            self.files.sort(key=lambda file: order.get(file.name, 0))
        collect_documents(self.files, self._of_records, self.documents)

    def _events(
        self, sources: Sources, order: dict[str, int], exports: Exports, *, lazily: bool
    ) -> Iterator[Event | AlikeEvents]:
        """Yield the events of the console's CSV files, then those of all other sources.

        `lazily` is whether records that may bear on a denial may be left to `around`.
        """
        later: list[_Recognized] = []
        for source, must_hold_events in self._sources(sources):
            order.setdefault(source.name, len(order))
            recognized = self._recognized(source, must_hold_events=must_hold_events)
            if recognized is None:
                continue
            if recognized[0] is ContentKind.CONSOLE_CSV:
                yield from self._read(recognized, exports)
            else:
                later.append(recognized)
        # A record completes the row of the same event, so beside rows every record is read.
        rows = any(file.form == "export" for file in self.files) or any(
            content in (ContentKind.TABLE, ContentKind.PARQUET) for content, *_ in later
        )
        lazily = lazily and not rows
        later.reverse()  # so that each can be let go when it is read
        while later:
            if later[-1][0] is not ContentKind.JSON:
                yield from self._read(later.pop(), exports)
                continue
            yield from self._read_json(later, lazily=lazily)

    def _sources(self, sources: Sources) -> Iterator[tuple[Source, bool]]:
        if self._inputs is not None:
            for source in sources.of(self._inputs):
                yield source, False
        if self._records is not None:
            for source in sources.of(self._records):
                self._of_records.add(source.name)
                yield source, True

    def _recognized(self, source: Source, *, must_hold_events: bool) -> _Recognized | None:
        """Return what a source is; None if it is not read, which `files` then says."""
        fault: InputError | None = None
        if source.skipped is None:
            try:
                content, header = recognize(source)
            except InputError as error:
                fault = error
            else:
                if not must_hold_events or content not in NOT_RECORDS:
                    return content, header, source._replace(head=None)
                why = f"this is {NOT_RECORDS[content]}; {RECORDS.expected}"
                fault = InputError(why, source=source.name)
        stats = InputStats(source.name, form="other", skipped=source.skipped)
        if fault:
            stats.fail(fault, listed=source.listed)
        self.files.append(stats)
        return None

    def _read_json(
        self, later: list[_Recognized], *, lazily: bool
    ) -> Iterator[Event | AlikeEvents]:
        """Read the files of JSON that come next, together.

        Where that is done lazily, the records that may bear on a denial come from `around`.
        """
        from ebs_kms_audit.reading.records import RecordFiles  # not for exports
        from ebs_kms_audit.reading.records.kept import KeptRecords

        def following() -> Iterator[Source]:
            while later and later[-1][0] is ContentKind.JSON:
                yield later.pop()[2]

        if lazily and self.kept_records is None:
            self.kept_records = KeptRecords(self._related)
        kept = self.kept_records if lazily else None
        reader = RecordFiles(self._workers, self._record_path, kept)
        yield from reader.events(following(), self.files)

    def _read(self, recognized: _Recognized, exports: Exports) -> Iterator[Event | AlikeEvents]:
        """Read one source; what cannot be read is said in `files`."""
        content, header, source = recognized
        stats = InputStats(source.name)
        self.files.append(stats)
        watched = self._workers.watched(source)
        try:
            if content is ContentKind.CONSOLE_CSV:
                yield from exports.events(source, stats)
            elif content is ContentKind.QUERY_RESULT and header is not None:
                from ebs_kms_audit.reading.query_results import read_query_csv

                stats.recognized_as = content
                yield from read_query_csv(watched, header, stats)
            elif content is ContentKind.TEXT:
                from ebs_kms_audit.reading.document_kinds import WITH_MESSAGE
                from ebs_kms_audit.reading.texts import read_text

                stats.form = "other"
                self.documents.texts.append(read_text(watched))
                stats.recognized_as = WITH_MESSAGE
            elif content is ContentKind.PARQUET:
                from ebs_kms_audit.reading.parquet import read_parquet

                stats.recognized_as = "Parquet"
                read = partial(read_parquet, watched)
                yield from self._read_table(read, source, stats, exports)
            elif source.table is not None:
                stats.recognized_as = "table"
                yield from self._read_table(source.table, source, stats, exports)
        except InputError as error:
            stats.fail(error, listed=source.listed)
        stats.check_size(source.file)

    def _read_table(
        self,
        read: Callable[[], Table],
        source: Source,
        stats: InputStats,
        exports: Exports,
    ) -> Iterator[Event | AlikeEvents]:
        """Read a table in memory, or of Parquet: with the console's columns, or a query result."""
        table = read()
        header = table.header
        if content_of_columns(header) is ContentKind.QUERY_RESULT:
            from ebs_kms_audit.reading.query_results import read_query_rows

            stats.recognized_as = f"{stats.recognized_as} with CloudTrail columns"
            rows = map(Row, count(1), table.rows)
            yield from read_query_rows(rows, header, stats)
            return
        stats.recognized_as = f"{stats.recognized_as} with the console's columns"
        again = read if source.repeatable else None
        yield from exports.events_of_table(table, stats, again)

    def around(self, related: RelatedEvents) -> Iterator[Event]:
        """Yield the events that bear on these denials, of those that `read` left out."""
        for part in self._parts():
            yield from part.around(related)

    def calls(self) -> list[CallRows]:
        """Return the EC2 calls near denials in large files that `around` left out."""
        return _without_repeated([large.calls for large in self._exports.large])

    def changes(self) -> list[ChangeRows]:
        """Return the changes to keys in large files, which `read` and `around` leave out."""
        return _without_repeated([large.changes() for large in self._exports.large])

    def key_errors(self, concern: Callable[[Event], bool]) -> list[ChangeRows]:
        """Return the calls in large files that failed because of the state of one key.

        `concern` returns whether an event is such a call.
        """
        return _without_repeated([large.key_errors(concern) for large in self._exports.large])

    def successes(self, related: RelatedEvents) -> list[SuccessRows]:
        """Return the successes of the callers of denials in large files, which `read` left out."""
        return [large.successes(related) for large in self._exports.large]

    def shown_accounts(self) -> Iterator[tuple[str, ShownAccounts]]:
        """Yield large files with damaged account ids, each with the account ids that it shows."""
        for large in self._exports.large:
            if shown := large.shown_accounts():
                yield large.name, shown

    def release(self) -> None:
        """Forget what was kept of large files. A report needs it no more."""
        for large in self._exports.large:
            large.release(close=not self._lazy)
        self._exports, self.kept_records = Exports(self._workers), None


_Listed = TypeVar("_Listed", bound="ListedRows")


def _without_repeated(files: list[_Listed]) -> list[_Listed]:
    """Leave out, in each file, the rows that a file of a higher rank holds too."""
    by_rank = sorted(files, key=lambda rows: rows.rank)
    for number, rows in enumerate(by_rank):
        for better in by_rank[number + 1 :]:
            rows.leave_out_rows_of(better)
    return files


def collect_documents(
    files: Iterable[InputStats], must_hold_records: Collection[str], documents: Documents
) -> None:
    """Turn the documents in files into values, and add these to `documents`.

    A file of `must_hold_records` that holds documents only is an input that cannot be read.
    """
    for stats in files:
        if stats.name in must_hold_records and stats.documents and not stats.rows:
            why = f"it holds no CloudTrail record, but a {stats.documents[0][0]}"
            error = InputError(f"{why}; {RECORDS.how_to_get_it}", source=stats.name)
            stats.fail(error, listed=False)
            continue
        if stats.documents and not stats.rows:
            stats.form = "other"
        for kind, content in stats.documents:
            from ebs_kms_audit.reading.command_outputs import collect

            try:
                collect(kind, content, stats.name, documents)
            except InputError as error:
                stats.error = stats.error or str(error)
