"""Lint: what is wrong or doubtful in a key policy, apart from what it allows.

finding     one result, with its id and its place
document    size, characters, faults, repeated Sids, partitions
manager     who can still change the policy
principals  whom the statements name
conditions  operators, condition keys and their values
statements  actions, resources, and Deny statements that stop EBS
"""

from __future__ import annotations

from ebs_kms_audit.policy.document import KeyPolicy
from ebs_kms_audit.policy.lint.conditions import lint_conditions
from ebs_kms_audit.policy.lint.document import LARGEST, lint_document
from ebs_kms_audit.policy.lint.finding import LintFinding, Severity
from ebs_kms_audit.policy.lint.manager import lint_managers
from ebs_kms_audit.policy.lint.principals import lint_principals
from ebs_kms_audit.policy.lint.statements import lint_statement

__all__ = ["LARGEST", "LintFinding", "Severity", "lint"]


def lint(policy: KeyPolicy, *, key: str | None = None) -> tuple[LintFinding, ...]:
    """Return what is wrong or doubtful in a key policy, errors first, then in document order.

    `key` is the ARN of the key that has the policy; without it, checks that need the key's
    account, Region or partition are left out. Each id has a page: `ebs-kms-audit explain ID`.
    """
    found = [*lint_document(policy, key), *lint_managers(policy, key)]
    for statement in policy.statements:
        if statement.well_formed:
            found += lint_principals(statement)
            found += lint_statement(statement, key)
            found += lint_conditions(statement, key)
    return tuple(sorted(found, key=lambda one: list(Severity).index(one.severity)))
