"""A key of another account: one step for each half that is missing.

Sources: AWS KMS Developer Guide, "Allowing users in other accounts to use a KMS key"; EC2 Auto
Scaling User Guide, "Required KMS key policy for use with encrypted volumes".
"""

import pytest

from tests.records import ACCOUNT, AUTO_SCALING, ROLE, audit, record, session

OWNER = "444455556666"
KEY_ELSEWHERE = f"arn:aws:kms:us-east-1:{OWNER}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"}, "Action": "kms:*",
     "Resource": "*"}]}  # fmt: skip


def plan(policy=None, **fields):
    policies = {KEY_ELSEWHERE: policy} if policy else None
    return audit(record(resources=[{"ARN": KEY_ELSEWHERE}], **fields), key_policies=policies).plan


def test_the_message_on_iam_policies_gives_the_half_of_the_callers_account():
    (step,) = plan()
    assert (step.kind, step.account, step.target) == ("iam_policy", ACCOUNT, KEY_ELSEWHERE)
    assert step.alternative_to is None
    assert step.principals == (ROLE,)
    assert {statement["Resource"] for statement in step.statements} == {KEY_ELSEWHERE}
    assert step.commands.apply == (
        "aws iam put-role-policy --role-name deploy --policy-name UseOfTheKmsKey "
        "--policy-document file://after.json\n"
    )


def test_the_console_adds_the_whole_other_account():
    step = plan(errorMessage="absent")[0]
    assert (step.kind, step.account) == ("key_policy", OWNER)
    assert [statement["Principal"]["AWS"] for statement in step.statements] == [ROLE, ROLE]
    assert step.console_steps == (
        "Open the KMS console in us-east-1, Customer managed keys, "
        "1234abcd-12ab-34cd-56ef-1234567890ab.",
        f"Under Other AWS accounts add {ACCOUNT}. This allows the whole account, which is wider "
        "than the statements here.",
        "If there is no list of key users: Switch to policy view, Edit, add the statements.",
    )


def test_some_operations_never_work_across_accounts():
    (step,) = plan(eventName="PutKeyPolicy")
    assert (step.kind, step.statements) == ("investigate", ())


def test_a_service_linked_role_works_on_another_accounts_key_through_a_grant():
    policy, grant = plan(
        POLICY, userIdentity=session(AUTO_SCALING, "AutoScaling"), errorMessage="absent"
    )
    usage, create = policy.statements
    account = f"arn:aws:iam::{ACCOUNT}:root"
    assert (policy.kind, policy.account) == ("key_policy", OWNER)
    assert usage["Principal"] == {"AWS": account}
    assert create["Principal"] == {"AWS": account}
    assert create["Action"] == ["kms:CreateGrant"]
    assert create["Condition"] == {"StringEquals": {"kms:GranteePrincipal": AUTO_SCALING}}
    assert policy.document["Statement"][1:] == [usage, create]
    assert not policy.apply(policy.document).changed
    assert policy.console_steps == ()
    assert policy.disposition == "review"
    assert (grant.kind, grant.account, grant.target) == ("grant", ACCOUNT, KEY_ELSEWHERE)
    assert grant.commands.apply == (
        f"aws kms create-grant --region us-east-1 --key-id {KEY_ELSEWHERE} "
        f"--grantee-principal {AUTO_SCALING} --operations Encrypt Decrypt ReEncryptFrom "
        "ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant\n"
    )


@pytest.mark.parametrize(
    ("operator", "role", "added"),
    [
        ("StringEquals", AUTO_SCALING, 0),
        ("stringequals", AUTO_SCALING, 0),
        # IAM User Guide, "IAM JSON policy elements: Condition operators": case-sensitive.
        ("StringEquals", AUTO_SCALING.lower(), 1),
        ("StringLike", AUTO_SCALING, 0),
        ("StringEquals", [AUTO_SCALING, f"{AUTO_SCALING}_blue"], 0),
        ("StringEquals", [f"{AUTO_SCALING}_red", f"{AUTO_SCALING}_blue"], 1),
    ],
)
def test_a_statement_for_the_grant_is_added_unless_one_allows_it(operator, role, added):
    account = f"arn:aws:iam::{ACCOUNT}:root"
    usage = {"Sid": "use", "Effect": "Allow", "Principal": {"AWS": account}, "Resource": "*",
             "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                        "kms:DescribeKey"]}  # fmt: skip
    create = {"Sid": "grants", "Effect": "Allow", "Principal": {"AWS": account}, "Resource": "*",
              "Action": "kms:CreateGrant",
              "Condition": {operator: {"kms:GranteePrincipal": role}}}  # fmt: skip
    document = POLICY | {"Statement": [*POLICY["Statement"], usage, create]}
    steps = plan(document, userIdentity=session(AUTO_SCALING, "AutoScaling"), errorMessage="absent")
    assert [step.kind for step in steps] == ["key_policy"] * added + ["grant"]
    for step in steps[:added]:
        (new,) = step.document["Statement"][3:]
        assert new["Condition"] == {"StringEquals": {"kms:GranteePrincipal": AUTO_SCALING}}


def test_the_reasons_for_a_service_linked_role_speak_of_the_grant_and_not_of_iam_policies():
    policy, _ = plan(
        POLICY, userIdentity=session(AUTO_SCALING, "AutoScaling"), errorMessage="absent"
    )
    assert policy.reasons == (
        "kms:CreateGrant by AutoScaling was denied. The role also needs a grant that account "
        f"{ACCOUNT} creates.",
        f"The statements name account {ACCOUNT}: each user and role there that has an IAM policy "
        "for the key can use it.",
    )


def test_each_service_linked_role_has_its_own_condition_on_the_grant():
    """One statement for both would let the account grant the use of the key to one of them only."""
    roles = [AUTO_SCALING, f"{AUTO_SCALING}_blue"]
    records = [
        record(resources=[{"ARN": KEY_ELSEWHERE}], errorMessage="absent", eventID=role,
               userIdentity=session(role, "AutoScaling"))
        for role in roles
    ]  # fmt: skip
    step = audit(*records, key_policies={KEY_ELSEWHERE: POLICY}).plan[0]
    assert [one["Action"] for one in step.statements[1:]] == [["kms:CreateGrant"]] * 2
    granted = [
        one["Condition"]["StringEquals"]["kms:GranteePrincipal"] for one in step.statements[1:]
    ]
    assert sorted(granted) == roles
