"""A large log file → its records, in several processes.

The file is cut into ranges. Where a record begins in the middle of the file is not known: a range
starts at the first place that looks like it, and its result counts only if the range before it ends
there. Otherwise this process reads the range again, from where the range before it ends. A process
must unpack a gzip file from its beginning on: this process reads the first ranges, and the helpers
the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

from ebs_kms_audit.reading.gunzip import MOST_PACKED, expected_size
from ebs_kms_audit.reading.records.batches import Packed
from ebs_kms_audit.reading.records.content import Content
from ebs_kms_audit.reading.records.decoder import LONGEST_RECORD, Record
from ebs_kms_audit.reading.records.kept import KeptRecords
from ebs_kms_audit.reading.records.log_format import BORDER, COMMA, LOG
from ebs_kms_audit.reading.records.scan import Keep, RecordScan
from ebs_kms_audit.reading.seekable import SeekableContent
from ebs_kms_audit.reading.sources import PlainFile
from ebs_kms_audit.reading.workers import Workers

RANGE = 2 << 20
LARGE = 2 << 20
"""From this size on, in bytes on the disk, it pays to start a process."""


_SHARE = 0.74  # of a range: this process also takes the results of all ranges


class _Part(NamedTuple):
    """The records of a range, as `marshal` takes them.

    begin, end  where the first record begins, and the first record after the range
    number      the number of the last record, from 1 at the beginning
    passed      how many records were passed over
    times       the earliest and the latest Event time of these
    records     the records that were decoded
    kept        the records that were passed over and can bear on a denial
    left        the bytes from `end` to the end of the content; None if that is not known
    """

    begin: int
    end: int
    number: int
    passed: int
    times: list[str]
    records: list[tuple[Any, ...]]
    kept: Packed | None
    left: bytes | None


class LargeLog:
    """An iterator over the records of a large log file that must be decoded.

    `scan` returns a reader of blocks from a place on, which gives the records that can bear on a
    denial to a function. `kept` takes these records; without it, they are decoded.

    passed  the number of records that were passed over
    times   the earliest and the latest Event time of these, of each range
    """

    def __init__(
        self,
        content: Content,
        workers: Workers,
        scan: Callable[[Iterator[bytes], Keep | None, int], RecordScan],
        kept: KeptRecords | None,
    ) -> None:
        self._content = SeekableContent(content.again)
        self._opened = content
        file = content.file
        assert file is not None, "is_large_log requires it"
        most = file.size * MOST_PACKED if file.packed else file.size
        self._size = file.size
        self._count = most // RANGE + 1
        size = expected_size(file.path, file.size) if file.packed else 0
        self._expected = int(size / RANGE * _SHARE)
        self._workers = workers
        self._scan = scan
        self._kept = kept
        self.passed = 0
        self.times: list[str] = []

    def __iter__(self) -> Iterator[Record]:
        opening = LOG.match(next(self._content.blocks_from(0)))
        start = end = opening.end() if opening else 0
        number = 0
        left = None
        before = self._workers.reported

        def work(place: int) -> tuple[Any, ...] | None:
            begin = self._first_record(place * RANGE) if place else start
            return tuple(self._read(begin, (place + 1) * RANGE)) if begin is not None else None

        with closing(self._workers.in_order(work, self._count, self._expected)) as results:
            for place, found in enumerate(results):
                stop = (place + 1) * RANGE
                if end >= stop:
                    continue
                part = _Part(*found) if found else None
                if part is None or part.begin != end:
                    part = self._read(end, stop)
                yield from self._take(part, number)
                end, number, left = part.end, number + part.number, part.left
                if end < stop:
                    break
        blocks = self._content.blocks_from(end) if left is None else iter([left])
        keep = partial(self._kept.add, self._opened.name) if self._kept else None
        rest = self._scan(blocks, keep, end)
        yield from rest.of_rest(number)
        self._add(rest.passed, rest.times)
        self._workers.report_whole(self._size, before)

    def _first_record(self, offset: int) -> int | None:
        """Return the first place from an offset on where a record may begin; None if none is near.

        An object in a request can look like a record.
        """
        text = b""
        for block in self._content.blocks_from(offset - len(COMMA)):
            text += block
            found = text.find(BORDER)
            if found != -1:
                return offset + found
            if len(text) > LONGEST_RECORD:
                break
        return None

    def _read(self, begin: int, stop: int) -> _Part:
        """Read the records from one that begins at a place, up to one that begins after a range."""
        batch = self._kept.batch(begin // RANGE) if self._kept else None
        keep = partial(batch.add, self._opened.name) if batch else None
        scan = self._scan(self._content.blocks_from(begin), keep, begin)
        records = [tuple(one) for one in scan.of_range(stop - begin)]
        end = begin + scan.size
        left = None if self._opened.cut_short else scan.left
        kept = batch.packed() if batch else None
        return _Part(begin, end, scan.number, scan.passed, scan.times, records, kept, left)

    def _take(self, part: _Part, number: int) -> Iterator[Record]:
        """Yield the records of a range; `number` is that of the last record before it."""
        self._add(part.passed, part.times)
        if self._kept and part.kept:
            self._kept.take(part.kept, number)
        for place, *others in part.records:
            yield Record(number + place, *others)

    def _add(self, passed: int, times: list[str]) -> None:
        self.passed += passed
        self.times += times


def is_large_log(file: PlainFile | None, beginning: bytes) -> bool:
    """Return whether a file that begins like this is read as a large log."""
    return file is not None and file.size >= LARGE and LOG.match(beginning) is not None
