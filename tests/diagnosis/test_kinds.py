"""Denials of one kind are judged once, and each keeps what is its own."""

import pytest

from ebs_kms_audit import Verdict
from ebs_kms_audit.model import Denials
from tests import records, rows
from tests.records import KEY_ARN, ROLE, record
from tests.rows import row

OTHER_MESSAGE = (
    f"User: x is not authorized to perform: kms:CreateGrant on resource: {KEY_ARN} because no "
    "resource-based policy allows the kms:CreateGrant action"
)
USE = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:Decrypt", "Resource": "*"}


def number_of_kinds(report):
    return len(Denials.joined(finding.denials for finding in report.findings).kinds)


@pytest.mark.parametrize(
    ("cells", "kinds"),
    [
        ({"event_time": "2026-05-18T07:00:35Z"}, 1),
        ({"event_id": "event-x"}, 1),
        ({"request_id": "f3b1a2c4-0000-4000-8000-000000000002"}, 1),
        ({"user_agent": "aws-cli/2"}, 1),
        ({"user_name": "bob"}, 2),
        ({"event_name": "Decrypt"}, 2),
        ({"error_code": "AccessDeniedException"}, 2),
        ({"aws_region": "us-west-2"}, 2),
        ({"source_ip_address": "198.51.100.7"}, 2),
        ({"recipient_account_id": "444455556666"}, 2),
    ],
)
def test_rows_of_one_kind(cells, kinds):
    assert number_of_kinds(rows.audit(row(), row(**cells))) == kinds


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"eventTime": "2026-05-18T07:00:35Z"}, 1),
        ({"requestID": "f3b1a2c4-0000-4000-8000-000000000002"}, 1),
        ({"userIdentity": records.session(name="deploy-9c1b")}, 2),
        ({"errorMessage": OTHER_MESSAGE}, 2),
        ({"errorMessage": None}, 2),
    ],
)
def test_records_of_one_kind(fields, kinds):
    report = records.audit(record(), record(eventID="event-1", **fields))
    assert number_of_kinds(report) == kinds


@pytest.mark.parametrize(
    ("name", "source", "cause"),
    [
        ("CreateGrant", "ec2.amazonaws.com", "unknown"),
        ("CreateGrant", "autoscaling.amazonaws.com", "unknown"),
        ("CreateGrant", "198.51.100.7", "direct_grant_call"),
        ("CreateGrant", "2001:db8::7", "direct_grant_call"),
        ("CreateGrant", "", "unknown"),
        ("Decrypt", "198.51.100.7", "unknown"),
        ("DescribeKey", "config.amazonaws.com", "harmless_probe"),
        ("DescribeKey", "ec2.amazonaws.com", "unknown"),
    ],
)
def test_the_source_of_a_call_counts_for_its_cause(name, source, cause):
    """AWS Config User Guide: it describes all keys. KMS Developer Guide, GrantIsForAWSResource."""
    others = [
        row(event_name=other, source_ip_address=ip, user_name="bob", event_id=f"{other} {ip}")
        for other in ("CreateGrant", "Decrypt", "DescribeKey")
        for ip in ("ec2.amazonaws.com", "198.51.100.7", "config.amazonaws.com")
    ]
    report = rows.audit(
        *others, row(event_name=name, source_ip_address=source, user_name="alice", event_id="own")
    )
    of_alice = [one for one in report.findings if one.principal.user_name == "alice"]
    assert [str(one.cause.id) for one in of_alice] == [cause]


@pytest.mark.parametrize("redact", [False, True])
def test_each_of_several_denials_keeps_its_own_verdict_decision_and_proof(redact):
    names = ["CreateGrant", "Decrypt", "CreateGrant", "Decrypt", "DescribeKey"]
    report = records.audit(
        *[
            record(
                eventName=name,
                eventID=f"event-{number}",
                eventTime=f"2026-05-18T07:00:{number:02}Z",
                errorMessage=None,
                resources=[{"type": "AWS::KMS::Key", "ARN": KEY_ARN}],
            )
            for number, name in enumerate(names)
        ],
        key_policies={KEY_ARN: {"Version": "2012-10-17", "Statement": [USE]}},
        redact=redact,
    )
    (finding,) = report.findings
    missing, allowed = Verdict.MISSING_ALLOW, Verdict.ALLOWED_NOW
    expected = [missing, allowed, missing, allowed, missing]
    assert [one.event.name for one in finding.denials] == names
    assert [one.verdict for one in finding.denials] == expected
    assert [one.verdict for one in finding.judgements[0].decisions] == expected
    assert [one["verdict"] for one in report.to_dict()["findings"][0]["denials"]] == expected
    listed = [one.event.event_id for one in finding.denials if one.event.name != "Decrypt"]
    assert finding.cause.id == "conflicting_evidence"  # the policy allows Decrypt
    assert [list(one.denials) for one in finding.cause.others] == [listed]
    if not redact:
        (proof,) = [step.proof for step in report.plan if step.proof]
        assert [one.event_id for one in proof.denials] == listed
        assert {one.before for one in proof.denials} == {missing}
        assert proof.cures
