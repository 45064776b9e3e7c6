"""The documents that more than one incident has: statements, conditions, policies, records."""

from __future__ import annotations

from typing import Any

from tests.incidents import (
    DELEGATES,
    IMAGE_BUILDER,
    ROLE,
    ROOT,
    USE,
    bound,
    denied,
    event,
    key_policy,
    of_key,
    pair,
    session,
    statement,
    unbound,
)

# --- callers and keys
SESSION_OF_ROLE = "arn:aws:sts::111122223333:assumed-role/deploy/yesterday"
INFRASTRUCTURE = session(
    "arn:aws:iam::111122223333:role/aws:ec2-infrastructure", "i-0123456789abcdef0"
)
SOME_SERVICE_ROLE = IMAGE_BUILDER.replace("imagebuilder", "some").replace("ImageBuilder", "Some")
POLICY_ARN = (
    "arn:aws:organizations::123456789012:policy/o-abcdef1234/service_control_policy/p-abcd1234"
)

# --- conditions
OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
OUTSIDE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
WITHOUT_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}


def through(service: str) -> dict[str, dict[str, str]]:
    """Return the condition that a service made the call."""
    return {"StringEquals": {"kms:ViaService": service}}


# --- statements of a key policy
USE_OF_ROLE = statement(ROLE, USE, "use")
USE_ELSEWHERE = USE_OF_ROLE | {"Condition": through("ec2.eu-west-1.amazonaws.com")}
USE_IN_OFFICE = USE_OF_ROLE | {"Condition": OFFICE}
FENCE = statement(ROOT, "kms:Decrypt", "fence", Effect="Deny")
FENCE_FOR_ALL = statement("*", "kms:Decrypt", "fence", Effect="Deny")
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
    ROOT,
    ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
    "Allow direct access to key metadata",
)

# --- statements of other policies
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ONLY_EC2 = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
NO_KEYS = {"Sid": "NoKeys", "Effect": "Deny", "Action": "kms:*", "Resource": "*"}

# --- options of an audit
NAMED = bound(DELEGATES, *pair(ROLE))
"""The key policy has both statements for the role."""

EBS_KEY = unbound(SERVICE_POLICY, METADATA, Id="auto-ebs-2")
"""The policy of the AWS managed key aws/ebs."""

SCP_WITHOUT_KMS = {"scps": key_policy(ALL, NO_KEYS)}
BOUNDARY_WITHOUT_KMS = {"boundary": key_policy(ONLY_EC2)}

# --- records
PUT = event("PutKeyPolicy", eventTime="2026-05-18T08:00:00Z", eventID="put", **of_key())
LATER = event("Decrypt", eventTime="2026-05-18T08:00:00Z", eventID="later", **of_key())


def untyped(action: str, caller: str = ROLE, **fields: Any) -> dict[str, Any]:
    """Return the record of a denied call with a message without a reason."""
    return denied(action, "", caller, **fields)
