"""Rows of a query result: which are set aside with their line, events, or only counted."""

import io
from datetime import UTC, datetime

import pytest

import ebs_kms_audit
from ebs_kms_audit import InputError
from ebs_kms_audit.reading import Reading
from tests.exports import caveats

HEADER = (
    "eventname,eventsource,eventtime,errorcode,awsregion,recipientaccountid,useridentity,eventid"
)
GOOD = "Decrypt,kms.amazonaws.com,2026-05-18T07:00:00Z,AccessDenied,us-east-1,111122223333,{},e-1"


def audited(*rows):
    return ebs_kms_audit.audit(io.StringIO("\n".join([HEADER, GOOD, *rows, ""])))


NO_NAME = "it has no event name, and its message is not a recognized access-denied message"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"{GOOD[:-1]}2,more", "too many fields: 9 where the header has 8"),
        ("Decrypt,kms.amazonaws.com", "too few fields: 2 where the header has 8"),
        (",kms.amazonaws.com,2026-05-18T07:00:00Z,AccessDenied,,,,e-2", NO_NAME),
    ],
)
def test_a_row_that_is_no_record_is_set_aside_with_its_line(row, reason):
    report = audited(row)
    assert [(one.line, one.reason) for one in report.set_aside] == [(3, reason)]
    assert (report.coverage.rows_read, report.coverage.denials) == (2, 1)


@pytest.mark.parametrize("row", ["", "   ", ",,,,,,,", " ,,,,,,,,,"])
def test_an_empty_row_is_no_row(row):
    report = audited(row)
    assert (report.coverage.rows_read, report.set_aside) == (1, ())


def test_empty_cells_after_the_last_column_are_left_out():
    report = audited(f"{GOOD[:-1]}2,,")
    assert (report.coverage.rows_read, report.coverage.denials, report.set_aside) == (2, 2, ())


def test_a_table_without_the_error_is_not_read():
    with pytest.raises(InputError) as raised:
        ebs_kms_audit.audit(io.StringIO("eventname,eventsource,eventtime\nDecrypt,x,y\n"))
    assert str(raised.value).endswith(
        "so no denial can be recognized; add the columns eventname, errorcode and errormessage to "
        "the query"
    )


# --- rows that are only counted ----------------------------------------------------------------

S3 = "PutObject,s3.amazonaws.com,2026-05-18T08:00:00Z,,us-east-1,111122223333,"
ALICE = '"{""type"": ""IAMUser"", ""userName"": ""alice"", ""accessKeyId"": ""AKIAEXAMPLE""}"'
IN_STRUCT = '"{type=IAMUser, username=alice, accesskeyid=AKIAEXAMPLE}"'
SESSION = ALICE.replace("AKIA", "ASIA")


def events_of(*rows, header=HEADER):
    return [one.name for one in Reading(io.StringIO("\n".join([header, *rows, ""]))).read()]


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([f"{S3}{{}},e-2"], []),
        ([f"{S3}{SESSION},e-2"], []),
        ([f"{S3}{{broken,e-2"], []),
        ([f"{S3}{ALICE},e-2"], ["PutObject"]),
        ([f"{S3}{IN_STRUCT},e-2"], ["PutObject"]),
        ([S3 + ALICE.replace("AKIA", r"\u0041KIA") + ",e-2"], ["PutObject"]),
        ([f"{S3}{ALICE},e-2", f"{S3}{ALICE},e-3"], ["PutObject"]),
        ([f"{S3}{ALICE},e-2", f"{S3}{ALICE.replace('alice', 'bob')},e-3"], ["PutObject"] * 2),
        (
            [f"{S3}{ALICE},e-2", f"{S3.replace('111122223333', '444455556666')}{ALICE},e-3"],
            ["PutObject"] * 2,
        ),
        ([f"{S3.replace('2026', 'no')}{ALICE},e-2", f"{S3}{ALICE},e-3"], ["PutObject"]),
        ([f"{S3.replace('PutObject,s3', 'GetUser,iam')}{ALICE},e-{n}" for n in (2, 3)],
         ["GetUser"] * 2),
        ([f"{S3.replace('PutObject,s3', 'GetUser,iam')}{SESSION},e-2"], []),
        ([f"{S3.replace('s3.amazonaws.com', 's3')}{SESSION},e-2"], []),
        ([f"{S3.replace('PutObject,s3.amazonaws.com', 'Decrypt,kms')}{SESSION},e-2"], ["Decrypt"]),
        ([f"{S3.replace('PutObject,s3.amazonaws.com', 'kms:Decrypt,')}{SESSION},e-2"],
         ["Decrypt"]),
        ([f"{S3.replace('PutObject,s3', 'ec2:RunInstances,ec2')}{SESSION},e-2"], ["RunInstances"]),
        ([f"{S3.replace('PutObject,s3', 'Decrypt,kms')}{{broken,e-2"], ["Decrypt"]),
    ],
    ids=["no caller", "session", "unreadable caller", "long-term key", "long-term key in a struct",
         "long-term key with an escape", "a caller twice", "two callers", "two accounts",
         "no time, then the same caller", "operation on a user", "such an operation in a session",
         "source without a domain", "KMS without a domain", "name with a service",
         "name and source with a service", "unreadable caller of KMS"],
)  # fmt: skip
def test_rows_that_become_events(rows, names):
    """An audit needs events of KMS and long-term access keys, and counts the other rows."""
    assert events_of(*rows) == names


@pytest.mark.parametrize(
    ("column", "key", "names"),
    [
        ("useridentity.accesskeyid", "AKIAEXAMPLE", ["PutObject"]),
        ("accessKeyId", "AKIAEXAMPLE", ["PutObject"]),
        ("useridentity.accesskeyid", "ASIAEXAMPLE", []),
        ("requestparameters", '"{""accessKeyId"": ""AKIAEXAMPLE""}"', []),
    ],
)
def test_a_long_term_key_in_a_column(column, key, names):
    assert events_of(f"{S3},e-2,{key}", header=f"{HEADER},{column}") == names


def test_a_record_in_a_cell_says_what_the_event_is():
    """The columns of its row are only used for what the record does not say."""
    record = '"{""eventName"": ""Decrypt"", ""eventSource"": ""kms.amazonaws.com""}"'
    assert events_of(f"{S3}{{}},e-2,{record}", header=f"{HEADER},record") == ["Decrypt"]


def test_a_name_of_the_same_meaning_counts_where_the_cell_of_the_name_is_empty():
    rows = [f"{S3}{{}},e-2,Decrypt", f"{S3[S3.index(',') :]}{{}},e-3,Decrypt"]
    rows = [row.replace("s3.amazonaws.com", "kms.amazonaws.com") for row in rows]
    assert events_of(*rows, header=f"{HEADER},operation") == ["PutObject", "Decrypt"]


def test_counted_rows_are_in_the_figures():
    report = audited(f"{S3}{{}},e-2", f"{S3.replace('T08', 'T09')}{{broken,e-3", f"{S3[:20]},,,,,,")
    assert (report.coverage.rows_read, report.coverage.denials) == (4, 1)
    assert [(one.line, one.reason) for one in report.set_aside] == [(5, "it has no eventTime")]
    assert report.coverage.last_event == datetime(2026, 5, 18, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "noted"),
    [(f"{S3}{{broken,e-2", False), (f"{GOOD[:-3].replace('{}', '{broken')}e-2", True)],
)
def test_cells_of_rows_that_are_only_counted_are_not_checked(row, noted):
    assert ("cells_unreadable" in caveats(audited(row).to_dict())) == noted
