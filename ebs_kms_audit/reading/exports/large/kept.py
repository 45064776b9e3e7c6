"""The rows of one kind that are kept of a large export, by their places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.places import PlaceKind, joined, one_of_each, some_of

_PENDING = 1 << 17


class KeptRows:
    """The rows of one kind that are kept.

    `overflowed` is True if there were more than the kind allows. Rows are missing then.
    """

    def __init__(self, kind: PlaceKind) -> None:
        self._keep, self._most = kind
        self._parts: list[Array] = []
        self._size = self._compact = 0
        self._texts: dict[int, bytes] = {}
        self.overflowed = False

    def add(self, places: Array, texts: dict[int, bytes]) -> None:
        """Add rows; with their texts by offset if the file cannot be read from any place."""
        if not len(places) or self.overflowed:
            return
        self._parts.append(places)
        self._size += len(places)
        self._texts.update(texts)
        if self._keep != "all" and self._size > max(_PENDING, 2 * self._compact):
            self.places()
        if self._size > self._most:
            self.overflowed = True

    def places(self) -> Array:
        """Return the places of the rows, in order of the file."""
        if len(self._parts) != 1 or self._compact != self._size:
            places = self._one_of_each(joined(self._parts))
            if self._keep != "all" and self._texts:
                kept = places["offset"].tolist()
                self._texts = {offset: self._texts[offset] for offset in kept}
            self._parts, self._size, self._compact = [places], len(places), len(places)
        return self._parts[0]

    def those(self, are_chosen: Callable[[Array], Array]) -> Array:
        """Return the places of the chosen rows, in order of the file. The others are not copied.

        `are_chosen` returns which places of an array are chosen: all or none with the same `id`.
        """
        parts = (some_of(places, np.flatnonzero(are_chosen(places))) for places in self._parts)
        return self._one_of_each(joined(parts))

    def _one_of_each(self, places: Array) -> Array:
        if self._keep == "all":
            return places
        return one_of_each(places, latest=self._keep == "latest")

    def text(self, offset: int) -> bytes | None:
        """Return the text of a row, if it was kept."""
        return self._texts.get(offset)
