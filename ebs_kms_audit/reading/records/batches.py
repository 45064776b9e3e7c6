"""Records that were passed over → what is kept of them: their sketches and their packed texts."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from ebs_kms_audit.model import Event, Listed
from ebs_kms_audit.model.event_list import Summary
from ebs_kms_audit.reading.records.decoder import record_of
from ebs_kms_audit.reading.records.events import fields_of, read_record_events
from ebs_kms_audit.reading.records.sketches import Sketch
from ebs_kms_audit.reading.stats import InputStats

_TOGETHER = 32 << 10  # bytes of texts that are packed together
_QUICKLY = 1  # a level of zlib: in a third of the usual time to 1.5 times the size
_NOT_AT_ALL = 0  # a level of zlib
_MOST_STORED = 16 << 20  # bytes of texts: when more than that are kept, they are packed
_FEWEST = 64  # units of work that are assumed to come

Packed = tuple[list[tuple[bytes, int]], list[tuple[Any, ...]], list[bytes]]
"""A batch as `marshal` takes it: how many records are alike; of each kept record the file, which of
the packed texts holds its own, where this begins and ends, and the sketch; the packed texts."""


class Batch:
    """Records that were read one after the other, as in one unit of work.

    Of records of which one counts, one is kept. `includes` says which sketches are kept at all, and
    `number` how many units of work there were before this one.

    size  the bytes of the texts that were kept
    """

    def __init__(self, includes: Callable[[Sketch], bool] | None = None, number: int = 0) -> None:
        self._includes = includes
        self._number = number
        self._counts: dict[bytes, int] = {}
        self._kept: dict[object, _Unpacked] = {}
        self.size = 0

    def add(self, file: str, sketch: Sketch, text: bytes) -> None:
        """Count a record of a file, and keep it."""
        self._counts[sketch.like] = self._counts.get(sketch.like, 0) + 1
        if self._includes is None or self._includes(sketch):
            self.size += len(text)
            keep(self._kept, _Unpacked(file, sketch, text))

    def packed(self) -> Packed:
        """Return what was counted and kept.

        Packing and unpacking the texts of a unit take time, so few texts are not packed.
        """
        is_little = self.size * max(self._number, _FEWEST) <= _MOST_STORED
        level = _NOT_AT_ALL if is_little else _QUICKLY
        records: list[tuple[Any, ...]] = []
        packed: list[bytes] = []
        texts: list[bytes] = []
        size = 0
        for file, sketch, text in self._kept.values():
            if size > _TOGETHER:
                packed.append(zlib.compress(b"".join(texts), level))
                texts, size = [], 0
            records.append((file, len(packed), size, size + len(text), *sketch))
            texts.append(text)
            size += len(text)
        packed.append(zlib.compress(b"".join(texts), level))
        return list(self._counts.items()), records, packed


class _Unpacked(NamedTuple):
    file: str
    sketch: Sketch
    text: bytes


class KeptRecord(NamedTuple):
    """A record that is kept. It can be listed, as `Rows` of one record.

    file        the file
    sketch      the sketch
    packed      texts that are packed together
    begin, end  where its text is in these
    """

    file: str
    sketch: Sketch
    packed: bytes
    begin: int
    end: int

    @property
    def listed(self) -> Listed:
        """The record as a finding lists it."""
        return self.sketch.seconds, self.file, self.sketch.number, self

    def event(self, line: int = 0) -> Event:  # noqa: ARG002 - for `Rows` of several records
        """Return the event of the record, or what a damaged record is counted by."""
        (event,) = event_of_each([self])
        return event

    def summary(self, line: int) -> Summary:  # noqa: ARG002
        """Return what a list shows of the event. The `id` of the sketch is its Event ID."""
        return self.sketch.name, None, self.sketch.id, self.sketch.caller

    def of_damaged(self) -> Event:
        """Return what the record is counted by if it is damaged."""
        source, name, region, account, read_only, *_ = self.sketch.alike
        return Event(
            file=self.file,
            line=self.sketch.number,
            time=None,
            name=name,
            source=source,
            region=region,
            read_only=read_only == "true",
            account=account,
        )


_T = TypeVar("_T", _Unpacked, KeptRecord)


def records_in(packed: Packed, after: int) -> Iterator[KeptRecord]:
    """Yield the records of a batch. They are numbered from the one `after` which they are read."""
    _, records, texts = packed
    for file, text, begin, end, kind, number, *others in records:
        yield KeptRecord(file, Sketch(kind, after + number, *others), texts[text], begin, end)


def keep(kept: dict[object, _T], one: _T) -> None:
    """Keep a record, or of several the one that counts."""
    what = what_counts_once(one)
    known = kept.get(what)
    if known is None or _replaces(one, known):
        kept[what] = one


def what_counts_once(one: _T, *, of_grants: bool = True) -> object:
    """Return what the records have in common of which only one counts.

    They are counted together: the one that is kept is their sample. Without `of_grants`, a call
    that creates or ends a grant is regarded as a success.
    """
    sketch = one.sketch
    if sketch.kind == "call":
        return place_of(one)
    if sketch.kind == "other":
        return sketch.like
    if sketch.kind == "session" or (of_grants and sketch.kind != "success"):
        return sketch.kind, sketch.id, sketch.like
    return sketch.like, sketch.who


def _replaces(one: _T, known: _T) -> bool:
    """Return whether a record counts, and not a known one of the same kind."""
    kind, time = one.sketch.kind, one.sketch.time
    if kind not in ("success", "other"):  # the last of equal ones
        return place_of(one) >= place_of(known)
    if kind == "other" or time == known.sketch.time:  # the first of equal ones
        return place_of(one) < place_of(known)
    return time > known.sketch.time


def place_of(one: _T) -> tuple[str, int]:
    """Return the sort key of records: file and number."""
    return one.file, one.sketch.number


def events_of(records: Iterable[KeptRecord]) -> Iterator[Event]:
    """Yield the events of records. Damaged records are left out."""
    for file, of_file in groupby(records, key=attrgetter("file")):
        contents = ((one.sketch.number, _content(text)) for one, text in _with_texts(of_file))
        decoded = (
            record_of(number, content) for number, content in contents if content is not None
        )
        yield from read_record_events(fields_of(decoded), InputStats(file, form="records"))


def event_of_each(records: Iterable[KeptRecord]) -> Iterator[Event]:
    """Yield for each record its event, or what a damaged record is counted by."""
    for one, text in _with_texts(records):
        content = _content(text)
        decoded = () if content is None else (record_of(one.sketch.number, content),)
        events = read_record_events(fields_of(decoded), InputStats(one.file, form="records"))
        yield next(events, None) or one.of_damaged()


def _with_texts(records: Iterable[KeptRecord]) -> Iterator[tuple[KeptRecord, bytes]]:
    """Yield records with their texts. Those that are packed together are often side by side."""
    packed = texts = b""
    for one in records:
        if one.packed is not packed:
            packed, texts = one.packed, zlib.decompress(one.packed)
        yield one, texts[one.begin : one.end]


def _content(text: bytes) -> Any:
    """Return a record as a JSON value; None if it is not valid JSON."""
    try:
        return json.loads(text.decode("utf-8", "backslashreplace"))
    except (ValueError, RecursionError):
        return None
