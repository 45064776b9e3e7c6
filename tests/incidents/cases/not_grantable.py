"""The call is one that no key policy can allow, or the key is an AWS managed key."""

from __future__ import annotations

from tests.incidents import (
    ADMINS,
    CLIENT,
    FOREIGN_KEY,
    IAM_POLICY,
    INVESTIGATE,
    KEY_ARN,
    MANAGED_KEYS,
    PERMISSIONS,
    ROLE,
    USER,
    VISITOR,
    Incident,
    bound,
    denied,
    pair,
    said,
)
from tests.incidents.documents import EBS_KEY, METADATA, SERVICE_POLICY
from tests.incidents.wording import GET_DEFAULT_KEY, LIST_GRANTS, Wording, iam

INCIDENTS = [
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
        steps=[IAM_POLICY],
        wording=Wording(
            text="No key policy can allow kms:ListAliases: only an IAM policy of alice can.",
            support=("Denied: event ListAliases of alice.",),
            commands=(iam("user", "alice"),),
        ),
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
        records=[denied("EnableKey", "resource", ROLE, key=FOREIGN_KEY, sourceIPAddress=CLIENT)],
        options=bound(ADMINS, *pair(ROLE), key=FOREIGN_KEY),
        cause="not_grantable",
        evidence="recorded",
        steps=[INVESTIGATE],
        wording=Wording(
            text="kms:EnableKey cannot be called on a key of another account, whatever the key "
            "policy says.",
            support=("Denied: event EnableKey of deploy.",),
        ),
    ),
    Incident(
        name="the grant decides who can retire it",
        source=PERMISSIONS,
        records=[denied("RetireGrant", None, USER, sourceIPAddress=CLIENT)],
        cause="not_grantable",
        evidence="recorded",
        steps=[INVESTIGATE],
        wording=Wording(
            text="The grant decides who can retire it, not a key policy, and it does not name "
            "alice.",
            support=("Denied: event RetireGrant of alice.",),
            commands=(LIST_GRANTS,),
        ),
    ),
    Incident(
        name="CreateKey is about no key, so the policy of an AWS managed key is beside the cause",
        source=PERMISSIONS,
        records=[denied("CreateKey", None, ROLE, resources=[])],
        options=EBS_KEY,
        cause="not_grantable",
        evidence="recorded",
        words=("only an IAM policy of deploy can",),
        steps=[IAM_POLICY],
    ),
    Incident(
        name="RetireGrant on an AWS managed key",
        source=PERMISSIONS,
        records=[denied("RetireGrant", None, USER, sourceIPAddress=CLIENT)],
        options=bound(SERVICE_POLICY, METADATA),
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
        steps=[INVESTIGATE],
        wording=Wording(
            text="The key is an AWS managed key (alias/aws/ebs), and nobody can edit its policy.",
            support=("Denied: event Decrypt of deploy.",),
            commands=(GET_DEFAULT_KEY,),
        ),
    ),
    Incident(
        name="an AWS managed key never works across accounts, whatever the action",
        source=MANAGED_KEYS,
        records=[denied("Decrypt", "resource", VISITOR)],
        options=EBS_KEY,
        cause="aws_managed_key",
        evidence="given",
        steps=[INVESTIGATE],
        wording=Wording(
            text=f"The key is an AWS managed key ({KEY_ARN}), and no other account can use it.",
            support=("Denied: event Decrypt of visitor.",),
            commands=(GET_DEFAULT_KEY,),
        ),
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
        name="an administrative call on the AWS managed key of another account",
        source=MANAGED_KEYS,
        records=[denied("EnableKey", None, VISITOR, sourceIPAddress=CLIENT)],
        options=EBS_KEY,
        cause="aws_managed_key",
        evidence="given",
        words=("no other account can use it",),
        steps=[INVESTIGATE],
    ),
]
