"""The rows that are kept of a large export: their places, and their texts where needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from weakref import finalize

import numpy as np

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.places import PlaceKind, joined, one_of_each, some_of

_PENDING = 1 << 17
_IN_MEMORY = 16 << 20  # bytes


class KeptRows:
    """The rows of one kind that are kept.

    `overflowed` is True if there were more than the kind allows. Rows are missing then.
    """

    def __init__(self, kind: PlaceKind) -> None:
        self._keep, self._most = kind
        self._parts: list[Array] = []
        self._size = self._compact = 0
        self.overflowed = False

    def add(self, places: Array) -> None:
        """Add rows."""
        if not len(places) or self.overflowed:
            return
        self._parts.append(places)
        self._size += len(places)
        if self._keep != "all" and self._size > max(_PENDING, 2 * self._compact):
            self.places()
        if self._size > self._most:
            self.overflowed = True

    def places(self) -> Array:
        """Return the places of the rows, in order of the file."""
        if len(self._parts) != 1 or self._compact != self._size:
            places = self._one_of_each(joined(self._parts))
            self._parts, self._size, self._compact = [places], len(places), len(places)
        return self._parts[0]

    def chosen(self, are_chosen: Callable[[Array], Array]) -> Array:
        """Return the places of the chosen rows, in order of the file. The others are not copied.

        `are_chosen` returns which places of an array are chosen: all or none with the same `id`.
        """
        parts = (some_of(places, np.flatnonzero(are_chosen(places))) for places in self._parts)
        return self._one_of_each(joined(parts))

    def _one_of_each(self, places: Array) -> Array:
        if self._keep == "all":
            return places
        return one_of_each(places, latest=self._keep == "latest")


class KeptTexts:
    """The texts of the rows that are kept of an input that cannot be read from any place.

    They are in memory, or in a temporary file where they take more than `_IN_MEMORY`. Raises
    InputError if that file cannot be written.

    close  removes the texts
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._size = 0
        self.close = finalize(self, self._file.close)

    def add(self, kinds: Sequence[Array], texts: Mapping[int, bytes]) -> None:
        """Add the texts of rows at places, which are by offset. The places then have new offsets.

        These are in the order of the old ones, also for places that are added later.
        """
        old = np.unique(np.concatenate([places["offset"] for places in kinds]))
        some = [texts[offset] for offset in old.tolist()]
        sizes = np.array([len(text) for text in some], dtype=np.uint64)
        new = np.cumsum(sizes) - sizes + np.uint64(self._size)
        for places in kinds:
            places["offset"] = new[np.searchsorted(old, places["offset"])]
        try:
            self._file.writelines(some)
        except OSError as error:
            why = f"the temporary folder cannot be written: {error.strerror or error}"
            raise InputError(f"{why}; set TMPDIR to another folder", source=self._name) from error
        self._size += int(sizes.sum())

    def at(self, places: Array) -> Iterator[str]:
        """Yield the texts of the rows at some places."""
        offsets, lengths = places["offset"].tolist(), places["length"].tolist()
        for offset, length in zip(offsets, lengths, strict=True):
            self._file.seek(offset)
            yield self._file.read(length).decode()
