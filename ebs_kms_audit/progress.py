"""How far an audit is: what was read of how much, how fast, and how many denials there are so far.

A `Meter` counts the bytes while they are read, and calls back some five times a second. Nothing of
this is loaded where nobody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

_APART = 0.2  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far an audit is.

    `bytes_read` of `bytes_total` are bytes as they lie on the disk, packed or not; the total is
    None where an input does not tell its size (a stream, a table). `denials` counts the KMS events
    found denied so far. `seconds` have passed since reading began; `done` is True in the last call.
    """

    bytes_read: int
    bytes_total: int | None
    seconds: float
    denials: int
    done: bool = False

    @property
    def rate(self) -> float:
        """Bytes a second, from the beginning on."""
        return self.bytes_read / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """The time that is left at this rate; None where that can't be told."""
        if self.bytes_total is None or not self.rate:
            return None
        return max(0, self.bytes_total - self.bytes_read) / self.rate


class Meter:
    """Counts what is read and calls back. `denials` tells how many there are so far."""

    def __init__(self, report: Callable[[Progress], object], total: int | None) -> None:
        self._report = report
        self._total = self._of_one_reading = total
        self._read = 0.0
        self._begun = self._told = monotonic()
        self.denials: Callable[[], int] = int

    def count(self, size: float) -> None:
        """Add what was read, in bytes on the disk."""
        self._read += size
        if monotonic() - self._told >= _APART:
            self._told = monotonic()
            self._report(self._progress())

    def again(self) -> None:
        """Note that all inputs are read once more."""
        if self._total is not None and self._of_one_reading is not None:
            self._total += self._of_one_reading

    def done(self) -> None:
        """Call back for the last time."""
        self._report(self._progress(done=True))

    def _progress(self, *, done: bool = False) -> Progress:
        return Progress(
            # The beginning of a file may be read twice.
            bytes_read=round(min(self._read, self._total or self._read)),
            bytes_total=self._total,
            seconds=monotonic() - self._begun,
            denials=self.denials(),
            done=done,
        )
