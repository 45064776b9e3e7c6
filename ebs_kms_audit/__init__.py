"""Says who was denied which KMS action on an encrypted EBS volume, and what would fix it.

>>> import ebs_kms_audit
>>> report = ebs_kms_audit.audit("event_history.csv")       # doctest: +SKIP
>>> report.findings[0].fix.statements                       # doctest: +SKIP

Importing this brings in nothing but this: each name loads its module at first use, and pandas,
pyarrow and jsonpath-ng come in only with what needs them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ebs_kms_audit.auditing import audit as audit
    from ebs_kms_audit.checking.against import replay as replay
    from ebs_kms_audit.checking.check import check as check
    from ebs_kms_audit.checking.outcome import Outcome as Outcome
    from ebs_kms_audit.checking.replay import (
        Replay as Replay,
    )
    from ebs_kms_audit.checking.replay import (
        ReplayedCall as ReplayedCall,
    )
    from ebs_kms_audit.checking.replay import (
        ReplayStatus as ReplayStatus,
    )
    from ebs_kms_audit.checking.result import (
        CheckedCall as CheckedCall,
    )
    from ebs_kms_audit.checking.result import (
        CheckedPolicy as CheckedPolicy,
    )
    from ebs_kms_audit.checking.result import (
        CheckedPrincipal as CheckedPrincipal,
    )
    from ebs_kms_audit.checking.result import (
        CheckReport as CheckReport,
    )
    from ebs_kms_audit.context.history import (
        History as History,
    )
    from ebs_kms_audit.context.history import (
        NextCall as NextCall,
    )
    from ebs_kms_audit.diagnosis.cause import (
        Cause as Cause,
    )
    from ebs_kms_audit.diagnosis.cause import (
        CauseId as CauseId,
    )
    from ebs_kms_audit.diagnosis.cause import (
        NextEvidence as NextEvidence,
    )
    from ebs_kms_audit.diagnosis.cause import (
        OtherCause as OtherCause,
    )
    from ebs_kms_audit.diagnosis.caveats import Caveat as Caveat
    from ebs_kms_audit.diagnosis.findings import Finding as Finding
    from ebs_kms_audit.diagnosis.judgement import (
        Judgement as Judgement,
    )
    from ebs_kms_audit.diagnosis.policy_terms import Binding as Binding
    from ebs_kms_audit.diagnosis.unused import Unused as Unused
    from ebs_kms_audit.errors import (
        EbsKmsAuditError as EbsKmsAuditError,
    )
    from ebs_kms_audit.errors import (
        InputError as InputError,
    )
    from ebs_kms_audit.errors import (
        PolicyError as PolicyError,
    )
    from ebs_kms_audit.errors import (
        UsageError as UsageError,
    )
    from ebs_kms_audit.messages import parse_denial_message as parse_denial_message
    from ebs_kms_audit.model import (
        Coverage as Coverage,
    )
    from ebs_kms_audit.model import (
        Denial as Denial,
    )
    from ebs_kms_audit.model import (
        DenialMessage as DenialMessage,
    )
    from ebs_kms_audit.model import (
        Effect as Effect,
    )
    from ebs_kms_audit.model import (
        Event as Event,
    )
    from ebs_kms_audit.model import (
        Evidence as Evidence,
    )
    from ebs_kms_audit.model import (
        FileCoverage as FileCoverage,
    )
    from ebs_kms_audit.model import (
        Grant as Grant,
    )
    from ebs_kms_audit.model import (
        Identity as Identity,
    )
    from ebs_kms_audit.model import (
        KeyRef as KeyRef,
    )
    from ebs_kms_audit.model import (
        MessageKind as MessageKind,
    )
    from ebs_kms_audit.model import (
        OtherError as OtherError,
    )
    from ebs_kms_audit.model import (
        PolicyRecord as PolicyRecord,
    )
    from ebs_kms_audit.model import (
        PolicyType as PolicyType,
    )
    from ebs_kms_audit.model import (
        Principal as Principal,
    )
    from ebs_kms_audit.model import (
        PrincipalKind as PrincipalKind,
    )
    from ebs_kms_audit.model import (
        RecordRef as RecordRef,
    )
    from ebs_kms_audit.model import (
        Resource as Resource,
    )
    from ebs_kms_audit.model import (
        SetAside as SetAside,
    )
    from ebs_kms_audit.model import (
        StatementKind as StatementKind,
    )
    from ebs_kms_audit.model import (
        Symptom as Symptom,
    )
    from ebs_kms_audit.model import (
        Verdict as Verdict,
    )
    from ebs_kms_audit.model import (
        Window as Window,
    )
    from ebs_kms_audit.plan.step import (
        Commands as Commands,
    )
    from ebs_kms_audit.plan.step import (
        Disposition as Disposition,
    )
    from ebs_kms_audit.plan.step import (
        LeftOut as LeftOut,
    )
    from ebs_kms_audit.plan.step import (
        Step as Step,
    )
    from ebs_kms_audit.plan.step import (
        StepKind as StepKind,
    )
    from ebs_kms_audit.policy import (
        Check as Check,
    )
    from ebs_kms_audit.policy import (
        Decision as Decision,
    )
    from ebs_kms_audit.policy import (
        KeyPolicy as KeyPolicy,
    )
    from ebs_kms_audit.policy import (
        Layer as Layer,
    )
    from ebs_kms_audit.policy import (
        LintFinding as LintFinding,
    )
    from ebs_kms_audit.policy import (
        Policy as Policy,
    )
    from ebs_kms_audit.policy import (
        Request as Request,
    )
    from ebs_kms_audit.policy import (
        Severity as Severity,
    )
    from ebs_kms_audit.policy import (
        StatementResult as StatementResult,
    )
    from ebs_kms_audit.policy import (
        evaluate as evaluate,
    )
    from ebs_kms_audit.policy import (
        lint as lint,
    )
    from ebs_kms_audit.progress import Progress as Progress
    from ebs_kms_audit.report import (
        Report as Report,
    )
    from ebs_kms_audit.samples import sample_path as sample_path

__version__ = "0.1.0"

# Each public name, and the module that holds it.
_MODULE_OF = {
    "Binding": "diagnosis.policy_terms",
    "Cause": "diagnosis.cause",
    "CauseId": "diagnosis.cause",
    "Caveat": "diagnosis.caveats",
    "Check": "policy",
    "CheckReport": "checking.result",
    "CheckedCall": "checking.result",
    "CheckedPolicy": "checking.result",
    "CheckedPrincipal": "checking.result",
    "Commands": "plan.step",
    "Coverage": "model",
    "Decision": "policy",
    "Denial": "model",
    "DenialMessage": "model",
    "Disposition": "plan.step",
    "EbsKmsAuditError": "errors",
    "Effect": "model",
    "Event": "model",
    "Evidence": "model",
    "FileCoverage": "model",
    "Finding": "diagnosis.findings",
    "Grant": "model",
    "History": "context.history",
    "Identity": "model",
    "InputError": "errors",
    "Judgement": "diagnosis.judgement",
    "KeyPolicy": "policy",
    "KeyRef": "model",
    "Layer": "policy",
    "LeftOut": "plan.step",
    "LintFinding": "policy",
    "MessageKind": "model",
    "NextCall": "context.history",
    "NextEvidence": "diagnosis.cause",
    "OtherCause": "diagnosis.cause",
    "OtherError": "model",
    "Outcome": "checking.outcome",
    "Policy": "policy",
    "PolicyError": "errors",
    "PolicyRecord": "model",
    "PolicyType": "model",
    "Principal": "model",
    "PrincipalKind": "model",
    "Progress": "progress",
    "RecordRef": "model",
    "Replay": "checking.replay",
    "ReplayStatus": "checking.replay",
    "ReplayedCall": "checking.replay",
    "Report": "report",
    "Request": "policy",
    "Resource": "model",
    "SetAside": "model",
    "Severity": "policy",
    "StatementKind": "model",
    "StatementResult": "policy",
    "Step": "plan.step",
    "StepKind": "plan.step",
    "Symptom": "model",
    "Unused": "diagnosis.unused",
    "UsageError": "errors",
    "Verdict": "model",
    "Window": "model",
    "audit": "auditing",
    "check": "checking.check",
    "evaluate": "policy",
    "replay": "checking.against",
    "lint": "policy",
    "parse_denial_message": "messages",
    "sample_path": "samples",
}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
