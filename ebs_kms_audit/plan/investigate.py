"""The investigate step: what to find out where no change of a policy is known to help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ebs_kms_audit.diagnosis.findings import number_of_callers
from ebs_kms_audit.model import StatementKind
from ebs_kms_audit.plan.key_group import KeyGroup
from ebs_kms_audit.plan.routing import Part
from ebs_kms_audit.plan.step import Commands, Step, StepKind

_ADMINISTRATION = (
    "The denied call administers the key. If the caller is meant to do this, add it under Key "
    "policy, Key administrators."
)
_MOST_COMMANDS = 10


def investigate_steps(groups: Sequence[KeyGroup]) -> list[Step]:
    """Return a step for each cause on each key that a policy change is not known to cure."""
    steps = []
    for group in groups:
        by_cause: dict[object, list[Part]] = {}
        for part in group.of(StepKind.INVESTIGATE):
            by_cause.setdefault(_identity(part), []).append(part)
        steps += [_step(group, parts) for parts in by_cause.values()]
    return steps


def _identity(part: Part) -> tuple[object, ...]:
    """Return what parts with one cause share: its sentence, and where its policy is.

    Commands that look up the denied calls say nothing of the policy.
    """
    commands = (one.command or "" for one in part.finding.cause.next_evidence)
    policies = [command for command in commands if "lookup-events" not in command]
    return part.cause.id, part.cause.pattern, *policies


def _step(group: KeyGroup, parts: Sequence[Part]) -> Step:
    findings = [part.finding for part in parts]
    evidence = dict.fromkeys(one for finding in findings for one in finding.cause.next_evidence)
    commands = list(dict.fromkeys(one.command for one in evidence if one.command))
    administers = any(
        denial.statement_kind is StatementKind.ADMINISTRATION and not denial.cross_account
        for part in parts
        for denial in part.denials.kinds
    )
    actions = dict.fromkeys(a for p in parts for d in p.denials.kinds for a in d.iam_actions)
    reasons = [
        *_causes(parts),
        *(f"Get {one.what}. {one.why}" for one in evidence),
        *([_ADMINISTRATION] if administers else []),
    ]
    verb = "were" if len(actions) > 1 else "was"
    return Step(
        id=f"investigate-{group.name}-{parts[0].cause.id}",
        kind=StepKind.INVESTIGATE,
        text=f"Find out why {', '.join(actions) or 'the call'} {verb} denied.",
        account=group.account,
        region=group.region,
        target=group.key,
        reasons=tuple(dict.fromkeys(reasons)),
        findings=tuple(dict.fromkeys(finding.id for finding in findings)),
        principals=tuple(dict.fromkeys(one.principal.arn for one in findings if one.principal.arn)),
        commands=Commands(verify="".join(f"{line}\n" for line in _first(commands))),
    )


def _causes(parts: Sequence[Part]) -> Iterator[str]:
    """Yield the sentence of the cause, and how many more callers have it."""
    yield parts[0].cause.text
    if more := number_of_callers(part.finding for part in parts) - 1:
        yield f"This is the cause for {more:,} more caller{'s' if more > 1 else ''}."


def _first(commands: Sequence[str]) -> Iterator[str]:
    """Yield the commands; of very many the first, and how many there are more."""
    yield from commands[:_MOST_COMMANDS]
    if (more := len(commands) - _MOST_COMMANDS) > 0:
        yield f"# There are {more:,} more: each finding has those of its own calls."
