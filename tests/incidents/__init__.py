"""Incidents: what a person brings, and what an IAM expert would answer.

The tables are in `cases`, what they share is in `documents` and `wording`. Every expectation is
thought out from the AWS page that the incident names, not taken from the output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.records import ACCOUNT as ACCOUNT
from tests.records import AUTO_SCALING as AUTO_SCALING
from tests.records import EC2
from tests.records import KEY_ARN as KEY_ARN
from tests.records import session as session

from .wording import Wording

OTHER = "444455556666"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
VISITOR = f"arn:aws:iam::{OTHER}:role/visitor"
ROOT, OTHER_ROOT = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{OTHER}:root"
_SERVICE_ROLES = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role"
SPOT = f"{_SERVICE_ROLES}/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
IMAGE_BUILDER = f"{_SERVICE_ROLES}/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder"
FOREIGN_AUTO_SCALING = AUTO_SCALING.replace(ACCOUNT, OTHER)
OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")
FOREIGN_KEY = KEY_ARN.replace(ACCOUNT, OTHER)
CLIENT = "198.51.100.7"

# Where AWS says it, by the title of the page.
TROUBLESHOOT = "IAM User Guide: Troubleshoot access denied error messages"
LOGIC = "IAM User Guide: Policy evaluation logic"
PRINCIPAL = "IAM User Guide: AWS JSON policy elements: Principal"
DEFAULT_POLICY = "AWS KMS Developer Guide: Default key policy"
CONDITION_KEYS = "AWS KMS Developer Guide: AWS KMS condition keys"
GLOBAL_KEYS = "AWS KMS Developer Guide: AWS global condition keys"
EXTERNAL = "AWS KMS Developer Guide: Allowing users in other accounts to use a KMS key"
PERMISSIONS = "AWS KMS Developer Guide: AWS KMS permissions"
KEY_STATES = "AWS KMS Developer Guide: Key states of AWS KMS keys"
MANAGED_KEYS = "AWS KMS Developer Guide: AWS managed keys"
GRANTS = "AWS KMS Developer Guide: Grants in AWS KMS"
CLOUDTRAIL = "AWS KMS Developer Guide: Logging AWS KMS API calls with AWS CloudTrail"
ENDPOINTS = "CloudTrail User Guide: Logging network activity events"
EBS = "EBS User Guide: Requirements for Amazon EBS encryption"
HOW_EBS_WORKS = "EBS User Guide: How Amazon EBS encryption works"
SCALING = "EC2 Auto Scaling User Guide: Required KMS key policy for use with encrypted volumes"
ORGANIZATIONS = "AWS Organizations User Guide: SCP evaluation"

USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
GRANT = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}

Step = tuple[str, str]
"""The kind of a step and its disposition."""

KEY_POLICY_SAFE, KEY_POLICY = ("key_policy", "safe"), ("key_policy", "review")
IAM_POLICY, GRANT_STEP = ("iam_policy", "review"), ("grant", "review")
KEY_STATE, INVESTIGATE = ("key_state", "review"), ("investigate", "review")


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What a person brings, and the answer.

    records, rows  what the log holds: CloudTrail records, rows of an export
    options        other arguments of `audit()`: key_policies, messages, principals, …
    cause          the id of the cause of the first finding that is denied `event`
    others         the ids of its other causes
    unmet          the condition key that is not met
    missing        the missing halves across accounts
    near_misses    the kinds of near misses
    words          parts of the sentence
    wording        the whole text of the cause
    steps          the steps of the plan, in their order
    """

    name: str
    source: str
    cause: str
    evidence: str
    records: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    policy_type: str | None = None
    others: list[str] = field(default_factory=list)
    unmet: str | None = None
    missing: list[str] = field(default_factory=list)
    near_misses: list[str] = field(default_factory=list)
    words: tuple[str, ...] = ()
    wording: Wording | None = None
    steps: list[Step]


# --- what the log holds


def said(
    action: str, reason: str = "", caller: str = ROLE, key: str = KEY_ARN, policy: str = ""
) -> str:
    """Return an access-denied message; `reason` is a word of `REASONS`, or empty for none."""
    why = REASONS[reason].format(action=action) if reason else ""
    return (
        f"User: {_session_arn(caller)} is not authorized to perform: {action} on resource: "
        f"{key} {why}{f': {policy}' if policy else ''}"
    )


REASONS = {
    "resource": "because no resource-based policy allows the {action} action",
    "identity": "because no identity-based policy allows the {action} action",
    "boundary": "because no permissions boundary allows the {action} action",
    "session": "because no session policy allows the {action} action",
    "endpoint": "because no VPC endpoint policy allows the {action} action",
    "deny": "with an explicit deny",
    "deny resource": "with an explicit deny in a resource-based policy",
    "deny identity": "with an explicit deny in an identity-based policy",
    "scp": "with an explicit deny in a service control policy",
    "rcp": "with an explicit deny in a resource control policy",
    "deny boundary": "with an explicit deny in a permissions boundary",
    "deny session": "with an explicit deny in a session policy",
    "not found": (
        "on this resource because the resource does not exist in this Region, no resource-based "
        "policies allow access, or a resource-based policy explicitly denies access"
    ),
}


def _session_arn(caller: str) -> str:
    account, name = caller.split(":")[4], caller.rpartition("/")[2]
    if ":role/" not in caller:
        return caller
    return f"arn:aws:sts::{account}:assumed-role/{name}/run-1"


def identity(caller: str) -> dict[str, Any]:
    """Return the userIdentity of a caller: a role's session, a user, or the root user."""
    account, name = caller.split(":")[4], caller.rpartition("/")[2]
    if ":role/" in caller:
        return session(caller, "run-1")
    if caller.endswith(":root"):
        return {"type": "Root", "arn": caller, "accountId": account, "principalId": account}
    return {"type": "IAMUser", "arn": caller, "accountId": account, "userName": name}


def denied(
    action: str = "CreateGrant",
    reason: str | None = "resource",
    caller: str = ROLE,
    *,
    key: str = KEY_ARN,
    policy: str = "",
    **fields: Any,
) -> dict[str, Any]:
    """Return the record of a denied call through EC2, with the message of a reason.

    `reason` None is a record without a message that names the key among its resources.
    """
    account = caller.split(":")[4]
    record = event(action, caller, recipientAccountId=account, errorCode="AccessDenied")
    if reason is None:
        record["resources"] = [
            {"ARN": key, "accountId": key.split(":")[4], "type": "AWS::KMS::Key"}
        ]
    else:
        record["errorMessage"] = said(f"kms:{action}", reason, caller, key, policy)
    return record | fields


def event(action: str, caller: str = ROLE, **fields: Any) -> dict[str, Any]:
    """Return the record of a KMS call through EC2 that succeeded."""
    made = {
        "eventVersion": "1.11",
        "userIdentity": identity(caller),
        "eventTime": "2026-05-18T07:00:34Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": action,
        "awsRegion": REGION,
        "sourceIPAddress": EC2,
        "userAgent": EC2,
        "requestParameters": None,
        "responseElements": None,
        "requestID": f"request of {action}",
        "eventID": f"{action} of {caller.rpartition('/')[2]}",
        "readOnly": action not in ("CreateGrant", "RetireGrant", "RevokeGrant", "PutKeyPolicy"),
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
    }
    return made | fields


def of_key(key: str = KEY_ARN) -> dict[str, Any]:
    """Return the fields of a record that names a key."""
    return {
        "resources": [{"ARN": key, "type": "AWS::KMS::Key"}],
        "requestParameters": {"keyId": key},
    }


# --- key policies


def statement(principal: Any, actions: Any, sid: str = "", **more: Any) -> dict[str, Any]:
    """Return an Allow statement of a key policy; `more` replaces and adds elements."""
    named = (
        {"AWS": principal} if isinstance(principal, (str, list)) and principal != "*" else principal
    )
    made = {"Sid": sid or "Statement", "Effect": "Allow", "Principal": named, "Action": actions,
            "Resource": "*"}  # fmt: skip
    return made | more


ADMINS = statement(f"arn:aws:iam::{ACCOUNT}:role/admins", ["kms:Create*", "kms:Put*"], "admins")
DELEGATES = statement(ROOT, "kms:*", "Enable IAM User Permissions")


def key_policy(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a key policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)} | more


def pair(principal: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two statements of a console-made key policy for a principal."""
    return (
        statement(principal, USE, "Allow use of the key"),
        statement(principal, GRANT, "Allow attachment of persistent resources", Condition=FOR_AWS),
    )


def bound(*statements: dict[str, Any], key: str = KEY_ARN) -> dict[str, Any]:
    """Return the options of an audit with the key policy of a key, given by the key's ARN."""
    return {"key_policies": {key: key_policy(*statements)}}


def unbound(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the options of an audit with a key policy that is given without a key."""
    return {"key_policies": key_policy(*statements, **more)}
