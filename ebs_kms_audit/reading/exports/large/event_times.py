"""The Event times of the rows of a block, in any form.

Times in the form of the console are read together. Of times in other forms, the seconds are read
together, and what is before and after them is read once for each text, by the code of the plain
reader: many rows are of one minute.
"""

from __future__ import annotations

from datetime import UTC

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.index import RowIndex
from ebs_kms_audit.reading.exports.large.numbered import NumberedHashes
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.hashing import PAD, hash_spans
from ebs_kms_audit.reading.times import LAST_YEAR, read_times

_LONGEST = 48  # bytes of a time; longer ones are left to the plain reader
_IN_DOUBT = -1
_KEPT = 50_000


class EventTimes:
    """Reads the Event times of the rows of one file.

    reader  reads a text
    zone    the time zone of the times: UTC, or None if it is unknown
    """

    def __init__(self, settings: Settings) -> None:
        self._at = settings.layout.positions[columns.EVENT_TIME]
        self.zone = settings.time_zone
        self.reader = settings.time_reader()
        self._known = NumberedHashes()

    def begin_range(self) -> None:
        """Forget the texts that were read, if there are very many."""
        if len(self._known) > _KEPT:
            self._known = NumberedHashes()

    def of_rows(self, buffer: bytearray, index: RowIndex) -> tuple[Array, Array]:
        """Return the times of rows in seconds since 1970, and which of them can be read here.

        Times with a fraction of a second cannot, and times with a zone if the first rows have none,
        or without one if these have one. Times without a zone are returned as if they were in UTC.
        """
        start, end = index.spans(self._at, self._at)
        if self.zone is None:
            seconds, sound = np.zeros(len(start), dtype=np.int64), np.zeros(len(start), dtype=bool)
            others = np.arange(len(start))
        else:
            seconds, sound = read_times(buffer, start, end)
            others = np.flatnonzero(~sound)
            if len(others):  # they can be quoted
                quoted = index.cells(self._at, others)
                seconds[others], sound[others] = read_times(buffer, *quoted)
                others = others[~sound[others]]
        if len(others):
            start, end = index.cells(self._at, others)
            others = others[end - start <= _LONGEST]
            found = self._of_any_form(buffer, *index.cells(self._at, others))
            seconds[others], sound[others] = found, found != _IN_DOUBT
        return seconds, sound

    def _of_any_form(self, buffer: bytearray, start: Array, end: Array) -> Array:
        """Return the times of cells, or _IN_DOUBT."""
        texts, seconds = _without_seconds(buffer, start, end)
        copied = bytearray(texts.tobytes() + bytes(PAD))
        start, end = (begins := np.arange(len(start)) * _LONGEST), begins + (end - start)

        def seconds_of(at: int) -> int:
            return self._seconds(copied[start[at] : end[at]].decode())

        hashes = hash_spans(copied, start, end)
        found = self._known.of_rows(hashes, np.arange(len(hashes)), seconds_of)
        whole: Array = np.where(found == _IN_DOUBT, _IN_DOUBT, found + seconds)
        return whole

    def _seconds(self, text: str) -> int:
        """Return the time of a cell, or _IN_DOUBT."""
        time = self.reader.read(text)
        if time is None or time.microsecond or time.tzinfo is not self.zone:
            return _IN_DOUBT
        if not 1970 < time.year < LAST_YEAR:
            return _IN_DOUBT
        return int(time.replace(tzinfo=UTC).timestamp())


def _without_seconds(buffer: bytearray, start: Array, end: Array) -> tuple[Array, Array]:
    """Return the texts of cells with `00` in place of their seconds, and the seconds.

    Seconds are two digits after the second colon, if this is the third place after the first one:
    07:00:34. The colon of an offset is not (07:00+02:00). The text of a cell is a row of bytes.
    """
    every: Array = np.ndarray((len(buffer) - _LONGEST + 1,), f"V{_LONGEST}", buffer, 0, (1,))
    texts = every[start].view(np.uint8).reshape(-1, _LONGEST)
    texts[np.arange(_LONGEST) >= (end - start)[:, np.newaxis]] = 0
    rows = np.arange(len(texts))
    colons = texts[:, : _LONGEST - 3] == ord(":")
    first = colons.argmax(axis=1)
    colons[rows, first] = False
    second = colons.argmax(axis=1)
    digits = texts[rows[:, np.newaxis], second[:, np.newaxis] + [1, 2, 3]] - np.uint8(ord("0"))
    tens, ones, after = digits.T  # bytes below "0" are above 9 here
    have = colons[rows, second] & (second == first + 3) & (tens < 6) & (ones < 10) & (after > 9)
    texts[rows[have], second[have] + 1] = texts[rows[have], second[have] + 2] = ord("0")
    return texts, np.where(have, tens.astype(np.int64) * 10 + ones, 0)
