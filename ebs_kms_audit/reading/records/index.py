"""A text of a trail's log → where its records are, and what each is, for all of them at once.

The brackets of the text say where a record begins and ends, and which Event source is its own: that
of an object in a request is inside more brackets. The rules are those of `prefilter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise, repeat
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import Array, moved, places_of
from ebs_kms_audit.reading.hashing import hash_spans, words_of
from ebs_kms_audit.reading.records.log_format import (
    AFTER_TIME,
    AFTER_VERSION,
    BEFORE_TIME,
    SOURCE,
    TIME,
    VERSION_END,
)
from ebs_kms_audit.reading.records.prefilter import NAMES_FROM, NAMES_TO, RecordPrefilter
from ebs_kms_audit.reading.records.sketches import Kind
from ebs_kms_audit.reading.records.structure import Structure
from ebs_kms_audit.reading.times import read_times

PAD = 128
"""How many bytes follow what is indexed, so that what is compared stays inside the text."""
_ACCESS_KEY, _OF_A_SESSION = b'"accessKeyId"', b':"ASIA'
_LENGTH = 12  # of `"eventSource` and `"accessKeyId`
_KINDS: tuple[Kind | None, ...] = (
    None, "needless", "call", "success", "grant", "change", "session", "other",
)  # fmt: skip
_NEW, _NEEDLESS = -1, 1  # in place of a number in `_KINDS`, and such a number
_KEPT = 10_000
_SECONDS = 32  # bits below the seconds of a time
_LATEST, _NO_TIME = np.iinfo(np.int64).max, -1


class Candidate(NamedTuple):
    """A record that may be needed.

    place   its place in the index
    begin   where it begins in the text
    end     where the next record begins
    source  where its Event source begins; -1 if it has none or several
    kind    its kind; None if more of its text decides that
    keyed   whether it holds an access key that is not that of a session
    """

    place: int
    begin: int
    end: int
    source: int
    kind: Kind | None
    keyed: bool


class IndexPart(NamedTuple):
    """Consecutive records of an index.

    first       the place of the first one in the index
    end         the place after the last one
    candidates  those that may be needed, in order; the others are needless
    span        where the sources of the earliest and the latest needless record begin, if there are
                such records
    """

    first: int
    end: int
    candidates: list[Candidate]
    span: list[int]


class RecordIndex:
    """The records of a text.

    begins  where each begins; then, where the next record begins
    """

    def __init__(
        self, begins: Array, sources: Array, kinds: Array, keyed: Array, seconds: Array
    ) -> None:
        self.begins = begins
        self._needless = (kinds == _NEEDLESS) & ~keyed
        self._times = seconds << _SECONDS | sources
        self._places = np.flatnonzero(~self._needless)
        places = self._places
        columns = (places, begins[places], begins[places + 1], sources[places])
        self._candidates = list(
            map(
                Candidate,
                *(column.tolist() for column in columns),
                map(_KINDS.__getitem__, kinds[places].tolist()),
                keyed[places].tolist(),
            )
        )

    def parts(self, borders: Sequence[int]) -> list[IndexPart]:
        """Return the parts between places in the index, which are in order."""
        first, end = borders[0], borders[-1]
        starts = np.array(borders[:-1]) - first
        times, needless = self._times[first:end], self._needless[first:end]
        earliest = np.minimum.reduceat(np.where(needless, times, _LATEST), starts)
        latest = np.maximum.reduceat(np.where(needless, times, _NO_TIME), starts)
        sources = np.stack([earliest, latest], axis=1) & ((1 << _SECONDS) - 1)
        spans = [
            span if time != _NO_TIME else []
            for span, time in zip(sources.tolist(), latest.tolist(), strict=True)
        ]
        places = np.searchsorted(self._places, borders).tolist()
        candidates = [self._candidates[one:other] for one, other in pairwise(places)]
        return list(map(IndexPart, borders, borders[1:], candidates, spans))


class Indexer:
    """Indexes the records of texts."""

    def __init__(self, prefilter: RecordPrefilter) -> None:
        self._prefilter = prefilter
        self._kinds: dict[int, int] = {}  # the hash of names → a number in `_KINDS`

    def index(self, text: bytes, stop: int, before: bytes) -> RecordIndex | None:
        """Return the records of a text up to a place where another record seems to begin.

        `before` is what precedes the beginning of each record but the first. If the place is in a
        record, the index ends where this record begins. None if there is nothing before that, or if
        something else is between two records.
        """
        structure = Structure(text, stop)
        if len(text) < stop + PAD:
            text = text[:stop] + bytes(PAD)
        words = words_of(text)
        borders = places_of(structure.closing & moved(structure.opening, len(before)))
        borders = borders[structure.depth(borders) == 1]
        begins = np.concatenate(([0], borders + len(before), [stop]))
        if not structure.is_whole():
            begins = begins[:-1]
        if len(begins) == 1 or not _is_at(words, borders, before).all():
            return None
        # Names of this length before a text: a few in each record, and two of them are needed.
        names = structure.strings & moved(structure.quotes & ~structure.strings, _LENGTH)
        places = _before(places_of(names & moved(structure.strings, _LENGTH + 2)), begins[-1])
        sources, keys = _with_each(words, places, (SOURCE, _ACCESS_KEY))
        sources = _own_sources(sources, structure, begins)
        seconds, sound = _times(text, words, begins, sources)
        deep = _before(structure.deep(), begins[-1])
        sound[np.searchsorted(begins, deep, "right") - 1] = False
        kinds = self._kinds_of(text, sources)
        kinds[~sound] = 0
        keys = keys[~_is_at(words, keys + len(_ACCESS_KEY), _OF_A_SESSION)]
        keyed = np.zeros(len(sources), dtype=bool)
        keyed[np.searchsorted(begins, keys, "right") - 1] = True
        return RecordIndex(begins, sources, kinds, keyed, seconds)

    def _kinds_of(self, text: bytes, sources: Array) -> Array:
        """Return the kinds by the names after each Event source, as numbers in `_KINDS`."""
        begin = np.maximum(sources + NAMES_FROM, 0)
        hashes = hash_spans(text, begin, begin + (NAMES_TO - NAMES_FROM)).tolist()
        if len(self._kinds) >= _KEPT:
            self._kinds.clear()
        known = self._kinds
        kinds = np.fromiter(map(known.get, hashes, repeat(_NEW)), np.int8, len(hashes))
        for place in np.flatnonzero(kinds == _NEW).tolist():
            kind = known.get(hashes[place])
            if kind is None:
                at = int(begin[place])
                names = text[at : at + NAMES_TO - NAMES_FROM]
                kind = known[hashes[place]] = _KINDS.index(self._prefilter.kind_by_names(names))
            kinds[place] = kind
        return kinds


def _before(places: Array, end: int) -> Array:
    """Return those of sorted places that are before another one."""
    return places[: np.searchsorted(places, end)]


def _own_sources(found: Array, structure: Structure, begins: Array) -> Array:
    """Return where the Event source of each record begins; -1 if it has none or several."""
    found = found[structure.depth(found) == 1]
    records = np.searchsorted(begins, found, "right") - 1
    sources = np.full(len(begins) - 1, -1)
    sources[records] = found
    sources[np.bincount(records, minlength=len(sources)) != 1] = -1
    return sources


def _times(text: bytes, words: Array, begins: Array, sources: Array) -> tuple[Array, Array]:
    """Return the Event times of records, and which records begin as CloudTrail writes them."""
    version = begins[:-1] + VERSION_END
    time = sources - TIME
    sound = time - len(BEFORE_TIME) > version
    time[~sound] = len(BEFORE_TIME)
    sound &= _is_at(words, version, AFTER_VERSION)
    sound &= _is_at(words, time - len(BEFORE_TIME), BEFORE_TIME)
    sound &= _is_at(words, time + 19, AFTER_TIME)
    seconds, is_time = read_times(text, time, time + 20)
    return seconds, sound & is_time


def _with_each(words: Array, places: Array, texts: Sequence[bytes]) -> list[Array]:
    """Return the places where each text is. The texts begin differently, and are long."""
    found = words[places]
    with_text = []
    for text in texts:
        at = places[found == _parts(text)[0][2]]
        with_text.append(at[_is_at(words, at, text)])
    return with_text


def _is_at(words: Array, places: Array, text: bytes) -> Array:
    """Return at which of the places a text is."""
    found = np.ones(len(places), dtype=bool)
    for start, mask, word in _parts(text):
        found &= words[places + start] & mask == word
    return found


@cache
def _parts(text: bytes) -> list[tuple[int, np.uint64, np.uint64]]:
    """Return where the words of a text begin, the bits that count, and their value."""
    found = []
    for start in (*range(0, len(text) - 8, 8), max(len(text) - 8, 0)):
        part = text[start : start + 8]
        mask = np.uint64((1 << 8 * len(part)) - 1)
        found.append((start, mask, np.uint64(int.from_bytes(part, "little"))))
    return found
