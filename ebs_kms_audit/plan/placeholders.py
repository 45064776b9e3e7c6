"""Fixed texts where an ARN, a Region or an id is unknown. KMS and IAM accept none of them."""

from __future__ import annotations

from ebs_kms_audit.model import PrincipalKind

KEY = "REPLACE-WITH-THE-KEY-ARN"
REGION = "REPLACE-WITH-THE-REGION"
ROLE = "REPLACE-WITH-THE-ROLE-ARN"
GRANT_ID = "REPLACE-WITH-THE-GRANT-ID"

_PRINCIPALS = {
    PrincipalKind.USER: "REPLACE-WITH-THE-USER-ARN",
    PrincipalKind.ROLE: ROLE,
    PrincipalKind.INSTANCE_ROLE: ROLE,
    PrincipalKind.SERVICE_LINKED_ROLE: "REPLACE-WITH-THE-SERVICE-LINKED-ROLE-ARN",
    PrincipalKind.ROOT: "REPLACE-WITH-THE-ACCOUNT-ROOT-ARN",
}


def principal_placeholder(kind: PrincipalKind) -> str:
    """Return the text for a principal of which only the kind is known."""
    return _PRINCIPALS.get(kind, "REPLACE-WITH-THE-USER-OR-ROLE-ARN")
