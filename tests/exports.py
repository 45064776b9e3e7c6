"""Builds exports for tests: rows as the console writes them, and the text of a file of them.

    text = export(denied("alice"), row(), header=without("User agent"))

A row is a dict from column name to cell, whole, whatever the file's header will be. Keyword
arguments set its cells: `user_name=` is the column "User name", `read_only=` "Read-only". Every
account, name and id is invented; the account is `ACCOUNT`, in `us-east-1`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import count
from typing import Any

from ebs_kms_audit import audit
from ebs_kms_audit.report import Report
from tests.sample_incident import ACCOUNT, HEADER, HEADER_2019, access_key, made_id

__all__ = [
    "ACCOUNT",
    "HEADER",
    "HEADER_2019",
    "HEADER_2020",
    "Row",
    "access_key",
    "caveats",
    "denied",
    "denied_2019",
    "denied_users",
    "export",
    "figures",
    "only_finding",
    "report_on",
    "row",
    "without",
]

Row = dict[str, str]

HEADER_2020 = [name for name in HEADER_2019 if name != "Resource type"]
"""The nine columns of 2020; the times there read `May 19, 2020, 23:17 (UTC-07:00)`."""

_COLUMN_OF = {
    name.lower().replace(" ", "_").replace("-", "_"): name for name in (*HEADER, "Resource type")
}
_numbers = count(1)


def row(**cells: str) -> Row:
    """Return a row that matters to nobody: alice looks at her instances.

    It has a Request ID and an Event ID of its own, and no long-term key.
    """
    number = next(_numbers)
    values = {
        "user_name": "alice",
        "aws_access_key": access_key("ASIA", ACCOUNT, "a session"),
        "event_time": "2026-05-18T07:00:34Z",
        "event_source": "ec2.amazonaws.com",
        "event_name": "DescribeInstances",
        "aws_region": "us-east-1",
        "source_ip_address": "198.51.100.7",
        "user_agent": "aws-cli/2.27.1",
        "error_code": "",
        "resources": "[]",
        "request_id": made_id("request", number),
        "event_id": made_id("event", number),
        "read_only": "true",
        "event_type": "AwsApiCall",
        "recipient_account_id": ACCOUNT,
        "event_category": "Management",
    }
    return {_COLUMN_OF[name]: cell for name, cell in (values | cells).items()}


def denied(user_name: str = "alice", **cells: str) -> Row:
    """Return a denied CreateGrant, called by EC2 for an IAM user whose key holds ACCOUNT."""
    ec2 = "ec2-frontend-api.amazonaws.com"
    key = cells.get("aws_access_key")
    values = {
        "user_name": user_name,
        "aws_access_key": access_key("AKIA", ACCOUNT, user_name) if key is None else key,
        "event_source": "kms.amazonaws.com",
        "event_name": "CreateGrant",
        "source_ip_address": ec2,
        "user_agent": ec2,
        "error_code": "AccessDenied",
        "read_only": "false",
    }
    return row(**(values | cells))


def denied_2019(user_name: str = "alice", **cells: str) -> Row:
    """Return a denied CreateGrant as the layout of 2019-2020 had it: local time, blank cells."""
    values = {
        "aws_access_key": "",
        "event_time": "2020-05-13, 04:52:01 PM",
        "resources": "",
        "resource_type": "",
    }
    return denied(user_name, **(values | cells))


def without(*columns: str) -> list[str]:
    """Return the current header without some of its columns."""
    return [name for name in HEADER if name not in columns]


def export(
    *rows: Row,
    header: Sequence[str] = HEADER,
    delimiter: str = ",",
    newline: str = "\n",
    final_newline: bool = False,
    **options: Any,
) -> str:
    """Write rows as `csv.writer` does: the cells of the header's columns, blank where none.

    By default as the console writes: LF, quotes where needed, no newline after the last row.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, **options)
    writer.writerow(header)
    writer.writerows([one.get(name, "") for name in header] for one in rows)
    whole = text.getvalue()
    return whole if final_newline else whole.removesuffix(newline)


def figures(report: Report) -> tuple[int, int, int, int]:
    """Return `(rows_read, events, rows_set_aside, denials)` of a report."""
    coverage = report.to_dict()["coverage"]
    return tuple(coverage[k] for k in ("rows_read", "events", "rows_set_aside", "denials"))


def denied_users(report: Report) -> list[str]:
    """Return the User names of all denials, sorted; a name once for each of its denials."""
    findings = report.to_dict()["findings"]
    return sorted(one["principal"]["user_name"] for one in findings for _ in one["denials"])


def report_on(text: str | bytes, **options: Any) -> dict[str, Any]:
    """Return the report on an export as a dict."""
    stream = io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)
    made: dict[str, Any] = audit(stream, **options).to_dict()
    return made


def caveats(report: dict[str, Any]) -> dict[str, str]:
    """Return the texts of the caveats by id."""
    return {caveat["id"]: caveat["text"] for caveat in report["caveats"]}


def only_finding(text: str | bytes, **options: Any) -> dict[str, Any]:
    """Return the one finding of an export."""
    finding: dict[str, Any]
    (finding,) = report_on(text, **options)["findings"]
    return finding
