"""Results of the queries of `queries.py`, as CSV → records.

Such a result is CloudTrail's records in columns: names in small letters, and where a record holds
more than a text, JSON. Athena writes the names within that JSON in small letters as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.rows import Row
from ebs_kms_audit.reading.records.decoder import Record
from ebs_kms_audit.reading.records.fields import MEMBERS
from ebs_kms_audit.reading.stats import InputStats

# The columns that hold JSON, and what it is; another shape would find nothing, in silence.
_JSON = {
    "useridentity": dict,
    "requestparameters": dict,
    "responseelements": dict,
    "resources": list,
}
_SPELLING = {member.lower(): member for member in MEMBERS}


def records_in_rows(
    rows: Iterable[Row], header: Sequence[str], layout: Layout, reading: InputStats
) -> Iterator[Record]:
    """Yield the record in each row, numbered by its line; a cell that is no JSON is left out."""
    names = [cell.strip().casefold() for cell in header]
    for row in rows:
        fault = row.fault or layout.misfit(row.cells)
        if fault:
            yield Record(row.line, {}, fault)
            continue
        content: dict[str, Any] = {}
        for name, cell in zip(names, row.cells, strict=False):
            try:
                value = _value(name, cell.strip())
            except (ValueError, RecursionError):
                reading.unreadable.setdefault(name, []).append(row.line)
                continue
            if value is not None:
                content[_SPELLING.get(name, name)] = value
        yield Record(row.line, content, None if "eventName" in content else "it has no eventname")


def _value(name: str, text: str) -> Any:
    if name == "readonly":
        return {"true": True, "false": False}.get(text.lower())
    if not text or name not in _JSON:
        return text or None
    value: Any = json.loads(text)
    if value is not None and not isinstance(value, _JSON[name]):
        raise ValueError(name)
    if name == "useridentity":
        return _spelled(value)
    if name == "resources" and value:
        return [_resource(entry) for entry in value if isinstance(entry, dict)]
    return value


def _resource(entry: dict[str, Any]) -> dict[str, Any]:
    return {"ARN" if name.lower() == "arn" else name: inner for name, inner in entry.items()}


def _spelled(value: Any) -> Any:
    """Give the members of a JSON value the spelling that they have in a record."""
    if not isinstance(value, dict):
        return value
    return {_SPELLING.get(name.lower(), name): _spelled(inner) for name, inner in value.items()}
