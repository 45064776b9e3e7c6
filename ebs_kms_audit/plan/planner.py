"""Findings → the plan: one step for each document to change, in the order in which to do them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.plan.bindings import Bindings
from ebs_kms_audit.plan.iam_policy import iam_policy_step, identity_only, identity_only_step
from ebs_kms_audit.plan.investigate import investigate_steps
from ebs_kms_audit.plan.key_group import DEFAULT, KeyGroup, PlanOptions, key_groups
from ebs_kms_audit.plan.key_policy import key_policy_step
from ebs_kms_audit.plan.key_state import after_repair, key_state_steps, state_of
from ebs_kms_audit.plan.routing import Part, parts_of
from ebs_kms_audit.plan.service_role_grant import grant_steps
from ebs_kms_audit.plan.step import Step, StepKind

if TYPE_CHECKING:
    from ebs_kms_audit.model import OtherError


def plan_for(
    findings: Sequence[Finding],
    key_errors: Sequence[OtherError] = (),
    options: PlanOptions = DEFAULT,
    keys_seen: Iterable[str] = (),
) -> tuple[Step, ...]:
    """Return the steps that cure the findings, in the order in which to do them.

    A key that explains denials by its state comes first. Another key is made usable before its
    policy is changed. A step that can replace another one comes last, so that the others are
    numbered without a gap.
    `key_errors` are errors of keys that can still be unusable; they make a step, too.
    `keys_seen` are the keys that the events of the input name, denied or not.
    """
    groups = key_groups(part for finding in findings for part in parts_of(finding))
    bindings = Bindings(findings, groups, keys_seen)
    states = key_state_steps(groups, key_errors)
    by_state = [group for group in groups if group.of(StepKind.KEY_STATE)]
    steps = [step for group in by_state if (step := state_of(group, states))]
    for group in groups:
        of_key = _of_key(group, bindings, options)
        state = state_of(group, states)
        if state and state.findings and state not in steps:
            steps.append(state)
        steps += after_repair(group, of_key) if state else of_key
    steps += identity_only_step(groups)
    steps += [step for step in states if not step.findings]
    steps += investigate_steps(groups)
    unique = _with_unique_ids(steps)
    return tuple(sorted(unique, key=lambda step: step.alternative_to is not None))


def with_steps(findings: Iterable[Finding], plan: Iterable[Step]) -> tuple[Finding, ...]:
    """Return the findings with the ids of their steps, in the order of the plan."""
    of: dict[str, list[str]] = {}
    for step in plan:
        for finding in {*step.findings, *(one.finding for one in step.left_out)}:
            of.setdefault(finding, []).append(step.id)
    return tuple(replace(one, steps=tuple(of.get(one.id, ()))) for one in findings)


def _of_key(group: KeyGroup, bindings: Bindings, options: PlanOptions) -> list[Step]:
    """Return the steps of one key: its policy first, then what depends on it."""
    steps: list[Step] = []
    if parts := group.of(StepKind.KEY_POLICY):
        steps.append(key_policy_step(group, parts, bindings, options))
    # IAM can't replace a key policy step that the same caller needs for another call.
    bound = {part.finding.id for part in group.of(StepKind.KEY_POLICY) if not part.alternative}
    of_key = [
        part
        for part in group.of(StepKind.IAM_POLICY)
        if not identity_only(part) and not (part.alternative and part.finding.id in bound)
    ]
    by_account: dict[str | None, list[Part]] = {}
    for part in of_key:
        by_account.setdefault(part.caller_account, []).append(part)
    for account, some in by_account.items():
        primary = steps[0].id if steps and all(part.alternative for part in some) else None
        steps.append(iam_policy_step(group, account, some, primary, options))
    if parts := group.of(StepKind.GRANT):
        steps += grant_steps(group, parts)
    return steps


def _with_unique_ids(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps; where several would share an id, all but the first get a number."""
    taken: set[str] = set()
    numbers: dict[str, Iterator[int]] = {}
    renamed: list[str] = []
    for step in steps:
        id_ = step.id
        while id_ in taken:
            id_ = f"{step.id}-{next(numbers.setdefault(step.id, count(2)))}"
        taken.add(id_)
        renamed.append(id_)
    found: list[Step] = []
    current: dict[str, str] = {}
    for at, step in enumerate(steps):
        if step.alternative_to is None:
            current[step.id] = renamed[at]
        other = current.get(step.alternative_to, "") if step.alternative_to else None
        found.append(replace(step, id=renamed[at], alternative_to=other))
    return tuple(found)
