"""Phrases that the text and the notebook display share."""

from __future__ import annotations

from datetime import datetime

from ebs_kms_audit.model import Denial, OtherError, PrincipalKind
from ebs_kms_audit.report import Finding, Report

_KINDS = {
    PrincipalKind.USER: "IAM user",
    PrincipalKind.ROLE: "IAM role",
    PrincipalKind.SERVICE_LINKED_ROLE: "service-linked role",
    PrincipalKind.INSTANCE_ROLE: "an instance's role",
    PrincipalKind.INFRASTRUCTURE: "EC2 infrastructure",
    PrincipalKind.ROOT: "root user",
    PrincipalKind.SERVICE: "AWS service",
    PrincipalKind.USER_OR_ROLE_SESSION: "IAM user or role session",
    PrincipalKind.UNKNOWN: "unknown caller",
}


def count(number: int, noun: str) -> str:
    """Return `1 denial`, `2 denials`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def time(moment: datetime | None) -> str:
    """Return a time for a reader: UTC is said, and so is a zone that is not known."""
    if moment is None:
        return "at an unknown time"
    return f"{moment:%Y-%m-%d %H:%M:%S}" + (" UTC" if moment.tzinfo else " (zone unknown)")


def span(first: datetime | None, last: datetime | None) -> str:
    """Return `from to`, the date and the zone said once where they are the same."""
    if first is None or last is None or first == last:
        return time(first)
    if first.date() == last.date() and bool(first.tzinfo) == bool(last.tzinfo):
        return f"{first:%Y-%m-%d %H:%M:%S} to {time(last)[11:]}"
    return f"{time(first)} to {time(last)}"


def headline(report: Report) -> str:
    """Return the answer in one sentence."""
    coverage = report.coverage
    if not report.findings:
        return (
            f"No KMS denial in {count(coverage.events, 'event')}. That does not mean that KMS is "
            "fine: read what this input can't show."
        )
    principals = len({who(finding) for finding in report.findings})
    first = min((f.first_seen for f in report.findings if f.first_seen), key=_key, default=None)
    last = max((f.last_seen for f in report.findings if f.last_seen), key=_key, default=None)
    return (
        f"{count(principals, 'principal')} refused by KMS, {count(coverage.denials, 'denial')}, "
        f"{span(first, last)}."
    )


def _key(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()


def who(finding: Finding) -> str:
    """Return the name in the log and what sort of caller it is."""
    principal = finding.principal
    name = principal.user_name or "(no name)"
    return f"{name} ({_KINDS[principal.kind]})"


def which_key(finding: Finding) -> str:
    """Return the key as far as it is known."""
    key = finding.key
    return key.arn or key.id or key.alias or "unknown"


def where(finding: Finding) -> str:
    """Return Region and account of the caller."""
    return f"{finding.region or 'Region unknown'}, account {finding.account or 'unknown'}"


def refused(finding: Finding) -> list[tuple[str, str, str, str]]:
    """Return a row for each way in which an action was refused: action, kind, through, times."""
    rows: dict[tuple[str, str, str], list[Denial]] = {}
    for denial in finding.denials:
        actions = " + ".join(denial.iam_actions) or denial.event.name
        rows.setdefault((actions, str(denial.statement_kind), through(denial)), []).append(denial)
    return [(*row, f"{len(denials)}x, line {_lines(denials)}") for row, denials in rows.items()]


def through(denial: Denial) -> str:
    """Return the service that called, or that the principal called itself."""
    if denial.via_service:
        return denial.via_service
    return "direct call" if denial.via_known else "not shown"


def _lines(denials: list[Denial]) -> str:
    lines = [str(denial.event.line) for denial in denials[:3]]
    return ", ".join(lines) + (", …" if len(denials) > 3 else "")


def counted(report: Report) -> str:
    """Return how the rows add up."""
    c = report.coverage
    text = f"{c.rows_read:,} rows read = {c.events:,} events + {c.rows_set_aside:,} set aside"
    return f"{text}; {c.kms_rows:,} of KMS, {c.read_only_rows:,} of these read-only"


def other_error(error: OtherError) -> str:
    """Return one line on KMS errors that are no denials."""
    return f"{error.error_code} on {error.event_name}, {error.count:,}x: {error.meaning}"
