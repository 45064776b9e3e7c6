"""Denials and policies → judgements: what each key policy decides on each denied call.

A policy is judged as the key's own where it is known to be. Otherwise it is judged as "if this is
the key": the key is unknown, or the policy may be another key's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.model import Denial, KeyRef, Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.policy import Decision, LintFinding
    from ebs_kms_audit.reading.key_policies import GivenPolicy

_WORST_FIRST = {verdict: rank for rank, verdict in enumerate(Verdict)}
_MULTI_REGION = "mrk-"


class Binding(StrEnum):
    """Whether a policy is that of the denied key."""

    KEY = "key"
    """It is: by the key's full ARN, or as the only policy where only one key occurs."""
    IF_THIS_KEY = "if_this_key"
    """It may be: the key is unknown, or nothing binds the policy to the key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What one key policy decides on the denials of a finding.

    policy        the key policy
    binding       whether it is the policy of the denied key
    decisions     one decision for each denial, in their order
    can_be_shown  False in a redacted report: the policy itself is left out
    """

    policy: GivenPolicy
    binding: Binding
    decisions: tuple[Decision, ...]
    can_be_shown: bool = True

    @property
    def bound_by_arn(self) -> bool:
        """Whether the policy was given for this key by the key's full ARN."""
        return self.binding is Binding.KEY and Arn.parse(self.policy.key) is not None

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of its decisions."""
        return worst(decision.verdict for decision in self.decisions)

    @property
    def lint(self) -> tuple[LintFinding, ...]:
        """What is wrong or doubtful in the policy; empty where the policy cannot be shown."""
        from ebs_kms_audit.policy import lint

        return lint(self.policy.policy, key=self.policy.key) if self.can_be_shown else ()

    @property
    def would_deny(self) -> bool | None:
        """Whether the key policy alone explains the denials; None where that is not known."""
        sides = {decision.key_policy_allows for decision in self.decisions}
        return None if sides == {None} else False in sides


@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """The policies beside the key policy that were given to the audit. None: not given.

    iam_policies    IAM policies by the ARN of the principal; under None those for every caller
    boundary        the permissions boundary of the callers
    session_policy  the session policy of the callers
    scps            service control policies, one list for each level
    rcps            resource control policies, one list for each level
    """

    iam_policies: Mapping[str | None, tuple[Any, ...]] = field(default_factory=dict)
    boundary: tuple[Any, ...] | None = None
    session_policy: tuple[Any, ...] | None = None
    scps: tuple[Any, ...] | None = None
    rcps: tuple[Any, ...] | None = None

    def of(self, denial: Denial) -> dict[str, Any]:
        """Return the layers for one caller, as keyword arguments of `evaluate`."""
        named = self.iam_policies.get(denial.principal.arn, self.iam_policies.get(None))
        return {
            "identity_policies": named,
            "permissions_boundary": self.boundary,
            "session_policy": self.session_policy,
            "service_control_policies": self.scps,
            "resource_control_policies": self.rcps,
        }


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the first of the verdicts in the order of the table of verdicts."""
    return min(verdicts, key=_WORST_FIRST.__getitem__, default=Verdict.NOT_JUDGED)


class Judge:
    """Holds the policies that were given, and judges denials by those that are or may be theirs."""

    def __init__(
        self,
        policies: Sequence[GivenPolicy],
        denials: Sequence[Denial],
        layers: Layers | None = None,
    ) -> None:
        self._policies = policies
        self._layers = layers or Layers()
        keys = list(dict.fromkeys(denial.key for denial in denials))
        self._spellings = {spelling for key in keys for spelling in _spellings(key, keys)}
        self._unnamed = any(not key.known for key in keys)
        self._any_key_has_a_policy = any(
            _fits(policy, key) is not False and (not policy.key or key.known)
            for policy in policies
            for key in keys
        )

    def judge(self, denials: Sequence[Denial]) -> tuple[Judgement, ...]:
        """Return a judgement by each policy that is, or may be, that of the denials' key."""
        if not self._policies:
            return ()
        key = best_key(denials)
        region = denials[0].event.region
        bound = [policy for policy in self._policies if _fits(policy, key)]
        fitting = bound or [
            policy
            for policy in self._policies
            if _fits(policy, key) is None and _in_region(policy, region)
        ]
        return tuple(self._judgement(policy, key, denials) for policy in fitting)

    def are_all_foreign(self, denials: Sequence[Denial]) -> bool:
        """Return whether policies were given, and none of them is or may be of any denied key."""
        return bool(self._policies) and not self._any_key_has_a_policy and not self.judge(denials)

    def _judgement(self, policy: GivenPolicy, key: KeyRef, denials: Sequence[Denial]) -> Judgement:
        from ebs_kms_audit.policy import evaluate

        by_session = _depends_on_session(policy)
        decided: dict[object, Decision] = {}
        for denial in denials:
            kind = _kind(denial, by_session)
            if kind not in decided:
                asked = _on(policy, denial)
                decided[kind] = evaluate(asked, policy.policy, **self._layers.of(denial))
        return Judgement(
            policy=policy,
            binding=Binding.KEY if self._is_the_keys(policy, key) else Binding.IF_THIS_KEY,
            decisions=tuple(decided[_kind(denial, by_session)] for denial in denials),
        )

    def _is_the_keys(self, policy: GivenPolicy, key: KeyRef) -> bool:
        if not key.known:
            return False
        if Arn.parse(policy.key):
            return policy.key == key.arn
        if policy.key and policy.key.startswith(_MULTI_REGION):
            return False  # each replica has its own policy
        return len(self._policies) == 1 and len(self._spellings) == 1 and not self._unnamed


def best_key(denials: Sequence[Denial]) -> KeyRef:
    """Return the fullest spelling of the key of a group of denials."""
    keys = (denial.key for denial in denials)
    return max(keys, key=lambda key: (key.arn is not None, key.id is not None, key.known))


def _fits(policy: GivenPolicy, key: KeyRef) -> bool | None:
    """Return whether a policy is bound to a key: False for another key's, None where unbound."""
    if not policy.key or not key.known:
        return None
    arn = Arn.parse(policy.key)
    if arn and key.arn:
        return policy.key == key.arn
    if key.id is None:
        return None
    return policy.key_id == key.id


def _in_region(policy: GivenPolicy, region: str | None) -> bool:
    """Return whether the key that a policy was given for can serve calls in a Region."""
    arn = Arn.parse(policy.key)
    return arn is None or region in (None, arn.region)


def _spellings(key: KeyRef, keys: Sequence[KeyRef]) -> set[str]:
    """Return the spellings of a key that no fuller spelling of another denial explains."""
    if key.arn:
        return {key.arn}
    if key.id:
        arns = {other.arn for other in keys if other.arn and other.id == key.id}
        single = len(arns) == 1 and not key.id.startswith(_MULTI_REGION)
        return set() if single else {key.id}
    return {key.alias} if key.alias else set()


def _kind(denial: Denial, by_session: bool) -> object:
    """Return what denials have in common that one decision serves."""
    event, principal = denial.event, denial.principal
    return (
        denial.iam_actions,
        event.name,
        event.account,
        event.region,
        denial.via_service or (denial.called_directly and "direct"),
        denial.key.arn,
        principal.arn,
        principal.kind,
        principal.evidence,
        principal.user_name if by_session or not principal.arn else None,
    )


def _depends_on_session(policy: GivenPolicy) -> bool:
    text = str(policy.policy.document).lower()
    return "assumed-role" in text or "userid" in text or "federated-user" in text


def _on(policy: GivenPolicy, denial: Denial) -> Denial:
    """Return the denial with the policy's key, where the denial's own is not known."""
    if denial.key.arn or not Arn.parse(policy.key):
        return denial
    return replace(denial, key=replace(denial.key, arn=policy.key))


def with_verdicts(denials: Sequence[Denial], judgements: Sequence[Judgement]) -> tuple[Denial, ...]:
    """Return the denials with their verdicts: undecided where several policies may be the key's."""
    if not judgements:
        return tuple(denials)
    if len(judgements) > 1:
        return tuple(replace(denial, verdict=Verdict.UNDECIDED) for denial in denials)
    decisions = judgements[0].decisions
    return tuple(
        replace(denial, verdict=decision.verdict)
        for denial, decision in zip(denials, decisions, strict=True)
    )
