"""The Event times of the rows of a block, in any form.

Times in the form of the console are read together, and each text in another form is read once, by
the code of the plain reader: a spreadsheet writes times to the minute, and many rows have one.
"""

from __future__ import annotations

from datetime import UTC

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.index import RowIndex
from ebs_kms_audit.reading.exports.large.numbered import NumberedHashes
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.hashing import LONGEST, hash_spans
from ebs_kms_audit.reading.times import LAST_YEAR, read_times

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
        self._parse = settings.cells
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
        at = self._at
        start, end = index.spans(at, at)
        if self.zone is None:
            seconds = np.zeros(len(start), dtype=np.int64)
            sound = np.zeros(len(start), dtype=bool)
        else:
            seconds, sound = read_times(buffer, start, end)
        others = np.flatnonzero(~sound)
        if len(others) and self.zone is not None:  # they can be quoted
            seconds[others], sound[others] = read_times(buffer, *index.cells(at, others))
            others = others[~sound[others]]
        if len(others):
            start, end = index.cells(at, others)
            others = others[(start < end) & (end - start <= LONGEST)]
            hashes = hash_spans(buffer, *index.cells(at, others))

            def seconds_of(row: int) -> int:
                (text,) = self._parse(index.text(buffer, row, at, at))
                return self._seconds(text)

            found = self._known.of_rows(hashes, others, seconds_of)
            seconds[others] = found
            sound[others] = found != _IN_DOUBT
        return seconds, sound

    def _seconds(self, text: str) -> int:
        """Return the time of a cell, or _IN_DOUBT."""
        time = self.reader.read(text)
        if time is None or time.microsecond or time.tzinfo is not self.zone:
            return _IN_DOUBT
        if not 1970 < time.year < LAST_YEAR:
            return _IN_DOUBT
        return int(time.replace(tzinfo=UTC).timestamp())
