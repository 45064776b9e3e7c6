"""What one key policy decides on the denials of a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.policy_terms import ALLOWED, Binding, rank
from ebs_kms_audit.model import Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.policy_log import InForce, PolicyChange
    from ebs_kms_audit.diagnosis.policy_terms import Comparison
    from ebs_kms_audit.policy import Decision, LintFinding
    from ebs_kms_audit.reading.key_policies import GivenPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What one key policy decides on the denials of a finding.

    policy        the latest key policy that is known
    binding       whether it is the policy of the denied key
    decisions     one decision of this policy for each denial, in their order
    then          for each denial the policy in the log that was in force at its time; None where
                  the log does not show it
    compared      how a given policy compares to the last one in the log; None without a log
    superseded    whether the log shows a later edit of which the document is unknown
    change        the edit in the log that took the permission away
    can_be_shown  False in a redacted report: the policy itself is left out
    """

    policy: GivenPolicy
    binding: Binding
    decisions: tuple[Decision, ...]
    then: tuple[InForce | None, ...] = ()
    compared: Comparison | None = None
    superseded: bool = False
    change: PolicyChange | None = None
    can_be_shown: bool = True

    def at_time(self, at: int) -> Decision:
        """Return the decision on a denial by the policy in force at its time, if that is known."""
        then = self.then[at] if self.then else None
        return then.decision if then else self.decisions[at]

    def at_time_of_each(self) -> Sequence[Decision]:
        """Return the decision on each denial by the policy in force at its time, if known."""
        if not any(self.then):
            return self.decisions
        return [self.at_time(at) for at in range(len(self.decisions))]

    def for_cause(self, at: int) -> Decision:
        """Return the decision from which the cause of a denial follows.

        It is that of the policy in force at the time. If that one and the latest policy both deny,
        it is that of the latest policy: the plan changes the latest policy.
        """
        then, now = self.at_time(at), self.decisions[at]
        if then.verdict is Verdict.UNDECIDED or rank(then) == ALLOWED or rank(now) == ALLOWED:
            return then
        return now

    @property
    def bound_by_arn(self) -> bool:
        """Whether the policy was given for this key by the key's full ARN."""
        return self.binding is Binding.KEY and Arn.parse(self.policy.key) is not None

    @property
    def from_log(self) -> bool:
        """Whether the log holds the policy: as the last one, or as the one in force then."""
        return self.policy.since is not None or any(self.then)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict on the denials, each by the policy in force at its time."""
        decisions = {id(one): one for one in self.at_time_of_each()}
        return Verdict.worst(one.verdict for one in decisions.values())

    @property
    def lint(self) -> tuple[LintFinding, ...]:
        """What is wrong or doubtful in the policy; empty where the policy cannot be shown."""
        from ebs_kms_audit.policy import lint

        return lint(self.policy.policy, key=self.policy.key) if self.can_be_shown else ()

    @property
    def would_deny(self) -> bool | None:
        """Whether the key policy alone explains the denials; None where that is not known."""
        decisions = {id(one): one for one in self.decisions}
        sides = {one.key_policy_allows for one in decisions.values()}
        return None if sides == {None} else False in sides
