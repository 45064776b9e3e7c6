"""Report → OCSF Detection Findings, one JSON object on a line for each finding.

Source: Open Cybersecurity Schema Framework 1.6.0, class Detection Finding (2004) with the profile
Cloud. Times are milliseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ebs_kms_audit import __version__
from ebs_kms_audit.aws.arns import Arn, partition_of
from ebs_kms_audit.model import Evidence
from ebs_kms_audit.printable import escape_lines

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.model import Denial
    from ebs_kms_audit.report import Report

_VERSION = "1.6.0"
_CLASS, _CREATE = 2004, 1
_INFORMATIONAL, _MEDIUM = (1, "Informational"), (3, "Medium")
_LOW, _MIDDLE, _HIGH = (1, "Low"), (2, "Medium"), (3, "High")
_CONFIDENCE = {
    Evidence.RECORDED: _HIGH,
    Evidence.DERIVED: _HIGH,
    Evidence.GIVEN: _HIGH,
    Evidence.INFERRED: _MIDDLE,
    Evidence.UNKNOWN: _LOW,
}
_MOST_EVIDENCES = 100
_PRODUCT = {"name": "ebs_kms_audit", "version": __version__, "vendor_name": "ebs_kms_audit"}


def render(report: Report) -> str:
    """Return one line of JSON, in ASCII, for each finding; an empty text if there is none."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """Yield the lines."""
    for one in as_dicts(report):
        yield json.dumps(one, separators=(",", ":")) + "\n"


def as_dicts(report: Report) -> Iterator[dict[str, Any]]:
    """Yield a Detection Finding for each finding, as JSON-ready values."""
    for finding in report.findings:
        yield _finding(report, finding)


def _finding(report: Report, finding: Finding) -> dict[str, Any]:
    severity, severity_name = _INFORMATIONAL if finding.noise else _MEDIUM
    confidence, confidence_name = _CONFIDENCE[finding.cause.evidence]
    title = _title(finding)
    times = {
        "first_seen_time": _milliseconds(finding.first_seen),
        "last_seen_time": _milliseconds(finding.last_seen),
    }
    info = {
        "uid": finding.id,
        "title": title,
        "desc": finding.cause.text or title,
        "types": [str(finding.cause.id)],
        "analytic": {"name": str(finding.cause.id), "type_id": 1, "type": "Rule"},
        "data_sources": ["AWS CloudTrail"],
    }
    return {
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": _CREATE,
        "activity_name": "Create",
        "type_uid": _CLASS * 100 + _CREATE,
        "type_name": "Detection Finding: Create",
        "status_id": 1,
        "status": "New",
        "severity_id": severity,
        "severity": severity_name,
        "confidence_id": confidence,
        "confidence": confidence_name,
        "time": _time_of(report, finding),
        "count": finding.count,
        "message": f"{title} {finding.cause.text}".rstrip(),
        "metadata": {"version": _VERSION, "product": _PRODUCT, "profiles": ["cloud"]},
        "cloud": _cloud(finding.account, finding.region),
        "finding_info": info | {name: time for name, time in times.items() if time is not None},
        "evidences": [_evidence(denial) for denial in finding.denials[:_MOST_EVIDENCES]],
        "resources": [_resource(finding)],
        "remediation": {"desc": _remediation(report, finding)},
        "unmapped": {
            "cause": str(finding.cause.id),
            "cause_evidence": str(finding.cause.evidence),
            "principal": finding.principal.arn or finding.principal.user_name,
            "principal_evidence": str(finding.principal.evidence),
            "key_evidence": str(finding.key.evidence),
            "steps": list(finding.steps),
        },
    }


def _title(finding: Finding) -> str:
    actions = dict.fromkeys(a for denial in finding.denials.kinds for a in denial.iam_actions)
    principal = finding.principal
    who = principal.arn or principal.role_name or principal.user_name or "An unknown caller"
    return escape_lines(f"{who} was denied {', '.join(actions)}.")


def _milliseconds(time: datetime | None) -> int | None:
    """Return milliseconds since 1970. A time without a zone is read as UTC."""
    if time is None:
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _time_of(report: Report, finding: Finding) -> int:
    """Return the time of the last denial; if none has a time, that of the newest row, else 0."""
    times = (finding.last_seen, report.coverage.last_event)
    return next((time for one in times if (time := _milliseconds(one)) is not None), 0)


def _cloud(account: str | None, region: str | None) -> dict[str, Any]:
    cloud: dict[str, Any] = {"provider": "AWS"}
    if region:
        cloud["region"] = region
    if account:
        cloud["account"] = {"uid": account, "type_id": 10, "type": "AWS Account"}
    return cloud


def _evidence(denial: Denial) -> dict[str, Any]:
    """Return one denied call: who, what, when, and where it is recorded."""
    event = denial.event
    response: dict[str, Any] = {"error": event.error_code or "AccessDenied"}
    if event.error_message:
        response["error_message"] = escape_lines(event.error_message)
    evidence: dict[str, Any] = {
        "actor": _actor(denial),
        "api": {
            "operation": event.name,
            "service": {"name": event.source or "kms.amazonaws.com"},
            "response": response,
        },
        "data": {
            "time": _milliseconds(event.time),
            "file": event.file,
            "line": event.line,
            "iam_actions": list(denial.iam_actions),
        },
    }
    if event.request_id:
        evidence["api"]["request"] = {"uid": event.request_id}
    if event.event_id:
        evidence["uid"] = event.event_id
    return evidence


def _actor(denial: Denial) -> dict[str, Any]:
    principal, event = denial.principal, denial.event
    user: dict[str, Any] = {"type": str(principal.kind)}
    name = principal.user_name or principal.role_name
    if name:
        user["name"] = escape_lines(name)
    if principal.arn:
        user["uid"] = principal.arn
    if event.account:
        user["account"] = {"uid": event.account, "type_id": 10, "type": "AWS Account"}
    if event.access_key:
        user["credential_uid"] = event.access_key
    if len(user) == 1:
        user["name"] = "unknown"
    actor: dict[str, Any] = {"user": user}
    if denial.via_service:
        actor["invoked_by"] = denial.via_service
    return actor


def _resource(finding: Finding) -> dict[str, Any]:
    """Return the key, as far as it is known."""
    key, arn = finding.key, Arn.parse(finding.key.arn)
    resource: dict[str, Any] = {"type": "AWS::KMS::Key", "name": key.id or key.alias or "unknown"}
    if key.arn:
        resource["uid"] = key.arn
    region = arn.region if arn else finding.region
    if region:
        resource["region"] = region
    partition = arn.partition if arn else partition_of(region)
    if partition:
        resource["cloud_partition"] = partition
    if arn:
        resource["owner"] = {"account": {"uid": arn.account, "type_id": 10, "type": "AWS Account"}}
    return resource


def _remediation(report: Report, finding: Finding) -> str:
    """Return the steps of the plan for the finding, else how to read its cause."""
    steps = [step for step in report.plan if step.id in finding.steps]
    texts = [f"{step.text} ({step.kind}, {step.disposition})" for step in steps]
    if not texts:
        return f"Read: ebs-kms-audit explain {finding.cause.id}"
    return " ".join(texts)
