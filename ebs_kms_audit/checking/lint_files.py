"""Files → lint findings, each with the line and column in its file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from ebs_kms_audit.checking.json_text import Region
from ebs_kms_audit.checking.policy_file import PolicyInFile, read_policy_file
from ebs_kms_audit.policy.lint import LintFinding, Severity, lint


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFinding:
    """A lint finding in a file.

    file       the path of the file as it was given
    address    the resource in a Terraform plan or CloudFormation template; None
    region     where in the file it is; lines and columns count from 1
    statement  where in the file the statement of the finding is; None where it is in none
    finding    what was found; its `json_path` is the path in the policy document
    """

    file: str
    address: str | None
    region: Region
    statement: Region | None
    finding: LintFinding


@dataclass(frozen=True, kw_only=True, slots=True)
class LintReport:
    """What `lint` found in files.

    files        the files, as they were given
    policies     how many key policies they have
    findings     what is wrong or doubtful, in the order of the files, errors first
    not_checked  what could not be checked, each one sentence
    """

    files: tuple[str, ...]
    policies: int
    findings: tuple[FileFinding, ...]
    not_checked: tuple[str, ...]

    def worst(self) -> Severity | None:
        """Return the most serious severity; None where nothing was found."""
        found = {one.finding.severity for one in self.findings}
        return next((severity for severity in Severity if severity in found), None)


def lint_files(files: Iterable[str | os.PathLike[str]], *, key: str | None = None) -> LintReport:
    """Check the key policies of files. `key` is the ARN of the key that has the policy.

    Raises InputError for a file that cannot be read or has no key policy.
    """
    names: list[str] = []
    findings: list[FileFinding] = []
    not_checked: list[str] = []
    policies = 0
    for path in files:
        file = read_policy_file(path)
        names.append(file.file)
        policies += len(file.policies)
        not_checked += file.not_checked
        for policy in file.policies:
            findings += _lint(policy, key)
    return LintReport(
        files=tuple(names),
        policies=policies,
        findings=tuple(findings),
        not_checked=tuple(not_checked),
    )


def _lint(policy: PolicyInFile, key: str | None) -> list[FileFinding]:
    return [
        FileFinding(
            file=policy.file,
            address=policy.address,
            region=policy.region(one.json_path),
            statement=_statement(policy, one.json_path),
            finding=one,
        )
        for one in lint(policy.policy, key=policy.key or key)
        if not _is_unresolved(policy, one.json_path)
    ]


def _is_unresolved(policy: PolicyInFile, path: str) -> bool:
    return any(_is_within(path, value.json_path) for value in policy.unresolved)


def _is_within(path: str, outer: str) -> bool:
    return path.startswith(outer) and path[len(outer) :][:1] in ("", ".", "[")


def _statement(policy: PolicyInFile, path: str) -> Region | None:
    for statement in policy.policy.statements:
        if _is_within(path, statement.json_path):
            return policy.region(statement.json_path)
    return None
