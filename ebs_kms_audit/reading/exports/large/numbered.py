"""Hashes of rows → numbers. Each distinct hash gets its number once, from one row that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.distinct import distinct

_SLOT_BITS = 14
_TO_SLOT = np.uint64(64 - _SLOT_BITS)


class NumberedHashes:
    """The hashes of one file that were met, each with a number."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        # The first bits of a hash are the number of its slot. In each slot are the hash and the
        # number that were looked up last; in an empty slot, a hash of another slot.
        self._hash_at = (np.arange(1 << _SLOT_BITS, dtype=np.uint64) ^ np.uint64(1)) << _TO_SLOT
        self._number_at = np.zeros(1 << _SLOT_BITS, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[int]:
        """Yield the hashes in the order in which they were met."""
        return iter(self._numbers)

    def of_rows(self, hashes: Array, rows: Array, number: Callable[[int], int]) -> Array:
        """Return the numbers of rows by their hashes.

        `number` returns the number of a hash that is new, by a row that has it.
        """
        slots = (hashes >> _TO_SLOT).view(np.int64)
        numbers: Array = self._number_at[slots]
        missing = np.flatnonzero(self._hash_at[slots] != hashes)
        if len(missing):
            values, first, inverse = distinct(hashes[missing])
            first = missing[first]
            known, found = self._numbers, []
            for value, row in zip(values.tolist(), rows[first].tolist(), strict=True):
                one = known.get(value)
                if one is None:
                    one = known[value] = number(row)
                found.append(one)
            of_values = np.array(found, dtype=np.int64)
            numbers[missing] = of_values[inverse]
            self._hash_at[slots[first]], self._number_at[slots[first]] = values, of_values
        return numbers
