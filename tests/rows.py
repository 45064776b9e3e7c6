"""Rows for tests: a denied CreateGrant of alice's through EC2, unless told otherwise."""

from __future__ import annotations

import csv
import io
from typing import Any

import ebs_kms_audit
from ebs_kms_audit import Report
from tests import make_samples

HEADER = make_samples.HEADER

ALICE = "AKIAIOSFODNN7EXAMPLE"  # an old-format key: it tells its kind and no account
SESSION = "ASIAIOSFODNN7EXAMPLE"
EC2 = "ec2-frontend-api.amazonaws.com"
CLIENT = "198.51.100.7"

_DENIED = {
    "User name": "alice",
    "AWS access key": ALICE,
    "Event time": "2026-05-18T07:00:34Z",
    "Event source": "kms.amazonaws.com",
    "Event name": "CreateGrant",
    "AWS region": "us-east-1",
    "Source IP address": EC2,
    "User agent": EC2,
    "Error code": "AccessDenied",
    "Resources": "[]",
    "Request ID": "f3b1a2c4-0000-4000-8000-000000000001",
    "Event ID": "",
    "Read-only": "false",
    "Event type": "AwsApiCall",
    "Recipient Account Id": "111122223333",
    "Event category": "Management",
}
_BY_WORD = {name.lower().replace(" ", "_").replace("-", "_"): name for name in HEADER}


def row(**cells: str) -> dict[str, str]:
    """Return a row; cells by the column's name in small letters: `row(user_name="bob")`."""
    return _DENIED | {_BY_WORD[word]: cell for word, cell in cells.items()}


def export(*rows: dict[str, str], header: list[str] = HEADER) -> io.StringIO:
    """Return an export of the rows as an open file; each row gets an Event ID if it has none."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for number, cells in enumerate(rows):
        cells = cells | {"Event ID": cells["Event ID"] or f"event-{number}"}
        writer.writerow([cells[name] for name in header])
    text.seek(0)
    return text


def audit(*rows: dict[str, str], header: list[str] = HEADER, **options: Any) -> Report:
    """Audit an export of the rows."""
    return ebs_kms_audit.audit(export(*rows, header=header), **options)
