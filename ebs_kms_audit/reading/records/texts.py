"""The texts of records that are kept: packed in memory, or read again from their files."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from operator import attrgetter

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.records.batches import KeptRecord
from ebs_kms_audit.reading.records.content import Content
from ebs_kms_audit.reading.sources import Source

_SMALL, _MOST_UNPACKED = 1 << 20, 8 << 20  # bytes of a file and a content that are read at once


class RecordTexts:
    """The texts of kept records.

    sources  the files that can be read again, by name
    missing  whether a file changed after it was read, or could not be read again
    """

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.missing = False

    def of(self, records: Iterable[KeptRecord]) -> Iterator[tuple[KeptRecord, bytes]]:
        """Yield records with their texts. A text that is no longer in its file is empty.

        A file is read once for records that are side by side.
        """
        packed: bytes | None = None
        texts = b""
        for file, of_file in groupby(records, key=attrgetter("file")):
            together = list(of_file)
            in_file = sorted((one.begin, one.end) for one in together if one.packed is None)
            found = self._in_file(file, in_file) if in_file else {}
            for one in together:
                if one.packed is None:
                    text = found.get(one.begin, b"")
                    is_same = one.sketch.id.encode() in text
                    self.missing |= not is_same
                    yield one, text if is_same else b""
                    continue
                if one.packed is not packed:
                    packed, texts = one.packed, zlib.decompress(one.packed)
                yield one, texts[one.begin : one.end]

    def _in_file(self, file: str, spans: list[tuple[int, int]]) -> dict[int, bytes]:
        """Return what is at places in a file, which are in order, by where each begins."""
        source = self.sources[file]
        found: dict[int, bytes] = {}
        held, at = b"", 0
        with suppress(InputError):
            blocks = _blocks(source)
            for begin, end in spans:
                while at + len(held) < end and (block := next(blocks, None)):
                    passed = min(len(held), max(0, begin - at))
                    held, at = held[passed:] + block, at + passed
                found[begin] = held[begin - at : end - at]
        return found


def _blocks(source: Source) -> Iterator[bytes]:
    content = Content(source)
    small = source.file is not None and source.file.size <= _SMALL
    whole = content.whole_log(_MOST_UNPACKED) if small else None
    return content.again() if whole is None else iter([whole])
