"""One part of one step, to be piped or pasted: `--show PART [--step ID]`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.plan import Step, StepKind
from ebs_kms_audit.render.escape import escape_lines, escape_unprintable

if TYPE_CHECKING:
    from ebs_kms_audit.report import Report


def _commands(step: Step) -> str:
    parts = (("apply", step.commands.apply), ("verify", step.commands.verify),
             ("undo", step.commands.undo))  # fmt: skip
    return "\n".join(f"# {name}\n{text}" for name, text in parts if text)


_PARTS: dict[str, Callable[[Step], str | None]] = {
    "policy": lambda step: json.dumps(step.document, indent=2) if step.document else None,
    "statements": lambda step: (
        json.dumps(list(step.statements), indent=2) if step.statements else None
    ),
    "diff": lambda step: escape_lines(step.diff) if step.diff else None,
    "patch": lambda step: json.dumps(list(step.patch), indent=2) if step.patch else None,
    "commands": lambda step: escape_lines(_commands(step)) or None,
    "terraform": lambda step: step.terraform,
    "cloudformation": lambda step: step.cloudformation,
}
PARTS = tuple(_PARTS)


def render(report: Report, part: str, step_id: str | None = None) -> tuple[str, str]:
    """Return one of PARTS of one step, and what it contains and leaves out.

    Without a step id it is the only key_policy step. Raises UsageError if there is not exactly one,
    if no step has the id, or if the step has no such part.
    """
    step = _step(report.plan, part, step_id)
    text = _PARTS[part](step)
    if text is None:
        why = "No key policy is changed. Give it with --key-policy." if part in _OF_A_POLICY else ""
        raise UsageError(f"--show {part}: step {step.id} has no such part. {why}".rstrip())
    return text.rstrip("\n") + "\n", _contents(step, part)


_OF_A_POLICY = frozenset({"policy", "diff", "patch"})


def _step(plan: Sequence[Step], part: str, step_id: str | None) -> Step:
    steps = [
        step
        for step in plan
        if (step.kind is StepKind.KEY_POLICY if step_id is None else step.id == step_id)
    ]
    if len(steps) == 1:
        return steps[0]
    what = (
        f"there is no step {step_id}"
        if step_id is not None
        else f"there are {len(steps)} key_policy steps"
        if steps
        else "there is no key_policy step"
    )
    choose = "Choose one:" if plan else "The plan is empty."
    listed = (f"  --step {one.id}: {one.text}" for one in plan)
    raise UsageError(f"--show {part}: {what}. {choose}", *listed)


def _contents(step: Step, part: str) -> str:
    """Return what the output contains and what it leaves out, for standard error."""
    named = [*step.principals] or ["a placeholder for the caller"]
    text = f"{part} of step {step.id} ({step.disposition}), for {', '.join(named)}"
    left_out = [f"{one.name}. {one.why} {one.how_to_find}" for one in step.left_out]
    return escape_unprintable(text) + "".join(
        f"\nleft out: {escape_unprintable(one)}" for one in left_out
    )
