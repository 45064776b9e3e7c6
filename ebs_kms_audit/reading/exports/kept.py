"""Rows of a large export that may bear on a denial: a few numbers for each, and not the row.

Which of them bear on a denial is decided when all denials are known; then their text is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np

from ebs_kms_audit.reading.bits import Array

PLACE = np.dtype(
    [("offset", "u8"), ("length", "u4"), ("line", "u4"), ("time", "u4"), ("user", "u8"),
     ("key", "u8"), ("group", "u8")]
)  # fmt: skip
"""A kept row: where it is in the file, its line, its time in seconds, and three hashes.

user   of its User name: 0 for an empty one, ODD for one that must be parsed to be compared. Of a
       change, of its Region, account and resources instead.
key    of what rows of its name in `blocks` are compared by, such as the Request ID of an EC2 call
group  of its group
"""
ODD = np.uint64(1)

_Keep = Literal["all", "first", "latest"]
KEPT: dict[str, tuple[_Keep, int]] = {
    "calls": ("all", 1_500_000),
    "changes": ("all", 1_000_000),
    "successes": ("latest", 500_000),
    "sessions": ("all", 1_000_000),
    "holders": ("first", 500_000),
}
"""What the rows of a file are kept for: which of those with one key, and how many at most.

calls      EC2 calls
changes    changes to keys
successes  successful KMS calls of the kinds that EBS needs
sessions   AssumeRole calls
holders    rows that show that a user has a long-term access key
"""

_WHOLE = f"V{PLACE.itemsize}"  # whole rows are copied in less time than their fields
_PENDING = 1 << 17


class KeptRows:
    """Places of rows. Of rows with the same `key`, `keep` says which are kept.

    all     every row
    first   the first in the file
    latest  the one with the latest time; of several with this time, the first in the file

    `overflowed` is True if there were more than `limit` rows. Rows are missing then.
    """

    def __init__(self, keep: _Keep, limit: int) -> None:
        self._keep = keep
        self._limit = limit
        self._parts: list[Array] = []
        self._size = self._compact = 0
        self._texts: dict[int, bytes] = {}
        self.overflowed = False

    def add(self, rows: Array, texts: dict[int, bytes] | None = None) -> None:
        """Add rows, with their texts where the file cannot be read from any place."""
        if not len(rows) or self.overflowed:
            return
        self._parts.append(rows)
        self._size += len(rows)
        if texts:
            self._texts.update(texts)
        if self._keep != "all" and self._size > max(_PENDING, 2 * self._compact):
            self.rows()
        if self._size > self._limit:
            self.overflowed = True

    def rows(self) -> Array:
        """Return the rows in order of their place."""
        if len(self._parts) != 1 or self._compact != self._size:
            rows = self._one_of_each(joined(self._parts))
            if self._keep != "all" and self._texts:
                kept = rows["offset"].tolist()
                self._texts = {offset: self._texts[offset] for offset in kept}
            self._parts, self._size, self._compact = [rows], len(rows), len(rows)
        return self._parts[0]

    def those(self, chosen: Callable[[Array], Array]) -> Array:
        """Return the chosen rows in order of their place. The rest is not copied.

        Of rows with the same `key`, all or none are chosen.
        """
        parts = (rows_at(rows, np.flatnonzero(chosen(rows))) for rows in self._parts)
        return self._one_of_each(joined(parts))

    def _one_of_each(self, rows: Array) -> Array:
        """Return the rows to keep: all, or one of each key."""
        if self._keep == "all":
            return rows
        return one_of_each(rows, latest=self._keep == "latest")

    def text(self, offset: int) -> bytes | None:
        """Return the text of a row, if it was kept."""
        return self._texts.get(offset)


class Seen:
    """The keys of rows that were kept, so that not every row with the same key is kept.

    A key has one of 2^`bits` places, by its first bits. It is forgotten if another key takes its
    place.
    """

    def __init__(self, bits: int) -> None:
        self._to_place = np.uint64(64 - bits)
        # An empty place has a key of another place.
        self._keys = (np.arange(1 << bits, dtype=np.uint64) ^ np.uint64(1)) << self._to_place
        self._times = np.zeros(1 << bits, dtype=np.uint32)
        self._rows = np.zeros(1 << bits, dtype=np.uint32)
        self._earliest = 1 << 32

    def new(self, keys: Array, times: Array) -> Array:
        """Return the rows that have no row before them with the same key, at their time or later.

        If a place was used by another key in between, there can be more rows.
        """
        places = (keys >> self._to_place).astype(np.intp)
        are_new = self._keys[places] != keys
        if times.max() > self._earliest:  # not in a file with the last row first
            are_new |= self._times[places] < times
        self._earliest = min(self._earliest, int(times.min()))
        new = np.flatnonzero(are_new)
        places, keys, times = places[new], keys[new], times[new]
        # The first row of each place is noted: numpy assigns the last of equal places.
        for column, values in ((self._keys, keys), (self._times, times), (self._rows, new)):
            column[places[::-1]] = values[::-1]
        repeated = (self._keys[places] == keys) & (self._times[places] >= times)
        found: Array = new[~repeated | (self._rows[places] == new)]
        return found


def joined(several: Iterable[Array]) -> Array:
    """Return rows one after the other."""
    return np.concatenate([np.empty(0, _WHOLE), *(rows.view(_WHOLE) for rows in several)]).view(
        PLACE
    )


def rows_at(rows: Array, places: Array) -> Array:
    """Return the rows at some places."""
    found: Array = rows.view(_WHOLE)[places].view(PLACE)
    return found


def one_of_each(rows: Array, *, latest: bool) -> Array:
    """Return the first row of each key, or the first of the latest, in order of their place.

    The rows are in order of their place.
    """
    if len(rows) < 2:
        return rows
    keys = np.ascontiguousarray(rows["key"])
    order = np.argsort(keys)
    keys = keys[order]
    begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    places = order
    if latest:
        times = rows["time"][order]
        last = np.repeat(np.maximum.reduceat(times, begins), np.diff(begins, append=len(keys)))
        places = np.where(times == last, order, len(rows))
    return rows_at(rows, np.sort(np.minimum.reduceat(places, begins)))
