"""check(): which calls are allowed, denied or undecided. Each table names its source."""

import pytest

from ebs_kms_audit import check
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
    usage,
)
from tests.checking.outcomes import (
    CREATE,
    FOREIGN,
    KMS,
    LAUNCH,
    VIA_ELSEWHERE,
    A,
    D,
    U,
    deny,
    iam,
    judged,
)

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
