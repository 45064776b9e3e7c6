"""A large export → its Events, by the vectorised reader, in several processes where asked.

The file is cut into ranges. Where a range begins in the middle of a row is not known: it starts at
the first line end, and its result counts only if the range before it ends there. Otherwise this
process reads the range again, from where the range before it ends.
"""

from __future__ import annotations

import csv
import marshal
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from ebs_kms_audit.aws.relevance import relevance
from ebs_kms_audit.model import AlikeEvents, Event
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.around import (
    Around,
    choose,
    in_order,
    must_be_parsed,
    of_denials,
    places_around,
    successes_of,
)
from ebs_kms_audit.reading.exports.blocks import Settings
from ebs_kms_audit.reading.exports.calls import CallRows, names_more
from ebs_kms_audit.reading.exports.changes import ChangeRows
from ebs_kms_audit.reading.exports.contents import PackedContent, PlainContent, row_start
from ebs_kms_audit.reading.exports.distinct import are_among
from ebs_kms_audit.reading.exports.events import (
    is_day_first,
    read_events,
    row_starter,
)
from ebs_kms_audit.reading.exports.groups import change_hash
from ebs_kms_audit.reading.exports.hashing import hash_texts
from ebs_kms_audit.reading.exports.kept import KEPT, PLACE, KeptRows
from ebs_kms_audit.reading.exports.listed import NO_ID, RowTexts
from ebs_kms_audit.reading.exports.ranges import RangeReader, RangeResult
from ebs_kms_audit.reading.exports.row_events import RowEvents
from ebs_kms_audit.reading.exports.rows import Dialect, Rows
from ebs_kms_audit.reading.exports.successes import SuccessRows
from ebs_kms_audit.reading.exports.window import ByteWindow
from ebs_kms_audit.reading.gunzip import MOST_PACKED, expected_size
from ebs_kms_audit.reading.lifetime import is_used_at_once
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.sources import Blocks, Source, opened
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.unchanged import UnchangedFile
from ebs_kms_audit.reading.workers import Workers

RANGE = 8 << 20
"""How many bytes of a file a process reads at once."""
_WORK_OF_PACKED = 1.15  # times that of a range: in a gzip file, what is before it is unpacked too
_TOGETHER = 10_000  # how many EC2 calls are parsed before their Event IDs are hashed
_DENIED_TOGETHER = 32  # after so many ranges, the denied rows of a kind are yielded together
_REQUIRED = {columns.EVENT_TIME, columns.EVENT_SOURCE, columns.EVENT_NAME, columns.ERROR_CODE}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def open_large(
    source: Source,
    stats: InputStats,
    head: Sequence[str],
    header: Sequence[str],
    settings: Settings,
    related: RelatedEvents | None,
) -> LargeExport | None:
    """Return the large export of a source; None where only the plain reader can read it.

    `head` are its lines up to the header. They must have one kind of line end, and their text must
    be UTF-8 in the file: otherwise it is not known where the first row begins.
    """
    layout = settings.layout
    if layout.width != len(header) or not layout.positions.keys() >= _REQUIRED:
        return None
    text = "".join(head).encode("utf-8", "surrogatepass")
    file = source.file
    end = b"\r\n" if text.endswith(b"\r\n") else b"\n"
    if not text.endswith(end) or text.count(b"\r") != text.count(b"\r\n") or file is None:
        return None
    body = len(text)
    if file.packed:
        if Lines(source.name, _blocks(source)).raw() is None:
            return None
    else:
        first: Any = next(iter(_blocks(source)), b"")
        mark = len(_BYTE_ORDER_MARK) if first.startswith(_BYTE_ORDER_MARK) else 0
        if first[mark : mark + len(text)] != text[: len(first) - mark]:
            return None
        body += mark
    stats.layout = layout
    settings = settings._replace(texts=file.packed, returns=end == b"\r\n")
    return LargeExport(source, stats, settings, body, len(head) + 1, related)


def _blocks(source: Source) -> Blocks:
    assert source.blocks is not None
    return source.blocks()


class LargeExport:
    """One large export. `read` it, then ask for the events around denials.

    The first row begins at the byte `body` of the content, and at the line `line`. With `related`,
    only rows that can bear on these denials are kept.

    counted     one event of each group of rows that were only counted, and how many there are
    overflowed  whether there were too many rows to keep all that may bear on a denial
    damaged     whether there are damaged account ids
    calls       the EC2 calls near denials that `around` left out
    """

    def __init__(
        self, source: Source, stats: InputStats, settings: Settings, body: int, line: int,
        related: RelatedEvents | None,
    ) -> None:  # fmt: skip
        self._source = source
        file = source.file
        self._file = UnchangedFile(file.path) if file and not file.packed else None
        self._texts = partial(_texts_in, self._file) if self._file else self._kept_texts
        self._stats = stats
        self._settings = settings
        self._body = body
        self._line = line
        self._kept_for = Around(related) if related else None
        self._last_around = self._kept_for
        self._events = RowEvents(settings, stats)
        self._groups: dict[int, list[Any]] = {}  # by hash: the cells of one row, and the count
        self._examples: dict[int, Event] = {}
        self._kept = {name: KeptRows(keep, limit) for name, (keep, limit) in KEPT.items()}
        self.damaged = False
        self._yielded = np.empty(0, PLACE["offset"])  # the rows that `around` yielded
        completeness = settings.layout.completeness
        at_once = self._file is not None and is_used_at_once()
        self._listed = RowTexts(
            self.name, self._texts, self._events, completeness, when_asked=at_once
        )
        self.calls = CallRows(np.empty(0, PLACE), (), self._alike, self._listed)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._source.name

    @property
    def overflowed(self) -> bool:
        """Whether rows that may bear on a denial are missing."""
        return any(rows.overflowed for rows in self._kept.values())

    @property
    def counted(self) -> list[tuple[Event, int]]:
        """Events that `read` did not yield: one of each group, and how many there are."""
        return [(self._alike(group), count) for group, (_, count) in self._groups.items()]

    def read(self, workers: Workers) -> Iterator[Event | AlikeEvents]:
        """Yield the events that are needed one by one, and denied ones of a kind together.

        `workers` may read a part of the file.
        """
        file = self._source.file
        assert file is not None, "open_large requires it"
        before = workers.reported
        if file.packed:
            most = file.size * MOST_PACKED // RANGE + 1
            expected = int(expected_size(file.path, file.size) / RANGE * _WORK_OF_PACKED)
            content = PackedContent(workers.watched(self._source))
            yield from self._read_ranges(content, most, workers, expected)
        else:
            with opened(file.path) as stream:
                count = -(-file.size // RANGE) - self._body // RANGE
                yield from self._read_ranges(PlainContent(stream.fileno(), RANGE), count, workers)
        workers.report_whole(file.size, before)
        self._events.forget_kinds()

    def _read_ranges(
        self, content: PlainContent | PackedContent, count: int, workers: Workers, expected: int = 0
    ) -> Iterator[Event | AlikeEvents]:
        """Yield the events of a content that has `count` ranges or less after its header.

        `expected` is about how many ranges it has, if this is known.
        """
        reader = RangeReader(self._settings)
        first = self._body // RANGE
        buffer: bytearray | None = None  # one for all ranges that this process reads

        def read(begin: int, stop: int) -> RangeResult:
            nonlocal buffer
            window = ByteWindow(
                content.reading(begin), begin, buffer=buffer, cut_short=lambda: content.cut_short
            )
            buffer = window.buffer
            return reader.read(window, stop)._replace(cut_short=content.cut_short)

        def read_by_number(number: int) -> tuple[Any, ...] | None:
            stop = (first + number + 1) * RANGE
            begin = row_start(content.reading, stop - RANGE) if number else self._body
            return tuple(read(begin, stop)) if begin is not None else None

        end = self._body
        wrong: set[int] = set()  # where ranges begin whose results do not count
        # A result counts if it begins where the rows before it end, and if the process that made it
        # left out no rows because of a wrong range that it read before.
        with closing(workers.in_order(read_by_number, count, expected)) as results:
            for number, found in enumerate(workers.counted(results, lambda _: content.counted)):
                stop = (first + number + 1) * RANGE
                if found is None or end >= stop:  # no row begins in this range
                    continue
                result = RangeResult(*found)
                if result.begin != end or not wrong.isdisjoint(result.after):
                    wrong.update({result.begin} - {end})
                    reader.forget_ranges()
                    result = read(end, stop)
                end = result.end
                yield from self._take(result)
                if end < stop:
                    break
                if number % _DENIED_TOGETHER == _DENIED_TOGETHER - 1:
                    yield from self._events.denied()
        yield from self._events.denied()

    def all_events(self) -> Iterator[Event]:
        """Yield all events that an audit needs, by the plain reader."""
        rows = Rows(
            iter(Lines(self.name, _blocks(self._source))),
            first_line=1,
            dialect=Dialect(self._settings.delimiter, row_starter(self._settings.layout)),
        )
        stats = InputStats(self.name, layout=self._settings.layout)
        day_first = is_day_first(self._settings.delimiter)
        return read_events(rows, stats, day_first_by_default=day_first)

    def _take(self, result: RangeResult) -> Iterator[Event]:
        """Add the figures of a range to the file's, and yield its events."""
        stats = self._stats
        rows, aside, guessed, without_zone = result.stats
        stats.rows += rows
        stats.guessed_dates |= guessed
        stats.times_without_zone |= without_zone
        for end in (result.first, result.last):
            if end:
                stats.add_time(datetime.fromisoformat(end))
        for line, reason in result.aside:
            stats.put_aside(self._line + line, reason)
        stats.set_aside_count += aside - len(result.aside)
        for group, cells, count in result.groups:
            self._groups.setdefault(group, [cells, 0])[1] += count
        for name, (content, texts) in zip(KEPT, result.kept, strict=True):
            places = np.frombuffer(content, PLACE).copy()
            places["line"] += np.uint32(self._line)
            if self._kept_for is not None:
                places = choose(self._kept_for, name, places)
            self._kept[name].add(places, texts)
        self.damaged |= result.damaged
        stats.cut_short = result.cut_short
        line = self._line
        self._line += result.lines
        return self._events.needed(line, result.kinds, result.texts, result.needed)

    def around(self, related: RelatedEvents) -> Iterator[Event]:
        """Yield the events that bear on denials, in order of their lines.

        A change to a key is among them only if the row also shows who holds an access key. EC2
        calls in rows that say nothing else are in `calls` then.
        """
        around = self._around_of(related)
        places = places_around(around, self._kept)
        self._yielded = places["offset"]
        of_denied = self._kept["calls"].those(partial(of_denials, around))
        calls = choose(around, "calls", of_denied)
        parsed = self._must_be_parsed(calls, around) if len(calls) else np.zeros(0, dtype=bool)
        self.calls = CallRows(calls[~parsed], related.names, self._alike, self._listed)
        rows = self._rows(in_order(places, calls[parsed]))
        return (self._events.single(line, cells) for line, cells in rows)

    def _must_be_parsed(self, calls: Array, around: Around) -> Array:
        """Return which EC2 calls say more than `calls` has. Event IDs become the keys of all."""
        parsed = must_be_parsed(around, calls) | are_among(calls["offset"], self._yielded)
        at, id_at = (
            self._settings.layout.positions.get(name, -1)
            for name in (columns.RESOURCES, columns.EVENT_ID)
        )
        for begin in range(0, len(calls), _TOGETHER):
            some = slice(begin, begin + _TOGETHER)
            event_ids = []
            for number, (_, cells) in enumerate(self._rows(calls[some]), begin):
                cells.append("")  # a column that the file lacks
                parsed[number] |= names_more(cells[at], around.related.resources)
                event_ids.append(cells[id_at].strip())
            calls["key"][some] = hash_texts(event_ids)
        # Of rows with one Event ID, the last one counts, if all or none of them are parsed.
        parsed |= are_among(calls["key"], calls["key"][parsed]) & (calls["key"] != NO_ID)
        return parsed

    def _around_of(self, related: RelatedEvents) -> Around:
        """Return what the denials have, as hashes. They are kept for the next call."""
        if self._last_around is None or self._last_around.related is not related:
            self._last_around = Around(related)
        return self._last_around

    def changes(self) -> ChangeRows:
        """Return the changes to keys that were only counted and that `around` did not yield."""
        layout = self._settings.layout
        kinds = {
            change_hash(layout, marshal.loads(cells)): event
            for event, (cells, _) in zip(
                map(self._alike, self._groups), self._groups.values(), strict=True
            )
            if relevance(event.source, event.name).key_change
        }
        rows = self._kept["changes"].rows()
        if len(self._yielded):
            rows = rows[~are_among(rows["offset"], self._yielded)]
        return ChangeRows(rows, kinds, self._listed)

    def successes(self, related: RelatedEvents) -> SuccessRows:
        """Return the successes of the callers of denials."""
        rows = successes_of(self._around_of(related), self._kept)
        return SuccessRows(rows, related.names, self._alike, self._listed)

    def release(self) -> None:
        """Forget the file, but not the texts of the rows that findings list."""
        self._last_around = None
        self._listed.release()

    def _alike(self, group: int) -> Event:
        """Return an event of a group of rows that were only counted, by the hash of the group."""
        event = self._examples.get(group)
        if event is None:
            cells, _ = self._groups[group]
            event = self._examples[group] = self._events.single(0, marshal.loads(cells))
        return event

    def _rows(self, places: Array) -> Iterator[tuple[int, list[str]]]:
        """Yield the lines of regular rows, and their cells."""
        cells = csv.reader(self._texts(places), delimiter=self._settings.delimiter)
        return zip(places["line"].tolist(), cells, strict=True)

    def _kept_texts(self, places: Array) -> Iterator[str]:
        """Yield the texts at some places of a packed file, which were kept while it was read."""
        for offset in places["offset"].tolist():
            texts = (rows.text(offset) for rows in self._kept.values())
            yield next(text for text in texts if text is not None).decode()


def _texts_in(file: UnchangedFile, places: Array) -> Iterator[str]:
    """Yield the texts at some places of a file."""
    with file.opened() as opened_file:
        for offset, length in zip(
            places["offset"].tolist(), places["length"].tolist(), strict=True
        ):
            yield os.pread(opened_file.fileno(), length, offset).decode()
