"""Event times of many rows at once, in the form of the console: `2026-05-18T07:00:34Z`."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.hashing import words_of

_SIZE = 20
_SEPARATORS = np.array([4, 7, 10, 13, 16, 19])
_SEPARATOR_BYTES = np.frombuffer(b"--T::Z", dtype=np.uint8)
_DIGITS = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_DAY = 86_400
_LAST_YEAR = 2100  # seconds are kept in 32 bits


def read_times(buffer: bytearray, start: Array, end: Array) -> tuple[Array, Array]:
    """Return the times of cells, in seconds since 1970, and which of the cells have this form.

    Many rows of an export have the time of the row before them. Each time is read once.
    """
    if not len(start):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    words = words_of(buffer)
    new = np.empty(len(start), dtype=bool)
    new[0] = True
    sizes = end - start
    np.not_equal(sizes[1:], sizes[:-1], out=new[1:])
    for place in (0, 8, _SIZE - 8):
        part = words[start + place]
        new[1:] |= part[1:] != part[:-1]
    rows = np.flatnonzero(new)
    seconds, sound = _read(buffer, start[rows], sizes[rows])
    counts = np.diff(rows, append=len(new))
    return np.repeat(seconds, counts), np.repeat(sound, counts)


def _read(buffer: bytearray, start: Array, sizes: Array) -> tuple[Array, Array]:
    content = np.frombuffer(buffer, dtype=np.uint8)
    texts = np.lib.stride_tricks.as_strided(content, (len(content) - _SIZE + 1, _SIZE), (1, 1))
    cells = texts[start]
    sound = sizes == _SIZE
    sound &= (cells[:, _SEPARATORS] == _SEPARATOR_BYTES).all(axis=1)
    digits = cells[:, _DIGITS] - 48
    sound &= (digits < 10).all(axis=1)
    numbers = digits.astype(np.int32)
    date = numbers[:, 0]
    for place in range(1, 8):
        date = date * 10 + numbers[:, place]
    hour = numbers[:, 8] * 10 + numbers[:, 9]
    minute = numbers[:, 10] * 10 + numbers[:, 11]
    second = numbers[:, 12] * 10 + numbers[:, 13]
    sound &= (hour < 24) & (minute < 60) & (second < 60)
    date[~sound] = 0
    days = _days(date)
    sound &= days > 0
    return days * _DAY + (hour * 3600 + minute * 60 + second), sound


def _days(dates: Array) -> Array:
    """Return the days since 1970 of dates such as 20260518; 0 for those that do not exist."""
    changes = np.flatnonzero(dates[1:] != dates[:-1]) + 1
    if len(changes) > len(dates) // 8:
        unique, inverse = np.unique(dates, return_inverse=True)
        return np.array([_day(date) for date in unique.tolist()], dtype=np.int64)[inverse]
    days = np.empty(len(dates), dtype=np.int64)
    borders = [0, *changes.tolist(), len(dates)]
    for begin, end in pairwise(borders):
        days[begin:end] = _day(int(dates[begin])) if end > begin else 0
    return days


def _day(date: int) -> int:
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    try:
        time = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return 0
    return int(time.timestamp()) // _DAY if 1970 < year < _LAST_YEAR else 0
