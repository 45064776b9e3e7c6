"""Tables in memory: pandas DataFrames, pyarrow Tables, and other objects that give Arrow data."""

import io

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from ebs_kms_audit import audit
from tests.exports import ACCOUNT, HEADER, caveats, denied, export, row
from tests.reading.two_denials import DATA, EXPORT, arrow_text, is_the_export


def test_a_dataframe_of_text():
    frame = pd.read_csv(io.StringIO(EXPORT), dtype=str, keep_default_na=False)
    report = audit(frame)
    assert is_the_export(report)
    assert [file.name for file in report.coverage.files] == ["<DataFrame>"]


def test_a_dataframe_whose_types_pandas_guessed():
    text = export(
        denied("alice", recipient_account_id="012345678901", aws_access_key="AKIAIOSFODNN7EXAMPLE"),
        row(user_name="", read_only="true"),
    )
    frame = pd.read_csv(io.StringIO(text), parse_dates=["Event time"])
    assert frame["Recipient Account Id"].tolist() == [12345678901, int(ACCOUNT)]
    assert pd.api.types.is_bool_dtype(frame["Read-only"])
    assert pd.api.types.is_datetime64_any_dtype(frame["Event time"])
    (finding,) = audit(frame).to_dict()["findings"]
    assert finding["account"] == "012345678901"
    assert finding["principal"]["arn"] == "arn:aws:iam::012345678901:user/alice"
    assert finding["first_seen"] == "2026-05-18T07:00:34Z"


def test_missing_values_of_a_dataframe():
    rows = [
        denied("alice", read_only="", error_code="AccessDenied"),
        row(recipient_account_id="", read_only="", error_code=""),
        denied("", source_ip_address="", error_code="AccessDenied"),
    ]
    frame = pd.read_csv(io.StringIO(export(*rows)))
    assert frame["Recipient Account Id"].dtype == float  # an empty cell makes floats of the others
    report = audit(frame).to_dict()
    by_user = {one["principal"]["user_name"]: one for one in report["findings"]}
    assert set(by_user) == {"alice", None}
    assert by_user["alice"]["account"] == ACCOUNT
    assert by_user[None]["denials"][0]["source_ip"] is None
    assert report["coverage"]["accounts"] == [ACCOUNT]


@pytest.mark.parametrize("of", [bytes, bytearray, memoryview])
def test_bytes_in_a_dataframe_are_text(of):
    frame = pd.read_csv(io.StringIO(export(denied("alice"))), dtype=str, keep_default_na=False)
    frame["User name"] = [of(b"bob")]
    (finding,) = audit(frame).findings
    assert finding.principal.user_name == "bob"


CYCLE: list[object] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**62] * 2, pa.timestamp("s")),  # beyond the year 9999
        pa.array([2**62] * 2, pa.duration("s")),
        pa.array([2**30] * 2, pa.date32()),
        pa.array([b"\xff"] * 2).view(pa.string()),  # no UTF-8
    ],
    ids=["time", "duration", "date", "bytes"],
)
def test_a_value_that_python_cannot_hold_is_missing(column):
    table = arrow_text().append_column("Note", pa.concat_arrays([column, column]))
    assert is_the_export(audit(table))


def test_a_list_in_itself_is_missing():
    frame = pd.read_csv(io.StringIO(EXPORT), dtype=str, keep_default_na=False)
    frame["Note"] = pd.Series([CYCLE] * len(frame), dtype=object)
    assert is_the_export(audit(frame))


@pytest.mark.parametrize("kind", ["string", "object", "category", "string[pyarrow]"])
def test_the_text_columns_of_a_dataframe(kind):
    frame = pd.read_csv(io.StringIO(EXPORT), dtype=str).astype(kind)
    assert is_the_export(audit(frame))


@pytest.mark.parametrize(
    ("times", "first_seen"),
    [
        (pd.to_datetime(["2026-05-18T07:00:34Z"]), "2026-05-18T07:00:34Z"),
        (pd.to_datetime(["2026-05-18T09:00:34+02:00"]), "2026-05-18T07:00:34Z"),
        (pd.to_datetime(["2026-05-18T07:00:34"]), "2026-05-18T07:00:34"),  # no zone, none made up
        (pd.to_datetime(["2026-05-18T07:00:34.123456789Z"]), "2026-05-18T07:00:34Z"),
    ],
    ids=["utc", "offset", "naive", "nanoseconds"],
)
def test_the_times_of_a_dataframe(times, first_seen):
    frame = pd.DataFrame([denied()]).assign(**{"Event time": times})
    assert audit(frame).to_dict()["findings"][0]["first_seen"] == first_seen


def test_an_account_id_that_a_spreadsheet_damaged_and_pandas_made_a_float_of():
    # The digits behind 1.11122 are lost for good; pandas shows zeros in their place.
    rows = [denied("alice", aws_access_key="", recipient_account_id="1.11122E+11")]
    frame = pd.read_csv(io.StringIO(export(*rows)))
    assert frame["Recipient Account Id"].tolist() == [111122000000.0]
    report = audit(frame)
    assert report.to_dict()["findings"][0]["account"] is None
    assert "111122000000" not in report.to_json()
    assert "account_id_damaged" in caveats(report.to_dict())


def test_the_same_is_repaired_from_the_access_key():
    rows = [denied("alice", recipient_account_id="1.11122E+11")]
    frame = pd.read_csv(io.StringIO(export(*rows)))
    (finding,) = audit(frame).to_dict()["findings"]
    assert finding["account"] == ACCOUNT
    assert finding["principal"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/alice"


def test_a_dataframe_keeps_its_index_out_of_it():
    frame = pd.read_csv(io.StringIO(EXPORT), dtype=str, index_col=False)
    assert is_the_export(audit(frame.set_axis([9, 9, 9, 9], axis="index")))


def test_a_resources_column_of_lists():
    key = {"resourceType": "AWS::KMS::Key", "resourceName": "1234abcd-12ab-34cd-56ef-1234567890ab"}
    frame = pd.DataFrame([denied()]).assign(Resources=[[key]])
    assert audit(frame).to_dict()["findings"][0]["key"]["id"] == key["resourceName"]


class Capsule:
    """Any library's Arrow object: it has the one method, and nothing else."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


ARROW = {
    "table": arrow_text,
    "guessed types": lambda: pa.csv.read_csv(io.BytesIO(DATA)),
    "batch": lambda: arrow_text().to_batches()[0],
    "reader": lambda: arrow_text().to_reader(max_chunksize=1),
    "capsule only": lambda: Capsule(arrow_text()),
    "dictionary": lambda: pa.table([c.dictionary_encode() for c in arrow_text()], HEADER),
    "nulls": lambda: pa.Table.from_pylist(
        [{name: cell or None for name, cell in zip(HEADER, cells, strict=True)} for cells in rows()]
    ),
}


def rows():
    return pd.read_csv(io.StringIO(EXPORT), dtype=str, keep_default_na=False).values.tolist()


@pytest.mark.parametrize("make", ARROW.values(), ids=ARROW)
def test_an_arrow_object(make):
    assert is_the_export(audit(make()))


def test_arrow_keeps_the_time_and_the_account():
    (first, _) = audit(ARROW["guessed types"]()).to_dict()["findings"]
    assert first["first_seen"] == "2026-05-18T07:00:34Z"
    assert first["account"] == ACCOUNT
