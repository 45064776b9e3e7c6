"""Failed EC2 calls of several callers: which are one symptom, and whose denials they join."""

import io
import json

import pytest

import ebs_kms_audit
from tests import rows
from tests.exports import access_key, denied, export, row
from tests.records import ACCOUNT

VOLUME = "vol-0123456789abcdef0"
INSTANCE = "i-0123456789abcdef0"


def test_rows_that_say_the_same_are_one_symptom():
    failed = {"event_source": "ec2.amazonaws.com", "event_name": "AttachVolume",
              "error_code": "Client.CustomerKeyHasBeenRevoked", "source_ip_address": rows.CLIENT,
              "resources": json.dumps([{"resourceType": "AWS::EC2::Volume",
                                        "resourceName": VOLUME}])}  # fmt: skip
    report = ebs_kms_audit.audit(
        rows.export(
            rows.row(**failed, event_time="2026-05-18T07:00:34Z"),
            rows.row(**failed, event_time="2026-05-18T07:10:34Z"),
            rows.row(**failed | {"user_name": "bob"}),
        )
    )
    alice, bob = report.symptoms
    assert (alice.count, alice.principal, bob.count) == (2, "alice", 1)
    assert [time.minute for time in (alice.first_seen, alice.last_seen)] == [0, 10]
    assert alice.resources == (VOLUME,)
    assert alice.command == (
        "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes "
        "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com "
        "--start-time 2026-05-18T06:45:34Z --end-time 2026-05-18T07:15:34Z"
    )


def test_failed_calls_of_very_many_callers_are_all_counted():
    failed = {"event_source": "ec2.amazonaws.com", "event_name": "AttachVolume",
              "error_code": "Client.CustomerKeyHasBeenRevoked"}  # fmt: skip
    callers = [f"caller-{number}" for number in range(1_200)]
    found = ebs_kms_audit.audit(
        rows.export(*(rows.row(**failed, user_name=name) for name in (*callers, *callers)))
    ).symptoms
    assert sum(one.count for one in found) == 2_400
    assert [(one.principal, one.count) for one in found if one.count != 2] == [(None, 400)]


def of_a_role(*sessions):
    """Return the rows of denials of sessions of one role, and of the AssumeRole of each."""
    for name in sessions:
        key = access_key("ASIA", ACCOUNT, name)
        entries = [
            ("AWS::IAM::AccessKey", key),
            ("AWS::IAM::Role", f"arn:aws:iam::{ACCOUNT}:role/x"),
        ]
        resources = [{"resourceType": kind, "resourceName": entry} for kind, entry in entries]
        yield denied(name, aws_access_key=key)
        yield row(user_name="", aws_access_key="", event_source="sts.amazonaws.com",
                  event_name="AssumeRole", resources=json.dumps(resources))  # fmt: skip


@pytest.mark.parametrize(
    ("failed", "joined_by"),
    [
        ({"user_name": "build-2"}, "the same caller, within five minutes"),
        ({"user_name": "build-2", "event_time": "2026-05-18T08:00:34Z"}, None),
        ({"user_name": "build-4"}, None),
        ({"resources": json.dumps([{"resourceName": INSTANCE}])}, INSTANCE),
    ],
)
def test_a_failed_call_of_one_session_joins_the_finding_of_its_role(failed, joined_by):
    symptom = {"event_name": "RunInstances", "error_code": "Client.InternalError",
               "user_name": "carol", "request_id": ""}  # fmt: skip
    sessions = of_a_role("build-1", "build-2", "build-2", f"run-{INSTANCE}")
    report = ebs_kms_audit.audit(io.StringIO(export(row(**symptom | failed), *sessions)))
    (finding,) = report.findings
    assert (finding.count, finding.principal.evidence) == (4, "derived")
    assert report.symptoms[0].joined_by == ((joined_by,) if joined_by else ())
