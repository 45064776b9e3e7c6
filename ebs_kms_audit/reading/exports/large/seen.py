"""Which rows repeat an earlier row, so that not all of them are kept."""

from __future__ import annotations

import numpy as np

from ebs_kms_audit.reading.bits import Array


class Seen:
    """The ids of rows that were kept, each with a time.

    There are 2^`bits` slots. The first bits of an id are the number of its slot. An id is forgotten
    if another id takes its slot: then a row that repeats it is kept again.
    """

    def __init__(self, bits: int) -> None:
        self._to_slot = np.uint64(64 - bits)
        # An empty slot has an id that belongs into another slot.
        self._ids = (np.arange(1 << bits, dtype=np.uint64) ^ np.uint64(1)) << self._to_slot
        self._times = np.zeros(1 << bits, dtype=np.uint32)
        self._rows = np.zeros(1 << bits, dtype=np.uint32)

    def new(self, ids: Array, times: Array) -> Array:
        """Return which rows have no earlier row with the same id and the same or a later time.

        More rows may be returned if an id was forgotten.
        """
        slots = (ids >> self._to_slot).astype(np.intp)
        new = np.flatnonzero(~self._are_known(slots, ids, times))
        slots, ids, times = slots[new], ids[new], times[new]
        # Of rows with one slot, numpy assigns the last one. In reverse order, this is the first.
        backwards = slots[::-1]
        self._ids[backwards] = ids[::-1]
        self._times[backwards] = times[::-1]
        self._rows[backwards] = new[::-1]
        repeat_another = self._are_known(slots, ids, times) & (self._rows[slots] != new)
        found: Array = new[~repeat_another]
        return found

    def _are_known(self, slots: Array, ids: Array, times: Array) -> Array:
        """Return which ids have their slot, with the same or a later time."""
        known: Array = (self._ids[slots] == ids) & (self._times[slots] >= times)
        return known
