"""Small files of a trail's log → one index for several of them, which costs less than one each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.reading.records.log_format import END_OF_LOG, LOG

if TYPE_CHECKING:
    from ebs_kms_audit.reading.records.index import Indexer, IndexPart, RecordIndex

_TOGETHER = 4 << 20  # bytes of text


class Log(NamedTuple):
    """The records of one file, in the index of a text that holds the records of several.

    text     the records, each with a comma after it
    records  where they are
    part     those of the file
    begin    where the first of these is in the content of the file
    """

    text: bytes
    records: RecordIndex
    part: IndexPart
    begin: int


def index_together(contents: Sequence[bytes | None], indexer: Indexer) -> list[Log | None]:
    """Return the log that each content is; None where it is to be read by itself.

    That is a content that is not written as CloudTrail writes a log file, or is damaged.
    """
    from ebs_kms_audit.reading.records.index import PAD

    logs: list[Log | None] = [None] * len(contents)
    for group in _groups(contents):
        texts = [part for _, _, records in group for part in (records, b",")]
        text = b"".join([*texts, bytes(PAD)])
        size = len(text) - PAD
        index = indexer.index(text, size, b"},")
        if index is None:
            continue
        borders = list(accumulate((len(records) + 1 for _, _, records in group), initial=0))
        places = index.begins.searchsorted(borders).tolist()
        if index.begins[-1] == size and index.begins[places].tolist() == borders:
            for (number, begin, _), part in zip(group, index.parts(places), strict=True):
                logs[number] = Log(text, index, part, begin)
    return logs


def _groups(contents: Sequence[bytes | None]) -> Iterator[list[tuple[int, int, memoryview]]]:
    """Yield groups of numbers of contents, each with its records and where these begin."""
    group: list[tuple[int, int, memoryview]] = []
    size = 0
    for number, content in enumerate(contents):
        opening = LOG.match(content) if content else None
        if content is None or opening is None or not content.endswith(END_OF_LOG):
            continue
        records = memoryview(content)[opening.end() : 1 - len(END_OF_LOG)]
        if group and size + len(records) > _TOGETHER:
            yield group
            group, size = [], 0
        group.append((number, opening.end(), records))
        size += len(records)
    if group:
        yield group
