"""Key policies: read them, and say what they decide and why.

statement, document   what a policy says, read tolerantly, faults remembered
principals, caller    whom a policy names, who calls, and whether the one covers the other
actions, conditions   (context, variables, operators, wildcards) the other parts of a statement
request               what is judged, given as such or taken from a Denial
lint                  what is wrong or doubtful in a policy, whoever asks
evaluate              every statement against the request; verdicts: what follows
"""

from ebs_kms_audit.policy.caller import Caller, CallerKind, Reach
from ebs_kms_audit.policy.context import Like
from ebs_kms_audit.policy.decision import Check, Decision, Layer, StatementResult, TestResult
from ebs_kms_audit.policy.document import KeyPolicy, Policy
from ebs_kms_audit.policy.evaluate import evaluate
from ebs_kms_audit.policy.lint import LintFinding, Severity, lint
from ebs_kms_audit.policy.principals import PolicyPrincipal, PrincipalForm
from ebs_kms_audit.policy.request import Request, requests_of
from ebs_kms_audit.policy.statement import (
    ConditionTest,
    Effect,
    Fault,
    FaultId,
    Patterns,
    Principals,
    Statement,
)

__all__ = [
    "Caller",
    "CallerKind",
    "Check",
    "ConditionTest",
    "Decision",
    "Effect",
    "Fault",
    "FaultId",
    "KeyPolicy",
    "Layer",
    "Like",
    "LintFinding",
    "Patterns",
    "Policy",
    "PolicyPrincipal",
    "PrincipalForm",
    "Principals",
    "Reach",
    "Request",
    "Severity",
    "Statement",
    "StatementResult",
    "TestResult",
    "evaluate",
    "lint",
    "requests_of",
]
