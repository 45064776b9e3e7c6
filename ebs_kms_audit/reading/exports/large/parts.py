"""The cells that decide what a row is, in two parts: what was called, and where it was recorded.

Most rows are ordinary in both parts: they can be read, and an audit does not need them. An export
of many accounts and Regions has few different texts in each part, but many pairs of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.aws.relevance import NOT_RELEVANT
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.cells import lost_digits
from ebs_kms_audit.reading.exports.events import JUDGED_BY, Judgement, judge
from ebs_kms_audit.reading.exports.header import Layout, runs_of
from ebs_kms_audit.reading.exports.large.index import RowIndex
from ebs_kms_audit.reading.exports.large.numbered import NumberedHashes
from ebs_kms_audit.reading.hashing import LONGEST, hash_spans, mixed

_CALL = (columns.EVENT_SOURCE, columns.EVENT_NAME, columns.REGION)
_RECORD = (columns.EVENT_TYPE, *(name for name in JUDGED_BY if name not in _CALL))
"""Event type has few values, and is between the other columns."""


class PartOfRows(NamedTuple):
    """One part of the rows of a block.

    hashes    the hash of its cells in each row
    others    which rows are not ordinary in this part
    too_long  which rows have cells too long for a hash
    """

    hashes: Array
    others: Array
    too_long: Array


class Part:
    """One part of the rows of a file.

    `is_ordinary` judges the cells of a row of which those of other parts are empty.
    """

    def __init__(
        self, layout: Layout, names: Sequence[str], is_ordinary: Callable[[list[str]], bool]
    ) -> None:
        self._places = sorted(layout.positions[name] for name in names if name in layout.positions)
        self._spans = runs_of(self._places)  # neighbours as one span
        self._is_ordinary = is_ordinary
        self.forget()

    def forget(self) -> None:
        """Forget which texts are ordinary."""
        self._judged = NumberedHashes()

    @property
    def known(self) -> int:
        """How many texts are known."""
        return len(self._judged)

    def of_rows(
        self, buffer: bytearray, index: RowIndex, cells_of: Callable[[int], list[str]]
    ) -> PartOfRows:
        """Return this part of the rows of a block. `cells_of` returns all cells of a row."""
        hashes: Array | None = None
        too_long = np.zeros(len(index.delimiters), dtype=bool)
        for first, last in self._spans:
            start, end = index.spans(first, last)
            too_long |= end - start > LONGEST
            found = hash_spans(buffer, start, end)
            hashes = found if hashes is None else mixed(hashes, found)
        if hashes is None:  # the file has none of the columns
            hashes = np.zeros(len(too_long), dtype=np.uint64)

        def is_other(row: int) -> bool:
            cells = cells_of(row)
            own = [""] * len(cells)
            for at in self._places:
                own[at] = cells[at]
            return not self._is_ordinary(own)

        others = self._judged.of_rows(hashes, np.arange(len(hashes)), is_other)
        return PartOfRows(hashes, others.astype(bool), too_long)


def parts_of(layout: Layout) -> tuple[Part, Part]:
    """Return both parts of the rows of a file."""

    def is_ordinary_call(cells: list[str]) -> bool:
        return judge(cells, layout) == Judgement(None, NOT_RELEVANT)

    def is_ordinary_record(cells: list[str]) -> bool:
        at = layout.positions.get(columns.ACCOUNT)
        return not (layout.misfit(cells) or (at is not None and lost_digits(cells[at])))

    return Part(layout, _CALL, is_ordinary_call), Part(layout, _RECORD, is_ordinary_record)
