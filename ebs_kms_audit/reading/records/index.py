"""A block of a trail's log → where its records are, for all of them at once, with numpy.

A rare letter of a member's name shows where the name can be, and eight bytes at a time are compared
there. A record is `needless` if an audit does not need it, beyond any doubt: it has no object in a
list, so that no other record can begin in it, and no long-term access key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.reading.exports.hashing import Array, hash_spans, words_of
from ebs_kms_audit.reading.exports.times import read_times
from ebs_kms_audit.reading.records.prefilter import without_escapes

_PAD = 128  # bytes after the records, so that what is compared stays inside
_BEGINS, _BEGINS_V = b'{"eventVersion":', 7
_SOURCE, _SOURCE_S = b'"eventSource":"', 6
_AFTER_VERSION, _VERSION = b'","userIdentity":{"', 21
_BEFORE_TIME = b'},"eventTime":"'
_AFTER_TIME = b'Z",'
_NAMES = 80  # bytes after `_SOURCE`
_LONG = 4_096


class RecordIndex(NamedTuple):
    """The records of a text.

    begins    where each begins
    sources   where its first Event source begins, or -1
    needless  whether an audit does not need it, beyond any doubt
    seconds   the Event times of those that are needless
    """

    begins: Array
    sources: Array
    needless: Array
    seconds: Array

    def ends_of_span(self, left_out: list[range]) -> list[int]:
        """Return where the Event sources of the earliest and the latest needless record begin."""
        needless = self.needless.copy()
        for part in left_out:
            needless[part.start : part.stop] = False
        records = np.flatnonzero(needless)
        if not len(records):
            return []
        seconds = self.seconds[records]
        ends = records[[int(seconds.argmin()), int(seconds.argmax())]]
        found: list[int] = self.sources[ends].tolist()
        return found


class Indexer:
    """Indexes the records of blocks. `is_needless` judges the text after an Event source."""

    def __init__(self, is_needless: Callable[[bytes], bool]) -> None:
        self._is_needless = is_needless
        self._judged: dict[int, bool] = {}

    def index(self, text: bytes, stop: int, before: bytes) -> RecordIndex:
        """Return the records of a text up to a place where another record begins.

        `before` is what precedes the beginning of each record but the first.
        """
        buffer = bytearray(text[: stop + len(_BEGINS)])
        buffer += bytes(_PAD)
        content = np.frombuffer(buffer, dtype=np.uint8)
        words = words_of(buffer)
        begins = np.flatnonzero(content[:stop] == ord("V")) - _BEGINS_V
        begins = begins[begins >= 0]
        begins = begins[_is_at(words, begins, _BEGINS)]
        follows = np.ones(len(begins), dtype=bool)
        for back, byte in enumerate(reversed(before), start=1):
            follows &= content[begins - back] == byte
        follows[:1] = True
        begins = begins[follows]
        count = len(begins)
        sources = np.flatnonzero(content[:stop] == ord("S")) - _SOURCE_S
        sources = sources[sources > 0]
        sources = sources[_is_at(words, sources, _SOURCE)]
        found = np.bincount(np.searchsorted(begins, sources, "right") - 1, minlength=count)
        first = np.full(count, -1)
        place = np.searchsorted(sources, begins)
        has_source = found > 0
        first[has_source] = sources[place[has_source]]

        needless = (found == 1) & (np.append(begins[1:], stop) - begins < _LONG)
        objects = np.flatnonzero(content[:stop] == ord("{"))[1:]
        needless &= ~_holds(begins, objects[content[objects - 1] != ord(":")], but_first=True)
        keys = np.flatnonzero(content[:stop] == ord("K")) - 2
        keys = keys[keys > 0]
        keys = keys[_is_at(words, keys, b'"AKIA')]
        needless &= ~_holds(begins, keys)
        likely = np.flatnonzero(needless)
        seconds = np.zeros(count, dtype=np.int64)
        needless[likely], seconds[likely] = self._judge_all(
            buffer, words, begins[likely], first[likely]
        )
        return RecordIndex(begins, first, needless, seconds)

    def is_whole(self, text: bytes) -> bool:
        """Return whether a text has as many opening as closing braces, and pairs of quotes."""
        content = np.frombuffer(without_escapes(text), dtype=np.uint8)
        return _count(content, '"') % 2 == 0 and _count(content, "{") == _count(content, "}")

    def _judge_all(
        self, buffer: bytearray, words: Array, begins: Array, sources: Array
    ) -> tuple[Array, Array]:
        """Return which records are needless by how they begin, and their Event times."""
        sound = _is_at(words, begins + _VERSION, _AFTER_VERSION)
        sound &= sources - begins > len(_BEFORE_TIME) + 22 + _VERSION
        time = np.maximum(sources - 22, 0)
        sound &= _is_at(words, np.maximum(sources - 37, 0), _BEFORE_TIME)
        sound &= _is_at(words, np.maximum(sources - 3, 0), _AFTER_TIME)
        seconds, is_time = read_times(buffer, time, time + 20)
        sound &= is_time
        names = sources + len(_SOURCE)
        hashes = hash_spans(words, names, names + _NAMES)
        unique, at, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        judged = [
            self._judged[one] if one in self._judged else self._judge(one, buffer, int(names[row]))
            for one, row in zip(unique.tolist(), at.tolist(), strict=True)
        ]
        sound &= np.array(judged, dtype=bool)[inverse]
        return sound, seconds

    def _judge(self, hashed: int, buffer: bytearray, begin: int) -> bool:
        if len(self._judged) >= 10_000:
            self._judged.clear()
        found = self._judged[hashed] = self._is_needless(bytes(buffer[begin : begin + _NAMES]))
        return found


def _is_at(words: Array, places: Array, text: bytes) -> Array:
    """Return at which of the places a text is."""
    found = np.ones(len(places), dtype=bool)
    for start in {*range(0, len(text) - 7, 8), max(len(text) - 8, 0)}:
        part = text[start : start + 8]
        mask = np.uint64((1 << 8 * len(part)) - 1)
        found &= words[places + start] & mask == np.uint64(int.from_bytes(part, "little"))
    return found


def _holds(begins: Array, places: Array, *, but_first: bool = False) -> Array:
    """Return which records hold one of the places, or one that is not their beginning."""
    found = np.zeros(len(begins), dtype=bool)
    if len(begins):
        records = np.searchsorted(begins, places, "right") - 1
        if but_first:
            records = records[begins[records] != places]
        found[records[records >= 0]] = True
    return found


def _count(content: Array, character: str) -> int:
    return int(np.count_nonzero(content == ord(character)))
