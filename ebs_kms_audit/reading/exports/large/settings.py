"""How the rows of one large export are written."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, timezone
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.events import row_starter, time_reader
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.rows import Dialect, Row
from ebs_kms_audit.reading.timestamps import TimeReader

if TYPE_CHECKING:
    from ebs_kms_audit.model import Window
    from ebs_kms_audit.reading.exports.named_keys import NamedKeys


class Settings(NamedTuple):
    """How the rows of one file are written, and which of them are read.

    layout          where each column is
    delimiter       what is between two cells
    sample          the first rows: they show the order of day and month in dates, and the time zone
    check_length    raises InputError where a line is too long for any row
    audit_window    the span of time that the audit looks at: rows in it are needed one by one
    named_keys      collects the keys that rows of other services name; None where nobody asks
    keep_texts      whether to keep the text of rows, because the file cannot be read from any place
    crlf            whether a row ends at a carriage return and a line feed, not at a line feed
    count_accounts  whether to count the account ids that rows show, because some are damaged
    """

    layout: Layout
    delimiter: str
    sample: Sequence[Row]
    check_length: Callable[[int], None] = lambda _: None
    audit_window: Window | None = None
    named_keys: NamedKeys | None = None
    keep_texts: bool = False
    crlf: bool = False
    count_accounts: bool = False

    @property
    def dialect(self) -> Dialect:
        """What the plain reader must know of the rows."""
        return Dialect(self.delimiter, row_starter(self.layout))

    @property
    def time_zone(self) -> timezone | None:
        """The zone of the first time: UTC, or None if it is unknown."""
        at = self.layout.positions[columns.EVENT_TIME]
        times = self.time_reader()
        read = (times.read(row.cells[at]) for row in self.sample if len(row.cells) > at)
        first = next(filter(None, read), None)
        return None if first and first.tzinfo is None else UTC

    def time_reader(self) -> TimeReader:
        """Return what reads the times of the rows."""
        return time_reader(self.layout, self.sample, self.delimiter)

    def cells(self, line: bytes) -> list[str]:
        """Return the cells of a regular row."""
        return cells_of(line.decode(), self.delimiter)


def cells_of(row: str, delimiter: str) -> list[str]:
    """Return the cells of the text of a regular row, without its line end."""
    if '"' not in row:
        return row.split(delimiter)  # three times as fast as csv
    (cells,) = csv.reader([row], delimiter=delimiter, strict=True)
    return cells
