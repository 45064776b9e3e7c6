"""What is not read is rejected: one sentence that says what it is and what to do instead."""

import gzip
import io
import json
import re
import zipfile

import pandas as pd
import pyarrow as pa
import pytest

from ebs_kms_audit import EbsKmsAuditError, InputError, audit
from tests.exports import ACCOUNT, HEADER, denied, denied_users, export, row, without

HOW = "choose Download CSV in the CloudTrail console's Event history"
EXPORT = export(denied(), row())
RECORD = {
    "eventName": "Decrypt",
    "eventSource": "kms.amazonaws.com",
    "eventTime": "2026-05-18T07:00:34Z",
    "errorCode": "AccessDenied",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice"},
}


def rejection(given):
    with pytest.raises(InputError) as error:
        audit(given)
    text = str(error.value)
    assert "\n" not in text
    return text


def zipped(**members):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return archive.getvalue()


CONTENT = {
    "nothing": (b"", "the file is empty"),
    "white space": (b"\n \r\n\t\n", "the file is empty"),
    "a mark alone": (b"\xef\xbb\xbf", "the file is empty"),
    "gzip of nothing": (gzip.compress(b""), "the file is empty"),
    "a table as JSON": (
        pd.DataFrame([denied()]).to_json(orient="split").encode(),
        "it holds no CloudTrail record",
    ),
    "JSON of another kind": (b'{"name": "x", "version": 1}', "it holds no CloudTrail record"),
    "JSON lines of another kind": (b'{"a": 1}\n{"b": 2}\n', "it holds no CloudTrail record"),
    "prose": (b"On Monday, the volume failed.\nWhy?\n", "this is text without an error message"),
    "prose with a column's name": (b"The Error code, it seems, is missing", "this is text without"),
    "YAML": (b"Records:\n- eventName: Decrypt\n  errorCode: x\n", "this is text without"),
    "invented columns": (
        b"when,cost,what\n1,alice,Decrypt\n",
        "this is a table without the columns of CloudTrail events",
    ),
    "HTML": (b"<!DOCTYPE html>\n<html></html>", "this is text without an error message"),
    "zeros": (bytes(100), "this is a binary file"),
    "UTF-16 without a mark": (EXPORT.encode("utf-16-le"), "this is a binary file"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "this is a picture"),
    "PDF": (b"%PDF-1.7\n", "this is a PDF document"),
    "SQLite": (b"SQLite format 3\x00", "this is an SQLite database"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is an old Excel workbook"),
    "a workbook": (
        zipped(**{"[Content_Types].xml": "", "xl/worksheets/sheet1.xml": ""}),
        "this is an Excel workbook",
    ),
    "a damaged Parquet file": (b"PAR1\x15\x04PAR1", "this Parquet file is damaged or cut short"),
    "an Avro file": (b"Obj\x01\x04\x14avro", "this is an Avro file"),
    "a tar archive": (bytes(257) + b"ustar\x0000" + bytes(300), "this is a tar archive"),
    "gzip in gzip": (gzip.compress(gzip.compress(b"x")), "a gzip file that is packed twice"),
    "an empty zip": (zipped(), "this zip archive holds no file"),
    "a notebook": (
        json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode(),
        "this is a Jupyter notebook",
    ),
    # Amazon S3 User Guide, "Event message structure".
    "an S3 event notification": (
        json.dumps({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3",
            "awsRegion": "us-east-1", "eventTime": "2026-05-18T07:00:00.000Z",
            "eventName": "ObjectCreated:Put", "userIdentity": {"principalId": "AWS:AIDA"},
            "s3": {"bucket": {"name": "trail"}, "object": {"key": "a.json.gz"}}}]}).encode(),
        "this is an S3 event notification, not a CloudTrail event",
    ),
    # CloudTrail User Guide, "CloudTrail record contents for Insights events for trails".
    "an Insights event": (
        json.dumps({"Records": [{"eventVersion": "1.07", "eventTime": "2026-05-18T07:00:00Z",
            "awsRegion": "us-east-1", "eventID": "1", "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": ACCOUNT, "insightDetails": {"state": "Start",
            "eventSource": "kms.amazonaws.com", "eventName": "Decrypt",
            "errorCode": "AccessDenied"}, "eventCategory": "Insight"}]}).encode(),
        "this is a CloudTrail Insights event",
    ),
    # CloudTrail User Guide, "CloudTrail digest file structure".
    "a digest file": (
        json.dumps({"awsAccountId": ACCOUNT, "digestStartTime": "2026-05-18T06:00:00Z",
            "digestEndTime": "2026-05-18T07:00:00Z", "digestS3Bucket": "trail",
            "logFiles": [{"s3Bucket": "trail", "hashValue": "00"}]}).encode(),
        "this is a CloudTrail digest file",
    ),
    "an aggregated event": (
        json.dumps({"eventVersion": "1.11", "eventType": "AwsAggregatedEvent",
            "eventSource": "kms.amazonaws.com", "eventName": "Decrypt"}).encode(),
        "this is an aggregated event (AwsAggregatedEvent)",
    ),
    "an event of Security Lake": (
        json.dumps({"class_uid": 6003, "api": {"operation": "Decrypt"}, "actor": {}}).encode(),
        "this is an OCSF event (Security Lake)",
    ),
    "a bucket policy": (
        json.dumps({"Policy": json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*",
            "Action": ["s3:GetObject"], "Resource": "*"}]})}).encode(),
        "this is a policy of another service (its actions: s3), not a key policy",
    ),
    "a trust policy": (
        json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole"}]}).encode(),
        "this is a policy of another service (its actions: sts)",
    ),
    "an IAM policy": (
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "kms:*"}]}).encode(),
        "with --iam-policy, --boundary, --session-policy or --scp",
    ),
    # AWS CLI, output of `aws iam get-policy-version`.
    "a version of an IAM policy": (
        json.dumps({"PolicyVersion": {"Document": {"Statement": []}, "VersionId": "v1"}}).encode(),
        "with --iam-policy, --boundary, --session-policy or --scp",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "what"), CONTENT.values(), ids=CONTENT)
@pytest.mark.parametrize("name", ["export.csv", "export.json.gz", "export"])
def test_a_file_that_is_not_read(tmp_path, content, what, name):
    path = tmp_path / name
    path.write_bytes(content)
    text = rejection(path)
    assert text.startswith(f"{path}: ")
    assert what in text


@pytest.mark.parametrize(
    "sign",
    [{"insightDetails": {"state": "Start"}}, {"eventCategory": "Insight"},
     {"eventType": "AwsCloudTrailInsight"}],
)  # fmt: skip
def test_an_insights_event_is_known_by_each_of_its_members(sign):
    one = {"eventVersion": "1.07", "eventTime": "2026-05-18T07:00:00Z", "eventID": "1"} | sign
    text = rejection(io.BytesIO(json.dumps({"Records": [one]}).encode()))
    assert "this is a CloudTrail Insights event" in text


@pytest.mark.parametrize("what", ["a digest file", "an Insights event", "a notebook", "a picture"])
def test_a_file_in_a_folder_that_cannot_hold_data_is_skipped_and_reported(tmp_path, what):
    (tmp_path / "a.csv").write_text(EXPORT)
    (tmp_path / "other").write_bytes(CONTENT[what][0])
    report = audit(tmp_path)
    assert denied_users(report) == ["alice"]
    assert report.failed_inputs == ()
    (skipped,) = (caveat.text for caveat in report.caveats if caveat.id == "files_skipped")
    assert str(tmp_path / "other") in skipped
    assert CONTENT[what][1].removeprefix("this is ") in skipped


def test_a_file_in_a_folder_that_may_hold_data_is_an_input_that_failed(tmp_path):
    (tmp_path / "a.csv").write_text(EXPORT)
    (tmp_path / "b.xlsx").write_bytes(CONTENT["a workbook"][0])
    (tmp_path / "c.csv").write_text("Dear all,\n")
    (tmp_path / "read me").write_text("Dear all,\n")
    failed = audit(tmp_path).failed_inputs
    assert [text.split(": ")[0] for text in failed] == [
        str(tmp_path / "b.xlsx"), str(tmp_path / "c.csv"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (["Event name"], "the header has no column Event name, without which"),
        (["Error code"], "the header has no column Error code, without which"),
        (["Event name", "Error code"], "no column Event name and no column Error code, without"),
    ],
)
@pytest.mark.parametrize("table", [False, True], ids=["file", "table"])
def test_a_header_without_what_tells_a_denial(missing, words, table):
    text = export(denied(), row(), header=without(*missing))
    given = pd.read_csv(io.StringIO(text)) if table else io.StringIO(text)
    told = rejection(given)
    assert words in told
    assert told.endswith(f"{HOW} and keep its columns")


LONG = "x" * 300
PLACES = {
    "missing.csv": "no such file; check the path",
    "missing/export.csv": "no such file; check the path",
    LONG: "no such file; check the path",
    "a\0b": "a path cannot hold a NUL character",
    "*.parquet": "no file matches this pattern",
    "empty": "this folder holds no file",
}


@pytest.mark.parametrize(("place", "what"), PLACES.items(), ids=range(len(PLACES)))
def test_a_place_without_a_file(tmp_path, place, what):
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    assert what in rejection(f"{tmp_path}/{place}")


@pytest.mark.parametrize("text", ['{"Records": []}', "[]", "a,b\n1,2"])
def test_content_in_place_of_a_path(text):
    assert "this is the content of a file, not a path" in rejection(text)


def test_no_input_at_all():
    assert rejection([]) == "(nothing): no input was given; name a file"


@pytest.mark.parametrize("thing", [7, b"User name,Event name", {"a": 1}, object()])
def test_an_object_that_is_no_input(thing):
    text = rejection(thing)
    assert text.startswith(f"<{type(thing).__name__}>: an object of type {type(thing).__name__}")
    assert text.endswith("pass a path, an open file, a DataFrame or an Arrow table")


_NO_TABLE = "not a table with the columns of an export"


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (pa.array([1, 2]), _NO_TABLE),
        (pa.chunked_array([["a"], ["b"]]), _NO_TABLE),
        (pa.table({"a": [1]}), "has no column"),
        (pd.DataFrame(), "has no column"),
    ],
    ids=["array", "chunked array", "another table", "no columns"],
)
def test_a_table_that_is_no_export(thing, reason):
    assert reason in rejection(thing)


# --- damaged and unreadable ------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(EXPORT.encode())[:12],
        gzip.compress(EXPORT.encode())[:3],
        gzip.compress(",".join(HEADER).encode() + b"\n")[:-9],  # the header alone is no row
        b"\x1f\x8b" + b"no gzip at all",
    ],
    ids=["beginning", "mark", "header", "no gzip"],
)
def test_a_damaged_gzip_that_holds_no_row(content):
    text = rejection(io.BytesIO(content))
    assert "the gzip file is " in text
    assert re.search("holds no whole row[:;] download it again$", text)


def damage(archive, where):
    data = bytearray(archive)
    data[where] ^= 0xFF
    return bytes(data)


ZIP = zipped(**{"a.csv": EXPORT})
DEFLATED = io.BytesIO()
with zipfile.ZipFile(DEFLATED, "w", zipfile.ZIP_DEFLATED) as _file:
    _file.writestr("a.csv", EXPORT)


@pytest.mark.parametrize(
    "content",
    [ZIP[:-30], ZIP[:100], damage(ZIP, 60), damage(DEFLATED.getvalue(), 40),
     damage(ZIP, ZIP.index(b"PK\x01\x02") + 6), b"PK\x03\x04"],
    ids=["no directory", "beginning", "a byte", "a packed byte", "the version", "mark"],
)  # fmt: skip
def test_a_damaged_zip(content):
    text = rejection(io.BytesIO(content))
    assert "archive is damaged or cut short" in text
    assert text.endswith("download it again")


def test_an_encrypted_zip():
    data = bytearray(ZIP)
    data[6] |= 1  # the flag in front of the member
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    assert rejection(io.BytesIO(bytes(data))).endswith("unpack the archive first")


def test_a_text_file_opened_in_the_wrong_encoding(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes(export(denied("José")).encode("latin-1"))
    with path.open(encoding="utf-8") as file:
        text = rejection(file)
    assert text.startswith(f"{path}: it was opened as utf-8 text, but holds other bytes")
    assert text.endswith("open it in binary mode, or pass its path")


def test_a_file_that_was_closed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(EXPORT)
    with path.open() as file:
        pass
    assert rejection(file) == f"{path}: reading it failed: I/O operation on closed file."


def test_a_rejection_can_be_caught_as_this_library_s_error():
    with pytest.raises(EbsKmsAuditError):
        audit("missing.csv")


def test_a_failing_stream_leaves_the_others_alone():
    closed = io.StringIO(EXPORT)
    closed.close()
    report = audit([closed, io.BytesIO(ZIP[:-30]), io.StringIO(EXPORT)])
    assert denied_users(report) == ["alice"]
    assert len(report.failed_inputs) == 2


def test_a_header_without_rows_is_an_export():
    # A search that found nothing: no error, but a caveat.
    report = audit(io.StringIO(",".join(HEADER))).to_dict()
    assert report["coverage"]["rows_read"] == 0
    assert "no_kms_rows" in [caveat["id"] for caveat in report["caveats"]]
