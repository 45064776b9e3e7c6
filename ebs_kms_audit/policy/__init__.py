"""Key policies: read them, and say what they decide and why."""

from ebs_kms_audit.policy.document import KeyPolicy, Policy
from ebs_kms_audit.policy.principals import PolicyPrincipal, PrincipalForm
from ebs_kms_audit.policy.statement import (
    ConditionTest,
    Effect,
    Fault,
    Patterns,
    Principals,
    Statement,
)

__all__ = [
    "ConditionTest",
    "Effect",
    "Fault",
    "KeyPolicy",
    "Patterns",
    "Policy",
    "PolicyPrincipal",
    "PrincipalForm",
    "Principals",
    "Statement",
]
