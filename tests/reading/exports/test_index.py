"""Where the cells of a block are, and from where on the plain reader must read it."""

from __future__ import annotations

import numpy as np
import pytest

from ebs_kms_audit.reading.exports.large.index import index_rows

BEFORE = b'"x,y\n'  # must not matter
AFTER = b'"x,y\n' * 40


def rows_of(text: str, *, width: int = 2) -> tuple[list[list[str]], bool, list[int], int]:
    """Return the regular rows, whether these are all, the lines before each, and all lines."""
    content = text.encode()
    buffer = bytearray(BEFORE + content + AFTER)
    begin = len(BEFORE)
    index = index_rows(buffer, begin, begin + len(content), width, ord(","))
    columns = [
        [buffer[start:end].decode() for start, end in zip(*index.cells(at), strict=True)]
        for at in range(width)
    ]
    lines = index.lines_before(np.arange(len(index.delimiters)))
    return list(map(list, zip(*columns, strict=True))), index.whole, lines.tolist(), index.lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
        (",\n,\n", [["", ""], ["", ""]]),
        ('"a","b"\n"c",d\n', [["a", "b"], ["c", "d"]]),
        ('"","""x"""\nc,""\n', [["", '""x""'], ["c", ""]]),
        ('" ",""""\n" c",\n', [[" ", '""'], [" c", ""]]),
        ('"a,b","c\n\n"\nd,e\n', [["a,b", "c\n\n"], ["d", "e"]]),
        ("a,b\nc,", [["a", "b"]]),
        ('a,b\nc,"d', [["a", "b"]]),
        ("", []),
    ],
)
def test_regular_rows(text: str, expected: list[list[str]]) -> None:
    rows, whole, _, _ = rows_of(text)
    assert (rows, whole) == (expected, True)


@pytest.mark.parametrize(
    "doubtful", ['x,"y"z', '"x"y,z', '"x" ,y', ' "x",y', 'x""y,z', "x\ry,z", "x,y\r"]
)
def test_rows_up_to_a_doubt(doubtful: str) -> None:
    rows, whole, _, _ = rows_of(f"a,b\n{doubtful}\nc,d\n")
    assert (rows, whole) == ([["a", "b"]], False)


@pytest.mark.parametrize("unfinished", ['x"y,z', 'x,y"z', 'x,y"', 'x,"y', '"x,y'])
def test_rows_up_to_a_quote_without_another(unfinished: str) -> None:
    rows, whole, _, _ = rows_of(f"a,b\n{unfinished}\nc,d\n")
    assert (rows, whole) == ([["a", "b"]], True)


def test_rows_up_to_bytes_that_are_not_utf_8() -> None:
    buffer = bytearray(b"a,b\nx\xff,y\nc,d\n" + AFTER)
    index = index_rows(buffer, 0, 12, 2, ord(","))
    assert (len(index.delimiters), index.whole) == (1, False)


@pytest.mark.parametrize("irregular", ["x", "x,y,z", ""])
def test_rows_up_to_one_of_another_width(irregular: str) -> None:
    rows, whole, _, _ = rows_of(f"a,b\n{irregular}\nc,d\ne,f\n")
    assert (rows, whole) == ([["a", "b"]], False)


def test_lines_inside_quoted_cells_are_counted() -> None:
    _, _, before, lines = rows_of('a,"b\n\n"\nc,d\n"\n",e\nf,g\n')
    assert (before, lines) == ([0, 3, 4, 6], 7)
