"""JSON values → the CloudTrail records and documents inside them.

Records reach people inside other JSON: an event of EventBridge, a message of CloudWatch Logs or
SQS, the result of a query. Each known envelope is a named JSONPath expression. What an expression
finds is unpacked again, also if it is JSON text, to a limited depth.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.reading.document_kinds import document_kind
from ebs_kms_audit.reading.formats import foreign_json
from ebs_kms_audit.reading.records.columns import Columns, complete_from_message, record_of_values
from ebs_kms_audit.reading.records.paths import found_at, steps_of
from ebs_kms_audit.reading.stats import UNKNOWN_ENVELOPE

LOOKUP = "lookup-events"
# Each envelope: its name in the report, and where it holds what is inside.
ENVELOPES: tuple[tuple[str, str], ...] = (
    ("", "$.Records[*]"),
    (LOOKUP, "$.Events[*]"),
    (LOOKUP, "$.CloudTrailEvent"),
    ("EventBridge", "$.detail"),
    ("CloudWatch Logs", "$.events[*].message"),
    ("CloudWatch Logs", "$.logEvents[*].message"),
    ("CloudWatch Logs", "$.awslogs.data"),
    ("CloudWatch Logs Insights", "$.results[*]"),
    ("Athena", "$.ResultSet.Rows[*]"),
    ("CloudTrail Lake", "$.QueryResultRows[*]"),
    ("Kinesis", "$.kinesis.data"),
    ("SNS", "$.Sns.Message"),
    ("SNS", "$.Message"),
    ("SQS", "$.Messages[*]"),
    ("SQS", "$.Body"),
    ("SQS", "$.body"),
    ("Elastic", "$.hits.hits[*]"),
    ("Elastic", "$._source"),
    ("Elastic", "$.event.original"),
    ("Splunk", "$.result"),
    ("Splunk", "$._raw"),
    ("CloudWatch Logs", "$['@message']"),
    ("CloudWatch Logs", "$.message"),
)
# The lists in which each element holds a record. The first row of Athena is the header.
_ONE_EACH = frozenset(path for _, path in ENVELOPES if "[*]" in path) - {"$.ResultSet.Rows[*]"}
_DEEPEST = 8
_UNPACKED = 16 << 20
_LOG_LINE = re.compile(r"\s*\d{4}-\d\d-\d\d[T ][0-9:.,]+Z?\s+(?=\{)")
# The members of a record. What is inside an object with one of them was chosen by a caller, and is
# never read as a record: a request parameter may have any members.
_NEVER_AN_ENVELOPE = frozenset({"eventVersion", "userIdentity"})
NOT_A_RECORD = "it is not a CloudTrail record: it has no eventName"


class Found(NamedTuple):
    """What was found in a JSON value.

    content   a record, or a document
    document  the kind of the document; None for a record
    envelopes the names of the envelopes, the outermost first
    fault     why it cannot be read; None if it can
    foreign   what it is, if it is recognized and not read
    """

    content: dict[str, Any]
    document: str | None = None
    envelopes: tuple[str, ...] = ()
    fault: str | None = None
    foreign: str | None = None


class Unpacker:
    """Finds the records in the JSON values of one file.

    `record_path` is a JSONPath expression for records at any other place. Raises UsageError if it
    is not a valid expression.
    """

    def __init__(self, record_path: str | None = None) -> None:
        self.record_path = record_path
        self._expression = None if record_path is None else _parsed(record_path)
        self._athena: list[str] | None = None  # the header, which is the first row
        self._columns: dict[tuple[str, ...], Columns] = {}

    def found(self, value: Any) -> Iterator[Found]:
        """Yield the records and documents in a value; a Found with a fault if there is none."""
        nothing = True
        if self._expression is not None:
            for match in self._expression.find(value):
                nothing = False
                yield from self._or_fault(match.value)
        if nothing:
            yield from self._or_fault(value)

    def _or_fault(self, value: Any) -> Iterator[Found]:
        nothing = True
        for one in self._found(value, 0):
            nothing = False
            yield one
        if nothing and not _is_empty(value):
            yield Found({}, fault=NOT_A_RECORD)

    def _found(self, value: Any, depth: int) -> Iterator[Found]:
        if depth > _DEEPEST:
            return
        if isinstance(value, str):
            yield from self._in_text(value, depth)
        elif isinstance(value, list):
            if value and all(_is_cell(one) for one in value):  # a row of CloudWatch Logs Insights
                yield from self._in_columns({one["field"]: one.get("value") for one in value})
                return
            for element in value:
                yield from self._found(element, depth + 1)
        elif isinstance(value, dict):
            yield from self._in_object(value, depth)

    def _in_text(self, text: str, depth: int) -> Iterator[Found]:
        if line := _LOG_LINE.match(text):
            text = text[line.end() :]
        begins = text.lstrip()[:1]
        if begins not in ("{", "[", '"'):
            unpacked = _unzipped(text)
            if unpacked is None:
                return
            text = unpacked
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            yield Found({}, fault="the JSON text in it is not valid JSON")
            return
        yield from self._found(value, depth + 1)

    def _in_object(self, value: dict[str, Any], depth: int) -> Iterator[Found]:
        foreign = foreign_json(value)
        if foreign is not None:
            fault = f"it is {foreign.what}"
            yield Found({}, fault=fault, foreign=foreign.what)
            return
        if is_record(value):
            yield Found(value)
            return
        document = document_kind(value)
        if document is not None:
            yield Found(value, document=document)
            return
        nothing = True
        if not _NEVER_AN_ENVELOPE & value.keys():
            for one in self._in_envelopes(value, depth):
                nothing = False
                yield one
        if nothing:
            yield from self._in_columns(_flat(value))

    def _in_envelopes(self, value: dict[str, Any], depth: int) -> Iterator[Found]:
        """Yield what the first envelope holds that fits; faults, if none holds anything else."""
        faults: list[Found] = []
        for name, path in ENVELOPES:
            steps = steps_of(path)
            if steps[0] not in value:
                continue
            fits = False
            for inner in found_at(value, steps):
                inside = self._inside(path, inner, depth)
                for one in _or_fault(inside) if path in _ONE_EACH else inside:
                    if one.fault is None and not fits:
                        fits = True
                        yield from faults
                    named = one._replace(envelopes=(name, *one.envelopes)) if name else one
                    if fits:
                        yield named
                    else:
                        faults.append(named)
            if fits:
                return
        yield from faults or self._one_level_down(value)

    def _one_level_down(self, value: dict[str, Any]) -> Iterator[Found]:
        """Yield the records in the members of an object that is no known envelope."""
        for inner in value.values():
            for one in inner if isinstance(inner, list) else [inner]:
                if isinstance(one, str) and one.lstrip().startswith("{"):
                    candidates = self._in_text(one, 1)
                elif isinstance(one, dict) and is_record(one):
                    candidates = self._in_object(one, 1)
                else:
                    continue
                for found in candidates:
                    if found.fault is None and found.document is None:
                        yield found._replace(envelopes=(UNKNOWN_ENVELOPE, *found.envelopes))

    def _inside(self, path: str, inner: Any, depth: int) -> Iterator[Found]:
        if path == "$.ResultSet.Rows[*]":
            yield from self._in_athena_row(inner)
        elif path == "$.QueryResultRows[*]" and isinstance(inner, list):
            yield from self._in_columns(
                {name: cell for one in inner if isinstance(one, dict) for name, cell in one.items()}
            )
        else:
            yield from self._found(inner, depth + 1)

    def _in_athena_row(self, row: Any) -> Iterator[Found]:
        data = row.get("Data") if isinstance(row, dict) else None
        if not isinstance(data, list):
            return
        cells = [one.get("VarCharValue") if isinstance(one, dict) else None for one in data]
        if self._athena is None:
            self._athena = [str(cell or "") for cell in cells]
            fault = Columns(self._athena).fault()
            if fault:
                yield Found({}, fault=f"the first row does not name the columns: {fault}")
        else:
            yield from self._in_columns(dict(zip(self._athena, cells, strict=False)))

    def _in_columns(self, cells: dict[str, Any]) -> Iterator[Found]:
        """Read an object as the row of a query result, if its members are such columns."""
        header = tuple(cells)
        columns = self._columns.get(header)
        if columns is None:
            columns = Columns(header)
            if len(self._columns) < 1000:
                self._columns[header] = columns
        if columns.understood < min(2, len(header)) or not (
            columns.has_name or columns.has_message
        ):
            return
        values, _ = columns.values(list(cells.values()))
        yield from self.in_row(values)

    def in_row(self, values: dict[str, Any]) -> Iterator[Found]:
        """Yield the records in one row of a query result, by its values as `Columns` has them."""
        whole = values.pop("record", None)
        rest = record_of_values(values)
        if isinstance(whole, (dict, list)) or (
            isinstance(whole, str) and (whole.lstrip()[:1] in ("{", "[") or _LOG_LINE.match(whole))
        ):
            for one in self._found(whole, 1):
                yield one._replace(content={**rest, **one.content}) if not one.document else one
            return
        if isinstance(whole, str):
            rest.setdefault("errorMessage", whole)
        complete_from_message(rest)
        if isinstance(rest.get("eventName"), str):
            yield Found(rest)


def _or_fault(found: Iterator[Found]) -> Iterator[Found]:
    """Yield what was found, and a fault if it is nothing."""
    nothing = True
    for one in found:
        nothing = False
        yield one
    if nothing:
        yield Found({}, fault=NOT_A_RECORD)


def _is_empty(value: Any) -> bool:
    """Return whether it is an envelope with nothing in it, as a search without result returns."""
    if not isinstance(value, dict):
        return isinstance(value, list) and not value
    paths = (steps_of(path) for _, path in ENVELOPES)
    lists = (steps[: steps.index(None)] for steps in paths if None in steps)
    return any(inner == [] for steps in lists for inner in found_at(value, steps))


def _is_cell(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("field"), str) and len(value) <= 2


def is_record(value: dict[str, Any]) -> bool:
    """Return whether an object is a CloudTrail record, or an event that has its shape."""
    source = value.get("eventSource")
    if not isinstance(value.get("eventName"), str) or str(source).startswith("aws:"):
        return False
    return isinstance(source, str) or isinstance(value.get("userIdentity"), dict)


def _flat(value: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return the members of nested objects by their path, as a flattened table has them."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict) and depth < _DEEPEST:
            flat.update(_flat(inner, f"{prefix}{name}.", depth + 1))
        else:
            flat[f"{prefix}{name}"] = inner
    return flat


def _unzipped(text: str) -> str | None:
    """Return the text in base64 and gzip, as subscriptions of CloudWatch Logs send it."""
    if not text.startswith("H4sI"):
        return None
    try:
        unpacked = zlib.decompressobj(31).decompress(base64.b64decode(text), _UNPACKED)
    except (binascii.Error, ValueError, zlib.error):
        return None
    return unpacked.decode("utf-8", "backslashreplace")


def _parsed(path: str) -> Any:
    from jsonpath_ng.ext.parser import parse

    try:
        return parse(path)
    except Exception as error:
        # jsonpath-ng raises errors of several types, which have no common base.
        raise UsageError(
            f"record path {path!r} is not a valid JSONPath expression; write it like $.my[*].place"
        ) from error
