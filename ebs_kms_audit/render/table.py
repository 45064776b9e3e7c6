"""Report → one row a denial, as a pyarrow Table or a pandas DataFrame.

Columns (missing values are null):

finding_id        text     the finding that the denial belongs to
event_id          text
event_time        timestamp, microseconds, UTC; null where the export has no zone
event_time_text   text     the time as in `to_dict()`, with `Z` only where the zone is known
event_name        text
iam_actions       list of text
statement_kind, verdict, error_code, via_service, source_ip   text
account, region   text     account: twelve digits
principal_arn, principal_kind, principal_evidence, user_name, session_name   text
key_arn, key_id, key_alias, key_evidence   text
file              text
line              64-bit integer, the header being line 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.render.json import denial_dict

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from ebs_kms_audit.report import Report

COLUMNS = (
    "finding_id", "event_id", "event_time", "event_time_text", "event_name", "iam_actions",
    "statement_kind", "verdict", "error_code", "via_service", "source_ip", "account", "region",
    "principal_arn", "principal_kind", "principal_evidence", "user_name", "session_name",
    "key_arn", "key_id", "key_alias", "key_evidence", "file", "line",
)  # fmt: skip


def as_arrow(report: Report) -> pa.Table:
    """Return one row a denial, in the order of the report."""
    import pyarrow as pa

    special = {
        "event_time": pa.timestamp("us", tz="UTC"),
        "iam_actions": pa.list_(pa.string()),
        "line": pa.int64(),
    }
    schema = pa.schema([(name, special.get(name, pa.string())) for name in COLUMNS])
    return pa.Table.from_pylist(rows_of(report), schema=schema)


def as_pandas(report: Report) -> pd.DataFrame:
    """Return the Arrow table as a DataFrame."""
    frame: pd.DataFrame = as_arrow(report).to_pandas()
    return frame


def rows_of(report: Report) -> list[dict[str, Any]]:
    """Return a mapping of column to value for each denial, in the order of the report."""
    return [
        {name: _encodable(value) for name, value in row.items()}
        for finding in report.findings
        for row in _rows(finding)
    ]


def _encodable(value: Any) -> Any:
    """Return a text with its lone surrogates (of a file name, of JSON) written as escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return [_encodable(one) for one in value] if isinstance(value, list) else value


def _rows(finding: Finding) -> list[dict[str, Any]]:
    rows = []
    for denial in finding.denials:
        principal, key, event = denial.principal, denial.key, denial.event
        plain = denial_dict(denial)
        rows.append(
            plain
            | {
                "finding_id": finding.id,
                "event_time": event.time if event.time and event.time.tzinfo else None,
                "event_time_text": plain["event_time"],
                "account": finding.account,
                "region": finding.region,
                "principal_arn": principal.arn,
                "principal_kind": str(principal.kind),
                "principal_evidence": str(principal.evidence),
                "user_name": principal.user_name,
                "session_name": principal.session_name,
                "key_arn": key.arn,
                "key_id": key.id,
                "key_alias": key.alias,
                "key_evidence": str(key.evidence),
            }
        )
    return rows
