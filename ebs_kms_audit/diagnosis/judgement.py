"""Denials and key policies → judgements: why the policy given did not allow each call.

A policy is judged as the key's own where it is known to be; else as "if this is the key": one
policy and an unknown key, or several policies of which any may be the key's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ebs_kms_audit.model import Denial, Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.policy import Decision, LintFinding
    from ebs_kms_audit.reading.key_policies import GivenPolicy

_WORST_FIRST = {verdict: rank for rank, verdict in enumerate(Verdict)}


class Binding(StrEnum):
    """How sure it is that a policy is that of the denials' key."""

    KEY = "key"
    """It is said to be: by the caller, or as the only policy and the only key there is."""
    IF_THIS_KEY = "if_this_key"
    """It may be: the key is not known, or the policy is not bound to one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What one key policy says of the denials of a finding, one decision each, in their order.

    `can_be_shown` is False in a redacted report: the policy itself is then left out.
    """

    policy: GivenPolicy
    binding: Binding
    decisions: tuple[Decision, ...]
    can_be_shown: bool = True

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of its decisions."""
        return worst(decision.verdict for decision in self.decisions)

    @property
    def lint(self) -> tuple[LintFinding, ...]:
        """What is wrong or doubtful in the policy; nothing where it can't be shown."""
        from ebs_kms_audit.policy import lint

        return lint(self.policy.policy, key=self.policy.key) if self.can_be_shown else ()

    @property
    def would_deny(self) -> bool | None:
        """Whether the key policy alone explains the denials; None where that is not known."""
        sides = {decision.key_policy_allows for decision in self.decisions}
        return None if sides == {None} else False in sides


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the first of the verdicts in the order of the table of verdicts."""
    return min(verdicts, key=_WORST_FIRST.__getitem__, default=Verdict.NOT_JUDGED)


class Judge:
    """Holds the key policies that the caller gave, and judges denials by those that fit."""

    def __init__(self, policies: Sequence[GivenPolicy], denials: Sequence[Denial]) -> None:
        self._policies = policies
        self._keys = {denial.key.id for denial in denials if denial.key.id}
        self._unnamed = any(not denial.key.known for denial in denials)

    def judge(self, denials: Sequence[Denial]) -> tuple[Judgement, ...]:
        """Return a judgement by each policy that is, or may be, that of the denials' key."""
        if not self._policies:
            return ()
        from ebs_kms_audit.policy import evaluate

        key_id = next((denial.key.id for denial in denials if denial.key.id), None)
        bound = [policy for policy in self._policies if key_id and policy.key_id == key_id]
        fitting = bound or [p for p in self._policies if not (key_id and p.key_id)]
        return tuple(
            Judgement(
                policy=policy,
                binding=Binding.KEY if self._is_the_keys(policy, key_id) else Binding.IF_THIS_KEY,
                decisions=tuple(evaluate(_on(policy, denial), policy.policy) for denial in denials),
            )
            for policy in fitting
        )

    def _is_the_keys(self, policy: GivenPolicy, key_id: str | None) -> bool:
        if key_id is None:
            return False
        if policy.key_id:
            return policy.key_id == key_id
        # One policy, and all that is known is about one key: whose else would it be?
        return len(self._policies) == 1 and self._keys == {key_id} and not self._unnamed


def _on(policy: GivenPolicy, denial: Denial) -> Denial:
    """Return the denial as of the policy's key, where the denial's own is not known."""
    if denial.key.arn or not policy.key or not policy.key.startswith("arn:"):
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
