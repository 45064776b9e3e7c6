"""Report → dict and JSON, the public form. `SCHEMA` changes when a key changes its meaning."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.aws.ebs_operations import ec2_error_meaning
from ebs_kms_audit.context.history import History
from ebs_kms_audit.diagnosis.cause import Cause
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.diagnosis.judgement import Judgement
from ebs_kms_audit.messages import DenialMessage
from ebs_kms_audit.model import (
    Coverage,
    Denial,
    Event,
    KeyRef,
    OtherError,
    Principal,
    SetAside,
    Symptom,
)
from ebs_kms_audit.render.step_json import step_dict

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.policy_log import PolicyChange
    from ebs_kms_audit.diagnosis.unused import Unused
    from ebs_kms_audit.policy import LintFinding
    from ebs_kms_audit.report import Report

_Lints = dict[tuple[int, str | None], list[dict[str, Any]]]
"""What is wrong in each policy, by the policy and its key."""

SCHEMA = "ebs_kms_audit.report/2"


def render(report: Report) -> str:
    """Return the report as JSON text, in ASCII, so that no terminal is moved by a log field."""
    return json.dumps(as_dict(report), indent=2, ensure_ascii=True) + "\n"


def as_dict(report: Report) -> dict[str, Any]:
    """Return the report as JSON-ready values."""
    lints: _Lints = {}
    return {
        "schema": SCHEMA,
        "coverage": _coverage(report.coverage),
        "findings": [_finding(finding, lints) for finding in report.findings],
        "plan": [step_dict(step) for step in report.plan],
        "symptoms": [_symptom(symptom) for symptom in report.symptoms],
        "other_errors": [_other_error(error) for error in report.other_errors],
        "shared_name_denials": [denial_dict(denial) for denial in report.shared_name_denials],
        "set_aside": [_set_aside(row) for row in report.set_aside],
        "unused": [_unused(one) for one in report.unused],
        "caveats": [{"id": caveat.id, "text": caveat.text} for caveat in report.caveats],
    }


def time_text(time: datetime | None) -> str | None:
    """Return ISO 8601 to the second, with `Z` only where the zone is known."""
    if time is None:
        return None
    text = time.replace(tzinfo=None, microsecond=0).isoformat()
    return f"{text}Z" if time.tzinfo else text


def denial_dict(denial: Denial) -> dict[str, Any]:
    """Return one denial as JSON-ready values."""
    event = denial.event
    return {
        "event_id": event.event_id,
        "event_time": time_text(event.time),
        "event_name": event.name,
        "iam_actions": list(denial.iam_actions),
        "statement_kind": str(denial.statement_kind),
        "error_code": event.error_code,
        "via_service": denial.via_service,
        "source_ip": event.source_ip,
        "error_message": event.error_message,
        "refusal": denial.message and _refusal(denial.message),
        "file": event.file,
        "line": event.line,
        "record": event.record and {"file": event.record.file, "number": event.record.number},
        "verdict": str(denial.verdict),
    }


def _refusal(message: DenialMessage) -> dict[str, Any]:
    return {
        "policy_type": message.policy_type,
        "effect": message.effect,
        "policy_arn": message.policy_arn,
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
        "regions": list(coverage.regions),
        "accounts": list(coverage.accounts),
        "window": window and {"start": time_text(window.start), "end": time_text(window.end)},
    }


def _finding(finding: Finding, lints: _Lints) -> dict[str, Any]:
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
        "denials": [denial_dict(denial) for denial in finding.denials],
        "history": _history(finding.history),
        "judgements": [_judgement(judgement, lints) for judgement in finding.judgements],
        "verdict": str(finding.verdict),
        "cause": _cause(finding.cause),
        "steps": list(finding.steps),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "id": str(cause.id),
        "text": cause.text,
        "evidence": str(cause.evidence),
        "policy_type": cause.policy_type and str(cause.policy_type),
        "supported_by": list(cause.supported_by),
        "contradicted_by": list(cause.contradicted_by),
        "next_evidence": [
            {"what": one.what, "why": one.why, "command": one.command}
            for one in cause.next_evidence
        ],
        "others": [
            {"id": str(other.id), "text": other.text, "denials": list(other.denials)}
            for other in cause.others
        ],
    }


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
        "decisions": [
            {
                "verdict": str(decision.verdict),
                "why": decision.why,
                "decided_by": [
                    {"layer": str(one.layer), "index": one.index, "sid": one.sid}
                    for one in decision.decided_by
                ],
                "depends_on": list(decision.depends_on),
            }
            for decision in map(judgement.at_time, range(len(judgement.decisions)))
        ],
        "in_force": [
            {"event_id": then.policy.event_id, "since": time_text(then.policy.since)}
            if then
            else None
            for then in judgement.then
        ],
    }


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
        "resources": list(symptom.resources),
        "meaning": symptom.meaning,
        "caller": symptom.caller,
        "actions": list(symptom.actions),
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


def _history(history: History) -> dict[str, Any]:
    later = history.later_success
    return {
        "attempts": [_happening(event) for event in history.attempts],
        "changes": [_happening(event) for event in history.changes],
        "changes_count": history.changes_count,
        "later_success": later and _happening(later),
        "allowed": list(history.allowed),
        "next_calls": [
            {"action": call.action, "operation": call.operation, "source": call.source}
            for call in history.next_calls
        ],
    }


def _happening(event: Event) -> dict[str, Any]:
    code = event.error_code
    return {
        "event_id": event.event_id,
        "event_time": time_text(event.time),
        "event_name": event.name,
        "user_name": event.user_name,
        "error_code": code,
        "meaning": code and ec2_error_meaning(code),
        "file": event.file,
        "line": event.line,
    }


def _principal(principal: Principal) -> dict[str, Any]:
    return {
        "arn": principal.arn,
        "kind": str(principal.kind),
        "user_name": principal.user_name,
        "session_name": principal.session_name,
        "role_name": principal.role_name,
        "evidence": str(principal.evidence),
        "why": principal.why,
        "event_ids": list(principal.event_ids),
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
        "keys": list(error.keys),
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
