"""Groups of rows that an audit treats alike.

Each row has flags, which say what it is. Rows that are only counted form groups. Rows of one group
agree in source, name, Region, Read-only, account, category and error code; those of KMS also in the
resources that they name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.flags import (
    CHANGE,
    COUNTED,
    DAMAGED,
    DOUBT,
    ERROR,
    SUCCESS,
    flags_of_call,
)
from ebs_kms_audit.reading.exports.large.index import RowIndex
from ebs_kms_audit.reading.exports.large.numbered import NumberedHashes
from ebs_kms_audit.reading.exports.large.parts import parts_of
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.hashing import LONGEST, hash_spans, mixed

EMPTY_LIST = 2  # bytes: of `[]`. So short a text names nothing.
_NAMED = ~np.uint64(0)
"""Sets the hashes of resources apart from those of error codes: the texts can be equal."""
_NO_GROUP = 0
_KEPT = 100_000


class RowGroups(NamedTuple):
    """The groups of the rows of a block.

    hashes   the hash of each row's group
    numbers  the number of the group; 0 for rows that are not only counted
    flags    what the row is
    """

    hashes: Array
    numbers: Array
    flags: Array

    def first(self, rows: int) -> RowGroups:
        """Return the groups of the first rows only."""
        return RowGroups(*(column[:rows] for column in self))


class Groups:
    """The groups of one file, numbered from 1 in the order in which they are found.

    They are recognized by hashes of the cells that their rows have in common.

    damaged  whether rows of this range have account ids that lost digits
    """

    def __init__(self, settings: Settings) -> None:
        self._layout = settings.layout
        self._at = settings.layout.positions
        self._parts = parts_of(settings)
        self._parse = settings.cells
        self._clear()

    def _clear(self) -> None:
        for part in self._parts:
            part.forget()
        self._flags_of_errors = NumberedHashes()
        self._numbers = NumberedHashes()
        self._samples: dict[int, bytes] = {}  # by number: the text of a row, not yet yielded

    def begin_range(self) -> None:
        """Count from 0. Forget all groups if there are very many."""
        known = len(self._numbers) + len(self._flags_of_errors)
        if known + sum(part.known for part in self._parts) > _KEPT:
            self._clear()
        self._counts = np.zeros(len(self._numbers) + 1, dtype=np.int64)
        self.damaged = False

    def count(self, numbers: Array) -> None:
        """Count rows by the numbers of their groups."""
        counts = np.bincount(numbers)
        size = max(len(self._counts), len(counts))
        self._counts.resize(size, refcheck=False)  # a profiler refers to the array too
        self._counts[: len(counts)] += counts

    def uncount(self, numbers: Array) -> None:
        """Take rows out of the count: they are needed one by one."""
        np.subtract.at(self._counts, numbers, 1)

    def counted(self) -> Iterator[tuple[int, bytes, int]]:
        """Yield the hash of each group, the text of one of its rows, and the number of rows.

        Another process needs the text once. It is empty if it was yielded for an earlier range.
        """
        hashes = list(self._numbers)
        self._counts[_NO_GROUP] = 0
        numbers = np.flatnonzero(self._counts)
        for number, count in zip(numbers.tolist(), self._counts[numbers].tolist(), strict=True):
            yield hashes[number - 1], self._samples.pop(number, b""), count

    def of_rows(self, buffer: bytearray, index: RowIndex) -> RowGroups:
        """Return the groups of the rows of a block."""
        calls, records = (part.of_rows(buffer, index) for part in self._parts)
        hashes = mixed(calls.hashes, records.hashes)
        flags = calls.flags.astype(np.uint16)
        rows = np.flatnonzero(records.flags)
        if len(rows):  # in most files, none
            self.damaged |= bool((records.flags[rows] & DAMAGED).any())
            flags[rows[records.flags[rows] & DOUBT != 0]] = DOUBT
        self._add_errors(buffer, index, calls.hashes, hashes, flags)
        self._add_resources(buffer, index, hashes, flags)
        numbers = np.full(len(hashes), _NO_GROUP)
        counted = np.flatnonzero(flags & COUNTED)

        def number(row: int) -> int:
            found = len(self._numbers) + 1
            self._samples[found] = index.text(buffer, row)
            return found

        numbers[counted] = self._numbers.of_rows(hashes[counted], counted, number)
        return RowGroups(hashes, numbers, flags)

    def _add_errors(
        self, buffer: bytearray, index: RowIndex, calls: Array, hashes: Array, flags: Array
    ) -> None:
        """Add the error codes of relevant rows to their hashes and flags.

        `calls` are the hashes of what was called. Many rows that are not relevant have an error.
        """
        rows = index.longer(self._at[columns.ERROR_CODE], 0)
        rows = rows[(flags[rows] != 0) & (flags[rows] & DOUBT == 0)]
        if not len(rows):
            return
        start, end = index.cells(self._at[columns.ERROR_CODE], rows)
        errors = hash_spans(buffer, start, end)
        hashes[rows] = mixed(hashes[rows], errors)

        def flags_of(row: int) -> int:
            return flags_of_call(self._parse(index.text(buffer, row)), self._layout)

        flags[rows] = self._flags_of_errors.of_rows(mixed(calls[rows], errors), rows, flags_of)
        flags[rows[end - start > LONGEST]] = DOUBT

    def _add_resources(
        self, buffer: bytearray, index: RowIndex, hashes: Array, flags: Array
    ) -> None:
        """Add the resources that counted rows of KMS name to the hashes of these rows."""
        at = self._at.get(columns.RESOURCES)
        rows = np.flatnonzero(flags & (SUCCESS | CHANGE | ERROR))
        if at is None or not len(rows):
            return
        rows = index.longer(at, EMPTY_LIST, rows)
        start, end = index.cells(at, rows)
        hashes[rows] = mixed(hashes[rows] ^ _NAMED, hash_spans(buffer, start, end))
        flags[rows[end - start > LONGEST]] = DOUBT
