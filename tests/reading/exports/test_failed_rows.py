"""KMS errors that are not denials, and failed EC2 calls: large exports can have many of them.

KMS errors of a kind have different User names. Without sizes, the plain reader reads the file; with
them, the vectorised reader.
"""

from __future__ import annotations

import json

import pytest

from ebs_kms_audit import audit
from ebs_kms_audit.reading.exports.large import export as large_export
from tests.exports import ACCOUNT, access_key, denied, export, row, without
from tests.sample_incident import KEY_ID

KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
OF_KEY = json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": KEY_ARN}])
LONG_TERM = access_key("AKIA", ACCOUNT, "a user")
TEMPORARY = access_key("ASIA", ACCOUNT, "a session")
BOTH_READERS = pytest.mark.parametrize("sizes", [None, (700, 900)])
TOGETHER = pytest.mark.parametrize("together", [1, 3, 50_000])


def failed(code="DisabledException", **cells):
    return denied(event_name="Decrypt", error_code=code, **cells)


@pytest.fixture
def report_on(tiny, tmp_path, monkeypatch):
    """Return what makes the report of rows, with so many failed rows together."""

    def made(sizes, *rows, together=50_000, **options):
        path = tmp_path / "export.csv"
        path.write_text(export(*rows))
        tiny(sizes)
        monkeypatch.setattr(large_export, "_FAILED_TOGETHER", together)
        return audit(path, **options)

    return made


@BOTH_READERS
@TOGETHER
def test_errors_of_several_users_are_counted_once_each(report_on, sizes, together):
    rows = [
        failed(code, user_name=user, event_time=f"2026-05-18T07:00:{second}Z", event_id=event_id)
        for code, user, second, event_id in [
            ("ThrottlingException", "carol", 30, "event-1"),
            ("NotFoundException", "alice", 20, "event-2"),
            ("ThrottlingException", "alice", 50, "event-3"),
            ("ThrottlingException", "bob", 10, "event-4"),
            ("ThrottlingException", "bob", 40, "event-1"),  # known
            ("ThrottlingException", "bob", 40, " event-1 "),
            ("ThrottlingException", "bob", 40, 'event "5"'),
            ("ThrottlingException", "alice", 40, 'event "5"'),
            ("ThrottlingException", "bob", 40, "6" * 600),
            ("ThrottlingException", "alice", 40, "6" * 600),
            ("ThrottlingException", "bob", 40, ""),
            ("ThrottlingException", "bob", 40, ""),
        ]
    ]
    found = report_on(sizes, *rows, denied(), together=together).other_errors
    assert [(one.error_code, one.count) for one in found] == [
        ("ThrottlingException", 7),
        ("NotFoundException", 1),
    ]
    assert f"{found[0].first_seen:%S} {found[0].last_seen:%S}" == "10 50"


@BOTH_READERS
@pytest.mark.parametrize("order", [1, -1])
def test_an_error_in_two_inputs_counts_where_its_account_is_known(tiny, tmp_path, sizes, order):
    """Rule: one Event ID is one event (CloudTrail User Guide, "CloudTrail record contents")."""
    rows = [failed("ThrottlingException", event_id=f"event-{at}") for at in range(30)]
    paths = [tmp_path / "with.csv", tmp_path / "without.csv"]
    paths[0].write_text(export(*rows[:20]))
    paths[1].write_text(export(*rows[10:], header=without("Recipient Account Id")))
    tiny(sizes)
    found = audit(paths[::order]).other_errors
    assert {(one.account, one.count) for one in found} == {(ACCOUNT, 20), (None, 10)}


@BOTH_READERS
def test_an_error_in_a_row_and_a_record_counts_once(tiny, tmp_path, sizes):
    rows = [failed("ThrottlingException", event_id=f"event-{at}") for at in range(30)]
    records = [
        {
            "eventTime": "2026-05-18T07:00:00Z", "eventSource": "kms.amazonaws.com",
            "eventName": "Decrypt", "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT,
            "errorCode": "ThrottlingException", "eventID": f"event-{at}",
        }
        for at in range(25, 35)
    ]  # fmt: skip
    (tmp_path / "export.csv").write_text(export(*rows))
    (tmp_path / "log.json").write_text(json.dumps({"Records": records}))
    tiny(sizes)
    (error,) = audit([tmp_path / "export.csv", tmp_path / "log.json"]).other_errors
    assert error.count == 35


@BOTH_READERS
def test_the_first_twenty_keys_of_an_error_are_listed(tiny, tmp_path, sizes):
    arns = [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{at:08}-{KEY_ID[9:]}" for at in range(30)]
    named = [json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": arn}]) for arn in arns]
    rows = [failed("NotFoundException", resources=one) for one in (*named[::-1], *named)]
    (tmp_path / "export.csv").write_text(export(*rows))
    tiny(sizes)
    (error,) = audit(tmp_path / "export.csv").other_errors
    assert (error.count, error.keys) == (60, tuple(arns[:9:-1]))


@BOTH_READERS
@TOGETHER
def test_errors_of_the_key_are_listed_by_time_and_line_with_their_users(report_on, sizes, together):
    rows = [
        failed(code, user_name=user, event_time=f"2026-05-18T07:00:{second}Z", resources=OF_KEY)
        for code, user, second in [
            ("DisabledException", "carol", 20),
            ("KMSInvalidStateException", "alice", 20),
            ("DisabledException", "bob", 20),
            ("DisabledException", "dave", 10),
            ("ThrottlingException", "erin", 10),  # not the state of the key
        ]
    ]
    report = report_on(sizes, *rows, denied(resources=OF_KEY), together=together)
    (finding,) = report.findings
    assert [one.user_name for one in finding.history.key_errors] == [
        "dave",
        "carol",
        "alice",
        "bob",
    ]
    assert [one.keys for one in report.other_errors if one.error_code == "DisabledException"] == [
        (KEY_ARN,)
    ]


@BOTH_READERS
@pytest.mark.parametrize("options", [{}, {"around": "2026-05-18T07:00:30Z", "minutes": 0.1}])
def test_the_first_twenty_errors_of_the_key_near_a_denial_are_listed(report_on, sizes, options):
    rows = [
        failed(event_time=f"2026-05-18T{time}Z", event_id=time, resources=OF_KEY)
        for time in (
            "06:00:29", "08:00:31",  # more than an hour from the denial
            *(f"07:30:{second:02}" for second in range(59, 0, -2)),
            "06:00:30", "07:30:07",  # the second is known
        )
    ]  # fmt: skip
    call = denied(event_time="2026-05-18T07:00:30Z", resources=OF_KEY)
    (finding,) = report_on(sizes, *rows, call, **options).findings
    assert [one.event_id for one in finding.history.key_errors] == [
        "06:00:30",
        *(f"07:30:{second:02}" for second in range(1, 39, 2)),
    ]


@BOTH_READERS
@pytest.mark.parametrize("user", ["alice", "bob"])
def test_an_error_with_a_long_term_key_shows_that_its_user_is_an_iam_user(report_on, sizes, user):
    """Source: IAM User Guide, "IAM identifiers": AKIA is an access key of a user or root."""
    rows = [
        failed("ThrottlingException", user_name="carol", aws_access_key=LONG_TERM),
        failed("ThrottlingException", user_name="alice", aws_access_key=LONG_TERM),
        failed("ThrottlingException", user_name="bob", aws_access_key=TEMPORARY),
    ]
    call = denied(user, aws_access_key=TEMPORARY)
    (finding,) = report_on(sizes, *rows, call).findings
    is_user = finding.principal.arn == f"arn:aws:iam::{ACCOUNT}:user/{user}"
    assert is_user == (user == "alice")


@BOTH_READERS
def test_errors_outside_the_window_are_not_counted(report_on, sizes):
    rows = [
        failed(user_name=f"user-{at}", event_time=f"2026-05-18T07:00:{at:02}Z") for at in range(60)
    ]
    options = {"around": "2026-05-18T07:00:30Z", "minutes": 0.1}
    (error,) = report_on(sizes, *rows, **options).other_errors
    assert (error.count, f"{error.first_seen:%S} {error.last_seen:%S}") == (13, "24 36")


@BOTH_READERS
@pytest.mark.parametrize("second", ["00", "30", "59"])
def test_denied_rows_in_the_window_show_that_read_only_events_are_there(report_on, sizes, second):
    """Decrypt is a read-only event. Source: CloudTrail User Guide, "Read and write events"."""
    rows = [
        denied(event_name="Decrypt", read_only="true", event_time=f"2026-05-18T07:00:{at:02}Z")
        for at in range(60)
    ]
    around = f"2026-05-18T07:00:{second}Z"
    assert report_on(sizes, *rows, around=around, minutes=0.02).coverage.shows_denials


def launched(volume, code="Client.InvalidKMSKey.InvalidState", **cells):
    named = json.dumps([{"resourceType": "AWS::EC2::Volume", "resourceName": volume}])
    return row(event_name="AttachVolume", error_code=code, resources=named, **cells)


VOLUMES = [f"vol-0123456789abcdef{number}" for number in range(4)]


@BOTH_READERS
def test_failed_ec2_calls_are_one_symptom_that_begins_at_the_first_row(report_on, sizes):
    """Source: EC2 User Guide, "Error codes for the Amazon EC2 API", InvalidKMSKey.InvalidState."""
    rows = [
        launched(VOLUMES[2], event_time="2026-05-18T07:00:50Z", event_id="event-1"),
        launched(VOLUMES[0], event_time="2026-05-18T07:00:10Z", user_agent='a "quoted", agent'),
        launched(VOLUMES[1], event_time="2026-05-18 07:00:59Z"),  # a row that is not regular
        launched(VOLUMES[2], event_time="2026-05-18T07:00:20Z", event_id="event-1"),  # known
        launched(VOLUMES[3], code="Client.InstanceLimitExceeded"),  # says nothing of a key
    ]
    (symptom,) = report_on(sizes, *rows).symptoms
    assert (symptom.id, symptom.count, symptom.line) == ("kms_key_incorrect_state", 3, 2)
    assert symptom.resources == (VOLUMES[2], VOLUMES[0], VOLUMES[1])
    assert f"{symptom.first_seen:%S} {symptom.last_seen:%S}" == "10 59"


@BOTH_READERS
def test_a_failed_ec2_call_is_joined_to_the_denial_near_it(report_on, sizes):
    rows = [
        launched(VOLUMES[0], user_name="alice", event_time="2026-05-18T07:04:00Z"),
        denied("alice", event_time="2026-05-18T07:00:00Z"),
        launched(VOLUMES[1], user_name="bob", event_time="2026-05-18T07:00:00Z"),
    ]
    report = report_on(sizes, *rows)
    (finding,) = report.findings
    assert [(one.principal, one.findings) for one in report.symptoms] == [
        ("alice", (finding.id,)),
        ("bob", ()),
    ]
    assert finding.history.attempts.operations == {"AttachVolume"}


@BOTH_READERS
def test_failed_ec2_calls_outside_the_window_are_symptoms_too(report_on, sizes):
    rows = [
        launched(VOLUMES[0], event_time=f"2026-05-18T07:00:{second:02}Z") for second in range(60)
    ]
    report = report_on(sizes, *rows, around="2026-05-18T07:00:30Z", minutes=0.1)
    assert [(one.count, one.line) for one in report.symptoms] == [(60, 2)]


@BOTH_READERS
def test_a_row_without_a_time_stands_for_no_other_row(report_on, sizes):
    """It is set aside. The calls after it are outside the window."""
    calls = [failed("ThrottlingException", event_time=f"2026-05-18T12:00:0{n}Z") for n in range(3)]
    rows = [failed("ThrottlingException", event_time=""), *calls, denied()]
    report = report_on(sizes, *rows, around="2026-05-18T07:00:00Z")
    assert (report.other_errors, report.coverage.rows_set_aside) == ((), 1)
