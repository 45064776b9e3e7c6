"""The figures of one input while it is read."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.model import FileCoverage
from ebs_kms_audit.reading.formats import ForeignError
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import SetAside
    from ebs_kms_audit.reading.exports.header import Layout
    from ebs_kms_audit.reading.sources import PlainFile

Form = Literal["export", "records", "query result", "other"]

UNKNOWN_ENVELOPE = "unknown envelope"
_LISTED_SET_ASIDE = 10_000  # the count goes on; the list is limited
_RECOGNIZED_FORMS = {
    "export": "console CSV",
    "records": "CloudTrail records",
    "query result": "query result",
}


class InputStats:
    """One input while it is read.

    name                its name in the report
    layout              the columns of a console CSV
    form                how its rows are read
    error               why the input could not be read at all
    skipped             why a file in a folder was not read
    recognized_as       the recognized kind of input; None if `form` is enough
    rows                how many rows or records were read, including those set aside
    set_aside_count     how many of these could not be read
    set_aside           the first of these, each with its line and the reason
    cut_short           why its content ends too early
    size_changed        whether the size of the file changed while it was read
    guessed_dates       whether the order of day and month was guessed
    times_without_zone  whether its times have no zone
    unreadable          for a column, the lines whose cell could not be read; the rows are read
    unknown_columns     the columns of a query result that are not understood
    missing             the facts without a column in a query result
    envelopes           how many records each kind of envelope holds
    foreign             how many values of each known foreign kind were set aside
    documents           the documents in it: the kind of each, and its content
    first, last         the earliest and latest time
    """

    def __init__(
        self,
        name: str,
        *,
        layout: Layout | None = None,
        form: Form = "export",
        error: str | None = None,
        skipped: str | None = None,
    ) -> None:
        self.name = name
        self.layout = layout
        self.form = form
        self.error = error
        self.skipped = skipped
        self.recognized_as: str | None = None
        self.rows = 0
        self.set_aside_count = 0
        self.set_aside: list[SetAside] = []
        self.cut_short: str | None = None
        self.size_changed = False
        self.guessed_dates = False
        self.times_without_zone = False
        self.unreadable: dict[str, list[int]] = {}
        self.unknown_columns: tuple[str, ...] = ()
        self.missing: tuple[str, ...] = ()
        self.envelopes: Counter[str] = Counter()
        self.foreign: Counter[str] = Counter()
        self.documents: list[tuple[str, dict[str, Any]]] = []
        self.first: datetime | None = None
        self.last: datetime | None = None

    def note_unreadable(self, column: str, line: int) -> None:
        """Note a cell or a field that cannot be read. The row or record is read without it."""
        self.unreadable.setdefault(column, []).append(line)

    def put_aside(self, line: int, reason: str) -> None:
        """Count a row or record that cannot be read, and list it; a record's line is its number."""
        self.set_aside_count += 1
        if self.form == "records":
            reason = f"record {line}: {reason}"
        if len(self.set_aside) < _LISTED_SET_ASIDE:
            from ebs_kms_audit.model import SetAside

            self.set_aside.append(SetAside(file=self.name, line=line, reason=reason))

    def forget_rows(self) -> None:
        """Reset the counts, because the input is a text without rows."""
        self.rows = self.set_aside_count = 0
        self.set_aside = []

    def add_time(self, time: datetime) -> None:
        """Widen the span of time that the rows of the file cover."""
        first, last = self.first, self.last
        if first is None or last is None:
            self.first = self.last = time
        elif time.tzinfo is first.tzinfo is last.tzinfo:
            if time < first:
                self.first = time
            elif time > last:
                self.last = time
        elif order_of(time) < order_of(first):
            self.first = time
        elif order_of(time) > order_of(last):
            self.last = time

    def fail(self, error: InputError, *, listed: bool) -> None:
        """Note that the input cannot be read. A `listed` file that holds no data is skipped."""
        if listed and isinstance(error, ForeignError) and not error.is_data:
            self.skipped = f"it is {error.foreign.what}"
        else:
            self.error = str(error)

    def check_size(self, file: PlainFile | None) -> None:
        """Note whether a file changed its size while it was read."""
        if file is not None:
            try:
                size = os.stat(file.path).st_size  # noqa: PTH116 - quicker, for many files
                self.size_changed = size != file.size
            except OSError:
                self.size_changed = True

    def _what_it_is(self) -> str | None:
        if self.recognized_as or self.error or self.skipped:
            return self.recognized_as
        found = list(dict.fromkeys(kind for kind, _ in self.documents))
        if self.rows or not found:
            envelopes = f" ({', '.join(self.envelopes)})" if self.envelopes else ""
            found.insert(0, f"{_RECOGNIZED_FORMS[self.form]}{envelopes}")
        return " and ".join(found)

    @property
    def coverage(self) -> FileCoverage:
        """The figures as the report has them."""
        return FileCoverage(
            name=self.name,
            recognized_as=self._what_it_is(),
            layout=self.layout.label if self.layout else None,
            rows_read=self.rows,
            rows_set_aside=self.set_aside_count,
            error=self.error,
        )
