"""Inputs → Events. `Reading` is the door: it reads every input once.

inputs       what the caller hands in → sources (files, archives, streams, tables)
text         bytes → lines, or blocks: gzip, encodings, files that are no text
tables       DataFrames and Arrow objects → rows
exports/     rows of CSV → Events
records/     CloudTrail JSON → Events
matters      which of them matter; the others are counted, and not taken apart
times        what stands for a time → datetime
file_reading the figures of one input
workers, processes   who else works, and who is told how far it is
policies     what the caller hands in → key policies
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.documents import Documents
from ebs_kms_audit.reading.exports import read_export
from ebs_kms_audit.reading.sources import RECORDS, repeatable, sources
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.workers import Workers

if TYPE_CHECKING:
    from ebs_kms_audit.progress import Meter

__all__ = ["InputStats", "Reading"]


class Reading:
    """The inputs of one audit. Iterate for the events that matter; then `files` is whole.

    The exports come first, then the records. An input that can't be read at all does not end the
    iteration: its `error` says why. At most so many `processes` work at a time; None stands for
    one a CPU. The `meter` is told how far it is.
    """

    def __init__(
        self,
        exports: Any,
        records: Any = None,
        *,
        processes: int | None = 1,
        meter: Meter | None = None,
    ) -> None:
        self._exports = exports
        self._records = records
        self._workers = Workers(processes, meter)
        self.files: list[InputStats] = []
        self.documents = Documents()

    @property
    def repeatable(self) -> bool:
        """Whether the inputs can be read a second time."""
        return repeatable(self._exports) and repeatable(self._records)

    def __iter__(self) -> Iterator[Event]:
        if self.files and self._workers.meter:
            self._workers.meter.again()
        self.files, self.documents = [], Documents()
        if self._exports is not None:
            yield from self._read_exports()
        if self._records is not None:
            from ebs_kms_audit.reading.records import read_record_files  # not for exports

            given = sources(self._records, RECORDS)
            yield from read_record_files(given, self.files, self._workers)

    def _read_exports(self) -> Iterator[Event]:
        for source in sources(self._exports):
            reading = InputStats(source.name)
            self.files.append(reading)
            try:
                yield from read_export(self._workers.watched(source), reading, self._workers)
            except InputError as error:
                reading.error = str(error)
