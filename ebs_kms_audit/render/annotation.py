"""LintReport or CheckReport → annotations of files, for SARIF and for GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebs_kms_audit.checking.calls import Actor
from ebs_kms_audit.checking.json_text import Region
from ebs_kms_audit.checking.outcome import Outcome
from ebs_kms_audit.explain import Entry, EntryKind, entry
from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy import Layer, Severity

if TYPE_CHECKING:
    from ebs_kms_audit.checking.lint_files import LintReport
    from ebs_kms_audit.checking.result import CheckedCall, CheckedPolicy, CheckReport

_PLACE_UNKNOWN = Region(1, 1, 1, 1)
_LEVELS = {Outcome.DENIED: Severity.ERROR, Outcome.UNDECIDED: Severity.WARNING}


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """One remark on a part of a file.

    rule      the id that the remark has a page for, with the page
    severity  how serious it is
    message   one or two sentences
    file      the path of the file as it was given
    region    the part of the file
    around    a larger part that shows the context: the statement; None
    address   the resource in a Terraform plan or CloudFormation template; None
    related   other parts of the file, each with what it is
    """

    rule: Entry
    severity: Severity
    message: str
    file: str
    region: Region
    around: Region | None = None
    address: str | None = None
    related: tuple[tuple[Region, str], ...] = ()


def of_lint(report: LintReport) -> list[Annotation]:
    """Return an annotation for each lint finding."""
    return [
        Annotation(
            rule=entry(EntryKind.LINT, str(one.finding.id)),
            severity=one.finding.severity,
            message=one.finding.message,
            file=one.file,
            region=one.region,
            around=one.statement,
            address=one.address,
        )
        for one in report.findings
    ]


def of_check(report: CheckReport) -> list[Annotation]:
    """Return an annotation for the calls of a principal that are denied for the same reason.

    Undecided calls are annotated as warnings; allowed calls are not.
    """
    return [one for policy in report.policies for one in _of_policy(policy)]


def _of_policy(policy: CheckedPolicy) -> Iterator[Annotation]:
    for principal in policy.principals:
        alike: dict[object, list[CheckedCall]] = {}
        for call in principal.calls:
            if call.outcome in _LEVELS:
                alike.setdefault((call.actor, call.outcome, call.why), []).append(call)
        for calls in alike.values():
            yield _of_calls(policy, principal.arn, calls)


def _of_calls(policy: CheckedPolicy, arn: str, calls: list[CheckedCall]) -> Annotation:
    first = calls[0]
    decided = [one for one in first.decided_by if one.layer is Layer.KEY_POLICY]
    at = decided[0] if first.verdict is Verdict.EXPLICIT_DENY and decided else None
    operations = ", ".join(dict.fromkeys(call.operation for call in calls))
    actions = ", ".join(dict.fromkeys(call.action for call in calls))
    actor = " as aws:ec2-infrastructure" if first.actor is Actor.INFRASTRUCTURE else ""
    return Annotation(
        rule=entry(EntryKind.VERDICT, str(first.verdict)),
        severity=_LEVELS[first.outcome],
        message=f"{arn}, {operations}: {first.outcome}: {actions}{actor}. {first.why}",
        file=policy.name,
        region=policy.region_of(at) or _PLACE_UNKNOWN,
        address=policy.address,
        related=tuple(
            (region, "This statement decides.")
            for one in decided
            if (region := policy.region_of(one))
        ),
    )
