"""Fixed texts that stand where an ARN is not known. KMS and IAM refuse every one of them."""

from __future__ import annotations

from ebs_kms_audit.model import PrincipalKind

KEY = "REPLACE-WITH-THE-KEY-ARN"

_PRINCIPALS = {
    PrincipalKind.USER: "REPLACE-WITH-THE-USER-ARN",
    PrincipalKind.ROLE: "REPLACE-WITH-THE-ROLE-ARN",
    PrincipalKind.INSTANCE_ROLE: "REPLACE-WITH-THE-ROLE-ARN",
    PrincipalKind.SERVICE_LINKED_ROLE: "REPLACE-WITH-THE-SERVICE-LINKED-ROLE-ARN",
    PrincipalKind.ROOT: "REPLACE-WITH-THE-ACCOUNT-ROOT-ARN",
}


def principal_placeholder(kind: PrincipalKind) -> str:
    """Return the text that stands for a principal of which only the kind is known."""
    return _PRINCIPALS.get(kind, "REPLACE-WITH-THE-USER-OR-ROLE-ARN")
