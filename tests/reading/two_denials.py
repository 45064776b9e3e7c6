"""An export of four rows, two of them denied, to be given in every form."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.csv

from ebs_kms_audit import Report
from tests.exports import HEADER, denied, denied_users, export, figures, row

EXPORT = export(denied("alice"), row(), denied("bob"), row())
DATA = EXPORT.encode()


def is_the_export(report: Report) -> bool:
    """Return whether a report is on the export."""
    return (denied_users(report), figures(report)) == (["alice", "bob"], (4, 4, 0, 2))


def arrow_text() -> pa.Table:
    """Return the export as a pyarrow Table of text."""
    options = pa.csv.ConvertOptions(column_types=dict.fromkeys(HEADER, pa.string()))
    return pa.csv.read_csv(io.BytesIO(DATA), convert_options=options)
