"""Which condition keys a request carries: those of its action, and what follows from the caller."""

from . import (
    ACCOUNT,
    ALLOWED,
    FEDERATED,
    FOR_AWS,
    GLOBAL_KEYS,
    KEY,
    KMS_KEYS,
    LINKED,
    PATH_ROLE,
    ROLE,
    ROOT,
    SESSION,
    UNDECIDED,
    UNMET,
    USER,
    VARIABLES,
    Case,
    allow,
    conditioned,
    policy,
)

_TRUE = {"kms:GrantIsForAWSResource": "true"}


def _on(action, key, value, holds, *, operator="StringEquals", given=None):
    """A condition on a key that the context holds, whether or not the action has it."""
    context = {key: value if given is None else given}
    verb = {True: "carries", False: "does not carry"}[holds]
    return conditioned(
        f"{action} {verb} {key}",
        {operator: {key: value}},
        holds,
        KMS_KEYS,
        action=action,
        context=context,
    )


CASES = [
    *_on("kms:CreateGrant", "kms:GrantIsForAWSResource", "true", True, operator="Bool"),
    *_on("kms:ListGrants", "kms:GrantIsForAWSResource", "true", True, operator="Bool"),
    *_on("kms:RevokeGrant", "kms:GrantIsForAWSResource", "true", True, operator="Bool"),
    *_on("kms:Decrypt", "kms:GrantIsForAWSResource", "true", False, operator="Bool"),
    *_on("kms:DescribeKey", "kms:GrantIsForAWSResource", "true", False, operator="Bool"),
    *_on("kms:CreateGrant", "kms:GranteePrincipal", LINKED, True),
    *_on("kms:ListGrants", "kms:GranteePrincipal", LINKED, False),
    *_on("kms:CreateGrant", "kms:GrantConstraintType", "EncryptionContextSubset", True),
    *_on("kms:Decrypt", "kms:EncryptionContext:aws:ebs:id", "vol-0abc", True),
    *_on("kms:CreateGrant", "kms:EncryptionContext:aws:ebs:id", "vol-0abc", True),
    *_on("kms:DescribeKey", "kms:EncryptionContext:aws:ebs:id", "vol-0abc", False),
    *_on("kms:GenerateMac", "kms:EncryptionContextKeys", "aws:ebs:id", False),
    *_on(
        "kms:Decrypt",
        "kms:EncryptionContextKeys",
        "aws:ebs:id",
        True,
        operator="ForAnyValue:StringEquals",
    ),
    *_on("kms:DescribeKey", "kms:RequestAlias", "alias/disk", True),
    *_on("kms:CreateGrant", "kms:RequestAlias", "alias/disk", False),
    *_on(
        "kms:CreateGrant",
        "kms:ResourceAliases",
        "alias/disk",
        True,
        operator="ForAnyValue:StringEquals",
    ),
    *_on("kms:Decrypt", "kms:ViaService", "ec2.us-east-1.amazonaws.com", True),
    *_on("kms:PutKeyPolicy", "kms:BypassPolicyLockoutSafetyCheck", "true", True, operator="Bool"),
    *_on("kms:ReEncryptFrom", "kms:ReEncryptOnSameKey", "true", True, operator="Bool"),
    *_on("kms:Decrypt", "kms:ReEncryptOnSameKey", "true", False, operator="Bool"),
    *_on(
        "kms:ScheduleKeyDeletion",
        "kms:ScheduleKeyDeletionPendingWindowInDays",
        "7",
        True,
        operator="NumericEquals",
    ),
    *conditioned(
        "a negated condition on a key that the action does not have holds",
        {"StringNotEquals": {"kms:EncryptionContext:aws:ebs:id": "vol-0abc"}},
        True,
        KMS_KEYS,
        action="kms:DescribeKey",
        context={"kms:EncryptionContext:aws:ebs:id": "vol-0abc"},
    ),
    *conditioned(
        "…IfExists on a key that the action does not have holds",
        {"BoolIfExists": {"kms:GrantIsForAWSResource": "true"}},
        True,
        KMS_KEYS,
        action="kms:Decrypt",
        context={"kms:GrantIsForAWSResource": "false"},
    ),
    *conditioned(
        "a kms: key that is not documented is not known",
        {"StringEquals": {"kms:Weather": "fair"}},
        None,
        KMS_KEYS,
        depends=["kms:Weather"],
    ),
    *conditioned(
        "kms:EncryptionContext: the name after it is case-insensitive here",
        {"StringEquals": {"kms:encryptioncontext:AWS:EBS:ID": "vol-0abc"}},
        True,
        KMS_KEYS,
        action="kms:Decrypt",
        context={"kms:EncryptionContext:aws:ebs:id": "vol-0abc"},
    ),
    # --- what follows from the caller
    *conditioned(
        "kms:CallerAccount", {"StringEquals": {"kms:CallerAccount": ACCOUNT}}, True, KMS_KEYS
    ),
    *conditioned(
        "kms:CallerAccount of another",
        {"StringEquals": {"kms:CallerAccount": "444455556666"}},
        False,
        KMS_KEYS,
    ),
    *conditioned(
        "aws:PrincipalAccount",
        {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
        True,
        GLOBAL_KEYS,
    ),
    *conditioned(
        "aws:PrincipalArn of a role", {"ArnEquals": {"aws:PrincipalArn": ROLE}}, True, GLOBAL_KEYS
    ),
    *conditioned(
        "aws:PrincipalArn of another role",
        {"ArnEquals": {"aws:PrincipalArn": PATH_ROLE}},
        False,
        GLOBAL_KEYS,
    ),
    *conditioned(
        "aws:PrincipalArn of a user",
        {"StringEquals": {"aws:PrincipalArn": USER}},
        True,
        GLOBAL_KEYS,
        principal=USER,
    ),
    *conditioned(
        "aws:PrincipalArn of a session is the role's, whose path is not known",
        {"ArnEquals": {"aws:PrincipalArn": ROLE}},
        None,
        GLOBAL_KEYS,
        principal=SESSION,
        depends=["aws:PrincipalArn"],
    ),
    *conditioned(
        "aws:PrincipalArn of a session, a path that it may have",
        {"ArnEquals": {"aws:PrincipalArn": PATH_ROLE}},
        None,
        GLOBAL_KEYS,
        principal=SESSION,
    ),
    *conditioned(
        "aws:PrincipalArn of a session is never the session's",
        {"ArnEquals": {"aws:PrincipalArn": SESSION}},
        False,
        GLOBAL_KEYS,
        principal=SESSION,
    ),
    *conditioned(
        "aws:PrincipalArn of a session, another role whatever its path",
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*Buyer"}},
        False,
        GLOBAL_KEYS,
        principal=SESSION,
    ),
    *conditioned(
        "aws:PrincipalArn of a session, a role whose name only ends alike",
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/MasterBuilder"}},
        False,
        GLOBAL_KEYS,
        principal=SESSION,
    ),
    *conditioned(
        "aws:PrincipalArn of a session, any role of the account",
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
        True,
        GLOBAL_KEYS,
        principal=SESSION,
    ),
    *conditioned(
        "aws:PrincipalArn of a session, any role under a path",
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/team/*"}},
        None,
        GLOBAL_KEYS,
        principal=SESSION,
    ),
    *conditioned(
        "aws:PrincipalOrgID is not known",
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        None,
        GLOBAL_KEYS,
    ),
    *conditioned(
        "aws:PrincipalType of a session",
        {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
        True,
        VARIABLES,
    ),
    *conditioned(
        "aws:PrincipalType of root",
        {"StringEquals": {"aws:PrincipalType": "Account"}},
        True,
        VARIABLES,
        principal=ROOT,
    ),
    *conditioned(
        "aws:username of a user",
        {"StringEquals": {"aws:username": "ana"}},
        True,
        VARIABLES,
        principal=USER,
    ),
    *conditioned("a role has no aws:username", {"Null": {"aws:username": "true"}}, True, VARIABLES),
    *conditioned(
        "aws:userid of a session ends in its name",
        {"StringLike": {"aws:userid": "*:monday"}},
        True,
        VARIABLES,
        principal=SESSION,
    ),
    *conditioned(
        "aws:userid of another session",
        {"StringLike": {"aws:userid": "*:friday"}},
        False,
        VARIABLES,
        principal=SESSION,
    ),
    *conditioned(
        "the unique id of a role is not known",
        {"StringLike": {"aws:userid": "AROAEXAMPLEEXAMPLE123:*"}},
        None,
        VARIABLES,
        principal=SESSION,
    ),
    *conditioned(
        "aws:userid of a federated user",
        {"StringEquals": {"aws:userid": f"{ACCOUNT}:bo"}},
        True,
        VARIABLES,
        principal=FEDERATED,
    ),
    *conditioned(
        "aws:userid of the root user",
        {"StringEquals": {"aws:userid": ACCOUNT}},
        True,
        VARIABLES,
        principal=ROOT,
    ),
    *conditioned(
        "aws:userid of a user is not known",
        {"StringLike": {"aws:userid": "AIDA*"}},
        None,
        VARIABLES,
        principal=USER,
    ),
    *conditioned(
        "aws:PrincipalType of a federated user",
        {"StringEquals": {"aws:PrincipalType": "FederatedUser"}},
        True,
        VARIABLES,
        principal=FEDERATED,
    ),
    *conditioned(
        "a federated user has no aws:username",
        {"Null": {"aws:username": "true"}},
        True,
        VARIABLES,
        principal=FEDERATED,
    ),
    *conditioned(
        "a role is no service", {"Bool": {"aws:PrincipalIsAWSService": "false"}}, True, GLOBAL_KEYS
    ),
    *conditioned(
        "what the context says goes before what follows",
        {"ArnEquals": {"aws:PrincipalArn": PATH_ROLE}},
        True,
        GLOBAL_KEYS,
        principal=SESSION,
        context={"aws:principalarn": PATH_ROLE},
    ),
    # --- the console's statements
    Case(
        name="usage actions under GrantIsForAWSResource: useless",
        source=KMS_KEYS,
        policy=policy(allow("A", ROLE, ["kms:Decrypt", "kms:CreateGrant"], Condition=FOR_AWS)),
        context=_TRUE,
        verdict=UNMET,
        decided=["A"],
    ),
    Case(
        name="the same statement serves CreateGrant",
        source=KMS_KEYS,
        policy=policy(allow("A", ROLE, ["kms:Decrypt", "kms:CreateGrant"], Condition=FOR_AWS)),
        action="kms:CreateGrant",
        context=_TRUE,
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="whether a service made the grant is not known",
        source=KMS_KEYS,
        policy=policy(allow("A", ROLE, "kms:CreateGrant", Condition=FOR_AWS)),
        action="kms:CreateGrant",
        verdict=UNDECIDED,
        decided=["A"],
        depends=["kms:GrantIsForAWSResource"],
    ),
    Case(
        name="the policy of aws/ebs: anyone of the account through EC2",
        source=KMS_KEYS,
        policy=policy(
            allow(
                "A",
                "*",
                ["kms:Encrypt", "kms:Decrypt", "kms:CreateGrant"],
                Condition={
                    "StringEquals": {
                        "kms:CallerAccount": ACCOUNT,
                        "kms:ViaService": "ec2.us-east-1.amazonaws.com",
                    }
                },
            )
        ),
        resource=KEY,
        context={"kms:ViaService": "ec2.us-east-1.amazonaws.com"},
        verdict=ALLOWED,
        decided=["A"],
    ),
]
