"""Records that may bear on a denial, by their sketches; those that do are decoded in the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.records.decoder import record_of
from ebs_kms_audit.reading.records.events import fields_of, read_record_events
from ebs_kms_audit.reading.records.sketches import Sketch
from ebs_kms_audit.reading.related import RelatedEvents, is_near
from ebs_kms_audit.reading.stats import InputStats

_MOST_BYTES = 48 << 20  # of the texts of records
_OVERHEAD = 500  # bytes of a sketch beside its text

_Place = tuple[str, int]


class KeptRecords:
    """Records that are counted and not decoded, unless they bear on a denial.

    Of successes that differ in time only, the last is kept, and of AssumeRole calls that returned
    the same access key. With `related`, only records that bear on these denials are kept.

    overflowed  whether there were too many to keep all that may bear on a denial
    """

    def __init__(self, related: RelatedEvents | None = None) -> None:
        self._choice = _Choice(related) if related else None
        self._counts: dict[tuple[bytes, ...], int] = {}
        self._samples: dict[tuple[bytes, ...], tuple[_Place, bytes]] = {}
        self._kept: dict[object, tuple[str, Sketch]] = {}
        self._size = 0
        self.overflowed = False

    def add(self, file: str, sketch: Sketch) -> None:
        """Count a record, and keep its sketch if it may bear on a denial."""
        like = sketch.like
        self._counts[like] = self._counts.get(like, 0) + 1
        if like not in self._samples and _content(sketch.text) is not None:
            self._samples[like] = (file, sketch.number), sketch.text
        if sketch.kind == "other" or (self._choice and not self._choice.includes(sketch)):
            return
        what: object = (file, sketch.number)
        if sketch.kind == "session":
            what = sketch.id
        elif sketch.kind == "success":
            what = like, sketch.who
        known = self._kept.get(what)
        if known is not None:
            if _precedes(known, file, sketch):
                self._size += len(sketch.text) - len(known[1].text)
                self._kept[what] = file, sketch
            return
        size = len(sketch.text) + _OVERHEAD
        if self._size + size > _MOST_BYTES:
            self.overflowed = True
            return
        self._size += size
        self._kept[what] = file, sketch

    @property
    def counted(self) -> Iterator[tuple[Event, int]]:
        """One event of each group of records that are counted together, and their number."""
        for like, ((file, number), text) in self._samples.items():
            for event in _decoded(file, [(number, text)]):
                yield event, self._counts[like]

    def around(self, related: RelatedEvents) -> Iterator[Event]:
        """Yield the events of the records that bear on denials."""
        choice = _Choice(related)
        chosen: dict[str, list[tuple[int, bytes]]] = {}
        for file, sketch in self._kept.values():
            if choice.includes(sketch):
                chosen.setdefault(file, []).append((sketch.number, sketch.text))
        for file, records in chosen.items():
            yield from _decoded(file, records)


class _Choice:
    """Which sketches bear on denials. EC2 calls may be of other accounts or Regions."""

    def __init__(self, related: RelatedEvents) -> None:
        self._related = related
        self._times: dict[str | None, list[float]] = {}
        for (name, *_), times in related.callers.items():
            self._times.setdefault(name, []).extend(times)
        for times_of_name in self._times.values():
            times_of_name.sort()

    def includes(self, sketch: Sketch) -> bool:
        if sketch.kind == "session":
            return sketch.id in self._related.access_keys
        if sketch.id in self._related.request_ids:
            return True
        if sketch.kind == "success":
            _, _, region, account, *_ = sketch.like
            place = account.decode(), region.decode()
            callers = self._related.callers
            return (sketch.caller, *place) in callers or (sketch.issuer, *place) in callers
        times = self._times.get(sketch.caller)
        return times is not None and is_near(_seconds(sketch.time), times)


def _precedes(known: tuple[str, Sketch], file: str, sketch: Sketch) -> bool:
    """Return whether a record replaces a known one of which only the last counts."""
    if sketch.kind == "session":
        return (known[0], known[1].number) <= (file, sketch.number)
    if sketch.time == known[1].time:  # the first of equal ones
        return (file, sketch.number) < (known[0], known[1].number)
    return sketch.time > known[1].time


def _seconds(time: bytes) -> float:
    return datetime.fromisoformat(time.decode()).timestamp()


def _decoded(file: str, texts: Iterable[tuple[int, bytes]]) -> Iterator[Event]:
    """Yield the events of records of a file, each given by its number and text.

    Records that are damaged are left out.
    """
    contents = ((number, _content(text)) for number, text in texts)
    records = (record_of(number, content) for number, content in contents if content is not None)
    return read_record_events(fields_of(records), InputStats(file, form="records"))


def _content(text: bytes) -> Any:
    """Return a record as a JSON value; None if it is not valid JSON."""
    try:
        return json.loads(text.decode("utf-8", "backslashreplace"))
    except (ValueError, RecursionError):
        return None
