"""check(): which calls are allowed, denied or undecided. Each table names its source."""

import json

import pytest

from ebs_kms_audit import InputError, Outcome, UsageError, check
from tests.checking.documents import (
    ACCOUNT,
    ALICE,
    APP,
    AUTO_SCALING,
    DELEGATES,
    FOR_SERVICE,
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

CREATE = ["kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"]
COPY = [*CREATE, "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant", "kms:DescribeKey"]
BY_GRANT = "kms:Decrypt as aws:ec2-infrastructure"
LAUNCH = [*CREATE, "kms:CreateGrant", BY_GRANT]
A, D, U = Outcome.ALLOWED, Outcome.DENIED, Outcome.UNDECIDED


def iam(*actions, effect="Allow", **more):
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*"} | more
    return {"Version": "2012-10-17", "Statement": [statement]}


def deny(principal="*", actions="kms:*", **more):
    return {"Effect": "Deny", "Principal": principal, "Action": actions, "Resource": "*"} | more


def outcomes(report):
    """Return action and outcome of each call of the one principal."""
    [principal] = report.policies[0].principals
    actor = {"caller": "", "aws:ec2-infrastructure": " as aws:ec2-infrastructure"}
    return [(f"{call.action}{actor[call.actor]}", call.outcome) for call in principal.calls]


def judged(statements, principal, operation, **more):
    return outcomes(check(policy(*statements), principal, operation, **{"key": KEY} | more))


# EBS User Guide, "How Amazon EBS encryption works": the calls of each operation.
# KMS Developer Guide, "Default key policy": what the two statements allow, and to whom.
# KMS Developer Guide, "Allowing users in other accounts to use a KMS key": both halves.
SAME_ACCOUNT = {
    "both statements": ([DELEGATES, usage(APP), grants(APP)], APP, [A, A, A, A]),
    "the usage statement only, and no delegation": ([usage(APP)], APP, [A, A, D, A]),
    "the grants statement only, and no delegation": ([grants(APP)], APP, [D, D, A, A]),
    "neither, and delegation": ([DELEGATES], APP, [U, U, U, A]),
    "neither, and no delegation": ([usage(ALICE), grants(ALICE)], APP, [D, D, D, A]),
    "the root user, delegation only": ([DELEGATES], ROOT, [A, A, A, A]),
    "a session of the role": (
        [usage(APP), grants(APP)], f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one", [A, A, A, A]),
    "the usage actions under the grants condition": (
        [allow(APP, ["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant"],
               Condition=FOR_SERVICE)], APP, [D, D, A, A]),
    "kms:GenerateDataKey without *": (
        [allow(APP, ["kms:GenerateDataKey", "kms:Decrypt", "kms:CreateGrant"])], APP,
        [D, A, A, A]),
    "a Deny for the role": (
        [DELEGATES, usage(APP), grants(APP), deny({"AWS": APP}, "kms:CreateGrant")], APP,
        [A, A, D, A]),
    "a Deny for everyone": ([usage(APP), grants(APP), deny(actions="kms:Decrypt")], APP,
                            [A, D, A, D]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "principal", "expected"), SAME_ACCOUNT.values(), ids=SAME_ACCOUNT
)
def test_a_launch_in_the_account_of_the_key(statements, principal, expected):
    assert judged(statements, principal, "RunInstances") == list(zip(LAUNCH, expected, strict=True))


# KMS Developer Guide, "AWS KMS condition keys"; EBS User Guide, "Requirements for Amazon EBS
# encryption" (network conditions, the instance's own role).
VIA_EC2 = {"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}
VIA_ELSEWHERE = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}
FROM_OFFICE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
NOT_A_SERVICE = {"Bool": {"aws:ViaAWSService": "false"}}
NOT_AN_INSTANCE = {"ArnNotLike": {
    "aws:PrincipalArn": "arn:aws:iam::*:role/aws:ec2-infrastructure/*"}}  # fmt: skip
CONDITIONS = {
    "through EC2": ({"Condition": VIA_EC2}, {}, [A, A, A, A]),
    "through EC2 in another Region": ({"Condition": VIA_ELSEWHERE}, {}, [D, D, D, A]),
    "through EC2, and the Region is not known": (
        {"Condition": VIA_EC2}, {"key": None, "account": ACCOUNT}, [U, U, U, A]),
    "through EC2, and the Region is given": (
        {"Condition": VIA_EC2}, {"key": None, "account": ACCOUNT, "region": "us-east-1"},
        [A, A, A, A]),
    "for the caller's account": (
        {"Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}}}, {}, [A, A, A, A]),
    "for another account": (
        {"Condition": {"StringEquals": {"kms:CallerAccount": OTHER}}}, {}, [D, D, D, A]),
    "for AWS services only": (
        {"Condition": {"Bool": {"aws:ViaAWSService": "true"}}}, {}, [A, A, A, A]),
    "from an office": ({"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}, {},
                       [D, D, D, A]),
    "from a VPC endpoint": (
        {"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}}, {},
        [D, D, D, A]),
    "with the encryption context of EBS": (
        {"Condition": {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "aws:ebs:id"}}},
        {}, [A, A, A, A]),
    "with a volume in the encryption context": (
        {"Condition": {"StringLike": {"kms:EncryptionContext:aws:ebs:id": "vol-*"}}}, {},
        [A, A, A, A]),
    "with a snapshot in the encryption context": (
        {"Condition": {"StringLike": {"kms:EncryptionContext:aws:ebs:id": "snap-*"}}}, {},
        [D, D, D, A]),
    "in an organization that is not given": (
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}}, {},
        [U, U, U, A]),
    "in the organization that is given": (
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}},
        {"context": {"aws:PrincipalOrgID": "o-1234567890"}}, [A, A, A, A]),
}  # fmt: skip


@pytest.mark.parametrize(("more", "options", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_launch_under_a_condition(more, options, expected):
    statements = [allow(APP, [*CREATE, "kms:CreateGrant"], **more)]
    found = judged(statements, APP, "RunInstances", **options)
    assert found == list(zip(LAUNCH, expected, strict=True))


NETWORK = {
    "no exemption": (FROM_OFFICE, [D, D, D, D]),
    "an exemption for services": (FROM_OFFICE | NOT_A_SERVICE, [A, A, A, D]),
    "an exemption for services and instances": (
        FROM_OFFICE | NOT_A_SERVICE | NOT_AN_INSTANCE, [A, A, A, A]),
    "a VPC endpoint": (
        {"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}, [D, D, D, D]),
    "an address of the office": ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, [A, A, A, A]),
}  # fmt: skip


@pytest.mark.parametrize(("condition", "expected"), NETWORK.values(), ids=NETWORK)
def test_a_deny_by_network(condition, expected):
    statements = [usage(APP), grants(APP), deny(Condition=condition)]
    assert judged(statements, APP, "RunInstances") == list(zip(LAUNCH, expected, strict=True))


# KMS Developer Guide, "Key policies in AWS KMS" (delegation); IAM User Guide, "Policy evaluation
# logic" (boundary, session policy); AWS Organizations User Guide, "SCP evaluation".
KMS = iam("kms:*")
LAYERS = {
    "delegation and an IAM policy": ([DELEGATES], {"identity_policies": KMS}, [A, A, A, A]),
    "delegation and the IAM policy of the role": (
        [DELEGATES], {"identity_policies": {APP: [KMS]}}, [A, A, A, A]),
    "delegation and an IAM policy without CreateGrant": (
        [DELEGATES], {"identity_policies": iam(*CREATE)}, [A, A, D, A]),
    "an IAM policy, and no delegation": ([usage(ALICE)], {"identity_policies": KMS}, [D, D, D, A]),
    "both statements and a boundary without KMS": (
        [usage(APP), grants(APP)], {"permissions_boundary": iam("ec2:*")}, [D, D, D, A]),
    "both statements and a session policy without KMS": (
        [usage(APP), grants(APP)], {"session_policy": iam("ec2:*")}, [D, D, D, A]),
    "both statements and an SCP that denies Decrypt": (
        [usage(APP), grants(APP)],
        {"service_control_policies": [[iam("*"), iam("kms:Decrypt", effect="Deny")]]},
        [A, D, A, D]),
    "both statements and an RCP that denies CreateGrant": (
        [usage(APP), grants(APP)],
        {"resource_control_policies": iam("kms:CreateGrant", effect="Deny", Principal="*")},
        [A, A, D, A]),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "layers", "expected"), LAYERS.values(), ids=LAYERS)
def test_policies_beside_the_key_policy(statements, layers, expected):
    found = judged(statements, APP, "RunInstances", **layers)
    assert found == list(zip(LAUNCH, expected, strict=True))


FOREIGN = f"arn:aws:iam::{OTHER}:role/app"
FOREIGN_ROOT = f"arn:aws:iam::{OTHER}:root"
FOREIGN_AUTO_SCALING = AUTO_SCALING.replace(ACCOUNT, OTHER)
ACROSS = {
    "the account is named, and the IAM half is not known": (
        FOREIGN, [DELEGATES, usage(FOREIGN_ROOT), grants(FOREIGN_ROOT)], {}, [U, U, U, A]),
    "both halves": (
        FOREIGN, [DELEGATES, usage(FOREIGN_ROOT), grants(FOREIGN_ROOT)],
        {"identity_policies": KMS}, [A, A, A, A]),
    "the key policy's half is missing": (
        FOREIGN, [DELEGATES], {"identity_policies": KMS}, [D, D, D, A]),
    "the IAM half is missing": (
        FOREIGN, [usage(FOREIGN), grants(FOREIGN)], {"identity_policies": iam("ec2:*")},
        [D, D, D, A]),
    # EC2 Auto Scaling User Guide, "Required AWS KMS key policy …": across accounts by grant only.
    "a service-linked role": (
        FOREIGN_AUTO_SCALING, [usage(FOREIGN_ROOT), grants(FOREIGN_ROOT)], {}, [D, D, D, A]),
}  # fmt: skip


@pytest.mark.parametrize(("who", "statements", "layers", "expected"), ACROSS.values(), ids=ACROSS)
def test_a_launch_from_another_account(who, statements, layers, expected):
    found = judged(statements, who, "RunInstances", **layers)
    assert found == list(zip(LAUNCH, expected, strict=True))


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


# The sentence names what decides, and what to give where that is not known.
SENTENCES = {
    "allowed": ([DELEGATES, usage(APP)], APP,
                'Statement 2 ("Allow use of the key") of the key policy allows it.'),
    "missing": ([usage(ALICE)], APP, "No statement of the key policy allows it."),
    "denied": ([usage(APP), deny()], APP, "Statement 2 of the key policy denies it."),
    "condition": (
        [usage(APP, Condition=VIA_ELSEWHERE)], APP,
        'Statement 1 ("Allow use of the key") of the key policy names the caller, but its '
        "condition is not met: StringEquals kms:ViaService requires ec2.eu-west-1.amazonaws.com, "
        "and the value is ec2.us-east-1.amazonaws.com."),
    "delegation": (
        [DELEGATES], APP,
        'Statement 1 ("Enable IAM User Permissions") of the key policy allows it to the account, '
        "so an IAM policy must allow it too. Give the IAM policies of the caller: --iam-policy "
        "FILE."),
    "delegation to a service-linked role": (
        [DELEGATES], "autoscaling",
        'Statement 1 ("Enable IAM User Permissions") of the key policy allows it to the account '
        "only, and AWS's policy for this role has no KMS action."),
    "an unknown condition key": (
        [usage(APP, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}})], APP,
        "It depends on aws:PrincipalOrgID. Give its value: --context aws:PrincipalOrgID=VALUE."),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "who", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_the_sentence_names_what_decides(statements, who, sentence):
    report = check(policy(*statements), who, "CreateVolume" if who == APP else None, key=KEY)
    assert report.policies[0].principals[0].calls[0].why == sentence
