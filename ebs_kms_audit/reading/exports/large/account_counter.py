"""Which account ids the rows of a range show: as `ShownAccounts`, of many rows at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ebs_kms_audit.aws.access_keys import account_of, key_kind
from ebs_kms_audit.aws.relevance import is_relevant
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.cells import read_resources
from ebs_kms_audit.reading.exports.events import cells_getter
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.large.blocks import Block
from ebs_kms_audit.reading.exports.large.flags import COUNTED, NEEDED
from ebs_kms_audit.reading.exports.large.numbered import NumberedHashes
from ebs_kms_audit.reading.hashing import LONGEST, hash_spans
from ebs_kms_audit.reading.shown_accounts import owners_of

_KEPT = 50_000  # cells


class AccountCounter:
    """Counts the account ids that rows show. Equal cells are read once.

    counts          how often temporary access keys and ARNs show each account id
    long_term_keys  the long-term access keys
    """

    def __init__(self, layout: Layout) -> None:
        self._cells = cells_getter(
            layout, columns.EVENT_SOURCE, columns.EVENT_NAME, columns.ACCESS_KEY, columns.RESOURCES
        )
        self._shown_by = {columns.ACCESS_KEY: NumberedHashes(), columns.RESOURCES: NumberedHashes()}
        self._numbers: dict[tuple[str, ...], int] = {}  # of what cells show
        self.begin_range()

    def begin_range(self) -> None:
        """Count from 0."""
        self.counts: Counter[str] = Counter()
        self.long_term_keys: set[str] = set()
        for column, known in self._shown_by.items():
            if len(known) > _KEPT:
                self._shown_by[column] = NumberedHashes()

    def add(self, block: Block, have_long_term_keys: Array) -> None:
        """Count the rows of a block."""
        relevant = block.groups.flags & (NEEDED | COUNTED) != 0
        self._count(block, columns.ACCESS_KEY, np.flatnonzero(relevant | have_long_term_keys))
        self._count(block, columns.RESOURCES, np.flatnonzero(relevant))

    def add_row(self, cells: Sequence[str]) -> None:
        """Count a row that the plain reader read."""
        source, name, access_key, resources = (cell.strip() for cell in self._cells([*cells, ""]))
        relevant = is_relevant(source or None, name)
        if relevant or key_kind(access_key) == "long_term":
            self.counts.update(self._shown(columns.ACCESS_KEY, access_key))
        if relevant:
            self.counts.update(self._shown(columns.RESOURCES, resources))

    def _count(self, block: Block, column: str, rows: Array) -> None:
        """Count the account ids that the cells of a column show in some rows."""
        start, end = block.cells(column, rows)
        long = end - start > LONGEST
        for at in np.flatnonzero(long).tolist():
            self.counts.update(self._shown(column, _text(block, start[at], end[at])))
        start, end = start[~long], end[~long]

        def number(at: int) -> int:
            shown = self._shown(column, _text(block, start[at], end[at]))
            return self._numbers.setdefault(shown, len(self._numbers))

        hashes = hash_spans(block.buffer, start, end)
        numbers = self._shown_by[column].of_rows(hashes, np.arange(len(hashes)), number)
        times = np.bincount(numbers, minlength=len(self._numbers)).tolist()
        for shown, count in zip(self._numbers, times, strict=True):
            for account in shown:
                self.counts[account] += count

    def _shown(self, column: str, text: str) -> tuple[str, ...]:
        """Return the account ids that a cell shows. A long-term access key is only noted."""
        if column == columns.RESOURCES:
            return tuple(owners_of(read_resources(text) or ()))
        if key_kind(text) == "long_term":
            self.long_term_keys.add(text)
            return ()
        owner = account_of(text)
        return (owner,) if owner else ()


def _text(block: Block, start: int, end: int) -> str:
    """Return the text of a cell, which is inside its quotes."""
    return block.buffer[int(start) : int(end)].decode().replace('""', '"').strip()
