"""A block of a trail's log → where its records are, and what each is, for all of them at once.

The brackets of the block say where a record begins and ends, and which Event source is its own:
that of an object in a request is inside more brackets. The rules are those of `prefilter`.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import WORD, Array, moved, packed, places_of
from ebs_kms_audit.reading.exports.hashing import words_of
from ebs_kms_audit.reading.exports.times import read_times
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter
from ebs_kms_audit.reading.records.sketches import Kind
from ebs_kms_audit.reading.records.structure import Structure

_PAD = 128  # bytes after the records, so that what is compared stays inside
_BEGINS = b'{"eventVersion":'
_SOURCE = b'"eventSource":"'
_S, _NAME_ENDS = 6, 12  # in `_SOURCE`: a letter that is rare, and the quote after the name
_AFTER_VERSION, _VERSION = b'","userIdentity":{"', 21
_BEFORE_TIME = b'},"eventTime":"'
_AFTER_TIME = b'Z",'
_LONG_TERM_KEY, _K = b'"AKIA', 2
_MOST_OPENED = 250  # with fewer brackets, a record is not nested deeper than a decoder can follow


class RecordIndex(NamedTuple):
    """The records of a text.

    begins   where each begins; then, where the next record begins
    sources  where the Event source of each begins; -1 if it has none or several
    kinds    the kind of each; None if more of its text decides that
    keyed    the places in this index of records that hold a long-term access key
    others   the places of records that are keyed, or not needless
    seconds  the Event time of each that has a kind
    """

    begins: list[int]
    sources: list[int]
    kinds: list[Kind | None]
    keyed: set[int]
    others: list[int]
    seconds: Array

    def ends_of_span(self, first: int, end: int) -> list[int]:
        """Return where the sources of the earliest and the latest needless record begin.

        The records from the place `first` up to `end` are compared.
        """
        needless = np.ones(end - first, dtype=bool)
        others = self.others[bisect_left(self.others, first) : bisect_left(self.others, end)]
        needless[np.array(others, dtype=np.int64) - first] = False
        places = np.flatnonzero(needless) + first
        if not len(places):
            return []
        seconds = self.seconds[places]
        ends = places[[int(seconds.argmin()), int(seconds.argmax())]]
        return [self.sources[place] for place in ends.tolist()]


class Indexer:
    """Indexes the records of blocks."""

    def __init__(self, prefilter: RecordPrefilter) -> None:
        self._prefilter = prefilter

    def index(self, text: bytes, stop: int, before: bytes) -> RecordIndex | None:
        """Return the records of a text up to a place where another record begins.

        `before` is what precedes the beginning of each record but the first. None if a string or a
        bracket is open at the end.
        """
        buffer = bytearray(stop + _PAD + -stop % WORD)
        buffer[:stop] = memoryview(text)[:stop]
        content = np.frombuffer(buffer, dtype=np.uint8)
        structure = Structure(content)
        if not structure.is_whole():
            return None
        words = words_of(buffer)
        borders = places_of(structure.closing & moved(structure.opening, len(before)))
        borders = borders[_is_at(words, borders, before + _BEGINS)] + len(before)
        begins = np.concatenate(([0], borders[structure.depth(borders) == 0], [stop]))
        sources = self._own_sources(words, content, structure, begins)
        seconds, sound = _times(words, buffer, begins, sources)
        sound &= np.diff(structure.opened(begins)) < _MOST_OPENED
        keys = places_of(structure.strings & moved(packed(content == ord("K")), _K))
        keys = keys[_is_at(words, keys, _LONG_TERM_KEY)]
        keyed = set((np.searchsorted(begins, keys, "right") - 1).tolist())
        places = sources.tolist()
        kinds = self._prefilter.kinds_by_names(text, places, sound.tolist())
        others = [place for place, kind in enumerate(kinds) if kind != "needless" or place in keyed]
        return RecordIndex(begins.tolist(), places, kinds, keyed, others, seconds)

    @staticmethod
    def _own_sources(words: Array, content: Array, structure: Structure, begins: Array) -> Array:
        """Return where the Event source of each record begins; -1 if it has none or several."""
        named = structure.strings & moved(structure.quotes, _NAME_ENDS)
        found = places_of(named & moved(packed(content == ord("S")), _S))
        found = found[_is_at(words, found, _SOURCE)]
        found = found[structure.depth(found) == 1]
        records = np.searchsorted(begins, found, "right") - 1
        sources = np.full(len(begins) - 1, -1)
        sources[records] = found
        sources[np.bincount(records, minlength=len(sources)) != 1] = -1
        return sources


def _times(words: Array, buffer: bytearray, begins: Array, sources: Array) -> tuple[Array, Array]:
    """Return the Event times of records, and which records begin as CloudTrail writes them."""
    version = begins[:-1] + _VERSION
    time = sources - 22
    sound = time - len(_BEFORE_TIME) > version
    time[~sound] = len(_BEFORE_TIME)
    sound &= _is_at(words, version, _AFTER_VERSION)
    sound &= _is_at(words, time - len(_BEFORE_TIME), _BEFORE_TIME)
    sound &= _is_at(words, time + 19, _AFTER_TIME)
    seconds, is_time = read_times(buffer, time, time + 20)
    return seconds, sound & is_time


def _is_at(words: Array, places: Array, text: bytes) -> Array:
    """Return at which of the places a text is."""
    found = np.ones(len(places), dtype=bool)
    for start in {*range(0, len(text) - 7, 8), max(len(text) - 8, 0)}:
        part = text[start : start + 8]
        mask = np.uint64((1 << 8 * len(part)) - 1)
        found &= words[places + start] & mask == np.uint64(int.from_bytes(part, "little"))
    return found
