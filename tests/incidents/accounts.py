"""The caller and the key are in different accounts, or no key policy can help."""

from __future__ import annotations

from . import (
    ADMINS,
    DELEGATES,
    EXTERNAL,
    FOREIGN_AUTO_SCALING,
    FOREIGN_KEY,
    GRANT,
    GRANT_STEP,
    IAM_POLICY,
    INVESTIGATE,
    KEY_POLICY,
    MANAGED_KEYS,
    OTHER_ROOT,
    PERMISSIONS,
    ROLE,
    SCALING,
    USE,
    USER,
    VISITOR,
    Incident,
    bound,
    denied,
    pair,
    said,
    statement,
    unbound,
)

SERVICE_POLICY = statement(
    "*",
    ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
     "kms:DescribeKey"],
    "Allow access through EBS",
    Condition={
        "StringEquals": {
            "kms:CallerAccount": "111122223333",
            "kms:ViaService": "ec2.us-east-1.amazonaws.com",
        }
    },
)  # fmt: skip
METADATA = statement(
    "arn:aws:iam::111122223333:root",
    ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
    "Allow direct access to key metadata",
)

INCIDENTS = [
    # --- cross_account_half_missing
    Incident(
        name="the message blames IAM, and no policy was given",
        source=EXTERNAL,
        records=[denied("Decrypt", "identity", VISITOR)],
        cause="cross_account_half_missing",
        evidence="inferred",
        policy_type="identity-based policy",
        missing=["iam_policy"],
        words=("no IAM policy of the caller",),
        steps=[IAM_POLICY],
    ),
    Incident(
        name="the message blames IAM, and the key policy allows the caller's account",
        source=EXTERNAL,
        records=[denied("Decrypt", "identity", VISITOR)],
        options=bound(DELEGATES, *pair(OTHER_ROOT)),
        cause="cross_account_half_missing",
        evidence="recorded",
        policy_type="identity-based policy",
        missing=["iam_policy"],
        steps=[IAM_POLICY],
    ),
    Incident(
        name="no message, and the key policy allows the caller",
        source=EXTERNAL,
        records=[denied("Decrypt", None, VISITOR)],
        options=bound(DELEGATES, *pair(VISITOR)),
        cause="cross_account_half_missing",
        evidence="given",
        missing=["iam_policy"],
        steps=[IAM_POLICY],
    ),
    Incident(
        name="the key policy names nobody of the caller's account",
        source=EXTERNAL,
        records=[denied("Decrypt", "resource", VISITOR)],
        options=bound(DELEGATES),
        cause="cross_account_half_missing",
        evidence="recorded",
        policy_type="resource-based policy",
        missing=["key_policy"],
        words=("the key policy allows neither",),
        steps=[KEY_POLICY],
    ),
    Incident(
        name="both halves are missing",
        source=EXTERNAL,
        records=[denied("Decrypt", "identity", VISITOR)],
        options=bound(DELEGATES),
        cause="cross_account_half_missing",
        evidence="recorded",
        policy_type="identity-based policy",
        missing=["key_policy", "iam_policy"],
        steps=[KEY_POLICY, IAM_POLICY],
    ),
    Incident(
        name="Auto Scaling of another account: the key policy is missing, and so is the grant",
        source=SCALING,
        records=[denied("GenerateDataKeyWithoutPlaintext", "resource", FOREIGN_AUTO_SCALING)],
        options=bound(DELEGATES),
        cause="cross_account_half_missing",
        evidence="recorded",
        policy_type="resource-based policy",
        missing=["key_policy", "grant"],
        words=("has no grant",),
        steps=[KEY_POLICY, GRANT_STEP],
    ),
    Incident(
        name="Auto Scaling of another account: the key policy allows the account, no grant",
        source=SCALING,
        records=[denied("GenerateDataKeyWithoutPlaintext", None, FOREIGN_AUTO_SCALING)],
        options=bound(
            DELEGATES,
            statement(OTHER_ROOT, USE, "use"),
            statement(OTHER_ROOT, GRANT, "grants"),
        ),
        cause="cross_account_half_missing",
        evidence="given",
        missing=["grant"],
        steps=[GRANT_STEP],
    ),
    Incident(
        name="the policy of the key allows it, but the message blames the key policy",
        source=EXTERNAL,
        records=[denied("Decrypt", "resource", VISITOR)],
        options=bound(DELEGATES, *pair(VISITOR)),
        cause="conflicting_evidence",
        evidence="inferred",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
    ),
    # --- not_grantable
    Incident(
        name="ListAliases applies to no key",
        source=PERMISSIONS,
        records=[
            denied("ListAliases", None, USER, resources=[])
            | {"errorMessage": said("kms:ListAliases", "identity", USER, "*")}
        ],
        cause="not_grantable",
        evidence="recorded",
        words=("only an IAM policy of alice can",),
        steps=[IAM_POLICY],
    ),
    Incident(
        name="CreateKey applies to no key yet",
        source=PERMISSIONS,
        records=[denied("CreateKey", None, ROLE, resources=[])],
        cause="not_grantable",
        evidence="recorded",
        steps=[IAM_POLICY],
    ),
    Incident(
        name="EnableKey does not work on a key of another account",
        source=PERMISSIONS,
        records=[
            denied("EnableKey", "resource", ROLE, key=FOREIGN_KEY, sourceIPAddress="192.0.2.1")
        ],
        options=bound(ADMINS, *pair(ROLE), key=FOREIGN_KEY),
        cause="not_grantable",
        evidence="recorded",
        words=("cannot be called on a key of another account",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the grant decides who can retire it",
        source=PERMISSIONS,
        records=[denied("RetireGrant", None, USER, sourceIPAddress="192.0.2.1")],
        cause="not_grantable",
        evidence="recorded",
        words=("The grant decides who can retire it",),
        steps=[INVESTIGATE],
    ),
    # --- aws_managed_key
    Incident(
        name="the event names alias/aws/ebs",
        source=MANAGED_KEYS,
        records=[
            denied("Decrypt", None)
            | {"resources": [], "requestParameters": {"keyId": "alias/aws/ebs"}}
        ],
        cause="aws_managed_key",
        evidence="recorded",
        words=("alias/aws/ebs",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="an AWS managed key never works across accounts, whatever the action",
        source=MANAGED_KEYS,
        records=[denied("Decrypt", "resource", VISITOR)],
        options=unbound(SERVICE_POLICY, METADATA, Id="auto-ebs-2"),
        cause="aws_managed_key",
        evidence="given",
        words=("no other account can use it",),
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the policy has the form of an AWS managed key's, without its Id",
        source=MANAGED_KEYS,
        records=[denied("Decrypt", "identity")],
        options=bound(SERVICE_POLICY, METADATA),
        cause="aws_managed_key",
        evidence="given",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="a customer's policy may hold the same statement beside its own",
        source=MANAGED_KEYS,
        records=[denied("ScheduleKeyDeletion", "identity", sourceIPAddress="192.0.2.1")],
        options=bound(DELEGATES, SERVICE_POLICY),
        cause="iam_policy_missing",
        evidence="recorded",
        policy_type="identity-based policy",
        steps=[INVESTIGATE],
    ),
]
