"""Report → dict and JSON, the public form. `SCHEMA` changes when a key changes its meaning."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.context.history import History, NextCall
from ebs_kms_audit.diagnosis.cause import Cause
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.diagnosis.judgement import Judgement
from ebs_kms_audit.model import (
    Coverage,
    KeyRef,
    OtherError,
    Principal,
    SetAside,
    Symptom,
)
from ebs_kms_audit.render.denial_json import DenialsJson
from ebs_kms_audit.render.event_json import EventsJson, event_dict
from ebs_kms_audit.render.json_text import Items, alike, pieces_of, plain, time_text
from ebs_kms_audit.render.step_json import step_dict

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.cause import NextEvidence, OtherCause
    from ebs_kms_audit.diagnosis.policy_log import InForce, PolicyChange
    from ebs_kms_audit.diagnosis.unused import Unused
    from ebs_kms_audit.policy import Decision, LintFinding
    from ebs_kms_audit.report import Report

_Lints = dict[tuple[int, str | None], list[dict[str, Any]]]
"""What is wrong in each policy, by the policy and its key."""

SCHEMA = "ebs_kms_audit.report/2"


def render(report: Report) -> str:
    """Return the report as JSON text, in ASCII, so that no terminal is moved by a log field."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """Yield the JSON text of the report in pieces. The whole text is never in memory."""
    yield from pieces_of(_report(report))
    yield "\n"


def as_dict(report: Report) -> dict[str, Any]:
    """Return the report as JSON-ready values."""
    values: dict[str, Any] = plain(_report(report))
    return values


def _report(report: Report) -> dict[str, Any]:
    lints: _Lints = {}
    denials, events = DenialsJson(), EventsJson()
    return {
        "schema": SCHEMA,
        "coverage": _coverage(report.coverage),
        "findings": Items(
            report.findings, lambda finding: _finding(finding, lints, denials, events)
        ),
        "plan": Items(report.plan, step_dict),
        "symptoms": Items(report.symptoms, _symptom),
        "other_errors": Items(report.other_errors, _other_error),
        "shared_name_denials": denials.array(report.shared_name_denials),
        "set_aside": Items(report.set_aside, _set_aside),
        "unused": Items(report.unused, _unused),
        "caveats": [{"id": caveat.id, "text": caveat.text} for caveat in report.caveats],
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    window = coverage.window
    return {
        "files": [
            {
                "name": file.name,
                "recognized_as": file.recognized_as,
                "layout": file.layout,
                "rows_read": file.rows_read,
                "rows_set_aside": file.rows_set_aside,
                "error": file.error,
            }
            for file in coverage.files
        ],
        "rows_read": coverage.rows_read,
        "events": coverage.events,
        "rows_set_aside": coverage.rows_set_aside,
        "kms_rows": coverage.kms_rows,
        "read_only_rows": coverage.read_only_rows,
        "ec2_rows": coverage.ec2_rows,
        "denials": coverage.denials,
        "duplicate_denials": coverage.duplicate_denials,
        "denials_outside_window": coverage.denials_outside_window,
        "first_event": time_text(coverage.first_event),
        "last_event": time_text(coverage.last_event),
        "regions": coverage.regions,
        "accounts": coverage.accounts,
        "window": window and {"start": time_text(window.start), "end": time_text(window.end)},
    }


def _finding(
    finding: Finding, lints: _Lints, denials: DenialsJson, events: EventsJson
) -> dict[str, Any]:
    return {
        "id": finding.id,
        "account": finding.account,
        "region": finding.region,
        "count": finding.count,
        "first_seen": time_text(finding.first_seen),
        "last_seen": time_text(finding.last_seen),
        "principal": _principal(finding.principal),
        "key": _key(finding.key),
        "ebs_traffic": finding.ebs_traffic,
        "noise": finding.noise,
        "denials": denials.array(finding.denials),
        "history": _history(finding.history, events),
        "judgements": Items(finding.judgements, lambda one: _judgement(one, lints)),
        "verdict": str(finding.verdict),
        "cause": _cause(finding.cause),
        "steps": finding.steps,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "id": str(cause.id),
        "text": cause.text,
        "evidence": str(cause.evidence),
        "policy_type": cause.policy_type and str(cause.policy_type),
        "supported_by": list(cause.supported_by),
        "contradicted_by": cause.contradicted_by,
        "next_evidence": [*map(_next_evidence, cause.next_evidence)],
        "others": [*map(_other_cause, cause.others)],
    }


def _next_evidence(one: NextEvidence) -> dict[str, Any]:
    return {"what": one.what, "why": one.why, "command": one.command}


def _other_cause(other: OtherCause) -> dict[str, Any]:
    return {"id": str(other.id), "text": other.text, "denials": list(other.denials)}


def _judgement(judgement: Judgement, lints: _Lints) -> dict[str, Any]:
    """Return a judgement; the lint of a policy is made once for all findings on it."""
    policy = (id(judgement.policy.policy), judgement.policy.key)
    if policy not in lints:
        lints[policy] = [_lint(one) for one in judgement.lint]
    return {
        "policy": judgement.policy.name,
        "key": judgement.policy.key,
        "event_id": judgement.policy.event_id,
        "since": time_text(judgement.policy.since),
        "binding": str(judgement.binding),
        "compared": judgement.compared and str(judgement.compared),
        "superseded": judgement.superseded,
        "change": _change(judgement.change) if judgement.change else None,
        "verdict": str(judgement.verdict),
        "would_deny": judgement.would_deny,
        "lint": lints[policy],
        "decisions": alike(judgement.at_time_of_each(), _decision, id),
        "in_force": alike(judgement.then, _in_force, _policy_then),
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "verdict": str(decision.verdict),
        "why": decision.why,
        "decided_by": [
            {"layer": str(one.layer), "index": one.index, "sid": one.sid}
            for one in decision.decided_by
        ],
        "depends_on": decision.depends_on,
    }


def _in_force(then: InForce | None) -> dict[str, Any] | None:
    if then is None:
        return None
    return {"event_id": then.policy.event_id, "since": time_text(then.policy.since)}


def _policy_then(then: InForce | None) -> Hashable:
    return then and id(then.policy)


def _change(change: PolicyChange) -> dict[str, Any]:
    return {
        "event_id": change.event_id,
        "time": time_text(change.time),
        "who": change.who,
        "operation": change.operation,
        "diff": change.diff,
        "restored_event_id": change.restored_event_id,
        "restored_time": time_text(change.restored_time),
    }


def _symptom(symptom: Symptom) -> dict[str, Any]:
    return {
        "id": symptom.id,
        "code": symptom.code,
        "text": symptom.text,
        "file": symptom.file,
        "line": symptom.line,
        "event_id": symptom.event_id,
        "request_id": symptom.request_id,
        "count": symptom.count,
        "first_seen": time_text(symptom.first_seen),
        "last_seen": time_text(symptom.last_seen),
        "account": symptom.account,
        "region": symptom.region,
        "operation": symptom.operation,
        "principal": symptom.principal,
        "resources": symptom.resources,
        "meaning": symptom.meaning,
        "caller": symptom.caller,
        "actions": symptom.actions,
        "next_step": symptom.next_step,
        "command": symptom.command,
        "policy_type": symptom.policy_type and str(symptom.policy_type),
        "findings": [
            {"id": finding, "joined_by": why}
            for finding, why in zip(symptom.findings, symptom.joined_by, strict=True)
        ],
    }


def _lint(found: LintFinding) -> dict[str, Any]:
    return {
        "id": found.id,
        "severity": str(found.severity),
        "json_path": found.json_path,
        "sid": found.sid,
        "message": found.message,
    }


def _history(history: History, events: EventsJson) -> dict[str, Any]:
    later = history.later_success
    return {
        "attempts": events.array(history.attempts.listed),
        "attempts_count": history.attempts.count,
        "changes": events.array(history.changes),
        "changes_count": history.changes_count,
        "grants_retired": history.grants_retired,
        "later_success": later and event_dict(later),
        "allowed": [*history.allowed],
        "next_calls": [*map(_next_call, history.next_calls)],
    }


def _next_call(call: NextCall) -> dict[str, Any]:
    return {"action": call.action, "operation": call.operation, "source": call.source}


def _principal(principal: Principal) -> dict[str, Any]:
    return {
        "arn": principal.arn,
        "kind": str(principal.kind),
        "user_name": principal.user_name,
        "session_name": principal.session_name,
        "role_name": principal.role_name,
        "evidence": str(principal.evidence),
        "why": principal.why,
        "event_ids": principal.event_ids,
    }


def _key(key: KeyRef) -> dict[str, Any]:
    return {
        "arn": key.arn,
        "id": key.id,
        "alias": key.alias,
        "evidence": str(key.evidence),
        "why": key.why,
    }


def _other_error(error: OtherError) -> dict[str, Any]:
    return {
        "error_code": error.error_code,
        "event_name": error.event_name,
        "account": error.account,
        "region": error.region,
        "meaning": error.meaning,
        "count": error.count,
        "first_seen": time_text(error.first_seen),
        "last_seen": time_text(error.last_seen),
        "keys": error.keys,
    }


def _set_aside(row: SetAside) -> dict[str, Any]:
    return {"file": row.file, "line": row.line, "reason": row.reason}


def _unused(unused: Unused) -> dict[str, Any]:
    return {
        "option": unused.option,
        "value": unused.value,
        "why": unused.why,
        "nearest": unused.nearest,
    }
