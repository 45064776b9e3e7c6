"""Of rows with one key, a row is kept that is later than those before it."""

from __future__ import annotations

import numpy as np
import pytest

from ebs_kms_audit.reading.exports.large.seen import Seen

A, B = 1 << 63, 1 << 62
"""Two keys with places of their own."""
ALSO_A = A | 1
"""A key that has the place of A."""


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([[(A, 9), (A, 8), (A, 8)]], [[0]]),
        ([[(A, 9), (B, 8), (A, 7), (B, 8)]], [[0, 1]]),
        ([[(A, 9)], [(A, 9), (B, 8)], [(B, 8), (A, 1)]], [[0], [1], []]),
        ([[(A, 7), (A, 9), (A, 8)]], [[0, 1, 2]]),
        ([[(A, 7)], [(A, 8)], [(A, 8)]], [[0], [0], []]),
        ([[(A, 7)], [(B, 9)], [(A, 8)]], [[0], [0], [0]]),
        ([[(A, 9), (ALSO_A, 8), (A, 7)]], [[0, 1]]),
        ([[(A, 9)], [(ALSO_A, 8)], [(A, 7)]], [[0], [0], [0]]),
        ([[(A, 0), (A, 0)], [(A, 0), (B, 0)]], [[0], [1]]),
    ],
    ids=[
        "repeated in a block", "two keys", "repeated in later blocks", "later rows of a block",
        "a later row in a later block", "a later row after another key",
        "two keys with one place", "a key that was forgotten", "without times",
    ],
)  # fmt: skip
def test_rows_that_are_new(blocks: list[list[tuple[int, int]]], expected: list[list[int]]) -> None:
    seen = Seen(4)
    found = []
    for block in blocks:
        keys, times = zip(*block, strict=True)
        new = seen.new(np.array(keys, dtype=np.uint64), np.array(times, dtype=np.int64))
        found.append(new.tolist())
    assert found == expected
