"""The statements of a key policy that the console creates, as AWS documents them.

Source: AWS KMS Developer Guide, "Default key policy" (Allows key users to use the KMS key; Allows
key users to use the KMS key with AWS services). The condition is written as the string "true".
"""

from __future__ import annotations

from typing import Any

from ebs_kms_audit.aws.kms_actions import KeyUse

USAGE_SID = "Allow use of the key"
GRANTS_SID = "Allow attachment of persistent resources"

GRANT_ACTIONS = ("kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant")

# The usage statement by type of key. EBS uses only symmetric encryption keys. The last two follow
# the pattern of the others. AWS does not document them.
USAGE_ACTIONS = {
    KeyUse.SYMMETRIC: (
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
    ),
    KeyUse.MAC: ("kms:DescribeKey", "kms:GenerateMac", "kms:VerifyMac"),
    KeyUse.ASYMMETRIC: ("kms:DescribeKey", "kms:GetPublicKey"),
    KeyUse.SIGNING: ("kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"),
    KeyUse.AGREEMENT: ("kms:DescribeKey", "kms:GetPublicKey", "kms:DeriveSharedSecret"),
    KeyUse.ENCAPSULATION: (
        "kms:DescribeKey",
        "kms:GetPublicKey",
        "kms:Encapsulate",
        "kms:Decapsulate",
    ),
}


def usage_statement(principal: str, key_use: KeyUse = KeyUse.SYMMETRIC) -> dict[str, Any]:
    """Return "Allow use of the key" for one principal. In a key policy, `*` means this key."""
    sid = USAGE_SID if key_use is KeyUse.SYMMETRIC else f"{USAGE_SID} ({key_use})"
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": list(USAGE_ACTIONS[key_use]),
        "Resource": "*",
    }


def grants_statement(principal: str) -> dict[str, Any]:
    """Return "Allow attachment of persistent resources" for one principal."""
    return {
        "Sid": GRANTS_SID,
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": list(GRANT_ACTIONS),
        "Resource": "*",
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    }


def cross_account_grant_statement(account_root: str, role: str) -> dict[str, Any]:
    """Return the statement that allows another account to create a grant for its role.

    A user of the other account creates the grant, so kms:GrantIsForAWSResource is false. The
    condition limits the grant to one service-linked role instead.

    Source: EC2 Auto Scaling User Guide, "Required KMS key policy for use with encrypted volumes",
    key in another account.
    """
    return {
        "Sid": f"{GRANTS_SID} in external account",
        "Effect": "Allow",
        "Principal": {"AWS": account_root},
        "Action": ["kms:CreateGrant"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:GranteePrincipal": role}},
    }


# The required operations of a grant for a service-linked role, in the syntax of create-grant.
SERVICE_ROLE_GRANT_OPERATIONS = (
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
    "CreateGrant",
)
