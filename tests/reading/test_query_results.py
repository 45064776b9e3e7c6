"""Rows of a query result that are not what the header says: each is set aside with its line."""

import io

import pytest

import ebs_kms_audit
from ebs_kms_audit import InputError

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
