"""Blocks of bytes → records. Records that an audit does not need are counted and not decoded.

It looks for records as CloudTrail writes them: one after the other, each beginning with its
eventVersion. A caller can put an object that begins so into a list in a request. The beginning of
a record that is found in this way counts only if every list before it is closed. Where records are
written in another way, or are damaged, `decoder` reads the rest of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from ebs_kms_audit.reading.decoding import decoded
from ebs_kms_audit.reading.records.decoder import (
    LIST,
    LONGEST_RECORD,
    Record,
    Text,
    record_of,
    records_after,
)
from ebs_kms_audit.reading.records.failed import FailedCall
from ebs_kms_audit.reading.records.log_format import (
    BEGINS,
    BORDER,
    COMMA,
    END_OF_LOG,
    SOURCE,
    TIME,
    TIME_END,
)
from ebs_kms_audit.reading.records.looked_up import event_at
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter, holder_of, is_whole
from ebs_kms_audit.reading.records.sketches import KINDS_OF_KMS, Kind, Sketch
from ebs_kms_audit.reading.timestamps import TimeReader

if TYPE_CHECKING:
    from ebs_kms_audit.reading.records.index import Indexer, IndexPart, RecordIndex
    from ebs_kms_audit.reading.records.logs import Log

_LIST = re.compile(LIST.pattern.encode())
_LARGE_BLOCK = 1 << 16
_TOGETHER = 4  # blocks
_AFTER_RANGE = 8_192  # the next record usually begins within so many bytes
_MOST_NESTED = 8  # beginnings of records in one record
_T = TypeVar("_T")
Keep = Callable[[Sketch | FailedCall, bytes, int | None], object]
"""Takes a record that is passed over: its sketch, or the failed call in it; its text, and the place
of this in the content, or None if it is written there in another way."""
_Reading = Generator[Record, None, _T]


class RecordScan:
    """An iterator over the records of one file that must be decoded.

    The blocks are UTF-8. `prefilter` decides which records are passed over. `keep` takes those that
    can bear on a denial; without it, these records are decoded. With an `indexer`, large blocks are
    indexed by numpy. The first block begins at the place `begin` of the content.

    passed     the number of records that were passed over
    looked_up  how many of these are in the output of lookup-events
    number     the number of the last record that was read, from 1
    size       how many bytes `of_range` read
    left       the bytes after these, if `of_range` came to the end of the content
    """

    def __init__(
        self,
        blocks: Iterator[bytes],
        prefilter: RecordPrefilter,
        keep: Keep | None = None,
        indexer: Indexer | None = None,
        begin: int = 0,
    ) -> None:
        self._blocks = blocks
        self._begin = begin  # of the text that is read
        self._prefilter = prefilter
        self._keep = keep
        self._indexer = indexer
        self.number = self.size = 0
        self._first, self._last = b"\xff", b""
        self.passed = self.looked_up = 0
        self._damaged = self._is_rewritten = False
        self.left: bytes | None = None

    @property
    def times(self) -> list[str]:
        """The earliest and the latest Event time of the records that were passed over."""
        return [self._first.decode(), self._last.decode()] if self.passed else []

    def __iter__(self) -> Iterator[Record]:
        begun = next(self._blocks, b"")
        opening = _LIST.match(begun)
        rest = begun[opening.end() :] if opening else begun
        self._begin += len(begun) - len(rest)
        yield from self._rest(rest, listed=opening is not None)

    def of_rest(self, number: int) -> Iterator[Record]:
        """Yield the records after the one with a number, of a list that was begun."""
        self.number = number
        yield from self._rest(next(self._blocks, b""), listed=True)

    def _rest(self, rest: bytes, *, listed: bool) -> Iterator[Record]:
        rest = yield from self._as_written(rest, COMMA if listed else b"}\n")
        if self._indexer:
            rest = yield from self._of_spaced(rest, COMMA if listed else b"}")
        if event_at(rest, 0) is not None:
            rest = yield from self._of_lookup(rest)
        text = Text(decoded(chain([rest], self._blocks)))
        yield from records_after(text, self.number, listed=listed)

    def of_range(self, size: int) -> Iterator[Record]:
        """Yield the records of a list up to the first that begins after so many bytes.

        `size` says where that is. It is less than the size if the content ends before it, or is not
        as CloudTrail writes it.
        """
        rest = b""
        again = False  # a border is in a request: the last one is tried then
        for block in _joined(self._blocks, size + _AFTER_RANGE):
            rest += block
            after = max(0, size - self.size - len(COMMA))
            border = -1 if again else rest.find(BORDER, after)
            border = rest.rfind(BORDER) if border == -1 else border
            if border != -1:
                stop = border + len(COMMA)
                done = yield from self._read(rest, stop, BORDER)
                self.size += done
                self._begin += done
                rest = rest[done:]
                again = done < stop
                if self.size >= size or self._damaged:
                    return
            if len(rest) > LONGEST_RECORD + len(block):
                return
        self.left = rest

    def _as_written(self, rest: bytes, mark: bytes) -> _Reading[bytes]:
        """Read while the records are as CloudTrail writes them; return what is after these.

        The mark is the end of a record and what separates it from the next record.
        """
        border = mark + BEGINS
        while rest.startswith(BEGINS):
            stop = rest.rfind(border) + len(mark)
            if stop >= len(mark):
                read = yield from self._read(rest, stop, border)
                rest = rest[read:]
                self._begin += read
            block = next(self._blocks, None)
            if block is None:
                return self._without_last(rest, border)
            rest += block
            if len(rest) > LONGEST_RECORD + len(block):
                return rest
        return rest

    def _without_last(self, rest: bytes, border: bytes) -> bytes:
        """Pass over the last record of a trail's log file if it can be; return the rest."""
        end = len(rest.rstrip()) - len(END_OF_LOG)
        if rest.find(border) == -1 and rest.startswith(END_OF_LOG, max(end, 0)):
            source = rest.find(SOURCE)
            if is_whole(rest[: end + 1]) and self._passes(rest, 0, source, end):
                return rest[end + 1 :]
        return rest

    def _of_spaced(self, rest: bytes, mark: bytes) -> _Reading[bytes]:
        """Read while records differ from a log in white space only; return what is after these."""
        from ebs_kms_audit.reading.records.spaced import SPACED, compact

        self._is_rewritten = True
        border = mark + BEGINS
        while SPACED.match(rest):
            found = compact(rest)
            if found is None:
                return rest
            stop = found.text.rfind(border) + len(mark)
            if stop >= len(mark):
                done = yield from self._read(found.text, stop, border)
                rest = rest[found.place_of(done) :]
            block = b"".join(islice(self._blocks, _TOGETHER))
            if not block or len(rest) > LONGEST_RECORD:
                return rest + block
            rest += block
        return rest

    def _of_lookup(self, rest: bytes) -> _Reading[bytes]:
        """Read while events are as lookup-events writes them; return what is after these."""
        self._is_rewritten = True
        while True:
            at = 0
            while (event := event_at(rest, at)) is not None:
                text = event.record
                place = text, 0, text.find(SOURCE), len(text) - 1
                if self._prefilter.is_sound(text) and self._passes(*place):
                    self.looked_up += 1
                else:
                    try:
                        content = _decoded(rest, event.begin, event.end - 1)
                    except (ValueError, RecursionError):
                        return rest[at:]
                    record = record_of(self.number + 1, content)
                    if record.document:
                        return rest[at:]
                    yield self._noted(record, text, 0, len(text) - 1)
                at = event.end
            rest = rest[at:]
            block = next(self._blocks, None)
            if block is None or len(rest) > LONGEST_RECORD:
                return rest
            rest += block

    def of_log(self, log: Log) -> Iterator[Record]:
        """Yield the records of a whole log that is indexed."""
        self._begin = log.begin - int(log.records.begins[log.part.first])
        done = yield from self._read_each(log.text, log.records, log.part, COMMA)
        if done < log.part.end:
            begin, end = log.records.begins[[done, log.part.end]].tolist()
            rest = log.text[begin : end - 1] + b"]}"
            yield from records_after(Text(decoded([rest])), self.number, listed=True)

    def _read(self, text: bytes, stop: int, border: bytes) -> _Reading[int]:
        """Read the records before a place where another record seems to begin; return the end.

        It is before that place where the text is damaged, or where the place is in a record.
        """
        mark = border[: -len(BEGINS)]
        if self._indexer and stop >= _LARGE_BLOCK:
            index = self._indexer.index(text, stop, mark)
            if index is None:
                return 0
            (part,) = index.parts([0, len(index.begins) - 1])
            done = yield from self._read_each(text, index, part, mark)
            self._damaged = done < part.end
            return int(index.begins[done])
        if not is_whole(text[:stop]):
            return 0
        begin = 0
        while begin < stop:
            end = text.find(border, begin)
            source = text.find(SOURCE, begin, end)
            if not self._passes(text, begin, source, end):
                found = _decoded_record(text, begin, border)
                if found is None:
                    self._damaged = True
                    break
                content, end = found
                yield self._record(content, text, begin, end)
            begin = end + len(mark)
        return begin

    def _read_each(
        self, text: bytes, index: RecordIndex, part: IndexPart, mark: bytes
    ) -> _Reading[int]:
        """Read the records in a part of an index; return the place of the first damaged record.

        The mark is the end of a record and what separates it from the next record. Without damage,
        the place after the last record is returned.
        """
        done = part.first
        for one in part.candidates:
            place, begin, after, source, kind, keyed = one
            last = after - len(mark)
            if kind is None and source != -1:
                kind = self._prefilter.kind(text, begin, source, last)
            elif keyed and not self._prefilter.knows_holder(text, begin, source, last):
                kind = None
            if kind == "needless":  # it is counted with the needless records around it
                self._add_time(text, source)
                continue
            self._count(place - done)
            done = place
            if not self._passes_as(kind, text, begin, source, last):
                try:
                    content = _decoded(text, begin, last)
                except (ValueError, RecursionError):
                    break
                yield self._record(content, text, begin, last)
            done += 1
        else:
            self._count(part.end - done)
            done = part.end
        if part.first < done < part.end:
            (part,) = index.parts([part.first, done])
        for source in part.span if part.first < done else ():
            self._add_time(text, source)
        return done

    def _record(self, content: Any, text: bytes, begin: int, end: int) -> Record:
        """Return a record that is decoded; it begins at `begin`, and its last brace is at `end`."""
        return self._noted(record_of(self.number + 1, content), text, begin, end)

    def _noted(self, record: Record, text: bytes, begin: int, end: int) -> Record:
        """Return a record that is decoded, and remember who holds its long-term key."""
        self.number += 1
        holder = None if record.fault else holder_of(text, begin, end)
        if holder and _has_time(record.content):
            self._prefilter.note_holder(holder)
        return record

    def _count(self, count: int) -> None:
        self.number += count
        self.passed += count

    def _passes(self, text: bytes, begin: int, source: int, end: int) -> bool:
        """Return whether a record is passed over; count it, and keep its sketch."""
        return self._passes_as(
            self._prefilter.kind(text, begin, source, end), text, begin, source, end
        )

    def _passes_as(self, kind: Kind | None, text: bytes, begin: int, source: int, end: int) -> bool:
        """Return whether a record of a kind is passed over; count it, and keep its sketch."""
        if kind is None:
            return False
        if kind != "needless":
            if self._keep is None:
                return False
            place = self.number + 1, text, begin, source, end
            found: Sketch | FailedCall | None = self._prefilter.sketcher.sketch(kind, *place)
            if found is None and kind in KINDS_OF_KMS:
                found = self._prefilter.failed.call(*place)
            if found is None:
                return False
            in_content = None if self._is_rewritten else self._begin + begin
            self._keep(found, text[begin : end + 1], in_content)
        self.number += 1
        self.passed += 1
        self._add_time(text, source)
        return True

    def _add_time(self, text: bytes, source: int) -> None:
        time = text[source - TIME : source - TIME_END]
        if time < self._first:  # noqa: PLR1730 - quicker than min(), for every record
            self._first = time
        if time > self._last:  # noqa: PLR1730
            self._last = time


def is_lookup(beginning: bytes) -> bool:
    """Return whether a content that begins like this is the output of lookup-events."""
    opening = _LIST.match(beginning)
    return event_at(beginning, opening.end() if opening else 0) is not None


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
            return _decoded(text, begin, end), end
        except (ValueError, RecursionError):
            pass
    return None


def _joined(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield so many bytes of the blocks as one, and then the rest."""
    first = []
    for block in blocks:
        first.append(memoryview(block)[:size])
        size -= len(block)
        if size <= 0:
            yield b"".join(first)
            yield block[size:] if size else b""
            break
    else:
        yield b"".join(first)
    yield from blocks


def _has_time(content: dict[str, Any]) -> bool:
    """Return whether a record is not to be set aside for its time: such a one proves nothing."""
    time = content.get("eventTime")
    return isinstance(time, str) and TimeReader().read(time) is not None


def _decoded(text: bytes, begin: int, end: int) -> Any:
    """Return the object whose last brace is at `end`. Raises ValueError or RecursionError."""
    return json.loads(text[begin : end + 1].decode("utf-8", "backslashreplace"))
