"""The plan as a folder: plan.md, and a folder for each step with its documents and scripts.

Each folder is complete, so that it can be handed to the owner of another account.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.plan import commands
from ebs_kms_audit.plan.change import policy_text
from ebs_kms_audit.plan.scripts import scripts
from ebs_kms_audit.plan.step import Step, StepKind


def folder_name(number: int, step: Step) -> str:
    """Return the name of a step's folder; `number` is its place in the plan, from 1."""
    return f"{number}-{step.id}"


def step_files(step: Step) -> dict[str, str]:
    """Return the files of a step's folder by name; empty for a step that is in plan.md only."""
    match step.kind:
        case StepKind.KEY_POLICY:
            files = _key_policy_files(step)
        case StepKind.IAM_POLICY:
            files = {commands.AFTER: policy_text(step.document or {})}
            files |= _templates(step)
        case StepKind.GRANT:
            files = {}
        case _:
            return {}
    return files | scripts(step)


def _key_policy_files(step: Step) -> dict[str, str]:
    if step.document is None or step.target is None:
        return {"statements.json": policy_text(list(step.statements))} | _templates(step)
    return {
        commands.BEFORE: policy_text(step.before or {}),
        commands.AFTER: policy_text(step.document),
        "patch.json": policy_text(list(step.patch)),
    } | _templates(step)


def _templates(step: Step) -> dict[str, str]:
    found = {"main.tf": step.terraform, "template.json": step.cloudformation}
    return {name: text for name, text in found.items() if text}


def write_plan(steps: Sequence[Step], summary: str, folder: str) -> None:
    """Write the plan into a new folder, whole or not at all. `summary` is the text of plan.md.

    Raises UsageError if the folder exists, or cannot be written.
    """
    target = Path(folder)
    if os.path.lexists(target):
        raise UsageError(f"--plan {folder}: it exists already. Name a new folder.")
    files: dict[str, Mapping[str, str]] = {"": {"plan.md": summary}}
    for number, step in enumerate(steps, start=1):
        if found := step_files(step):
            files[folder_name(number, step)] = found
    beside: Path | None = None
    try:
        beside = Path(tempfile.mkdtemp(prefix=".ebs-kms-audit-", dir=target.parent))
        made = beside / "plan"  # has the modes that the umask gives, which `beside` has not
        for name, contents in files.items():
            (made / name).mkdir()
            for file, text in contents.items():
                _write(made / name / file, text)
        made.rename(target)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"--plan {folder}: it cannot be written: {why}.") from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
    if path.suffix == ".sh":
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2)  # who can read it can run it
