"""What an input may be: the kinds of files that are read, and those that are recognized and not."""

from __future__ import annotations

from typing import Any, NamedTuple

from ebs_kms_audit.errors import InputError


class FileKind(NamedTuple):
    """A kind of input: what it is, its endings on a cluster, and how to get it."""

    what: str
    packed: tuple[str, ...]
    how_to_get_it: str

    @property
    def expected(self) -> str:
        """Return what was expected and how to get it."""
        return f"expected {self.what}; {self.how_to_get_it}"


EXPORTS = FileKind(
    "the console's CSV export",
    (".csv", ".csv.gz"),
    "choose Download CSV in the CloudTrail console's Event history",
)
RECORDS = FileKind(
    "CloudTrail records",
    (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson"),
    "choose Download JSON in the CloudTrail console's Event history, run aws cloudtrail "
    "lookup-events, or copy a trail's log files",
)
ANYTHING = FileKind(
    "CloudTrail events (CSV, JSON, Parquet), a key policy, an error message, or the output of a "
    "command that the report recommends",
    (),
    "choose Download CSV or Download JSON in the CloudTrail console's Event history",
)


class Foreign(NamedTuple):
    """A format that is recognized and not read.

    what     what it is, with its article
    remedy   what to do instead
    is_data  whether it may hold events; None if the ending of its name says it. In a folder, a file
             that may hold events is an input that failed; any other is skipped and reported.
    """

    what: str
    remedy: str = ANYTHING.how_to_get_it
    is_data: bool | None = True


class ForeignError(InputError):
    """A source is recognized and not read."""

    def __init__(self, name: str, foreign: Foreign) -> None:
        super().__init__(f"this is {foreign.what}; {foreign.remedy}", source=name)
        named = name.casefold().endswith(_DATA_ENDINGS)
        self.is_data = named if foreign.is_data is None else foreign.is_data
        self.foreign = foreign


_DATA_ENDINGS = (".csv", ".json", ".jsonl", ".ndjson", ".parquet", ".gz")
_UNPACK = "unpack it first"
_BINARY: tuple[tuple[bytes, Foreign], ...] = (
    (b"%PDF", Foreign("a PDF document")),
    (b"SQLite format 3", Foreign("an SQLite database")),
    (b"\xd0\xcf\x11\xe0", Foreign("an old Excel workbook", "save the sheet as CSV")),
    (b"PK\x03\x04", Foreign("a zip archive inside another archive", _UNPACK)),
    (b"\x1f\x8b", Foreign("a gzip file that is packed twice or damaged", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Foreign("a Zstandard file", _UNPACK)),
    (b"BZh", Foreign("a bzip2 file", _UNPACK)),
    (b"\xfd7zXZ\x00", Foreign("an xz file", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Foreign("a 7-Zip archive", _UNPACK)),
    (b"Obj\x01", Foreign("an Avro file", "export the events as JSON, CSV or Parquet")),
    (b"ORC", Foreign("an ORC file", "export the events as JSON, CSV or Parquet")),
    (b"\x89PNG", Foreign("a picture", is_data=False)),
    (b"\xff\xd8\xff", Foreign("a picture", is_data=False)),
    (b"GIF8", Foreign("a picture", is_data=False)),
)
_TAR_AT, _TAR = 257, b"ustar"

INSIGHT = Foreign("a CloudTrail Insights event, not a management event", is_data=False)
DIGEST = Foreign("a CloudTrail digest file, not a log file", is_data=False)
AGGREGATED = Foreign(
    "an aggregated event (AwsAggregatedEvent), which does not name the call",
    "use the trail's log files, or Download JSON",
)
S3_NOTIFICATION = Foreign(
    "an S3 event notification, not a CloudTrail event",
    "download the log file that the notification names",
)
DYNAMODB = Foreign("an event of a DynamoDB stream, not a CloudTrail event", is_data=False)
OCSF = Foreign(
    "an OCSF event (Security Lake)",
    "query the CloudTrail log files, or choose Download JSON in the CloudTrail console",
)
NOTEBOOK = Foreign("a Jupyter notebook", is_data=False)
JSON_FORMATS = {
    foreign.what: foreign
    for foreign in (INSIGHT, DIGEST, AGGREGATED, S3_NOTIFICATION, DYNAMODB, OCSF, NOTEBOOK)
}


def binary_format(head: bytes) -> Foreign | None:
    """Return the format of a file that is not text; None if it may be text."""
    for magic, foreign in _BINARY:
        if head.startswith(magic):
            return foreign
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return Foreign("a tar archive", _UNPACK)
    return None


def foreign_json(value: dict[str, Any]) -> Foreign | None:
    """Return what a JSON object is, if it is known and not a CloudTrail event."""
    source = value.get("eventSource")
    category = value.get("eventCategory")
    kind = value.get("eventType")
    if source == "aws:s3" or (value.get("Event") == "s3:TestEvent"):
        return S3_NOTIFICATION
    if source == "aws:dynamodb":
        return DYNAMODB
    if "insightDetails" in value or category == "Insight" or kind == "AwsCloudTrailInsight":
        return INSIGHT
    if kind == "AwsAggregatedEvent" or category == "Aggregated":
        return AGGREGATED
    if "digestStartTime" in value and "logFiles" in value:
        return DIGEST
    if "nbformat" in value and "cells" in value:
        return NOTEBOOK
    if "class_uid" in value and ("api" in value or "actor" in value):
        return OCSF
    return None
