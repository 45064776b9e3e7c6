"""LintReport → text, JSON, SARIF or workflow commands of GitHub."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from ebs_kms_audit.checking.lint_files import FileFinding, LintReport
from ebs_kms_audit.policy.lint import Severity
from ebs_kms_audit.printable import escape_unprintable
from ebs_kms_audit.render import github, sarif
from ebs_kms_audit.render.annotation import of_lint


def as_text(report: LintReport) -> str:
    """Return one line for each finding: FILE:LINE:COLUMN: severity: message (id)."""
    return "".join(f"{_line(one)}\n" for one in report.findings)


def _line(one: FileFinding) -> str:
    found = one.finding
    sid = f' of statement "{found.sid}"' if found.sid else ""
    address = f"{one.address}: " if one.address else ""
    return escape_unprintable(
        f"{one.file}:{one.region.line}:{one.region.column}: {found.severity}: {address}"
        f"{found.message} [{found.id}, {found.json_path}{sid}]"
    )


def as_json(report: LintReport) -> str:
    """Return the findings as JSON text, in ASCII."""
    return json.dumps(as_dict(report), indent=2) + "\n"


def as_dict(report: LintReport) -> dict[str, Any]:
    """Return the report as JSON-ready values."""
    return {
        "schema": "ebs_kms_audit.lint/1",
        "files": list(report.files),
        "policies": report.policies,
        "findings": [
            {
                "file": one.file,
                "resource": one.address,
                "line": one.region.line,
                "column": one.region.column,
                "end_line": one.region.end_line,
                "end_column": one.region.end_column,
                "severity": str(one.finding.severity),
                "id": str(one.finding.id),
                "json_path": one.finding.json_path,
                "sid": one.finding.sid,
                "message": one.finding.message,
            }
            for one in report.findings
        ],
        "not_checked": list(report.not_checked),
    }


def summary(report: LintReport) -> str:
    """Return one line for the terminal."""
    counts = Counter(one.finding.severity for one in report.findings)
    parts = [_count(counts[severity], str(severity)) for severity in Severity if counts[severity]]
    policies = "1 key policy" if report.policies == 1 else f"{report.policies:,} key policies"
    return f"{', '.join(parts) or 'no findings'} in {policies}"


def _count(number: int, noun: str) -> str:
    plural = noun if number == 1 or noun == "info" else f"{noun}s"
    return f"{number:,} {plural}"


RENDERERS: dict[str, Callable[[LintReport], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": lambda report: sarif.render(of_lint(report), report.not_checked),
    "github": lambda report: github.render(of_lint(report), report.not_checked),
}
