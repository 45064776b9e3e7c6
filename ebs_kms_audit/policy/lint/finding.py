"""LintFinding: one thing that is wrong or doubtful in a policy, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from ebs_kms_audit.policy.statement import Statement


class Severity(StrEnum):
    """How serious a finding is, the most serious first."""

    ERROR = "error"
    """KMS rejects the document, its meaning is not certain, or nobody can change it any more."""
    WARNING = "warning"
    """The policy does not do what it seems to do, or allows more than is wise."""
    INFO = "info"
    """Something to know before the document is put."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LintFinding:
    """One thing that is wrong or doubtful in a policy.

    id         stable; `ebs-kms-audit explain ID` prints its page
    severity   how serious it is
    json_path  where in the document it is
    sid        the Sid of the statement; None where the finding is not in one, or it has none
    message    one sentence
    """

    id: str
    severity: Severity
    json_path: str
    sid: str | None
    message: str


def _finding(
    severity: Severity, id: str, path: str, message: str, statement: Statement | None = None
) -> LintFinding:
    sid = statement.sid if statement else None
    return LintFinding(id=id, severity=severity, json_path=path, sid=sid, message=message)


error = partial(_finding, Severity.ERROR)
warning = partial(_finding, Severity.WARNING)
info = partial(_finding, Severity.INFO)
