"""What error messages tell: the record's own, and one that the user pasted."""

import pytest

import ebs_kms_audit
from ebs_kms_audit import UsageError
from ebs_kms_audit.model import Denials
from ebs_kms_audit.plan.doubts import doubts_on_evidence
from ebs_kms_audit.plan.left_out import how_to_find
from tests import rows
from tests.records import ACCOUNT, AUTO_SCALING, KEY_ARN, ROLE, audit, record, session
from tests.sample_incident import access_key

SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a"


def message(who=SESSION, action="kms:CreateGrant", key=KEY_ARN, reason=""):
    return f"User: {who} is not authorized to perform: {action} on resource: {key}{reason}"


def finding_of(text, cells=None, **options):
    """Return the finding of a denied row, audited beside a pasted message."""
    denied = {"user_name": "deploy-7f3a", "aws_access_key": rows.SESSION} | (cells or {})
    report = ebs_kms_audit.audit(rows.export(rows.row(**denied)), messages=text, **options)
    (finding,) = report.findings
    return finding


@pytest.mark.parametrize(
    ("who", "name", "arn", "kind", "role_name"),
    [
        (SESSION, "deploy-7f3a", None, "role", "deploy"),
        (f"arn:aws:iam::{ACCOUNT}:user/ops/alice", "alice",
         f"arn:aws:iam::{ACCOUNT}:user/ops/alice", "user", None),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
         "AutoScaling", AUTO_SCALING, "service_linked_role", None),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0",
         "i-0123456789abcdef0", None, "infrastructure", None),
    ],
)  # fmt: skip
def test_a_pasted_message_names_principal_and_key(who, name, arn, kind, role_name):
    finding = finding_of(message(who), {"user_name": name})
    principal = finding.principal
    assert (principal.arn, principal.kind, principal.role_name) == (arn, kind, role_name)
    assert principal.evidence == "given"
    assert (finding.key.arn, finding.key.evidence) == (KEY_ARN, "given")


@pytest.mark.parametrize(
    ("text", "cells", "evidence"),
    [
        (message(SESSION + "2"), {}, "unknown"),
        (message(action="kms:Decrypt"), {}, "unknown"),
        (message(SESSION.replace(ACCOUNT, "444455556666")), {}, "unknown"),
        (message(), {"aws_region": "eu-west-1"}, "unknown"),
        (message(), {"user_name": ""}, "inferred"),  # a service
    ],
    ids=["another session", "another action", "another account", "another Region", "no name"],
)
def test_a_message_of_another_call_is_a_denial_of_its_own(text, cells, evidence):
    denied = {"user_name": "deploy-7f3a", "aws_access_key": rows.SESSION} | cells
    report = ebs_kms_audit.audit(rows.export(rows.row(**denied)), messages=text)
    (own,) = (one for one in report.findings if one.denials[0].event.file == "message 1")
    (recorded,) = (one for one in report.findings if one is not own)
    assert recorded.principal.evidence == evidence
    assert not recorded.key.known
    assert recorded.denials[0].message is None
    assert (own.key.arn, own.first_seen) == (KEY_ARN, None)


def test_the_name_of_a_role_is_shown_where_its_path_is_unknown():
    denial = finding_of(message()).denials[0]
    assert how_to_find(Denials.of([denial])) == (
        "aws iam get-role --role-name deploy --query Role.Arn --output text"
    )


def test_what_the_caller_says_completes_the_role_of_a_message_if_it_is_that_role():
    named = finding_of(message(), principals={"deploy-7f3a": ROLE}).principal
    assert (named.arn, named.evidence) == (ROLE, "given")
    other = finding_of(message(), principals={"deploy-7f3a": ROLE + "-2"}).principal
    assert (other.arn, other.role_name) == (None, "deploy")


def test_a_record_without_an_issuer_is_completed_by_the_caller():
    report = audit(record(userIdentity=session(issuer=False)), principals={"deploy-7f3a": ROLE})
    principal = report.findings[0].principal
    assert (principal.arn, principal.evidence) == (ROLE, "given")


def test_the_records_own_message_counts_before_a_pasted_one():
    pasted = message(reason=" with an explicit deny in a service control policy")
    (finding,) = audit(record(), messages=pasted).findings
    assert finding.denials[0].message.policy_type == "identity-based policy"


NO_KEY_POLICY = " because no resource-based policy allows the kms:CreateGrant action"
NO_IAM_POLICY = " because no identity-based policy allows the kms:CreateGrant action"
NO_BOUNDARY = " because no permissions boundary allows the kms:CreateGrant action"
SCP = " with an explicit deny in a service control policy"
DENY_IN_KEY_POLICY = " with an explicit deny in a resource-based policy"


@pytest.mark.parametrize(
    ("reason", "statements"),
    [
        ("", 2),
        (NO_KEY_POLICY, 2),
        (NO_IAM_POLICY, 2),
        (NO_BOUNDARY, 0),
        (SCP, 0),
        (" with an explicit deny", 0),
        (DENY_IN_KEY_POLICY, 0),
    ],
)
def test_the_policy_that_denied_decides_whether_a_statement_helps(reason, statements):
    step = audit(record(errorMessage=message(reason=reason))).plan[0]
    assert len(step.statements) == statements
    assert step.disposition == "review"


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


def test_a_call_that_another_policy_denied_is_not_part_of_the_key_policy_step():
    decrypt = record(eventName="Decrypt", eventID="event-1", readOnly=True,
                     errorMessage=message(action="kms:Decrypt", reason=SCP))  # fmt: skip
    report = audit(record(), decrypt, key_policies={KEY_ARN: POLICY})
    step, other, _ = report.plan
    assert [one.action for one in step.proof.denials] == ["kms:CreateGrant"]
    assert (other.kind, other.statements) == ("investigate", ())
    alone = audit(record(), key_policies={KEY_ARN: POLICY}).plan[0]
    assert alone.disposition == "safe"


def test_the_caveat_on_the_cause_goes_where_every_message_names_a_policy():
    always = ["read_only_hidden", "delivery_delay", "not_recorded"]
    assert [one.id for one in audit(record()).caveats] == always
    silent = audit(record(errorMessage=message())).caveats
    assert [one.id for one in silent] == [always[0], "cause_not_shown", *always[1:]]


def test_a_redacted_report_keeps_the_type_of_policy_and_no_name_of_the_message():
    report = audit(record(errorMessage=message(reason=SCP)), redact=True)
    text = report.to_json() + str(report)
    assert "service control policy" in text
    for name in (ACCOUNT, "deploy", KEY_ARN.rpartition("/")[2]):
        assert name not in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("it does not work", "message 1: Not a recognized access-denied message or volume error."),
        ([message(), "?"], "message 2: Not a recognized access-denied message"),
    ],
)
def test_a_text_without_a_known_error_is_a_usage_error(text, words):
    with pytest.raises(UsageError) as error:
        finding_of(text)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("owner", "hints"),
    [
        (ACCOUNT, []),
        ("444455556666", ["The access key of deploy-7f3a seems to belong to account 444455556666"]),
    ],
)
def test_whose_the_access_key_seems_to_be_is_a_hint_where_the_row_says_otherwise(owner, hints):
    finding = finding_of((), {"aws_access_key": access_key("ASIA", owner, "a session")})
    found = [text for text in doubts_on_evidence(finding.denials) if "access key" in text]
    assert [note[: len(hint)] for note, hint in zip(found, hints, strict=True)] == hints


def test_the_ec2_call_of_the_same_minute_names_the_key_as_an_inference():
    def volume(time="2026-05-18T07:00:20Z", key=KEY_ARN, number=2):
        return record(eventName="CreateVolume", eventSource="ec2.amazonaws.com", eventTime=time,
                      eventID=f"event-{number}", requestID=f"another-{number}",
                      errorCode="absent", errorMessage="absent",
                      requestParameters={"kmsKeyId": key})  # fmt: skip

    def key(*volumes):
        (finding,) = audit(record(errorMessage="absent"), *volumes).findings
        return finding.key.arn, finding.key.evidence

    assert key(volume()) == (KEY_ARN, "inferred")
    assert key(volume("2026-05-18T07:02:00Z")) == (None, "unknown")
    other_key = KEY_ARN.replace("1234abcd", "ffffffff")
    assert key(volume(), volume(key=other_key, number=3)) == (None, "unknown")
