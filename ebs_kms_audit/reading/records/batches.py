"""Records that were passed over → what is kept of them: their sketches and their texts."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple, TypeVar

from ebs_kms_audit.reading.records.failed import FailedCall
from ebs_kms_audit.reading.records.sketches import Kind, Sketch

_TOGETHER = 32 << 10  # bytes of texts that are packed together
_QUICKLY = 1  # a level of zlib: in a third of the usual time to 1.5 times the size
_NOT_AT_ALL = 0  # a level of zlib
_MOST_STORED = 16 << 20  # bytes of texts: when more than that are kept, they are packed
_FEWEST = 64  # units of work that are assumed to come
_IN_FILE = -1  # in place of the number of packed texts
_BEFORE_SKETCH = 4  # fields of a packed record

Packed = tuple[
    list[tuple[bytes, int]], list[tuple[Kind, bytes]], list[bytes], list[tuple[Any, ...]]
]
"""A batch as `marshal` takes it: how many records are alike; the kept records of each kind; the
packed texts; the file of each failed call, and its fields.

The records are packed bytes of `marshal`: of each the file, which of the packed texts holds its own
(or that only the file does), where this begins and ends, and the sketch.
"""


class Batch:
    """Records that were read one after the other, as in one unit of work.

    Of records of which one counts, one is kept. `includes` says which sketches are kept at all,
    `number` how many units of work there were before this one, and `again` has the names of the
    files that can be read again.

    size  the bytes of the texts that were kept
    """

    def __init__(
        self,
        includes: Callable[[Sketch], bool] | None = None,
        number: int = 0,
        again: Collection[str] = (),
    ) -> None:
        self._includes = includes
        self._number = number
        self._again = again
        self._counts: dict[bytes, int] = {}
        self._kept: dict[object, _Unpacked] = {}
        self._failed: list[tuple[Any, ...]] = []
        self.size = 0

    def add(self, file: str, sketch: Sketch | FailedCall, text: bytes, place: int | None) -> None:
        """Count a record of a file, and keep it.

        The text is at a place in the file's content; None if it is written there in another way.
        """
        if isinstance(sketch, FailedCall):
            self._failed.append((file, *sketch))
            return
        self._counts[sketch.like] = self._counts.get(sketch.like, 0) + 1
        if self._includes is None or self._includes(sketch):
            self.size += len(text)
            keep(self._kept, _Unpacked(file, sketch, text, place))

    def packed(self) -> Packed:
        """Return what was counted and kept.

        Packing the texts of a unit takes time, and so does reading them again. Few texts are not
        packed. Many are read again from the file. The changes are packed: they are listed one by
        one.
        """
        is_little = self.size * max(self._number, _FEWEST) <= _MOST_STORED
        level = _NOT_AT_ALL if is_little else _QUICKLY
        records: dict[Kind, list[tuple[Any, ...]]] = {}
        packed: list[bytes] = []
        texts: list[bytes] = []
        size = 0
        for file, sketch, text, place in self._kept.values():
            of_kind = records.setdefault(sketch.kind, [])
            is_packed = is_little or sketch.kind == "change" or file not in self._again
            if place is not None and not is_packed:
                of_kind.append((file, _IN_FILE, place, place + len(text), *sketch))
                continue
            if size > _TOGETHER:
                packed.append(zlib.compress(b"".join(texts), level))
                texts, size = [], 0
            of_kind.append((file, len(packed), size, size + len(text), *sketch))
            texts.append(text)
            size += len(text)
        packed.append(zlib.compress(b"".join(texts), level))
        by_kind = [
            (kind, zlib.compress(marshal.dumps(of_kind), level))
            for kind, of_kind in records.items()
        ]
        return list(self._counts.items()), by_kind, packed, self._failed


class _Unpacked(NamedTuple):
    """A record that is kept, before its batch is packed, with the arguments of `Batch.add`."""

    file: str
    sketch: Sketch
    text: bytes
    place: int | None


class KeptRecord(NamedTuple):
    """A record that is kept.

    file        the file
    sketch      the sketch
    packed      texts that are packed together; None if the text is in the file only
    begin, end  where its text is in these, or in the content of the file
    """

    file: str
    sketch: Sketch
    packed: bytes | None
    begin: int
    end: int


class PackedRecords(NamedTuple):
    """The kept records of one kind in a batch.

    records  the records, as in `Packed`
    texts    the packed texts of the batch
    after    the number of the record after which they are numbered
    """

    records: bytes
    texts: list[bytes]
    after: int

    def unpacked(self, chosen: Callable[[Sketch], bool] | None = None) -> Iterator[KeptRecord]:
        """Yield the records, or those with a chosen sketch. The choice does not see the number."""
        for record in marshal.loads(zlib.decompress(self.records)):
            sketch = Sketch._make(record[_BEFORE_SKETCH:])
            if chosen is None or chosen(sketch):
                file, text, begin, end = record[:_BEFORE_SKETCH]
                packed = None if text == _IN_FILE else self.texts[text]
                sketch = sketch._replace(number=self.after + sketch.number)
                yield KeptRecord(file, sketch, packed, begin, end)


_T = TypeVar("_T", _Unpacked, KeptRecord)


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
        return file_and_number(one)
    if sketch.kind == "other":
        return sketch.like
    if sketch.kind == "session" or (of_grants and sketch.kind != "success"):
        return sketch.kind, sketch.id, sketch.like
    return sketch.like, sketch.who


def _replaces(one: _T, known: _T) -> bool:
    """Return whether a record counts, and not a known one of the same kind."""
    kind, time = one.sketch.kind, one.sketch.time
    if kind not in ("success", "other"):  # the last of equal ones
        return file_and_number(one) >= file_and_number(known)
    if kind == "other" or time == known.sketch.time:  # the first of equal ones
        return file_and_number(one) < file_and_number(known)
    return time > known.sketch.time


def file_and_number(one: _T) -> tuple[str, int]:
    """Return the sort key of records: file and number."""
    return one.file, one.sketch.number
