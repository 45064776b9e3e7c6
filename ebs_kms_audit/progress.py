"""The progress of an audit: bytes read, bytes in total, rate, and denials so far.

A `Meter` counts the bytes that are read, and calls a function about five times a second. This
module is imported only if progress is requested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

_INTERVAL = 0.2  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """The progress of an audit.

    bytes_read   the bytes read from disk, before decompression
    bytes_total  the size of all inputs, in bytes; None if an input has no size (a stream, a table)
    seconds      the time since the start, in seconds
    denials      the number of denied KMS events so far
    done         whether this is the last call
    """

    bytes_read: int
    bytes_total: int | None
    seconds: float
    denials: int
    done: bool = False

    @property
    def rate(self) -> float:
        """The average number of bytes per second."""
        return self.bytes_read / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """The remaining time at this rate, in seconds; None if unknown."""
        if self.bytes_total is None or not self.rate:
            return None
        return max(0, self.bytes_total - self.bytes_read) / self.rate


class Meter:
    """Counts the bytes that are read, and calls a function with the progress.

    `denials` is a function that returns the number of denials so far.
    """

    def __init__(self, report: Callable[[Progress], object], total: int | None) -> None:
        self._report = report
        self._total = self._of_one_reading = total
        self._read = 0.0
        self._start = self._last_call = monotonic()
        self.denials: Callable[[], int] = int

    def count(self, size: float) -> None:
        """Add a number of bytes read from disk."""
        self._read += size
        if monotonic() - self._last_call >= _INTERVAL:
            self._last_call = monotonic()
            self._report(self._progress())

    def again(self) -> None:
        """Add the size of all inputs once more, because they are read again."""
        if self._total is not None and self._of_one_reading is not None:
            self._total += self._of_one_reading

    def done(self) -> None:
        """Call the function for the last time."""
        self._report(self._progress(done=True))

    def _progress(self, *, done: bool = False) -> Progress:
        return Progress(
            # The beginning of a file can be read twice.
            bytes_read=round(min(self._read, self._total or self._read)),
            bytes_total=self._total,
            seconds=monotonic() - self._start,
            denials=self.denials(),
            done=done,
        )
