"""What is no export is refused: one sentence that says what it is, what was expected, and how to
get it."""

import gzip
import io
import json
import zipfile

import pandas as pd
import pyarrow as pa
import pytest

from ebs_kms_audit import EbsKmsAuditError, InputError, audit
from tests.exports import HEADER, denied, export, refused_users, row, without

EXPECTED = "expected the console's CSV export"
HOW = "choose Download CSV in the CloudTrail console's Event history"
EXPORT = export(denied(), row())
RECORD = {
    "eventName": "Decrypt",
    "eventSource": "kms.amazonaws.com",
    "eventTime": "2026-05-18T07:00:34Z",
    "errorCode": "AccessDenied",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice"},
}
FLATTENED = "Records/userIdentity/arn,Records/eventTime,Records/eventName,Records/errorCode"
NORMALIZED = pd.json_normalize([RECORD]).to_csv(index=False)


def refusal(given):
    with pytest.raises(InputError) as error:
        audit(given)
    text = str(error.value)
    assert "\n" not in text
    assert ". " not in text  # one sentence
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
    "JSON records": (json.dumps({"Records": [RECORD]}).encode(), "this is JSON, not CSV"),
    "JSON, indented": (json.dumps([RECORD], indent=2).encode(), "this is JSON, not CSV"),
    "JSON lines": (json.dumps(RECORD).encode() + b"\n", "this is JSON, not CSV"),
    "JSON, gzip": (gzip.compress(json.dumps([RECORD]).encode()), "this is JSON, not CSV"),
    "JSON, UTF-8 mark": (b"\xef\xbb\xbf" + json.dumps([RECORD]).encode(), "this is JSON, not CSV"),
    "an export's table as JSON": (
        pd.DataFrame([denied()]).to_json(orient="split").encode(),
        "this is JSON, not CSV",
    ),
    "flattened JSON": (FLATTENED.encode(), "this is CloudTrail JSON flattened into columns"),
    "normalized JSON": (NORMALIZED.encode(), "this is CloudTrail JSON flattened into columns"),
    "prose": (b"On Monday, the volume failed.\nWhy?\n", "this is no event history export"),
    "prose with a column's name": (b"The Error code, it seems, is missing", "no event history"),
    "invented columns": (b"when,who,what\n1,alice,Decrypt\n", "this is no event history export"),
    "HTML": (b"<!DOCTYPE html>\n<html></html>", "this is no event history export"),
    "rows without a header": (EXPORT.split("\n", 1)[1].encode(), "no event history export"),
    "zeros": (bytes(100), "this is a binary file"),
    "UTF-16 without a mark": (EXPORT.encode("utf-16-le"), "this is a binary file"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "this is a binary file"),
    "PDF": (b"%PDF-1.7\n", "this is a PDF document"),
    "Parquet": (b"PAR1\x15\x04", "this is a Parquet file"),
    "SQLite": (b"SQLite format 3\x00", "this is an SQLite database"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is an old Excel workbook"),
    "a workbook": (
        zipped(**{"[Content_Types].xml": "", "xl/worksheets/sheet1.xml": ""}),
        "this is an Excel workbook",
    ),
    "a zip of prose": (
        zipped(**{"read me.txt": "x"}),
        "this zip archive holds no .csv or .csv.gz file",
    ),
    "an empty zip": (zipped(), None),
}


@pytest.mark.parametrize(("content", "what"), CONTENT.values(), ids=CONTENT)
@pytest.mark.parametrize("name", ["export.csv", "export.csv.gz", "export"])
def test_a_file_that_is_no_export(tmp_path, content, what, name):
    path = tmp_path / name
    path.write_bytes(content)
    text = refusal(path)
    assert text.startswith(f"{path}: ")
    assert (what or "this is a binary file") in text
    assert EXPECTED in text
    assert text.endswith(HOW)


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
    told = refusal(given)
    assert words in told
    assert told.endswith(f"{HOW} and keep its columns")


PLACES = {
    "missing.csv": "no such file: check the path",
    "missing/export.csv": "no such file: check the path",
    "*.parquet": "no file matches this pattern",
    "empty": "this folder holds no .csv, .csv.gz or .zip file",
}


@pytest.mark.parametrize(("place", "what"), PLACES.items(), ids=PLACES)
def test_a_place_that_holds_no_export(tmp_path, place, what):
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    (tmp_path / "empty" / "deeper" / "notes.txt").write_text("x")
    text = refusal(tmp_path / place)
    assert text == f"{tmp_path / place}: {what}; {EXPECTED}; {HOW}"


def test_no_input_at_all():
    assert refusal([]) == f"(nothing): no input was given: name a file; {HOW}"


@pytest.mark.parametrize("thing", [7, b"User name,Event name", {"a": 1}, object()])
def test_an_object_that_is_no_input(thing):
    text = refusal(thing)
    assert text.startswith(f"<{type(thing).__name__}>: an object of type {type(thing).__name__}")
    assert text.endswith("pass a path, an open file, a DataFrame or an Arrow table")


@pytest.mark.parametrize(
    "thing",
    [pa.array([1, 2]), pa.chunked_array([["a"], ["b"]]), pa.table({"a": [1]}), pd.DataFrame()],
    ids=["array", "chunked array", "another table", "no columns"],
)
def test_a_table_that_is_no_export(thing):
    text = refusal(thing)
    assert "no table with the columns of an export" in text or "has no column" in text


def test_a_table_of_records():
    assert "CloudTrail JSON flattened" in refusal(pd.json_normalize([RECORD]))


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
    text = refusal(io.BytesIO(content))
    assert "the gzip file is " in text
    assert text.endswith("and holds no whole row: download it again")


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
    text = refusal(io.BytesIO(content))
    assert "archive is damaged or cut short" in text
    assert text.endswith("download it again")


def test_an_encrypted_zip():
    data = bytearray(ZIP)
    data[6] |= 1  # the flag in front of the member
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    assert refusal(io.BytesIO(bytes(data))).endswith("unpack the archive first")


def test_a_text_file_opened_in_the_wrong_encoding(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes(export(denied("José")).encode("latin-1"))
    with path.open(encoding="utf-8") as file:
        text = refusal(file)
    assert text.startswith(f"{path}: it was opened as utf-8 text and is none")
    assert text.endswith("open it in binary mode, or pass its path")


def test_a_file_that_was_closed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(EXPORT)
    with path.open() as file:
        pass
    assert refusal(file) == f"{path}: reading it failed: I/O operation on closed file."


def test_a_refusal_can_be_caught_as_this_library_s_error():
    with pytest.raises(EbsKmsAuditError):
        audit("missing.csv")


def test_a_failing_stream_leaves_the_others_alone():
    closed = io.StringIO(EXPORT)
    closed.close()
    report = audit([closed, io.BytesIO(ZIP[:-30]), io.StringIO(EXPORT)])
    assert refused_users(report) == ["alice"]
    assert len(report.failed_inputs) == 2


def test_a_header_without_rows_is_an_export():
    # A search that found nothing: no refusal, but a caveat.
    report = audit(io.StringIO(",".join(HEADER))).to_dict()
    assert report["coverage"]["rows_read"] == 0
    assert "no_kms_rows" in [caveat["id"] for caveat in report["caveats"]]
