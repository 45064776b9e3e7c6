"""What is known of one input while it is read: its figures, and what is to be said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from ebs_kms_audit.model import FileCoverage, SetAside
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.reading.exports.header import Layout

Form = Literal["export", "records", "query result"]

_LISTED_SET_ASIDE = 10_000  # the count goes on; a list without end would be the whole input


@dataclass(slots=True)
class InputStats:
    """One input while it is read: its figures, and what is to be said about it afterwards.

    `unreadable` has, for a column, the lines where its cell could not be read and the row could.
    """

    name: str
    layout: Layout | None = None
    form: Form = "export"
    rows: int = 0
    set_aside_count: int = 0
    set_aside: list[SetAside] = field(default_factory=list)
    error: str | None = None
    cut_short: str | None = None
    guessed_dates: bool = False
    times_without_zone: bool = False
    unreadable: dict[str, list[int]] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def put_aside(self, line: int, reason: str) -> None:
        """Count a row or record that can't be read, and list it; a record's line is its number."""
        self.set_aside_count += 1
        if self.form == "records":
            reason = f"record {line}: {reason}"
        if len(self.set_aside) < _LISTED_SET_ASIDE:
            self.set_aside.append(SetAside(file=self.name, line=line, reason=reason))

    def add_time(self, time: datetime) -> None:
        """Widen the file's span."""
        if self.first is None or order_of(time) < order_of(self.first):
            self.first = time
        if self.last is None or order_of(time) > order_of(self.last):
            self.last = time

    @property
    def _layout_label(self) -> str | None:
        if self.form == "export":
            return self.layout.label if self.layout else None
        return self.form

    @property
    def coverage(self) -> FileCoverage:
        """The figures as the report has them."""
        return FileCoverage(
            name=self.name,
            layout=self._layout_label,
            rows_read=self.rows,
            rows_set_aside=self.set_aside_count,
            error=self.error,
        )
