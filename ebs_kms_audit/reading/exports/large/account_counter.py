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
from ebs_kms_audit.reading.exports.large.distinct import distinct
from ebs_kms_audit.reading.exports.large.flags import COUNTED, NEEDED
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
        self._known: dict[str, dict[int, Sequence[str]]] = {
            columns.ACCESS_KEY: {}, columns.RESOURCES: {},
        }  # fmt: skip
        self.begin_range()

    def begin_range(self) -> None:
        """Count from 0."""
        self.counts: Counter[str] = Counter()
        self.long_term_keys: set[str] = set()
        for known in self._known.values():
            if len(known) > _KEPT:
                known.clear()

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
        hashes = hash_spans(block.buffer, start, end)
        too_long = np.flatnonzero(end - start > LONGEST)
        hashes[too_long] = np.arange(len(too_long))  # each is read by itself
        known = self._known[column]
        values, first, inverse = distinct(hashes)
        times = np.bincount(inverse, minlength=len(values)).tolist()
        for value, row, count in zip(values.tolist(), first.tolist(), times, strict=True):
            is_known_by_hash = row not in too_long
            shown = known.get(value) if is_known_by_hash else None
            if shown is None:
                text = block.buffer[int(start[row]) : int(end[row])].decode()
                shown = self._shown(column, text.replace('""', '"').strip())
                if is_known_by_hash:
                    known[value] = shown
            for account in shown:
                self.counts[account] += count

    def _shown(self, column: str, text: str) -> Sequence[str]:
        """Return the account ids that a cell shows. A long-term access key is only noted."""
        if column == columns.RESOURCES:
            return owners_of(read_resources(text) or ())
        if key_kind(text) == "long_term":
            self.long_term_keys.add(text)
            return ()
        owner = account_of(text)
        return (owner,) if owner else ()
