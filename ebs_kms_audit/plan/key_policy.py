"""The key_policy step: two statements for all callers of one key, applied to its policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ebs_kms_audit.aws.kms_actions import IAM_ACTIONS
from ebs_kms_audit.aws.statements import GRANT_ACTIONS
from ebs_kms_audit.diagnosis.findings import number_of_callers
from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Denial, Denials
from ebs_kms_audit.plan import commands
from ebs_kms_audit.plan.bindings import Binding, Bindings
from ebs_kms_audit.plan.console import afterwards, key_policy_clicks
from ebs_kms_audit.plan.doubts import doubts_on_causes, doubts_on_evidence
from ebs_kms_audit.plan.export import ExportsOf
from ebs_kms_audit.plan.key_group import KeyGroup, PlanOptions
from ebs_kms_audit.plan.key_state import deleted
from ebs_kms_audit.plan.left_out import left_out
from ebs_kms_audit.plan.needs import (
    EBS_GRANTS,
    EBS_USAGE,
    WantedStatement,
    is_ebs,
    together,
    wanted_statements,
    works_by_grant,
)
from ebs_kms_audit.plan.placeholders import principal_placeholder
from ebs_kms_audit.plan.routing import Part, through_service
from ebs_kms_audit.plan.step import Disposition, Step, StepKind
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.policy import KeyPolicy

_MOST_REASONS = 20
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


class KeyPolicyChange(NamedTuple):
    """What a key_policy step needs to be applied to a policy.

    wanted      the statements to add
    doubts      why the step is `review` whatever the policy is
    parts       the parts of findings that the step cures
    layers      the policies that were given beside the key policy
    redacted    whether the names in it are stand-ins, which no policy may get
    judged      the policy by which the parts were judged; None where it is not known
    """

    wanted: tuple[WantedStatement, ...]
    doubts: tuple[str, ...]
    parts: tuple[Part, ...]
    layers: Layers = Layers()
    redacted: bool = False
    judged: KeyPolicy | None = None

    @property
    def denials(self) -> Denials:
        """The denied calls that the step cures."""
        return Denials.joined(part.denials for part in self.parts)

    def applied(
        self,
        step: Step,
        policy: KeyPolicy | Mapping[str, Any] | str,
        doubts: Sequence[str] = (),
    ) -> Step:
        """Return the step for the given policy. `doubts` are doubts on the policy itself.

        A step that can name nobody yet stays as it is. Raises PolicyError if it is not a policy,
        and UsageError if the report of the step is redacted.
        """
        if self.redacted:
            raise UsageError(
                "This step is of a redacted report, which does not hold the names that the policy "
                "needs. Run the audit again without redact."
            )
        from ebs_kms_audit.plan.change import Change
        from ebs_kms_audit.plan.merge import merge
        from ebs_kms_audit.plan.proof import ChangeJudge
        from ebs_kms_audit.plan.repairs import repaired
        from ebs_kms_audit.plan.safety import doubts_on_change
        from ebs_kms_audit.policy import KeyPolicy

        before = _read(policy)
        if not step.principals:
            return step
        first = Change(document=dict(before.document), patch=())
        if policy is self.judged:
            first = repaired(before, self.parts, step.target)
        middle = KeyPolicy.from_dict(first.document)
        change = merge(middle, self.wanted, self._has(middle, step.target))
        change = replace(first, document=change.document, patch=(*first.patch, *change.patch))
        after = KeyPolicy.from_dict(change.document)
        judge = ChangeJudge(before, after, step.target, self.layers)
        denials = self.denials
        proof = judge.prove(denials, self.wanted, change.replaced)
        found = doubts_on_change(
            judge,
            change,
            proof,
            before,
            after,
            wanted=self.wanted,
            denials=denials.kinds,
            next_calls=[call for part in self.parts for call in _next_calls(part)],
            key=step.target,
        )
        reasons = tuple(dict.fromkeys((*self.doubts, *doubts, *found)))
        done = replace(
            step,
            before=dict(before.document),
            document=change.document,
            diff=_diff(before.document, change.document),
            patch=change.patch,
            proof=proof,
            disposition=Disposition.REVIEW if reasons else Disposition.SAFE,
            reasons=_first(reasons),
        )
        return with_exports(done)

    def _has(self, policy: KeyPolicy, key: str | None) -> Callable[[str, WantedStatement], bool]:
        """Return what says that a caller has the permissions of a statement already."""
        from ebs_kms_audit.plan.proof import ChangeJudge

        judge = ChangeJudge(policy, policy, key, self.layers)
        samples = {one.principal.arn: one for one in self.denials.last_of_kinds}

        def has(principal: str, wanted: WantedStatement) -> bool:
            sample = samples.get(principal)
            if sample is None:
                return False
            asked = replace(sample, iam_actions=wanted.needed)
            return judge.before(asked).key_policy_allows is True

        return has


def key_policy_step(
    group: KeyGroup, parts: Sequence[Part], bindings: Bindings, options: PlanOptions
) -> Step:
    """Return the one step that adds all callers of a key to its policy."""
    known = [part for part in parts if part.finding.principal.arn]
    unknown = [part for part in parts if not part.finding.principal.arn]
    named = known or list(parts)
    kinds = [denial for part in named for denial in part.denials.kinds]
    by_needs: dict[object, tuple[WantedStatement, ...]] = {}
    wanted = together([one for part in named for one in _wanted(part, options, by_needs)])
    binding = bindings.of(group)
    found = *deleted(group), *doubts_on_causes(named), *doubts_on_evidence(kinds)
    change = KeyPolicyChange(
        wanted=wanted,
        doubts=tuple(dict.fromkeys(found)),
        parts=tuple(named),
        layers=options.layers,
        judged=binding.policy,
    )
    step = Step(
        id=f"key_policy-{group.name}",
        kind=StepKind.KEY_POLICY,
        text=_text(group, wanted, named) + _age(binding, named),
        account=group.account,
        region=group.region,
        target=group.key,
        reasons=tuple(dict.fromkeys((*change.doubts, *binding.doubts))),
        findings=tuple(dict.fromkeys(part.finding.id for part in named)),
        principals=tuple(
            dict.fromkeys(p.finding.principal.arn for p in known if p.finding.principal.arn)
        ),
        left_out=tuple(map(left_out, unknown)) if known else (),
        statements=tuple(one.document() for one in wanted),
        needs=tuple(one.why for one in wanted),
        console_steps=key_policy_clicks(group, named, wanted),
        afterwards=afterwards(kinds),
        change=change,
    )
    if binding.policy is None:
        return with_exports(step)
    return change.applied(step, binding.policy, binding.doubts)


def _wanted(
    part: Part, options: PlanOptions, by_needs: dict[object, tuple[WantedStatement, ...]]
) -> Iterable[WantedStatement]:
    """Return the statements that a part needs. `by_needs` are those of other parts."""
    principal = part.finding.principal
    name = principal.arn or principal_placeholder(principal.kind)
    kinds = part.denials.kinds
    if through_service(part) or any(map(works_by_grant, kinds)):
        wanted = wanted_statements(part.denials, name, least_privilege=options.least_privilege)
        return map(_through_service, wanted) if through_service(part) else wanted
    needs = tuple(map(_needs, kinds))
    if needs not in by_needs:
        by_needs[needs] = wanted_statements(
            part.denials, name, least_privilege=options.least_privilege
        )
    return [one._replace(principals=(name,)) for one in by_needs[needs]]


def _needs(denial: Denial) -> tuple[object, ...]:
    """Return what denials have in common that need the same statements, beside the caller."""
    return (
        denial.event.name,
        denial.iam_actions,
        denial.statement_kind,
        denial.ebs_traffic,
        denial.called_directly,
        denial.cross_account,
        denial.principal.kind,
        denial.key.aws_managed,
        id(denial.message),
    )


def _through_service(wanted: WantedStatement) -> WantedStatement:
    """Limit a statement to calls that AWS services make, where the owner limits the network."""
    condition = {op: dict(block) for op, block in (wanted.condition or {}).items()}
    condition.setdefault("Bool", {})["aws:ViaAWSService"] = "true"
    return wanted._replace(sid=f"{wanted.sid} through AWS services", condition=condition)


def _next_calls(part: Part) -> Iterator[Denial]:
    """Give the calls that the EBS workflow makes next, as denials of these actions."""
    return next_calls(part.denials, [call.action for call in part.finding.history.next_calls])


def _age(binding: Binding, parts: Iterable[Part]) -> str:
    """Return from which event the policy is, and how old it was at the last denied call."""
    if binding.policy is None or binding.since is None:
        return ""
    since = order_of(binding.since).timestamp()
    last = max((time for part in parts for time in part.denials.times), default=since)
    policy = f" The policy is that of {binding.name} ({binding.since:%Y-%m-%d %H:%M:%S} UTC), "
    seconds = round(last - since)
    if seconds < 0:
        return f"{policy}set after the last denied call."
    unit, name = next((unit, name) for unit, name in _UNITS if seconds >= unit or unit == 1)
    number = seconds // unit
    return f"{policy}{number:,} {name}{'' if number == 1 else 's'} old at the last denied call."


def _text(group: KeyGroup, wanted: Sequence[WantedStatement], parts: Sequence[Part]) -> str:
    """Return what to do, for how many callers. One placeholder can be for many callers."""
    if not wanted:
        return f"Change a condition of the policy of key {group.key_id or 'unknown'}."
    unknown = not any(part.finding.principal.arn for part in parts)
    names = {name for one in wanted for name in one.principals}
    callers = number_of_callers(part.finding for part in parts) if unknown else len(names)
    who = "1 caller" if callers == 1 else f"{callers:,} callers"
    what = "this statement" if len(wanted) == 1 else "these statements"
    place = ", account ".join(filter(None, (group.region, group.account)))
    unnamed = f"the key in {place}, if this is one key" if place else "the key, if this is one key"
    key = f"key {group.key_id}" if group.key_id else unnamed
    text = f"Add {what} for {who} to the policy of {key}."
    if not unknown or callers == 1:
        return text
    placeholders = "the placeholder" if len(names) == 1 else "the placeholders"
    return f"{text} Replace {placeholders} with the ARNs of all these callers."


def with_exports(step: Step) -> Step:
    """Return the step with its commands, Terraform and CloudFormation."""
    return replace(step, commands=commands.of_key_policy(step), exports=ExportsOf(step))


def next_calls(denials: Sequence[Denial], actions: Iterable[str] = ()) -> Iterator[Denial]:
    """Give the calls that one caller makes next, beside those that were denied.

    `actions` are those of the EC2 operations seen, with `*` as AWS documents them.
    """
    from ebs_kms_audit.policy import Patterns
    from ebs_kms_audit.policy.actions import action_matches

    if not is_ebs(denials):
        return
    kinds = Denials.of(denials).kinds
    sample = next(denial for denial in kinds if denial.ebs_traffic)
    denied = {action for denial in kinds for action in denial.iam_actions}
    patterns = Patterns(values=tuple(dict.fromkeys((*EBS_USAGE, *EBS_GRANTS, *actions))))
    missing = [a for a in IAM_ACTIONS if a not in denied and action_matches(patterns, a)]
    usage = [action for action in missing if action not in GRANT_ACTIONS]
    for some in (usage, [action for action in missing if action in GRANT_ACTIONS]):
        for action in some:
            yield replace(sample, iam_actions=(action,), message=None)


def _read(policy: KeyPolicy | Mapping[str, Any] | str) -> KeyPolicy:
    from ebs_kms_audit.policy import KeyPolicy

    if isinstance(policy, KeyPolicy):
        return policy
    if isinstance(policy, str):
        return KeyPolicy.from_json(policy)
    return KeyPolicy.from_dict(policy)


def _first(reasons: Sequence[str]) -> tuple[str, ...]:
    """Return the reasons; of very many the first, and how many there are more."""
    if len(reasons) <= _MOST_REASONS:
        return tuple(reasons)
    more = len(reasons) - _MOST_REASONS
    rest = "There is 1 more reason." if more == 1 else f"There are {more:,} more reasons."
    return (*reasons[:_MOST_REASONS], rest)


def _diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the change as a unified diff of both documents, two spaces a level."""
    import difflib

    from ebs_kms_audit.plan.change import policy_text

    old, new = policy_text(before).splitlines(), policy_text(after).splitlines()
    return "\n".join(
        difflib.unified_diff(old, new, "key_policy.json", "key_policy.json (changed)", lineterm="")
    )
