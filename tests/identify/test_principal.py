"""Who was denied, from the rows alone: each case a row, and the Principal written out."""

import pytest

import ebs_kms_audit
from ebs_kms_audit import UsageError
from tests.records import AUTO_SCALING
from tests.rows import ALICE, CLIENT, EC2, HEADER, SESSION, audit, export, row

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
INSTANCE = "i-0123456789abcdef0"


@pytest.mark.parametrize(
    ("cells", "arn", "kind", "session", "evidence"),
    [
        # A long-term key is an IAM user's.
        ({}, USER, "user", None, "inferred"),
        ({"source_ip_address": CLIENT}, USER, "user", None, "inferred"),
        ({"user_name": "i-0123456789abcdef0"}, f"arn:aws:iam::{ACCOUNT}:user/{INSTANCE}", "user",
         None, "inferred"),
        # The partition follows the Region; where it is not known, there is no ARN.
        ({"aws_region": "cn-north-1"}, f"arn:aws-cn:iam::{ACCOUNT}:user/alice", "user", None,
         "inferred"),
        ({"aws_region": "us-gov-west-1"}, f"arn:aws-us-gov:iam::{ACCOUNT}:user/alice", "user",
         None, "inferred"),
        ({"aws_region": "atlantis-1"}, None, "user", None, "inferred"),
        ({"aws_region": ""}, None, "user", None, "inferred"),
        # What is no valid IAM name, and what is no account id, never enters an ARN.
        ({"user_name": "alice bob"}, None, "user", None, "inferred"),
        ({"user_name": 'alice"},{"AWS":"*'}, None, "user", None, "inferred"),
        ({"user_name": "x" * 65}, None, "user", None, "inferred"),
        ({"recipient_account_id": "1.11122E+11"}, None, "user", None, "inferred"),
        ({"recipient_account_id": ""}, None, "user", None, "inferred"),
        # A temporary key alone does not tell a user from a role.
        ({"aws_access_key": SESSION}, None, "user_or_role_session", None, "unknown"),
        ({"aws_access_key": ""}, None, "user_or_role_session", None, "unknown"),
        ({"aws_access_key": SESSION, "user_name": "dana@example.com"}, None,
         "user_or_role_session", None, "unknown"),
        # Root, services, hidden and missing names.
        ({"user_name": "root"}, f"arn:aws:iam::{ACCOUNT}:root", "root", None, "inferred"),
        ({"user_name": "", "aws_access_key": ""}, None, "service", None, "inferred"),
        ({"user_name": "", "aws_access_key": "", "source_ip_address": CLIENT}, None, "unknown",
         None, "unknown"),
        ({"user_name": "HIDDEN_DUE_TO_SECURITY_REASONS"}, None, "unknown", None, "unknown"),
        # Auto Scaling's service-linked role: no access key, called by a service.
        ({"user_name": "AutoScaling", "aws_access_key": ""}, AUTO_SCALING, "service_linked_role",
         "AutoScaling", "inferred"),
        ({"user_name": "AutoScaling", "aws_access_key": "",
          "source_ip_address": "autoscaling.amazonaws.com"}, AUTO_SCALING, "service_linked_role",
         "AutoScaling", "inferred"),
        ({"user_name": "AutoScaling", "aws_access_key": "", "aws_region": "cn-north-1"},
         AUTO_SCALING.replace("arn:aws:", "arn:aws-cn:"), "service_linked_role", "AutoScaling",
         "inferred"),
        # Anyone may call a session so: from a client's address it is not Auto Scaling.
        ({"user_name": "AutoScaling", "aws_access_key": SESSION, "source_ip_address": CLIENT},
         None, "user_or_role_session", None, "unknown"),
        # Sessions named after an instance.
        ({"user_name": INSTANCE, "aws_access_key": SESSION}, None, "instance_role", INSTANCE,
         "inferred"),
        ({"user_name": INSTANCE, "aws_access_key": SESSION, "source_ip_address": "AWS Internal"},
         None, "instance_role", INSTANCE, "inferred"),
        ({"user_name": INSTANCE, "aws_access_key": SESSION, "event_name": "Decrypt"}, None,
         "instance_role", INSTANCE, "inferred"),
        ({"user_name": INSTANCE, "aws_access_key": SESSION, "event_name": "Decrypt",
          "source_ip_address": "AWS Internal"}, None, "infrastructure", INSTANCE, "inferred"),
        ({"user_name": INSTANCE, "aws_access_key": "", "event_name": "Decrypt",
          "source_ip_address": "AWS Internal/3"}, None, "infrastructure", INSTANCE, "inferred"),
        ({"user_name": "i-0123abcd", "aws_access_key": SESSION}, None, "instance_role",
         "i-0123abcd", "inferred"),
        ({"user_name": "i-team", "aws_access_key": SESSION}, None, "user_or_role_session", None,
         "unknown"),
    ],
)  # fmt: skip
def test_from_the_row_alone(cells, arn, kind, session, evidence):
    (finding,) = audit(row(**cells)).findings
    principal = finding.principal
    assert (principal.arn, principal.kind, principal.session_name, principal.evidence) == (
        arn, kind, session, evidence,
    )  # fmt: skip
    assert principal.user_name == (cells.get("user_name", "alice") or None)
    assert principal.why


def test_a_long_term_key_in_another_row_of_the_same_name_and_account_tells_the_user():
    report = audit(
        row(aws_access_key=SESSION),
        row(event_source="ec2.amazonaws.com", event_name="DescribeVolumes", error_code=""),
    )
    (finding,) = report.findings
    assert finding.principal.arn == USER
    assert finding.principal.evidence == "inferred"
    assert finding.principal.event_ids == ("event-1",)
    assert finding.principal.why == (
        "another row of the same name and account carries a long-term access key (AKIA; line 3), "
        "so the caller is an IAM user; this ARN assumes that the user has no IAM path"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"recipient_account_id": "444455556666"},
        {"user_name": "Alice"},
        {"aws_access_key": SESSION},
    ],
)
def test_a_row_of_another_name_or_account_or_key_tells_nothing(other):
    report = audit(
        row(aws_access_key=SESSION),
        row(event_name="Encrypt", error_code="", **({"aws_access_key": ALICE} | other)),
    )
    assert report.findings[0].principal.kind == "user_or_role_session"


def test_the_caller_says_who_a_session_is():
    role = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
    report = audit(row(user_name="deploy-7f3a", aws_access_key=SESSION),
                   principals={"deploy-7f3a": role})  # fmt: skip
    (finding,) = report.findings
    principal = finding.principal
    assert (principal.arn, principal.kind, principal.evidence) == (role, "role", "given")
    assert principal.session_name == "deploy-7f3a"
    assert report.plan[0].statements[0]["Principal"] == {"AWS": role}


@pytest.mark.parametrize(
    ("arn", "kind", "session"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/ops/alice", "user", None),
        (AUTO_SCALING, "service_linked_role", "deploy-7f3a"),
    ],
)
def test_the_kind_of_principal_follows_from_the_given_arn(arn, kind, session):
    denied = row(user_name="deploy-7f3a", aws_access_key=SESSION)
    principal = audit(denied, principals={"deploy-7f3a": arn}).findings[0].principal
    assert (principal.arn, principal.kind, principal.session_name) == (arn, kind, session)


@pytest.mark.parametrize(
    "cells",
    [
        {"recipient_account_id": "444455556666"},  # a session of the same name, elsewhere
        {"user_name": "deploy-7f3b"},
    ],
)
def test_what_the_caller_says_is_not_said_of_others(cells):
    report = audit(
        row(**({"user_name": "deploy-7f3a", "aws_access_key": SESSION} | cells)),
        principals={"deploy-7f3a": f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"},
    )
    assert report.findings[0].principal.kind == "user_or_role_session"


def test_ec2_infrastructure_stays_what_it_is_whatever_the_caller_says():
    report = audit(
        row(user_name=INSTANCE, event_name="Decrypt", source_ip_address="AWS Internal",
            aws_access_key=SESSION),
        principals={INSTANCE: f"arn:aws:iam::{ACCOUNT}:role/web"},
    )  # fmt: skip
    assert report.findings[0].principal.kind == "infrastructure"
    assert report.plan[0].statements == ()


@pytest.mark.parametrize(
    ("arn", "hint"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/7f3a", "is a session"),
        (f"arn:aws:iam::{ACCOUNT}:group/admins", "is a group"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/7f3a", "get-role --role-name deploy"),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/bob", "not the ARN of an IAM user or role"),
        (f"arn:aws:s3::{ACCOUNT}:role/deploy", "not the ARN of an IAM user or role"),
        (f"arn:aws:s3::{ACCOUNT}:group/admins", "not the ARN of an IAM user or role"),
        (f"arn:aws:s3::{ACCOUNT}:assumed-role/deploy/7f3a", "not the ARN of an IAM user or role"),
        (f"arn:aws:iam:us-east-1:{ACCOUNT}:role/deploy", "not the ARN of an IAM user or role"),
        ("arn:aws:iam::aws:role/deploy", "not the ARN of an IAM user or role"),
        (f"arn:aws:iam::{ACCOUNT}:role/ci/*/deploy", "not the ARN of an IAM user or role"),
        (f"arn:aws:iam::{ACCOUNT}:role/a;b", "not the ARN of an IAM user or role"),
        (f"arn:aws:iam::{ACCOUNT}:instance-profile/web", "not the ARN of an IAM user or role"),
        (f"arn:aws:iam::{ACCOUNT}:root", "not the ARN of an IAM user or role"),
        ("arn:aws:iam::*:role/deploy", "not the ARN of an IAM user or role"),
        (f"arn:aws:iam::{ACCOUNT}:role/*", "not the ARN of an IAM user or role"),
        ("*", "not the ARN of an IAM user or role"),
        ("deploy", "not the ARN of an IAM user or role"),
    ],
)
def test_an_arn_that_no_policy_can_name_is_an_error(arn, hint):
    with pytest.raises(UsageError, match=hint):
        audit(row(), principals={"alice": arn})


def test_without_a_source_ip_column_auto_scaling_is_still_told_by_its_session():
    header = [name for name in HEADER if name != "Source IP address"]
    report = audit(row(user_name="AutoScaling", aws_access_key=""), header=header)
    assert report.findings[0].principal.arn == AUTO_SCALING


def test_the_same_principal_by_two_ways_is_one_finding():
    report = audit(row(), row(aws_access_key=SESSION, source_ip_address=EC2))
    assert [finding.count for finding in report.findings] == [2]


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("b.csv", "a.csv"), ("a 1.csv", "b 1.csv")])
def test_a_long_term_key_in_another_input_is_named_by_its_event(tmp_path, names):
    denied, other = (tmp_path / name for name in names)
    denied.write_text(export(row(aws_access_key=SESSION)).getvalue())
    holder = {"event_source": "ec2.amazonaws.com", "event_name": "DescribeVolumes"}
    event_id = "8c2d1f7e-1a2b-4c3d-8e9f-0123456789ab"
    other.write_text(export(row(error_code="", event_id=event_id, **holder)).getvalue())
    (finding,) = ebs_kms_audit.audit([denied, other]).findings
    assert f"(AKIA; line 2 of another input, event {event_id}), so" in finding.principal.why
    text = ebs_kms_audit.audit([denied, other], redact=True).to_json()
    assert "line 2 of another input" in text
    assert not [value for value in (event_id, *names) if value in text]
