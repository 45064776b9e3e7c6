"""Report → one row per denial, as a pyarrow Table or a pandas DataFrame.

Columns (missing values are null):

finding_id        text     the finding that the denial belongs to
event_id          text
event_time        timestamp, microseconds, UTC; null if the export has no time zone
event_time_text   text     the time as in `to_dict()`, with `Z` only if the time zone is known
event_name        text
iam_actions       list of text
statement_kind, verdict, error_code, via_service, source_ip   text
account, region   text     account: twelve digits
principal_arn, principal_kind, principal_evidence, user_name, session_name   text
key_arn, key_id, key_alias, key_evidence   text
file              text
line              64-bit integer, from 1 for the header
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.render.denial_json import kind_of
from ebs_kms_audit.render.json_text import time_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from ebs_kms_audit.model import Denial
    from ebs_kms_audit.report import Report

COLUMNS = (
    "finding_id", "event_id", "event_time", "event_time_text", "event_name", "iam_actions",
    "statement_kind", "verdict", "error_code", "via_service", "source_ip", "account", "region",
    "principal_arn", "principal_kind", "principal_evidence", "user_name", "session_name",
    "key_arn", "key_id", "key_alias", "key_evidence", "file", "line",
)  # fmt: skip


class Row(NamedTuple):
    """The values of the columns for one denial, in their order.

    finding_id  the id of the finding
    of_event    the columns in which denials of one kind differ: event_id and the times
    of_kind     the next columns; the same object for the denials of one kind and one Source IP
                address in a finding
    line        the line
    """

    finding_id: str
    of_event: tuple[Any, ...]
    of_kind: tuple[Any, ...]
    line: int


def as_arrow(report: Report) -> pa.Table:
    """Return one row per denial, in the order of the report."""
    import pyarrow as pa

    special = {
        "event_time": pa.timestamp("us", tz="UTC"),
        "iam_actions": pa.list_(pa.string()),
        "line": pa.int64(),
    }
    schema = pa.schema([(name, special.get(name, pa.string())) for name in COLUMNS])
    rows = [(row.finding_id, *row.of_event, *row.of_kind, row.line) for row in rows_of(report)]
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    arrays = [pa.array(one, field.type) for one, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


def as_pandas(report: Report) -> pd.DataFrame:
    """Return the Arrow table as a DataFrame."""
    frame: pd.DataFrame = as_arrow(report).to_pandas()
    return frame


def rows_of(report: Report) -> Iterator[Row]:
    """Yield a row for each denial, in the order of the report."""
    for finding in report.findings:
        kinds: dict[object, tuple[Any, ...]] = {}
        for denial in finding.denials:
            event, who = denial.event, (id(denial.principal), id(denial.key))
            kind = *who, event.source_ip, kind_of(denial)
            of_kind = kinds.get(kind)
            if of_kind is None:
                of_kind = kinds[kind] = tuple(map(_encodable, _of_kind(finding, denial)))
            of_event = (
                _encodable(event.event_id),
                event.time if event.time and event.time.tzinfo else None,
                time_text(event.time),
            )
            yield Row(finding.id, of_event, of_kind, event.line)


def _of_kind(finding: Finding, denial: Denial) -> tuple[Any, ...]:
    event, principal, key = denial.event, denial.principal, denial.key
    return (
        event.name, denial.iam_actions, str(denial.statement_kind), str(denial.verdict),
        event.error_code, denial.via_service, event.source_ip, finding.account, finding.region,
        principal.arn, str(principal.kind), str(principal.evidence), principal.user_name,
        principal.session_name, key.arn, key.id, key.alias, str(key.evidence), event.file,
    )  # fmt: skip


def _encodable(value: Any) -> Any:
    """Return a text with its lone surrogates (of a file name, of JSON) written as escapes."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()
    return tuple(map(_encodable, value)) if isinstance(value, tuple) else value
