"""Event times of many rows at once, in the form of the console: `2026-05-18T07:00:34Z`."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import numpy as np

from ebs_kms_audit.reading.bits import Array

_SIZE, _MINUTES_SIZE = 20, 16  # bytes of a time, and of a time without `:34Z`
_LAST_YEAR = 2100  # seconds are kept in 32 bits
_MINUTES_KEPT = 1 << 15
_NO_TIME = -(1 << 40)  # less than nothing, also with seconds or minutes added
_FORM, _ALL_BUT_DIGITS = (int.from_bytes(text, "little") for text in (b":00Z", b"\xff\xf0\xf0\xff"))
_DIGITS = 0x0F0F
_SECONDS = np.full(_DIGITS + 1, _NO_TIME, dtype=np.int64)
"""The number of seconds at the value of the two digits, without their upper halves."""
for _second in range(60):
    _SECONDS[_second // 10 + (_second % 10 << 8)] = _second


def read_times(buffer: bytes | bytearray, start: Array, end: Array) -> tuple[Array, Array]:
    """Return the times of cells, in seconds since 1970, and which of the cells have this form.

    The rows of an export are in order of their times. Many have the minute of the row before them,
    which is read once.
    """
    if not len(start):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    words: Array = np.ndarray((len(buffer) - 7,), "<u8", buffer, 0, (1,))
    one, two = words[start], words[start + 8]
    new = np.empty(len(start), dtype=bool)
    new[0] = True
    np.not_equal(one[1:], one[:-1], out=new[1:])
    new[1:] |= two[1:] != two[:-1]
    rows = np.flatnonzero(new)
    texts: Array = np.ndarray((len(buffer) - 15,), f"S{_MINUTES_SIZE}", buffer, 0, (1,))
    read = np.array(list(map(_minutes, texts[start[rows]].tolist())), dtype=np.int64)
    rest: Array = np.ndarray((len(buffer) - 3,), "<u4", buffer, 0, (1,))[start + _MINUTES_SIZE]
    seconds = np.repeat(read, np.diff(rows, append=len(new)))
    seconds += _SECONDS[(rest >> 8) & _DIGITS]
    sound = (end - start == _SIZE) & (rest & _ALL_BUT_DIGITS == _FORM) & (seconds > 0)
    return seconds, sound


@lru_cache(_MINUTES_KEPT)
def _minutes(text: bytes) -> int:
    """Return the seconds since 1970 of a time without seconds, or _NO_TIME."""
    try:
        in_utc = text.decode("ascii") + "+00:00"
        time = datetime.fromisoformat(in_utc)
    except ValueError:
        return _NO_TIME
    is_usual = time.isoformat(timespec="minutes") == in_utc and 1970 < time.year < _LAST_YEAR
    return int(time.timestamp()) if is_usual else _NO_TIME
