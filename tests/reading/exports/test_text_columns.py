"""Columns of cells: what goes in comes out, stripped, in any order."""

from __future__ import annotations

import numpy as np
import pytest

from ebs_kms_audit.reading.exports.large.text_columns import (
    TextColumn,
    column_at,
    plain_column,
    text_at,
    texts_of,
)


def column(*cells: str) -> TextColumn:
    """Return the column of cells, in one text if that is possible."""
    encoded = [cell.encode() for cell in cells]
    ends = np.cumsum([len(cell) + 1 for cell in encoded]) - 1
    starts = ends - [len(cell) for cell in encoded]
    buffer = bytearray(b",".join(encoded) + bytes(100))
    return plain_column(buffer, starts, ends) or list(cells)


@pytest.mark.parametrize(
    ("cells", "is_plain"),
    [
        (("ab", "cd"), True),
        (("a", "", "bcd"), True),
        (("", ""), True),
        (("!", "~"), True),
        (("x" * 63, "y"), True),
        (("x" * 64, "y"), False),
        (("a b", "c"), False),
        (("a", '"b"'), False),
        (("a", "é"), False),
        (("a", "b\x7f"), False),
        (("a", "b\0"), False),
        (("a", "b\n"), False),
    ],
)
def test_cells_are_read_back(cells: tuple[str, ...], is_plain: bool) -> None:
    found = column(*cells)
    stripped = [cell.strip() for cell in cells]
    assert isinstance(found, tuple) == is_plain
    assert [text_at(found, at) for at in range(len(cells))] == stripped
    backwards = np.arange(len(cells))[::-1]
    assert texts_of([found], backwards) == tuple(cell or None for cell in stripped[::-1])
    last = column_at(found, np.array([len(cells) - 1]))
    assert text_at(last, 0) == stripped[-1]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([column("a", ""), column("bcd")], ("bcd", "a", None)),
        ([column("a", ""), column(" b ")], ("b", "a", None)),
    ],
)
def test_columns_of_different_forms_follow_one_another(
    columns: list[TextColumn], expected: tuple[str | None, ...]
) -> None:
    assert texts_of(columns, np.array([2, 0, 1])) == expected
