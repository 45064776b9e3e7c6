"""The steps that change no key policy, and the plan as a whole: order, ids, alternatives.

Sources: AWS KMS Developer Guide, "Allowing users in other accounts to use a KMS key", "AWS KMS
permissions", "Using IAM policies with AWS KMS"; EC2 Auto Scaling User Guide, "Required KMS key
policy for use with encrypted volumes".
"""

import json

import pytest

from ebs_kms_audit.plan import Step, StepKind
from ebs_kms_audit.plan.planner import _with_unique_ids
from tests.incidents import (
    ADMINS,
    DELEGATES,
    FOREIGN_AUTO_SCALING,
    OTHER,
    OTHER_KEY,
    ROLE,
    USER,
    VISITOR,
    bound,
    denied,
    session,
)
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, audit, record
from tests.rows import audit as audit_rows
from tests.rows import row

THIRD = "777788889999"
ELSEWHERE, ANYWHERE = (f"arn:aws:iam::{account}:user/alice" for account in (OTHER, THIRD))
USAGE = {
    "Effect": "Allow",
    "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*",
               "kms:DescribeKey"],
    "Resource": KEY_ARN,
}  # fmt: skip
GRANTS = {
    "Effect": "Allow",
    "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
    "Resource": KEY_ARN,
    "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
}
THIRD_KEY = KEY_ARN.replace("1234abcd", "9abc0000")
IN_IAM_CONSOLE = (
    "Open the IAM console, Users or Roles, and choose the caller.",
    "Choose Add permissions, Create inline policy, JSON. Paste the document.",
)
AFTER_EBS = (
    "A policy change takes effect within a few minutes.",
    "Attach the volume, or start the instance, again.",
)


def plan(*records, **options):
    return audit(*records, **options).plan


def ids(steps):
    return [step.id for step in steps]


def test_the_iam_policy_is_an_alternative_in_the_same_account():
    """Source: "Using IAM policies with AWS KMS": the key policy must delegate to the account."""
    report = audit(denied(reason="identity"))
    key_policy, iam = report.plan
    assert (iam.id, iam.alternative_to) == (f"iam_policy-{KEY_ID}", key_policy.id)
    assert iam.text == "Instead of the key policy, attach an IAM policy to the callers."
    assert iam.reasons == (
        "This works only if the key policy has a statement for the account (:root). It replaces "
        "the key_policy step.",
    )
    assert (iam.account, iam.region, iam.target) == (ACCOUNT, "us-east-1", KEY_ARN)
    assert (iam.disposition, iam.principals) == ("review", (ROLE,))
    assert iam.findings == (report.findings[0].id,)
    assert iam.statements == (USAGE, GRANTS)
    assert [list(one) for one in iam.statements] == [list(USAGE), list(GRANTS)]  # the order
    assert iam.document == {"Version": "2012-10-17", "Statement": [USAGE, GRANTS]}
    assert iam.needs == key_policy.needs
    assert iam.console_steps == IN_IAM_CONSOLE
    assert iam.afterwards == AFTER_EBS
    assert report.findings[0].steps == (key_policy.id, iam.id)


def test_both_halves_across_accounts():
    key_policy, iam = plan(denied("Decrypt", "identity", VISITOR), **bound(DELEGATES))
    assert (key_policy.id, key_policy.account) == (f"key_policy-{KEY_ID}", ACCOUNT)
    assert (iam.id, iam.account, iam.alternative_to) == (f"iam_policy-{KEY_ID}", OTHER, None)
    assert iam.text == f"In account {OTHER}, attach an IAM policy to the callers."
    assert iam.reasons == (
        "Both halves are required: this policy, and the key policy of the other account.",
    )
    assert iam.document == {"Version": "2012-10-17", "Statement": [USAGE, GRANTS]}
    assert iam.needs == (
        "Required: kms:Decrypt, kms:GenerateDataKeyWithoutPlaintext.",
        "Not denied yet, but creating and attaching the volume needs kms:CreateGrant.",
    )


def test_the_iam_policy_of_the_least_privilege():
    iam = plan(denied(reason="identity"), least_privilege=True)[1]
    usage, grants = iam.statements
    assert usage["Action"] == ["kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"]
    assert grants["Action"] == ["kms:CreateGrant"]


def test_an_iam_policy_for_an_unknown_key_has_a_placeholder():
    message = "User: x is not authorized to perform: kms:CreateGrant because no identity-based "
    iam = plan(record(errorMessage=f"{message}policy allows the kms:CreateGrant action"))[1]
    assert {one["Resource"] for one in iam.statements} == {"REPLACE-WITH-THE-KEY-ARN"}
    assert (iam.target, iam.reasons[-1]) == (None, "The full ARN of the key is unknown.")


def test_what_no_key_policy_allows_is_one_step_for_each_account():
    aliases = {"resources": [], "recipientAccountId": OTHER, "eventID": "e3"}
    own, other = plan(
        denied("ListAliases", None, USER, resources=[]),
        denied("CreateKey", None, ROLE, resources=[], eventID="e2"),
        denied("ListAliases", None, VISITOR, **aliases),
    )
    assert (own.id, own.account, own.principals) == (
        f"iam_policy-{ACCOUNT}", ACCOUNT, (ROLE, USER),
    )  # fmt: skip
    assert own.text == "Attach an IAM policy to the callers."
    assert own.reasons == (
        "No key policy can allow kms:CreateKey, kms:ListAliases. Only an IAM policy can.",
    )
    assert (own.region, own.target, own.disposition) == ("us-east-1", None, "review")
    assert (own.console_steps, len(own.findings)) == (IN_IAM_CONSOLE, 2)
    assert (other.id, other.account, other.principals) == (
        f"iam_policy-{OTHER}", OTHER, (VISITOR,),
    )  # fmt: skip
    assert other.statements == (
        {"Effect": "Allow", "Action": ["kms:ListAliases"], "Resource": "*"},
    )


def test_users_and_roles_are_attached_in_the_template():
    (step,) = plan(
        denied("ListAliases", None, USER, resources=[]),
        denied("CreateKey", None, ROLE, resources=[], eventID="e2"),
    )
    assert step.cloudformation.startswith('{\n  "AWSTemplateFormatVersion"')
    assert step.cloudformation.endswith("\n}\n")
    assert json.loads(step.cloudformation) == {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "UseOfTheKey": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "PolicyDocument": step.document, "Users": ["alice"], "Roles": ["deploy"],
                },
            }
        },
    }  # fmt: skip


def test_a_service_linked_role_of_another_account_needs_a_grant():
    """Source: "Required KMS key policy …", the example with create-grant."""
    name = "GenerateDataKeyWithoutPlaintext"
    key_policy, grant = plan(denied(name, "resource", FOREIGN_AUTO_SCALING), **bound(DELEGATES))
    assert ids([key_policy, grant]) == [f"key_policy-{KEY_ID}", f"grant-{KEY_ID}"]
    assert key_policy.reasons == (
        f"kms:{name} by run-1 was denied. The role also needs a grant that account {OTHER} "
        "creates.",
        f"The statements name account {OTHER}: each user and role there that has an IAM policy for "
        "the key can use it.",
    )
    assert key_policy.needs == (
        "Required: kms:GenerateDataKeyWithoutPlaintext, kms:Decrypt.", "Required: kms:CreateGrant.",
    )  # fmt: skip
    assert key_policy.console_steps == ()
    assert key_policy.afterwards == (
        "A policy change takes effect within a few minutes.",
        "Auto Scaling starts instances again by itself.",
        "Create a volume again that EC2 deleted.",
        "Attach the volume, or start the instance, again.",
    )
    assert grant.text == (
        f"In account {OTHER}, create a grant for AWSServiceRoleForAutoScaling on the key."
    )
    assert (grant.account, grant.region, grant.target) == (OTHER, "us-east-1", KEY_ARN)
    assert (grant.principals, grant.findings) == ((FOREIGN_AUTO_SCALING,), key_policy.findings)
    assert grant.reasons == (
        f"The key policy must allow account {OTHER} to call kms:CreateGrant for this role.",
        "The user or role that runs create-grant needs an IAM policy that allows kms:CreateGrant "
        "on the key.",
    )
    assert grant.afterwards == (
        "A new grant takes effect within five minutes.",
        "Auto Scaling starts instances again by itself. For Spot or EC2 Fleet repeat the request.",
    )


def test_each_service_linked_role_has_its_own_grant():
    blue = f"{FOREIGN_AUTO_SCALING}_blue"
    steps = plan(
        denied("Decrypt", None, FOREIGN_AUTO_SCALING),
        denied("Decrypt", None, blue, eventID="e2"),
        denied("GenerateDataKeyWithoutPlaintext", None, blue, eventID="e3"),
    )
    assert [step.principals for step in steps if step.kind == "grant"] == [
        (blue,), (FOREIGN_AUTO_SCALING,),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("callers", "accounts"),
    [
        ([USER], {ACCOUNT: {USER}}),
        ([ELSEWHERE], {OTHER: {ELSEWHERE}}),
        ([ELSEWHERE, ANYWHERE], {OTHER: {ELSEWHERE}, THIRD: {ANYWHERE}}),
    ],
)
def test_an_iam_policy_is_attached_in_the_account_of_the_caller(callers, accounts):
    """The log of the key's owner has the owner as recipient of the calls of other accounts.

    Source: CloudTrail User Guide, "CloudTrail record contents", recipientAccountId.
    """
    report = audit(
        *(denied("Decrypt", "identity", caller, eventID=caller, recipientAccountId=ACCOUNT)
          for caller in callers)
    )  # fmt: skip
    steps = [step for step in report.plan if step.kind == "iam_policy"]
    assert {step.account: {*step.principals} for step in steps} == accounts


def test_the_order_of_the_plan():
    """What explains denials first, then key by key, IAM, other states; alternatives last."""
    steps = plan(
        denied(reason="identity"),
        denied("Decrypt", None, key=OTHER_KEY, eventID="e2"),
        record(eventName="Encrypt", errorCode="DisabledException", errorMessage="absent",
               resources=[{"ARN": OTHER_KEY}], eventID="e3"),
        record(eventName="Encrypt", errorCode="DisabledException", errorMessage="absent",
               resources=[{"ARN": THIRD_KEY}], eventID="e4"),
        denied("ListAliases", None, USER, resources=[], eventID="e5"),
        denied("PutKeyPolicy", None, USER, sourceIPAddress="192.0.2.1", eventID="e6"),
    )  # fmt: skip
    other = KEY_ID.replace("1234abcd", "5678abcd")
    assert ids(steps) == [
        f"key_state-{other}",
        f"key_policy-{KEY_ID}",
        f"iam_policy-{ACCOUNT}",
        f"key_state-{KEY_ID.replace('1234abcd', '9abc0000')}",
        f"investigate-{KEY_ID}-unknown",
        f"iam_policy-{KEY_ID}",
    ]


def test_the_key_with_most_denials_comes_first_and_an_unknown_key_last():
    steps = plan(
        *(denied(eventID=f"u{n}", resources=[], errorMessage="absent") for n in range(3)),
        denied(eventID="a"),
        *(denied(eventID=f"b{n}", key=OTHER_KEY) for n in range(2)),
    )
    other = KEY_ID.replace("1234abcd", "5678abcd")
    assert ids(steps) == [
        f"key_policy-{other}", f"key_policy-{KEY_ID}", f"key_policy-{ACCOUNT}-us-east-1",
    ]  # fmt: skip


def test_the_iam_policy_does_not_replace_a_step_that_the_same_caller_needs():
    """One call lacks an IAM policy, the other a statement: only the key policy cures both."""
    steps = plan(denied("Decrypt", "identity"), denied("GenerateDataKey", "resource", eventID="e2"))
    assert ids(steps) == [f"key_policy-{KEY_ID}"]


def test_one_key_in_two_spellings_of_account_and_region_is_two_steps_with_different_ids():
    made = [
        Step(id=id_, kind=StepKind.KEY_POLICY, text=str(at), alternative_to=alternative)
        for at, (id_, alternative) in enumerate(
            [("a", None), ("b", "a"), ("a", None), ("b", "a"), ("a", None), ("a-2", None),
             ("c", "gone")]
        )
    ]  # fmt: skip
    assert [(step.id, step.alternative_to) for step in _with_unique_ids(made)] == [
        ("a", None), ("b", "a"), ("a-2", None), ("b-2", "a-2"), ("a-3", None), ("a-2-2", None),
        ("c", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("event", ["DescribeKey", "GetKeyPolicy"])
def test_a_probe_of_an_aws_service_has_no_step(event):
    assert plan(denied(event, None, sourceIPAddress="config.amazonaws.com")) == ()


def test_what_happens_only_in_the_plan_of_a_service_role(tmp_path):
    """The infrastructure role of EC2 is never a principal of a step."""
    role = session(f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure", "i-0123456789abcdef0")
    (step,) = plan(
        denied("Decrypt", None, userIdentity=role, sourceIPAddress="AWS Internal"),
        **bound(ADMINS),
    )
    assert (step.kind, step.principals, step.statements) == ("investigate", (), ())


def test_callers_of_an_unknown_account_share_an_iam_policy_step():
    report = audit_rows(row(event_name="ListAliases", recipient_account_id=""))
    (step,) = report.plan
    assert (step.id, step.account, step.principals) == ("iam_policy-unknown", None, ())
    assert step.left_out == ()
    assert step.commands.apply == ""
