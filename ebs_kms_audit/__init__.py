"""Says who was refused which KMS action on an encrypted EBS volume, and what would fix it.

>>> import ebs_kms_audit
>>> report = ebs_kms_audit.audit("event_history.csv")       # doctest: +SKIP
>>> report.findings[0].fix.statements                       # doctest: +SKIP

Importing this brings in neither pandas nor pyarrow nor jsonpath-ng: the first use does.
"""

from ebs_kms_audit.audit import audit
from ebs_kms_audit.errors import EbsKmsAuditError, InputError, PolicyError, UsageError
from ebs_kms_audit.model import (
    Coverage,
    Denial,
    Event,
    Evidence,
    KeyRef,
    Principal,
    PrincipalKind,
    StatementKind,
    Verdict,
)
from ebs_kms_audit.policy import Decision, KeyPolicy, Request, evaluate
from ebs_kms_audit.report import Finding, Report

__version__ = "0.1.0"

__all__ = [
    "Coverage",
    "Decision",
    "Denial",
    "EbsKmsAuditError",
    "Event",
    "Evidence",
    "Finding",
    "InputError",
    "KeyPolicy",
    "KeyRef",
    "PolicyError",
    "Principal",
    "PrincipalKind",
    "Report",
    "Request",
    "StatementKind",
    "UsageError",
    "Verdict",
    "audit",
    "evaluate",
]
