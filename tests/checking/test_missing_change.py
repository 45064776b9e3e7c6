"""The change that a check proposes: which steps, how sure, and that they make the calls succeed."""

import json

import pytest

from ebs_kms_audit import Outcome, check
from tests.checking.documents import (
    ACCOUNT,
    ALICE,
    APP,
    AUTO_SCALING,
    DELEGATES,
    KEY,
    OTHER,
    ROOT,
    grants,
    policy,
    terraform_plan,
    usage,
    write,
)
from tests.checking.outcomes import VIA_ELSEWHERE, deny, iam

FOREIGN = f"arn:aws:iam::{OTHER}:role/app"
FOREIGN_AUTO_SCALING = AUTO_SCALING.replace(ACCOUNT, OTHER)
KEPT = DELEGATES | {"Action": "kms:PutKeyPolicy"}
NO_KMS = {"identity_policies": iam("ec2:*")}

# KMS Developer Guide, "Default key policy" (both statements); EC2 Auto Scaling User Guide,
# "Required AWS KMS key policy for use with encrypted volumes" (grants across accounts); KMS
# Developer Guide, "Allowing users in other accounts to use a KMS key" (both halves).
STEPS = {
    "Auto Scaling, and delegation": (
        policy(DELEGATES), "autoscaling", {}, [("key_policy", "safe")]),
    "EC2 Fleet, with a path that AWS does not document": (
        policy(DELEGATES), "ec2-fleet", {}, [("key_policy", "review")]),
    "a role that is not named, and no delegation": (
        policy(usage(ALICE), KEPT), APP, {},
        [("key_policy", "safe")]),
    "a role with the usage statement only": (
        policy(KEPT, usage(APP)), APP, {},
        [("key_policy", "safe")]),
    "a role without an IAM policy, and delegation": (
        policy(DELEGATES), APP, NO_KMS, [("key_policy", "safe"), ("iam_policy", "review")]),
    "a Deny": (policy(DELEGATES, usage(APP), grants(APP), deny()), APP, {},
               [("investigate", "review")]),
    "a policy without a key": (
        policy(DELEGATES), "autoscaling", {"key": None}, [("key_policy", "review")]),
    "a service-linked role of another account": (
        policy(DELEGATES), FOREIGN_AUTO_SCALING, {}, [("key_policy", "review"),
                                                      ("grant", "review")]),
    "a role of another account without its IAM half": (
        policy(DELEGATES, usage(FOREIGN), grants(FOREIGN)), FOREIGN, NO_KMS,
        [("iam_policy", "review")]),
    # IAM User Guide, "AWS JSON policy elements: Principal": a session ARN has no path.
    "a session, with a role that may have a path": (
        policy(KEPT), f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one", {},
        [("key_policy", "review")]),
    "a federated user": (
        policy(KEPT), f"arn:aws:sts::{ACCOUNT}:federated-user/bob", {},
        [("key_policy", "review")]),
    "the root user": (policy(usage(ALICE)), ROOT, {}, [("key_policy", "review")]),
    "a role that is allowed": (policy(usage(APP), grants(APP)), APP, {}, []),
    "a role that an unknown IAM policy may allow": (policy(DELEGATES), APP, {}, []),
}  # fmt: skip


@pytest.mark.parametrize(("document", "who", "options", "steps"), STEPS.values(), ids=STEPS)
def test_the_steps_for_what_is_denied(document, who, options, steps):
    report = check(document, who, "RunInstances", **{"key": KEY} | options)
    assert [(str(step.kind), str(step.disposition)) for step in report.plan] == steps


CURED = [name for name, case in STEPS.items() if ("key_policy", "safe") in case[3]]


@pytest.mark.parametrize("name", CURED)
def test_the_new_document_allows_every_call_and_is_proved(name):
    document, who, options, _ = STEPS[name]
    [step, *_] = check(document, who, "RunInstances", **{"key": KEY} | options).plan
    assert step.proof.cures
    assert step.proof.gives_nothing_else
    assert check(step.document, who, "RunInstances", key=KEY, **options).outcome is Outcome.ALLOWED


def test_a_policy_with_a_repeated_member_is_never_safe(tmp_path):
    text = json.dumps(policy(KEPT))
    path = write(
        tmp_path, "key_policy.json", text.replace('"Effect"', '"Effect": "Deny", "Effect"')
    )
    [step] = check(path, APP, "RunInstances", key=KEY).plan
    assert step.disposition == "review"


def test_no_statement_names_a_session():
    for session in ("assumed-role/app/one", "federated-user/bob"):
        report = check(policy(KEPT), f"arn:aws:sts::{ACCOUNT}:{session}", key=KEY)
        assert ":sts:" not in json.dumps([step.statements for step in report.plan])


def test_a_condition_of_the_owner_is_never_changed_without_review():
    document = policy(KEPT, usage(APP, Condition=VIA_ELSEWHERE), grants(APP))
    report = check(document, APP, "CreateVolume", key=KEY)
    assert {str(step.disposition) for step in report.plan} == {"review"}


def test_a_policy_of_a_template_is_changed_in_the_template(tmp_path):
    planned = {"policy": json.dumps(policy(DELEGATES)), "arn": KEY}
    plan = terraform_plan(("aws_kms_key.disks", "aws_kms_key", planned, {}))
    path = write(tmp_path, "plan.json", plan)
    [step] = check(path, "autoscaling").plan
    assert (step.disposition, step.commands.apply) == ("review", "")
    assert step.reasons[0].startswith(f"The policy comes from aws_kms_key.disks in {path}.")
    assert check(step.document, "autoscaling", key=KEY).outcome is Outcome.ALLOWED


def test_one_step_holds_all_principals_of_a_key():
    report = check(policy(DELEGATES), ["autoscaling", "spot"], key=KEY)
    [step] = report.plan
    assert {arn.rpartition("/")[2] for arn in step.principals} == {
        "AWSServiceRoleForAutoScaling", "AWSServiceRoleForEC2Spot",
    }  # fmt: skip
    assert check(step.document, ["autoscaling", "spot"], key=KEY).outcome is Outcome.ALLOWED


def test_text_and_json_show_the_step_with_its_proof():
    report = check(policy(DELEGATES), "autoscaling", key=KEY)
    text = " ".join(str(report).split())
    assert "What to change 1. Add these statements for 1 caller to the policy of key" in text
    assert "Proof: 3 of 3 denied calls are allowed afterwards." in text
    assert '+ "Sid": "Allow attachment of persistent resources",' in text
    [step] = report.to_dict()["policies"][0]["plan"]
    assert (step["kind"], step["disposition"], step["target"]) == ("key_policy", "safe", KEY)
    assert step["commands"]["apply"].splitlines()[-1] == (
        f"aws kms put-key-policy --region us-east-1 --key-id {KEY} --policy-name default --policy "
        "file://after.json"
    )
