"""Report → CSV: one row for each denial, with the columns of `render.table`.

A cell that a spreadsheet would evaluate as a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.render.escape import csv_cell
from ebs_kms_audit.render.table import COLUMNS, rows_of

if TYPE_CHECKING:
    from ebs_kms_audit.report import Report

_AT_ONCE = 500
"""How many lines make one piece."""
_KEPT = 4_000
"""How many kinds of denials are remembered."""


def render(report: Report) -> str:
    """Return the denials as CSV in the order of the report, lines ended by a line feed."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """Yield the text of the CSV in pieces."""
    lines: list[str] = []
    writer = csv.writer(_Lines(lines), lineterminator="\n")
    writer.writerow(COLUMNS)
    cells: dict[tuple[Any, ...], list[str]] = {}
    for row in rows_of(report):
        of_kind = cells.get(row.of_kind)
        if of_kind is None:
            of_kind = list(map(_cell, row.of_kind))
            if len(cells) < _KEPT:
                cells[row.of_kind] = of_kind
        writer.writerow([row.finding_id, *map(_cell, row.of_event), *of_kind, row.line])
        if len(lines) >= _AT_ONCE:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


class _Lines:
    """A file that keeps the lines which a csv.writer writes."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return csv_cell(" ".join(value) if isinstance(value, tuple) else value)
