"""What was called, and where it was recorded: two parts of each row, by which it is judged.

Most rows are ordinary in both parts. An export of many accounts and Regions has few different texts
in each part, but many pairs of them. So each part is judged by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.events import JUDGED_BY
from ebs_kms_audit.reading.exports.header import Layout, runs_of
from ebs_kms_audit.reading.exports.large.flags import DOUBT, flags_of_call, flags_of_record
from ebs_kms_audit.reading.exports.large.index import RowIndex
from ebs_kms_audit.reading.exports.large.numbered import NumberedHashes
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.hashing import LONGEST, hash_spans, mixed

_CALL = (columns.EVENT_SOURCE, columns.EVENT_NAME, columns.REGION)
_RECORD = (columns.EVENT_TYPE, *(name for name in JUDGED_BY if name not in _CALL))
"""Event type has few values, and is between the other columns."""


class PartOfRows(NamedTuple):
    """One part of the rows of a block.

    hashes  the hash of its cells in each row
    flags   what these cells say of the row
    """

    hashes: Array
    flags: Array


class Part:
    """One part of the rows of a file.

    `flags_of` judges the cells of a row of which those of other parts are empty.
    """

    def __init__(
        self,
        settings: Settings,
        names: Sequence[str],
        flags_of: Callable[[list[str], Layout], int],
    ) -> None:
        self._layout = layout = settings.layout
        self._parse = settings.cells
        self._flags_of = flags_of
        self._spans = runs_of(
            sorted(layout.positions[name] for name in names if name in layout.positions)
        )
        self.forget()

    def forget(self) -> None:
        """Forget what was judged."""
        self._flags = NumberedHashes()

    @property
    def known(self) -> int:
        """How many texts were judged and not forgotten."""
        return len(self._flags)

    def of_rows(self, buffer: bytearray, index: RowIndex) -> PartOfRows:
        """Return this part of the rows of a block."""
        hashes: Array | None = None
        too_long = np.zeros(len(index.delimiters), dtype=bool)
        for first, last in self._spans:  # neighbours are hashed together
            start, end = index.spans(first, last)
            too_long |= end - start > LONGEST
            found = hash_spans(buffer, start, end)
            hashes = found if hashes is None else mixed(hashes, found)
        if hashes is None:  # the file has none of the columns
            hashes = np.zeros(len(too_long), dtype=np.uint64)

        def flags_of(row: int) -> int:
            cells = [""] * self._layout.width
            for first, last in self._spans:
                cells[first : last + 1] = self._parse(index.text(buffer, row, first, last))
            return self._flags_of(cells, self._layout)

        flags = self._flags.of_rows(hashes, np.arange(len(hashes)), flags_of)
        flags[too_long] = DOUBT
        return PartOfRows(hashes, flags)


def parts_of(settings: Settings) -> tuple[Part, Part]:
    """Return both parts of the rows of a file: what was called, and where it was recorded."""
    return Part(settings, _CALL, flags_of_call), Part(settings, _RECORD, flags_of_record)
