"""Blocks of bytes → records. Records that an audit does not need are counted and not decoded.

It looks for records as CloudTrail writes them: one behind the other, each beginning with its
eventVersion. A caller can put text that looks so into a request, so the borders that are found
count only if between any two of them as many objects are closed as were opened, outside of
strings. Wherever that does not hold, and for the first and the last record, `decode` reads.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

from ebs_kms_audit.reading.records.decoder import (
    LIST,
    LONGEST_RECORD,
    Record,
    Text,
    read_records,
    record_of,
    records_after,
)
from ebs_kms_audit.reading.records.prefilter import MARK, RecordPrefilter
from ebs_kms_audit.reading.timestamps import TimeReader

_BEGINS = b'{"eventVersion":'
_LIST = re.compile(LIST.pattern.encode())
_NO_SHAPE = bytes(set(range(256)) - set(b'"{}' + MARK))
_DEEPEST = 50  # nested objects; each level needs one pass over the text
_STRING = re.compile(rb'"[^"\x01]*"')
_T = TypeVar("_T")
_Reading = Generator[Record, None, _T]


class Records:
    """An iterator over the records of one file. `passed` is the number of skipped records.

    The blocks are UTF-8. The first and the last record are always yielded, because they show the
    time span. If the last record cannot be read, the record before it is also yielded. `prefilter`
    decides which of the others are skipped.
    """

    def __init__(self, blocks: Iterator[bytes], prefilter: RecordPrefilter) -> None:
        self._blocks = blocks
        self._prefilter = prefilter
        self._number = 0
        self._last_passed: bytes | None = None
        self.passed = 0

    def __iter__(self) -> Iterator[Record]:
        begun = next(self._blocks, b"")
        opening = _LIST.match(begun)
        rest = begun[opening.end() :] if opening else begun
        rest = yield from self._as_written(rest, b"}," if opening else b"}\n")
        text = Text(_decoded(chain([rest], self._blocks)))
        for record in records_after(text, self._number, listed=opening is not None):
            if record.fault and self._last_passed is not None:
                yield self._take_back(self._last_passed)
            self._last_passed = None
            yield record

    def _take_back(self, body: bytes) -> Record:
        """Return the record that was passed over last."""
        self.passed -= 1
        return next(read_records([f"[{_text(_BEGINS + body)}}}]"]))._replace(number=self._number)

    def _as_written(self, rest: bytes, mark: bytes) -> _Reading[bytes]:
        """Read while the records are as CloudTrail writes them; return what is behind these."""
        border = mark + _BEGINS
        block: bytes | None = b""
        while block is not None and rest.startswith(_BEGINS) and len(rest) < LONGEST_RECORD:
            rest += block
            end = rest.rfind(border)
            if end != -1:
                bodies = rest[len(_BEGINS) : end].split(border)
                rest = rest[end + len(mark) :]
                done = yield from self._read(bodies)
                if done < len(bodies):
                    return _BEGINS + border.join(bodies[done:]) + mark + rest
            block = next(self._blocks, None)
        return rest

    def _read(self, bodies: Sequence[bytes]) -> _Reading[int]:
        """Yield those that must be read; return how many are done with, all if none is amiss."""
        joined = MARK.join(bodies)
        if not _are_whole(joined, len(bodies)):
            return 0
        asked = self._prefilter.others(bodies, joined)
        if self._number == 0:
            asked.add(0)
        done = 0
        for index in sorted(asked):
            if self._number and self._prefilter.is_of_known_holder(bodies[index]):
                continue
            self._pass(bodies[done:index])
            done = index
            try:
                content = json.loads(_text(_BEGINS + bodies[index] + b"}"))
            except (ValueError, RecursionError):
                return done
            self._number += 1
            self._last_passed = None
            done += 1
            record = record_of(self._number, content)
            if not record.fault and _has_time(record.content):
                self._prefilter.note_holder(bodies[index])
            yield record
        self._pass(bodies[done:])
        return len(bodies)

    def _pass(self, bodies: Sequence[bytes]) -> None:
        if bodies:
            self.passed += len(bodies)
            self._number += len(bodies)
            self._last_passed = bodies[-1]


def _has_time(content: dict[str, Any]) -> bool:
    """Return whether a record is not to be set aside for its time: such a one proves nothing."""
    time = content.get("eventTime")
    return isinstance(time, str) and TimeReader().read(time) is not None


def _are_whole(joined: bytes, count: int) -> bool:
    """Return whether each of the joined bodies closes all that it opens, and no more."""
    if b"\\" in joined:
        joined = joined.replace(rb"\\", b"").replace(rb"\"", b"")
    # Of quotes two by two taken away, those are left that have a brace between them, or a mark.
    shape = joined.translate(None, _NO_SHAPE).replace(b'""', b"")
    if b'"' in shape:
        shape = _STRING.sub(b"", shape)
    for _ in range(_DEEPEST):
        if b"{}" not in shape:
            break
        shape = shape.replace(b"{}", b"")
    return shape == MARK * (count - 1)


def _decoded(blocks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", True)


def _text(record: bytes) -> str:
    return record.decode("utf-8", "backslashreplace")
