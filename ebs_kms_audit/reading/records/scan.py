"""Blocks of bytes → records; those that can't matter are counted, and not decoded.

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
from typing import TypeVar

from ebs_kms_audit.reading.records.decode import (
    LIST,
    LONGEST_RECORD,
    Record,
    Text,
    record_of,
    records_after,
)
from ebs_kms_audit.reading.records.ordinary import MARK, OrdinaryRecords

_BEGINS = b'{"eventVersion":'
_LIST = re.compile(LIST.pattern.encode())
_NO_SHAPE = bytes(set(range(256)) - set(b'"{}' + MARK))
_STRING = re.compile(rb'"[^"\x01]*"')
_T = TypeVar("_T")
_Reading = Generator[Record, None, _T]


class Records:
    """An iterator over the records of one file; `passed` counts those that it did not give out.

    The blocks are UTF-8, and the first holds how the file begins. The first and the last record
    are given out in any case; of the others, `ordinary` tells which can be passed over.
    """

    def __init__(self, blocks: Iterator[bytes], ordinary: OrdinaryRecords) -> None:
        self._blocks = blocks
        self._ordinary = ordinary
        self._number = 0
        self.passed = 0

    def __iter__(self) -> Iterator[Record]:
        begun = next(self._blocks, b"")
        opening = _LIST.match(begun)
        rest = begun[opening.end() :] if opening else begun
        rest = yield from self._as_written(rest, b"}," if opening else b"}\n")
        text = Text(_decoded(chain([rest], self._blocks)))
        yield from records_after(text, self._number, listed=opening is not None)

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
        asked = self._ordinary.others(bodies, joined)
        if self._number == 0 and asked[:1] != [0]:
            asked.insert(0, 0)
        done = 0
        for index in asked:
            self._pass(index - done)
            done = index
            try:
                content = json.loads(_text(_BEGINS + bodies[index] + b"}"))
            except (ValueError, RecursionError):
                return done
            self._number += 1
            done += 1
            yield record_of(self._number, content)
        self._pass(len(bodies) - done)
        return len(bodies)

    def _pass(self, count: int) -> None:
        self.passed += count
        self._number += count


def _are_whole(joined: bytes, count: int) -> bool:
    """Tell whether each of the joined bodies closes all that it opens, and no more."""
    if b"\\" in joined:
        joined = joined.replace(rb"\\", b"").replace(rb"\"", b"")
    # Of quotes two by two taken away, those are left that have a brace between them, or a mark.
    shape = joined.translate(None, _NO_SHAPE).replace(b'""', b"")
    if b'"' in shape:
        shape = _STRING.sub(b"", shape)
    while b"{}" in shape:
        shape = shape.replace(b"{}", b"")
    return shape == MARK * (count - 1)


def _decoded(blocks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", True)


def _text(record: bytes) -> str:
    return record.decode("utf-8", "backslashreplace")
