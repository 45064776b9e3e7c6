"""The investigate step: what to find out where no change of a policy is known to help."""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit.model import StatementKind
from ebs_kms_audit.plan.key_group import KeyGroup
from ebs_kms_audit.plan.routing import Part
from ebs_kms_audit.plan.step import Commands, Step, StepKind

_ADMINISTRATION = (
    "The denied call administers the key. If the caller is meant to do this, add it under Key "
    "policy, Key administrators."
)


def investigate_steps(groups: Sequence[KeyGroup]) -> list[Step]:
    """Return a step for each cause on each key that a policy change is not known to cure."""
    steps = []
    for group in groups:
        by_cause: dict[tuple[str, str], list[Part]] = {}
        for part in group.of(StepKind.INVESTIGATE):
            by_cause.setdefault((part.cause, part.text), []).append(part)
        steps += [_step(group, cause, text, some) for (cause, text), some in by_cause.items()]
    return steps


def _step(group: KeyGroup, cause: str, text: str, parts: Sequence[Part]) -> Step:
    findings = [part.finding for part in parts]
    evidence = [one for finding in findings for one in finding.cause.next_evidence]
    commands = dict.fromkeys(one.command for one in evidence if one.command)
    reasons = [text, *(f"Get {one.what}. {one.why}" for one in evidence)]
    administers = any(
        denial.statement_kind is StatementKind.ADMINISTRATION
        for part in parts
        for denial in part.denials.kinds
    )
    actions = dict.fromkeys(a for p in parts for d in p.denials.kinds for a in d.iam_actions)
    return Step(
        id=f"investigate-{group.name}-{cause}",
        kind=StepKind.INVESTIGATE,
        text=f"Find out why {', '.join(actions) or 'the call'} was denied.",
        account=group.account,
        region=group.region,
        target=group.key,
        reasons=tuple(dict.fromkeys((*reasons, *([_ADMINISTRATION] if administers else [])))),
        findings=tuple(dict.fromkeys(finding.id for finding in findings)),
        principals=tuple(dict.fromkeys(one.principal.arn for one in findings if one.principal.arn)),
        commands=Commands(verify="".join(f"{line}\n" for line in commands)),
    )
