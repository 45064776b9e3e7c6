"""Event times of many rows at once, in the form of the console: `2026-05-18T07:00:34Z`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from ebs_kms_audit.reading.bits import Array

_SIZE, _MINUTES_SIZE = 20, 16  # bytes of a time, and of a time without `:34Z`
_MINUTES = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})")
_LAST_YEAR = 2100  # seconds are kept in 32 bits
_MINUTES_KEPT = 1 << 15
_NO_TIME = -1


def read_times(buffer: bytes | bytearray, start: Array, end: Array) -> tuple[Array, Array]:
    """Return the times of cells, in seconds since 1970, and which of the cells have this form.

    The rows of an export are in order of their times. Many have the minute of the row before them,
    which is read once.
    """
    if not len(start):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    cells: Array = np.ndarray((len(buffer) - 23,), "V24", buffer, 0, (1,))
    one, two, three = np.ascontiguousarray(cells[start].view("<u8").reshape(-1, 3).T)
    new = np.empty(len(start), dtype=bool)
    new[0] = True
    np.not_equal(one[1:], one[:-1], out=new[1:])
    new[1:] |= two[1:] != two[:-1]
    rows = np.flatnonzero(new)
    read = [_minutes(bytes(buffer[at : at + _MINUTES_SIZE])) for at in start[rows].tolist()]
    minutes = np.repeat(np.array(read), np.diff(rows, append=len(new)))
    colon, tens, ones, zone = (three >> np.uint64(8 * place) & np.uint64(255) for place in range(4))
    tens, ones = tens - np.uint64(ord("0")), ones - np.uint64(ord("0"))  # a large number below "0"
    sound = (
        (end - start == _SIZE) & (minutes != _NO_TIME) & (colon == ord(":")) & (zone == ord("Z"))
    )
    sound &= (tens < 6) & (ones < 10)
    return minutes + (tens * np.uint64(10) + ones).astype(np.int64), sound


@lru_cache(_MINUTES_KEPT)
def _minutes(text: bytes) -> int:
    """Return the seconds since 1970 of a time without seconds, or _NO_TIME."""
    match = _MINUTES.fullmatch(text)
    if match is None:
        return _NO_TIME
    year, month, day, hour, minute = map(int, match.groups())
    if not 1970 < year < _LAST_YEAR:
        return _NO_TIME
    try:
        return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())
    except ValueError:
        return _NO_TIME
