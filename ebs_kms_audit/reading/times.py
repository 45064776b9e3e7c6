"""Event times of many rows at once, in the form of the console: `2026-05-18T07:00:34Z`.

Programs that rewrite an export add `.000`, as JavaScript's toISOString does.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.hashing import words_of

_SIZE, _HOURS_SIZE = 20, 13  # bytes of a time, and of a time without `:00:34Z`
_LONG_SIZE = 24  # bytes of a time with `.000`
LAST_YEAR = 2100
"""Times of this year and later ones are not read here: seconds are kept in 32 bits."""
_HOURS_KEPT = 1 << 15
_NO_TIME = -(1 << 40)  # less than nothing, also with the other parts of a time added


def _number_of(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


_TO_HOUR = _number_of(b"\xff" * 5)  # `18T07` of the second word
_FORM, _ALL_BUT_DIGITS = map(_number_of, (b"\0:00:00Z", b"\0\xff\xf0\xf0\xff\xf0\xf0\xff"))
_LONG_FORM, _ALL_OF_LONG = map(_number_of, (b":00.000Z", b"\xff\xf0\xf0\xff\xff\xff\xff\xff"))
_ALL_BUT_LAST = _number_of(b"\xff" * 7)
_TO_MINUTES, _TO_SECONDS = np.uint64(16), np.uint64(40)
_DIGITS = np.uint64(0x0F0F)
_SECONDS = np.full(int(_DIGITS) + 1, _NO_TIME, dtype=np.int64)
"""The number of seconds, or minutes, at the value of two digits without their upper halves."""
for _second in range(60):
    _SECONDS[_second // 10 + (_second % 10 << 8)] = _second
_MINUTES = _SECONDS * 60


def read_times(buffer: bytes | bytearray, start: Array, end: Array) -> tuple[Array, Array]:
    """Return the times of cells, in seconds since 1970, and which of the cells have this form.

    The rows of an export are in order of their times. Many have the hour of the row before them,
    which is read once.
    """
    if not len(start):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    words = words_of(buffer)
    one, two, last = words[start], words[start + 8], words[start + 12]
    two &= _TO_HOUR
    new = np.empty(len(start), dtype=bool)
    new[0] = True
    np.not_equal(one[1:], one[:-1], out=new[1:])
    new[1:] |= two[1:] != two[:-1]
    rows = np.flatnonzero(new)
    texts: Array = np.ndarray((len(buffer) - 12,), f"S{_HOURS_SIZE}", buffer, 0, (1,))
    hours = np.array(list(map(_seconds_of_hour, texts[start[rows]].tolist())), dtype=np.int64)
    seconds = np.repeat(hours, np.diff(rows, append=len(new)))
    seconds += _MINUTES[(last >> _TO_MINUTES) & _DIGITS]
    seconds += _SECONDS[(last >> _TO_SECONDS) & _DIGITS]
    size, form = end - start, last & _ALL_BUT_DIGITS
    sound = (size == _SIZE) & (form == _FORM) & (seconds > 0)
    rows = np.flatnonzero(size == _LONG_SIZE)
    if len(rows):
        sound[rows] = (
            (form[rows] & _ALL_BUT_LAST == _FORM & _ALL_BUT_LAST)
            & (words[start[rows] + 16] & _ALL_OF_LONG == _LONG_FORM)
            & (seconds[rows] > 0)
        )
    return seconds, sound


@lru_cache(_HOURS_KEPT)
def _seconds_of_hour(text: bytes) -> int:
    """Return the seconds since 1970 of a time such as `2026-05-18T07`, or _NO_TIME."""
    try:
        in_utc = text.decode("ascii") + ":00+00:00"
        time = datetime.fromisoformat(in_utc)
    except ValueError:
        return _NO_TIME
    is_usual = time.isoformat(timespec="minutes") == in_utc and 1970 < time.year < LAST_YEAR
    return int(time.timestamp()) if is_usual else _NO_TIME
