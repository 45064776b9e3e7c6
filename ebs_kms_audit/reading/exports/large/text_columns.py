"""Columns of cells of many rows, without an object for each cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ebs_kms_audit.reading.bits import Array

TextColumn = tuple[int, bytes] | list[str]
"""A list of cells; or a width, and as many bytes for each cell: the cell, a line feed, and zeros.
These cells have neither spaces nor quotes, and are ASCII."""
_WIDEST = 64
_LF, _QUOTE, _FIRST_PRINTED, _LAST_PRINTED = 10, 34, 33, 126


def plain_column(buffer: bytearray, start: Array, end: Array) -> tuple[int, bytes] | None:
    """Return the column of the cells from `start` to `end`; None if it must be a list of cells.

    The buffer has `_WIDEST` bytes or more after each `start`. The bytes of all cells are copied at
    once, as many for each as the longest cell has, and what is after the end of a cell is cleared.
    """
    sizes = end - start
    width = int(sizes.max()) + 1
    if width > _WIDEST:
        return None
    spans: Array = np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer, 0, (1,))
    cells = spans[start].view(np.uint8).reshape(-1, width)
    if (sizes != width - 1).any():
        cells *= np.arange(width) < sizes[:, np.newaxis]
    cells[np.arange(len(sizes)), sizes] = _LF
    plain = (cells >= _FIRST_PRINTED) & (cells <= _LAST_PRINTED) & (cells != _QUOTE)
    return (width, cells.tobytes()) if np.count_nonzero(plain) == sizes.sum() else None


def text_at(column: TextColumn, place: int) -> str:
    """Return the cell at a place, stripped."""
    if isinstance(column, list):
        return column[place].strip()
    width, cells = column
    return cells[place * width : (place + 1) * width].rstrip(b"\0\n").decode("ascii")


def column_at(column: TextColumn, places: Array) -> TextColumn:
    """Return the cells at some places."""
    if isinstance(column, list):
        return [column[place] for place in places.tolist()]
    width, cells = column
    return width, np.frombuffer(cells, f"V{width}")[places].tobytes()


def texts_of(columns: Sequence[TextColumn], order: Array) -> tuple[str | None, ...]:
    """Return the cells of columns, stripped. None stands for an empty cell.

    `order` holds their places, counted through all columns.
    """
    plain = [np.frombuffer(one[1], f"S{one[0]}") for one in columns if isinstance(one, tuple)]
    if len(plain) == len(columns):
        cells = np.concatenate(plain)[order].tobytes()
        *texts, _ = cells.translate(None, delete=b"\0").decode("ascii").split("\n")
    else:
        every = [text_at(one, at) for one in columns for at in range(_size(one))]
        texts = [every[place] for place in order.tolist()]
    return tuple([text or None for text in texts] if "" in texts else texts)


def _size(column: TextColumn) -> int:
    return len(column) if isinstance(column, list) else len(column[1]) // column[0]
