"""Phrases that the text and the notebook display share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.ebs_operations import ec2_error_meaning
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.model import Denial, Event, OtherError, PrincipalKind, SetAside
from ebs_kms_audit.plan import Fix, Need, OfferedStatement

if TYPE_CHECKING:
    from ebs_kms_audit.report import Report

AROUND = "Around it"
PERMISSIONS = "Permissions"
IN_THE_CONSOLE = "Or in the console"
OTHER_ERRORS = "Other KMS errors, which no policy edit fixes"
SHARED_NAMES = "Denied, and perhaps of another service than KMS"
WAS_READ = "What was read"
NOT_SHOWN = "What this input can't show"

ROWS_LISTED = 20  # rows set aside that are listed; the JSON has them all
_LISTED = 8
_FIRST = 3
_KINDS = {
    PrincipalKind.USER: "IAM user",
    PrincipalKind.ROLE: "IAM role",
    PrincipalKind.SERVICE_LINKED_ROLE: "service-linked role",
    PrincipalKind.INSTANCE_ROLE: "an instance's role",
    PrincipalKind.INFRASTRUCTURE: "EC2 infrastructure",
    PrincipalKind.FEDERATED_USER: "federated user",
    PrincipalKind.ACCOUNT: "another account",
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
    return f"{name(finding)} ({sort(finding)})"


def name(finding: Finding) -> str:
    """Return the caller's name in the log."""
    return finding.principal.user_name or "(no name)"


def sort(finding: Finding) -> str:
    """Return what sort of caller it is."""
    return _KINDS[finding.principal.kind]


def actions(finding: Finding) -> list[str]:
    """Return the actions that were refused, each once."""
    return list(dict.fromkeys(a for d in finding.denials for a in d.iam_actions or (d.event.name,)))


def mark(offered: OfferedStatement) -> str:
    """Return whether a denial demands a statement, or only the next call will."""
    return "needed next" if offered.need is Need.NEEDED_NEXT else "demanded"


def arn(finding: Finding) -> str:
    """Return the ARN that a policy would name."""
    return finding.principal.arn or "ARN unknown"


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
    return [(*row, f"{len(denials)}x, {_lines(denials)}") for row, denials in rows.items()]


def through(denial: Denial) -> str:
    """Return the service that called, or that the principal called itself."""
    if denial.via_service:
        return denial.via_service
    return "direct call" if denial.via_known else "not shown"


def _lines(denials: list[Denial]) -> str:
    """Return where the denials stand: file and lines (or records), of the first few."""
    by_file: dict[str, list[str]] = {}
    for event in (denial.event for denial in denials[:_FIRST]):
        unit = "record" if event.identity and not event.record else "line"
        name = os.path.basename(event.file.rstrip("/"))  # noqa: PTH119 - pathlib is slow to import
        lines = by_file.setdefault(f"{name} {unit}" if event.line else name, [])
        lines.extend([str(event.line)] if event.line else [])
    texts = [f"{place} {', '.join(lines)}".rstrip() for place, lines in by_file.items()]
    return ", ".join(texts) + (", …" if len(denials) > _FIRST else "")


def counted(report: Report) -> str:
    """Return how the rows add up."""
    c = report.coverage
    text = f"{c.rows_read:,} rows read = {c.events:,} events + {c.rows_set_aside:,} set aside"
    return f"{text}; {c.kms_rows:,} of KMS, {c.read_only_rows:,} of these read-only"


def remedy(finding: Finding) -> str:
    """Return in a few words what would help."""
    kinds = dict.fromkeys(str(offered.kind) for offered in finding.fix.offered)
    return f"statements: {' + '.join(kinds)}" if kinds else without_statement(finding)


def without_statement(finding: Finding) -> str:
    """Return what there is to say of a finding that no statement would help."""
    return "harmless probes, nothing to fix" if finding.noise else "no statement would help"


def to_do(fix: Fix) -> str:
    """Return what to do with the statements, and whether that is safe."""
    if not fix.offered:
        return f"Nothing to paste ({fix.disposition})"
    if fix.applied and fix.applied.changed:
        return f"Change the key policy ({fix.disposition})"
    return f"Add to the key policy's Statement list ({fix.disposition})"


def proof(fix: Fix) -> list[tuple[str, str]]:
    """Return what was proved of a fix on the policy given, and what stands between it and safe."""
    if fix.applied is None or not fix.offered:
        return []
    found = fix.applied.proof
    cured = sum(denial.cured is True for denial in found.denials)
    lines = [("proved", f"{cured} of {count(len(found.denials), 'denied action')} cured")]
    by_principal: dict[str, list[str]] = {}
    for one in found.newly_allowed:
        condition = f" ({one.condition})" if one.condition else ""
        by_principal.setdefault(one.principal, []).append(one.action + condition)
    lines += [
        ("newly allowed", f"{principal}: {', '.join(actions)}")
        for principal, actions in by_principal.items()
    ]
    lines.append(("taken away", ", ".join(one.action for one in found.lost) or "nothing"))
    lines += [(f"{one.severity}", one.message) for one in fix.applied.lint]
    return lines + [("review, because", text) for text in fix.applied.missing]


def what_happened(finding: Finding) -> list[tuple[str, str]]:
    """Return what happened around a finding, in order: a label and a sentence each."""
    history = finding.history
    lines = [("changed before", _happening(event)) for event in history.changes[-_LISTED:]]
    lines += [("tried", _attempt(event)) for event in history.attempts[:_LISTED]]
    if more := len(history.attempts) - _LISTED:
        lines += [("tried", f"… and {count(more, 'more call')}")] if more > 0 else []
    if later := history.later_success:
        lines.append(("may be cured", f"{later.name} succeeded at {time(later.time)}"))
    return lines


def which_calls(finding: Finding) -> list[tuple[str, str]]:
    """Return which permissions were denied, will be needed next, and are there already."""
    history = finding.history
    denied = dict.fromkeys(action for d in finding.denials for action in d.iam_actions)
    needed = [f"{call.action} ({call.operation})" for call in history.next_calls]
    lines = [
        ("denied (recorded)", ", ".join(denied)),
        ("needed next (documented)", ", ".join(needed)),
        ("already allowed (recorded success)", ", ".join(history.allowed)),
    ]
    return [(label, text) for label, text in lines if text]


def _happening(event: Event) -> str:
    return f"{time(event.time)} {event.name} by {event.user_name or '(no name)'}"


def _attempt(event: Event) -> str:
    if not event.error_code:
        return f"{_happening(event)}: accepted"
    meaning = ec2_error_meaning(event.error_code)
    return f"{_happening(event)}: {event.error_code}" + (f", {meaning}" if meaning else "")


def other_error(error: OtherError) -> str:
    """Return one line on KMS errors that are no denials."""
    return f"{error.error_code} on {error.event_name}, {error.count:,}x: {error.meaning}"


def shared_name(denial: Denial) -> str:
    """Return one line on a denied row that may be another service's."""
    event = denial.event
    return f"{event.name} by {event.user_name or '(no name)'}, {_place(event)}"


def set_aside(row: SetAside) -> str:
    """Return one line on a row that could not be read."""
    return f"{_place(row)}: {row.reason}"


def _place(row: Event | SetAside) -> str:
    """Return file and line; where a cluster read the file, the line is not known."""
    return f"{row.file} line {row.line}" if row.line else row.file


def was_read(report: Report) -> Iterator[str]:
    """Give the lines on what the input spans: files, rows, time, Regions, accounts, window."""
    coverage = report.coverage
    for file in coverage.files:
        yield f"{file.name}: not read" if file.error else f"{file.name} (layout: {file.layout})"
    yield f"{counted(report)}."
    seen = [span(coverage.first_event, coverage.last_event)] if coverage.first_event else []
    seen += [", ".join(coverage.regions)] if coverage.regions else []
    seen += [f"account {', '.join(coverage.accounts)}"] if coverage.accounts else []
    if seen:
        yield "; ".join(seen) + "."
    if window := coverage.window:
        outside = count(coverage.denials_outside_window, "denial")
        yield f"Looked at {span(window.start, window.end)} only; {outside} outside."
