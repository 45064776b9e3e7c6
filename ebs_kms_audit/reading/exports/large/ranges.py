"""The ranges of a large export, in order. Several processes read them at the same time where asked.

A row belongs to the range in which it begins. A range can begin in the middle of a row, so where
its first row begins is known when the range before it was read. Before that it is guessed: after
the first line end. The guess is wrong if this line end is inside a quoted cell. Then the result
does not count, and this process reads that range and all ranges after it.

Content that is read once is read by this process alone, by `results_of`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from ebs_kms_audit.reading.exports.large.contents import (
    PackedContent,
    PlainContent,
    SequentialContent,
    decoded,
    row_start,
)
from ebs_kms_audit.reading.exports.large.range_reader import RangeReader, RangeResult
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.exports.large.window import ByteWindow
from ebs_kms_audit.reading.workers import Workers

RANGE = 8 << 20
"""How many bytes of a file a process reads at once."""
_WORK_OF_PACKED = 1.15  # times that of a range: in a gzip file, what is before it is unpacked too


class Ranges:
    """The ranges of one content. Its first row begins at the byte `begin`."""

    def __init__(
        self, content: PlainContent | PackedContent, begin: int, settings: Settings
    ) -> None:
        self._content = content
        self._begin = begin
        self._settings = settings
        self._reader = RangeReader(settings)
        self._read_from = begin
        self._buffer: bytearray | None = None  # one for all ranges that this process reads

    def results(self, workers: Workers) -> Generator[RangeResult]:
        """Yield what each range holds, and report what is read to the progress meter."""
        with closing(self._results(workers)) as results:
            for result in results:
                yield result
                if not self._content.counts_reading:
                    workers.count(RANGE)

    def _results(self, workers: Workers) -> Generator[RangeResult]:
        count = self._content.most // RANGE - self._begin // RANGE + 1
        expected = int(self._content.unpacked_size / RANGE * _WORK_OF_PACKED)
        end = self._begin
        with closing(workers.in_order(self._read_guessed, count, expected)) as guessed:
            for number, found in enumerate(guessed):
                if found is None:  # the content ends before this range
                    return
                result = RangeResult(*found)
                if result.begin != end:
                    break
                yield result
                end = result.end
                if end < self._stop(number):  # the content ends in this range
                    return
            else:
                return
        yield from self._results_from(end)

    def _results_from(self, begin: int) -> Iterator[RangeResult]:
        """Yield what each range holds, from one on whose first row begins at a place."""
        self._reader = RangeReader(self._settings)  # the old one has seen rows that are none
        is_last = False
        while not is_last:
            stop = (begin // RANGE + 1) * RANGE
            result = self._read(begin, stop)
            yield result
            begin, is_last = result.end, result.end < stop

    def _stop(self, number: int) -> int:
        """Return where the range with a number ends, counted from the range of the first row."""
        return (self._begin // RANGE + number + 1) * RANGE

    def _read_guessed(self, number: int) -> tuple[Any, ...] | None:
        """Return the fields of the result of a range, if it begins where it is guessed to begin.

        None if the content ends before the range.
        """
        stop = self._stop(number)
        begin = row_start(self._content.reading, stop - RANGE) if number else self._begin
        return None if begin is None else tuple(self._read(begin, stop))

    def _read(self, begin: int, stop: int) -> RangeResult:
        """Read the rows from the one that begins at a place up to those that begin at `stop`."""
        if begin < self._read_from:  # the reader has seen later rows: a helper process ended early
            self._reader = RangeReader(self._settings)
        self._read_from = begin
        content = self._content
        window = ByteWindow(
            content.reading(begin), begin, self._buffer,
            cut_short=lambda: content.cut_short, decode=decoded,
        )  # fmt: skip
        result = self._reader.read(window, stop)
        self._buffer = window.buffer
        return result._replace(cut_short=content.cut_short)


def results_of(content: SequentialContent, settings: Settings) -> Generator[RangeResult]:
    """Yield what each range holds. The content begins with the first row."""
    reader = RangeReader(settings)
    window = ByteWindow(content.read, 0, cut_short=content.cut_short, decode=content.decode)
    is_last = False
    while not is_last:
        stop = (window.offset // RANGE + 1) * RANGE
        window.line = 0
        result = reader.read(window, stop)
        yield result._replace(cut_short=content.cut_short())
        is_last = result.end < stop
