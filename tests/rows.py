"""Audits of a few rows, of which most are a denied CreateGrant of alice's through EC2.

The rows are those of `tests.exports`, with ids that a test can name: `event-0` is the first row.
"""

from __future__ import annotations

import io
from typing import Any

import ebs_kms_audit
from ebs_kms_audit import Report
from tests import exports
from tests.exports import HEADER

__all__ = ["ALICE", "CLIENT", "EC2", "HEADER", "SESSION", "audit", "export", "row"]

ALICE = "AKIAIOSFODNN7EXAMPLE"  # an old-format key: it shows its kind and no account
SESSION = "ASIAIOSFODNN7EXAMPLE"
EC2 = "ec2-frontend-api.amazonaws.com"
CLIENT = "198.51.100.7"

_NAMED = {
    "aws_access_key": ALICE,
    "request_id": "f3b1a2c4-0000-4000-8000-000000000001",
    "event_id": "",
}


def row(**cells: str) -> exports.Row:
    """Return a denied row; cells by the column's name in small letters: `row(user_name="bob")`."""
    return exports.denied(**(_NAMED | cells))


def export(*rows: exports.Row, header: list[str] = HEADER) -> io.StringIO:
    """Return an export of the rows as an open file; each row gets an Event ID if it has none."""
    named = [
        cells | {"Event ID": cells["Event ID"] or f"event-{number}"}
        for number, cells in enumerate(rows)
    ]
    return io.StringIO(exports.export(*named, header=header, final_newline=True))


def audit(*rows: exports.Row, header: list[str] = HEADER, **options: Any) -> Report:
    """Audit an export of the rows."""
    return ebs_kms_audit.audit(export(*rows, header=header), **options)
