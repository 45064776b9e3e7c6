"""Blocks of bytes → records. Records that an audit does not need are counted and not decoded.

It looks for records as CloudTrail writes them: one after the other, each beginning with its
eventVersion. A caller can put an object that begins so into a list in a request. The beginning of
a record that is found in this way counts only if every list before it is closed. Where records are
written in another way, or are damaged, `decoder` reads the rest of the file.
"""

from __future__ import annotations

import codecs
import json
import re
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from ebs_kms_audit.reading.records.decoder import (
    LIST,
    LONGEST_RECORD,
    Record,
    Text,
    record_of,
    records_after,
)
from ebs_kms_audit.reading.records.prefilter import SOURCE, RecordPrefilter, is_whole
from ebs_kms_audit.reading.records.sketches import Sketch, Sketcher
from ebs_kms_audit.reading.timestamps import TimeReader

if TYPE_CHECKING:
    from ebs_kms_audit.reading.records.index import Indexer, RecordIndex

_BEGINS = b'{"eventVersion":'
_LIST = re.compile(LIST.pattern.encode())
_END_OF_LOG = b"}]}"
_LARGE_BLOCK = 1 << 16
_MOST_NESTED = 8  # beginnings of records in one record
_T = TypeVar("_T")
_Reading = Generator[Record, None, _T]


class Records:
    """An iterator over the records of one file that must be decoded.

    The blocks are UTF-8. `prefilter` decides which records are passed over. `keep` takes the
    sketches of records that can bear on a denial; without it, these records are decoded. With an
    `indexer`, large blocks are indexed by numpy.

    passed  the number of records that were passed over
    """

    def __init__(
        self,
        blocks: Iterator[bytes],
        prefilter: RecordPrefilter,
        keep: Callable[[Sketch], object] | None = None,
        indexer: Indexer | None = None,
    ) -> None:
        self._blocks = blocks
        self._prefilter = prefilter
        self._keep = keep
        self._indexer = indexer
        self._sketcher = Sketcher()
        self._number = 0
        self._first, self._last = b"\xff", b""
        self.passed = 0

    @property
    def times(self) -> list[str]:
        """The earliest and the latest Event time of the records that were passed over."""
        return [self._first.decode(), self._last.decode()] if self.passed else []

    def __iter__(self) -> Iterator[Record]:
        begun = next(self._blocks, b"")
        opening = _LIST.match(begun)
        rest = begun[opening.end() :] if opening else begun
        rest = yield from self._as_written(rest, b"}," if opening else b"}\n")
        text = Text(_decoded(chain([rest], self._blocks)))
        yield from records_after(text, self._number, listed=opening is not None)

    def _as_written(self, rest: bytes, mark: bytes) -> _Reading[bytes]:
        """Read while the records are as CloudTrail writes them; return what is after these.

        The mark is the end of a record and what separates it from the next record.
        """
        border = mark + _BEGINS
        while rest.startswith(_BEGINS):
            stop = rest.rfind(border) + len(mark)
            if stop >= len(mark):
                read = yield from self._read(rest, stop, border)
                rest = rest[read:]
            block = next(self._blocks, None)
            if block is None:
                return self._without_last(rest, border)
            rest += block
            if len(rest) > LONGEST_RECORD + len(block):
                return rest
        return rest

    def _without_last(self, rest: bytes, border: bytes) -> bytes:
        """Pass over the last record of a trail's log file if it can be; return the rest."""
        end = len(rest.rstrip()) - len(_END_OF_LOG)
        if rest.find(border) == -1 and rest.startswith(_END_OF_LOG, max(end, 0)):
            source = rest.find(SOURCE)
            if is_whole(rest[: end + 1]) and self._passes(rest, 0, source, end):
                return rest[end + 1 :]
        return rest

    def _read(self, text: bytes, stop: int, border: bytes) -> _Reading[int]:
        """Read the records before a place where another record begins; return where it stopped.

        It stops before that place where the text is damaged, or where the place is in a record.
        """
        indexer = self._indexer if stop >= _LARGE_BLOCK else None
        whole = text[:stop]
        if not (indexer and indexer.is_whole(whole)) and not is_whole(whole):
            return 0
        index = indexer.index(text, stop, border[: -len(_BEGINS)]) if indexer else None
        begins, sources, others = _places(index) if index else _found(text, stop, border)
        left_out: list[range] = []  # beginnings of records in other records
        done = 0
        for other in others:
            if other < done:
                continue
            self._count(other - done)
            done, begin = other, begins[other]
            end = text.find(border, begin)
            if self._passes(text, begin, sources[other], end):
                done += 1
                continue
            found = _decoded_record(text, begin, border)
            if found is None:
                break
            content, end = found
            self._number += 1
            record = record_of(self._number, content)
            if not record.fault and _has_time(record.content):
                self._prefilter.note_holder(text, begin, end)
            done = bisect_left(begins, end, other)
            left_out.append(range(other, done))
            yield record
        else:
            self._count(len(begins) - done)
            done = len(begins)
        if index:
            for source in index.ends_of_span([*left_out, range(done, len(begins))]):
                self._add_time(text, source)
        return begins[done] if done < len(begins) else stop

    def _count(self, count: int) -> None:
        self._number += count
        self.passed += count

    def _passes(self, text: bytes, begin: int, source: int, end: int) -> bool:
        """Return whether a record is passed over; count it, and keep its sketch."""
        kind = self._prefilter.kind(text, begin, source, end)
        if kind is None:
            return False
        if kind != "needless":
            if self._keep is None:
                return False
            number = self._number + 1
            sketch = self._sketcher.sketch(kind, number, text, begin, source, end)
            if sketch is None:
                return False
            self._keep(sketch)
        self._count(1)
        self._add_time(text, source)
        return True

    def _add_time(self, text: bytes, source: int) -> None:
        time = text[source - 22 : source - 2]
        if time < self._first:  # noqa: PLR1730 - quicker than min(), for every record
            self._first = time
        if time > self._last:  # noqa: PLR1730
            self._last = time


def _found(text: bytes, stop: int, border: bytes) -> tuple[list[int], list[int], Iterable[int]]:
    """Return where records begin, where their Event sources begin, and which must be looked at."""
    begins, sources = [], []
    begin = 0
    while begin < stop:
        end = text.find(border, begin)
        begins.append(begin)
        sources.append(text.find(SOURCE, begin, end))
        begin = end + len(border) - len(_BEGINS)
    return begins, sources, range(len(begins))


def _places(index: RecordIndex) -> tuple[list[int], list[int], Iterable[int]]:
    """Return what `_found` returns, of an index."""
    others = (~index.needless).nonzero()[0]
    return index.begins.tolist(), index.sources.tolist(), others.tolist()


def _decoded_record(text: bytes, begin: int, border: bytes) -> tuple[Any, int] | None:
    """Return the record that begins at a place, decoded, and where its last brace is.

    A list in it can hold the beginnings of other records. None if it cannot be decoded.
    """
    end = begin
    for _ in range(_MOST_NESTED):
        end = text.find(border, end + 1)
        if end == -1:
            return None
        try:
            return json.loads(text[begin : end + 1].decode("utf-8", "backslashreplace")), end
        except (ValueError, RecursionError):
            pass
    return None


def _has_time(content: dict[str, Any]) -> bool:
    """Return whether a record is not to be set aside for its time: such a one proves nothing."""
    time = content.get("eventTime")
    return isinstance(time, str) and TimeReader().read(time) is not None


def _decoded(blocks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", True)
