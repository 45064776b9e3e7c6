"""check(): the operations and the callers that can be named, and what cannot be checked."""

import json

import pytest

from ebs_kms_audit import InputError, UsageError, check
from tests.checking.documents import (
    ACCOUNT,
    ALICE,
    APP,
    AUTO_SCALING,
    DELEGATES,
    KEY,
    OTHER,
    ROOT,
    allow,
    grants,
    policy,
    terraform_plan,
    usage,
    write,
)
from tests.checking.outcomes import (
    BY_GRANT,
    COPY,
    CREATE,
    FOREIGN,
    KMS,
    LAUNCH,
    A,
    D,
    U,
    judged,
)

# EBS User Guide, "How Amazon EBS encryption works", "Copy an Amazon EBS snapshot".
OPERATIONS = {
    "CreateVolume": CREATE,
    "AttachVolume": ["kms:CreateGrant", BY_GRANT],
    "StartInstances": ["kms:CreateGrant", BY_GRANT],
    "RunInstances": LAUNCH,
    "CopySnapshot": COPY,
    "CreateSnapshot": COPY,
}


@pytest.mark.parametrize(("operation", "calls"), OPERATIONS.items(), ids=OPERATIONS)
def test_each_operation_makes_its_documented_calls(operation, calls):
    found = judged([usage(APP), grants(APP)], APP, operation.lower())
    assert found == [(call, A) for call in calls]


def test_without_an_operation_create_attach_snapshot_and_copy_are_checked():
    report = check(policy(usage(APP), grants(APP)), APP, key=KEY)
    [principal] = report.policies[0].principals
    assert list(dict.fromkeys(call.operation for call in principal.calls)) == [
        "CreateVolume", "AttachVolume", "CreateSnapshot", "CopySnapshot",
    ]  # fmt: skip


# A volume that is attached exists already, and its id may be the one that the policy names.
@pytest.mark.parametrize(
    ("operation", "expected"), [("AttachVolume", U), ("CreateVolume", D), ("CopySnapshot", D)]
)
def test_a_policy_that_names_one_volume(operation, expected):
    one = {"StringEquals": {"kms:EncryptionContext:aws:ebs:id": "vol-0fedcba9876543210"}}
    statements = [allow(APP, [*CREATE, "kms:ReEncrypt*", "kms:CreateGrant"], Condition=one)]
    assert judged(statements, APP, operation)[0][1] is expected


# AWS Managed Policy Reference (2026-03): which role has KMS actions of its own. EC2 Auto Scaling
# User Guide, "Required AWS KMS key policy for use with encrypted volumes".
SLR = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
NAMES = {
    "autoscaling": (AUTO_SCALING, D),
    "spot": (f"{SLR}/spot.amazonaws.com/AWSServiceRoleForEC2Spot", D),
    "ec2-fleet": (f"{SLR}/ec2fleet.amazonaws.com/AWSServiceRoleForEC2Fleet", D),
    "image-builder": (f"{SLR}/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder", U),
    "backup": (f"{ROLE}/service-role/AWSBackupDefaultServiceRole", U),
    f"backup={ROLE}/backup": (f"{ROLE}/backup", U),
    f"karpenter={ROLE}/karpenter": (f"{ROLE}/karpenter", U),
    f"ebs-csi={ROLE}/csi": (f"{ROLE}/csi", U),
    f"dlm={ROLE}/dlm": (f"{ROLE}/dlm", U),
    f"eks-auto-mode={ROLE}/eks": (f"{ROLE}/eks", U),
    f"{AUTO_SCALING}_blue": (f"{AUTO_SCALING}_blue", D),
    f"{SLR}/example.amazonaws.com/AWSServiceRoleForExample": (
        f"{SLR}/example.amazonaws.com/AWSServiceRoleForExample", U),
}  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), NAMES.items(), ids=NAMES)
def test_a_policy_that_only_delegates(given, expected):
    arn, outcome = expected
    report = check(policy(DELEGATES), given, key=KEY)
    [principal] = report.policies[0].principals
    assert (principal.arn, principal.outcome, report.outcome) == (arn, outcome, outcome)
    assert principal.note.startswith(
        (
            "AWS's policy for this role has no KMS action, and no other policy can be attached to "
            "a service-linked role, so the key policy or a grant must allow it."
        )
        if outcome == D
        else (
            "AWS's policy for this role has KMS actions, which need a key policy that allows the ",
            "AWS's policy for this role has no KMS action: the key policy must name the role, or ",
            "No policy can be attached to a service-linked role. What AWS's policy for this role ",
        )
    )
    if "policy for this role has KMS actions" in principal.note:
        assert principal.calls[0].why == (
            'Statement 1 ("Enable IAM User Permissions") of the key policy allows it to the '
            "account. AWS's own policy for this role decides, which this version does not have."
        )


@pytest.mark.parametrize("given", [name for name in NAMES if "Example" not in name])
def test_a_policy_with_both_statements_for_the_role(given):
    arn = NAMES[given][0]
    report = check(policy(DELEGATES, usage(arn), grants(arn)), given, key=KEY)
    assert report.outcome is A


def test_no_customer_policy_applies_to_a_service_linked_role():
    report = check(policy(DELEGATES), "autoscaling", key=KEY, identity_policies=KMS)
    assert report.outcome is D


def test_the_account_of_a_name_follows_from_the_policy_or_is_given():
    assert check(policy(DELEGATES), "spot").policies[0].principals[0].arn.split(":")[4] == ACCOUNT
    only = policy(usage(FOREIGN))
    with pytest.raises(UsageError, match="the account of spot is not known"):
        check(only, "spot")
    report = check(only, "spot", account=ACCOUNT)
    assert report.policies[0].principals[0].arn.split(":")[4] == ACCOUNT


def test_a_name_gets_the_partition_of_the_key():
    key = KEY.replace("arn:aws:", "arn:aws-us-gov:").replace("us-east-1", "us-gov-west-1")
    report = check(policy(DELEGATES), "autoscaling", key=key)
    assert report.policies[0].principals[0].arn == AUTO_SCALING.replace(
        "arn:aws:", "arn:aws-us-gov:"
    )


WRONG = {
    "an unknown name": (["autoscalin"], {}, "Did you mean autoscaling"),
    "an unknown name with a role": ([f"karpentr={APP}"], {}, "Did you mean karpenter"),
    "a name without its role": (["karpenter"], {}, "karpenter needs the ARN of its role"),
    "a name that IAM does not accept": (
        [f"arn:aws:iam::{ACCOUNT}:role/x;touch"], {}, "IAM has no user or role of this name"),
    "a session for a name": (
        [f"karpenter=arn:aws:sts::{ACCOUNT}:assumed-role/app/one"], {}, "needs the ARN of a role"),
    "the account for a name": ([f"karpenter={ROOT}"], {}, "needs the ARN of a role"),
    "another role for a service-linked role": (
        [f"autoscaling={APP}"], {}, "is not a service-linked role of autoscaling"),
    "a service": (["autoscaling.amazonaws.com"], {}, "write autoscaling"),
    "a group": ([f"arn:aws:iam::{ACCOUNT}:group/admins"], {}, "not the ARN of a user"),
    "a name that is no ARN": (["karpenter=app"], {}, "app is not an ARN"),
    "the instance's own role": (
        [f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0"], {},
        "works through grants only"),
    "nobody": ([], {}, "give at least one principal"),
    "an unknown operation": ([APP], {"operation": "AtachVolume"}, "Did you mean AttachVolume"),
    "an operation without documented calls": (
        [APP], {"operation": "ModifyVolume"}, "documents no KMS calls for ModifyVolume"),
    "an IAM policy of nobody": (
        [APP], {"identity_policies": {ALICE: {"Statement": []}}}, f"{ALICE} is not one of the"),
    "another Region than the key's": (
        [APP], {"key": KEY, "region": "eu-west-1"}, "differs from the ARN of the key"),
    "another account than the key's": (
        [APP], {"key": KEY, "account": OTHER}, "differs from the ARN of the key"),
    "an alias as key": (
        [APP], {"key": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/disk"}, "not the ARN of a key"),
}  # fmt: skip


@pytest.mark.parametrize(("principals", "options", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_checked_is_a_usage_error(principals, options, message):
    with pytest.raises(UsageError, match=message):
        check(policy(DELEGATES), principals, **options)


def test_a_key_for_a_file_with_several_policies_is_a_usage_error(tmp_path):
    one = ("aws_kms_key.a", "aws_kms_key", {"policy": json.dumps(policy(DELEGATES))}, {})
    plan = terraform_plan(one, ("aws_kms_key.b", *one[1:]))
    path = write(tmp_path, "plan.json", plan)
    assert len(check(path, "spot").policies) == 2
    with pytest.raises(UsageError, match="several key policies"):
        check(path, "spot", key=KEY)


def test_a_value_that_only_the_deployment_decides_leaves_the_check_undecided(tmp_path):
    document = policy(usage(APP, {"Fn::ImportValue": "role"}), grants(APP))
    template = {"Resources": {"Key": {
        "Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document}}}}  # fmt: skip
    path = write(tmp_path, "template.json", template)
    report = check(path, APP, account=ACCOUNT)
    assert (report.policies[0].outcome, report.outcome) == (A, U)
    assert report.not_checked == (
        f"{path}:14: Key: Fn::ImportValue at $.Statement[0].Principal.AWS[1] has its value only at "
        "deployment, so it is not checked. Run aws kms get-key-policy afterwards and check its "
        "output.",
    )


def test_a_policy_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        check(tmp_path / "missing.json", APP)
    with pytest.raises(UsageError, match="object of type int"):
        check(7, APP)
