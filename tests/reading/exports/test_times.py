"""Event times of many rows at once, in the form that the console writes."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ebs_kms_audit.reading.times import read_times


def read(*cells: str) -> list[int | None]:
    """Return the times of cells that follow one another, or None for another form."""
    encoded = [cell.encode() for cell in cells]
    ends = np.cumsum([len(cell) + 1 for cell in encoded]) - 1
    starts = ends - [len(cell) for cell in encoded]
    seconds, sound = read_times(b",".join(encoded) + bytes(24), starts, ends)
    return [time if is_sound else None for time, is_sound in zip(seconds, sound, strict=True)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-05-18T07:00:34Z", datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC)),
        ("2026-05-18T00:00:00Z", datetime(2026, 5, 18, tzinfo=UTC)),
        ("2026-12-31T23:59:59Z", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-02-29T09:10:09Z", datetime(2024, 2, 29, 9, 10, 9, tzinfo=UTC)),
        ("1971-01-01T00:00:00Z", datetime(1971, 1, 1, tzinfo=UTC)),
        ("2099-12-31T23:59:59Z", datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-05-18T07:00:34.000Z", datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC)),
        ("2099-12-31T23:59:59.000Z", datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("1970-01-01T00:00:01Z", None),
        ("1970-01-01T00:00:01.000Z", None),
        ("2026-05-18T07:00:34.001Z", None),
        ("2026-05-18T07:00:34.100Z", None),
        ("2026-05-18T07:00:34.0000", None),
        ("2026-05-18T07:00:34,000Z", None),
        ("2026-05-18T07:00:3:.000Z", None),
        ("2026-05-18T07:60:34.000Z", None),
        ("2026-05-18T07-00:34.000Z", None),
        ("2026-05-18T07:00-34.000Z", None),
        ("2026-05-18T24:00:34.000Z", None),
        ("2100-01-01T00:00:00Z", None),
        ("2026-02-29T07:00:34Z", None),
        ("2026-00-18T07:00:34Z", None),
        ("2026-05-18T24:00:00Z", None),
        ("2026-05-18T07:60:34Z", None),
        ("2026-05-18T07:00:60Z", None),
        ("2026-05-18T07:0a:34Z", None),
        ("2026-05-18T07:00:3:Z", None),
        ("2026-05-18T07:00:34z", None),
        ("2026-05-18T07:00:34 ", None),
        ("2026-05-18 07:00:34Z", None),
        ("2026-05-18T07-00:34Z", None),
        ("2026-05-18T07:00-34Z", None),
        ("2026-W20-1T07:00:34Z", None),
        ("20260518T070:00:34Z", None),
        ("2026-05-18T07:00:34", None),
        ("2026-05-18T07:00:34ZZ", None),
        ("", None),
    ],
)
def test_a_time_is_read_or_left_to_the_plain_reader(cell: str, expected: datetime | None) -> None:
    before = "2026-05-18T06:59:58Z"
    seconds = None if expected is None else int(expected.timestamp())
    assert read(before, cell, before)[1] == seconds
    assert read(cell)[0] == seconds


def test_hours_change_between_rows() -> None:
    cells = ["2026-05-18T08:00:00Z", "2026-05-18T07:59:59Z", "2026-05-17T07:59:59Z"]
    times = [int(datetime.fromisoformat(cell).timestamp()) for cell in cells]
    assert read(*cells) == times
    assert read(*cells[::-1]) == times[::-1]


def test_no_row_has_no_time() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert [len(one) for one in read_times(b"", nothing, nothing)] == [0, 0]
