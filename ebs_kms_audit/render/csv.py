"""Report → CSV: one row for each denial, the columns of `render.table`.

A cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.render.escape import csv_cell
from ebs_kms_audit.render.table import COLUMNS, rows_of

if TYPE_CHECKING:
    from ebs_kms_audit.report import Report


def render(report: Report) -> str:
    """Return the denials as CSV in the order of the report, lines ended by a line feed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in rows_of(report))
    return text.getvalue()


def _cells(row: dict[str, Any]) -> Iterator[str]:
    for column in COLUMNS:
        value = row[column]
        if value is None:
            yield ""
        elif isinstance(value, datetime):
            yield value.isoformat().replace("+00:00", "Z")
        elif isinstance(value, list | tuple):
            yield csv_cell(" ".join(value))
        else:
            yield csv_cell(str(value))
