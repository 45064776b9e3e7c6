"""The regular rows of a block of bytes: their cells, times, groups and places."""

from __future__ import annotations

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.large.groups import RowGroups
from ebs_kms_audit.reading.exports.large.index import RowIndex, inside_quotes
from ebs_kms_audit.reading.exports.large.places import PLACE
from ebs_kms_audit.reading.exports.large.window import ByteWindow
from ebs_kms_audit.reading.hashing import words_of


class Block:
    """The regular rows of a block. They are numbered from 0. It is valid until the window moves.

    buffer   the bytes of the block, and what is around them
    bytes    the buffer as numbers
    words    the eight bytes from each place of the buffer on, as numbers
    index    where the cells of the rows are in the buffer
    seconds  the times of the rows, in seconds since 1970
    groups   the groups of the rows
    """

    def __init__(
        self, window: ByteWindow, layout: Layout, index: RowIndex, seconds: Array, groups: RowGroups
    ) -> None:
        self.buffer = window.buffer
        self.bytes = np.frombuffer(window.buffer, dtype=np.uint8)
        self.words = words_of(window.buffer)
        self.index = index
        self.seconds = seconds
        self.groups = groups
        self._at = layout.positions
        self._first_line = window.line
        self._to_file = window.offset - window.begin

    def spans(self, column: str, rows: Array) -> tuple[Array, Array]:
        """Return where the cells of some rows begin and end. They are empty without the column."""
        at = self._at.get(column)
        if at is None:
            nothing = self.index.row_starts[rows]
            return nothing, nothing
        return self.index.spans(at, at, rows)

    def cells(self, column: str, rows: Array) -> tuple[Array, Array]:
        """Return where the text of the cells begins and ends, as in `inside_quotes`."""
        return inside_quotes(self.bytes, *self.spans(column, rows))

    def lines(self, rows: Array) -> Array:
        """Return the lines at which some rows begin, counted from the start of the range."""
        return self.index.lines_before(rows) + self._first_line

    def texts(self, rows: Array) -> list[bytes]:
        """Return the texts of some rows, without the ends of their lines."""
        starts, ends = self.index.row_starts[rows].tolist(), self.index.row_ends[rows].tolist()
        return [bytes(self.buffer[one:end]) for one, end in zip(starts, ends, strict=True)]

    def places(self, rows: Array, users: Array, ids: Array) -> Array:
        """Return the places of some rows. `users` and `ids` are as in `PLACE`."""
        places = np.empty(len(rows), PLACE)
        starts = self.index.row_starts[rows]
        places["offset"] = starts + self._to_file
        places["length"] = self.index.row_ends[rows] - starts
        places["line"] = self.lines(rows)
        places["time"] = self.seconds[rows]
        places["user"] = users
        places["id"] = ids
        places["group"] = self.groups.hashes[rows]
        return places
