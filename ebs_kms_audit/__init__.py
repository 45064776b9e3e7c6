"""Says who was refused which KMS action on an encrypted EBS volume, and what would fix it.

>>> import ebs_kms_audit
>>> report = ebs_kms_audit.audit("event_history.csv")       # doctest: +SKIP
>>> report.findings[0].fix.statements                       # doctest: +SKIP

Importing this brings in nothing but this: each name loads its module at first use, and pandas,
pyarrow and jsonpath-ng come in only with what needs them.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; typing itself is most of the cost
if TYPE_CHECKING:
    from typing import Any

    from ebs_kms_audit.errors import EbsKmsAuditError, InputError, PolicyError, UsageError
    from ebs_kms_audit.messages import DenialMessage, parse_denial_message
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
    from ebs_kms_audit.pipeline import audit
    from ebs_kms_audit.policy import Decision, KeyPolicy, LintFinding, Request, evaluate, lint
    from ebs_kms_audit.progress import Progress
    from ebs_kms_audit.report import Finding, Report

__version__ = "0.1.0"

__all__ = [
    "Coverage",
    "Decision",
    "Denial",
    "DenialMessage",
    "EbsKmsAuditError",
    "Event",
    "Evidence",
    "Finding",
    "InputError",
    "KeyPolicy",
    "KeyRef",
    "LintFinding",
    "PolicyError",
    "Principal",
    "PrincipalKind",
    "Progress",
    "Report",
    "Request",
    "StatementKind",
    "UsageError",
    "Verdict",
    "audit",
    "evaluate",
    "lint",
    "parse_denial_message",
]

_HOMES = {
    "errors": ("EbsKmsAuditError", "InputError", "PolicyError", "UsageError"),
    "messages": ("DenialMessage", "parse_denial_message"),
    "pipeline": ("audit",),
    "policy": ("Decision", "KeyPolicy", "LintFinding", "Request", "evaluate", "lint"),
    "progress": ("Progress",),
    "report": ("Finding", "Report"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((home for home, names in _HOMES.items() if name in names), "model")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
