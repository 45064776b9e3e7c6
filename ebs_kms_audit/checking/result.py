"""What `check` answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.checking.calls import Actor
from ebs_kms_audit.checking.json_text import Region
from ebs_kms_audit.checking.outcome import Outcome, worst
from ebs_kms_audit.checking.policy_file import PolicyInFile
from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy import Decision, KeyPolicy, Layer, StatementResult

if TYPE_CHECKING:
    from ebs_kms_audit.plan.step import Step


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedCall:
    """One KMS call of an EC2 operation, judged.

    operation   the EC2 operation
    action      the KMS action
    actor       as whom the call is made
    principal   the ARN of the caller, or of the instance's own role
    conditions  the condition keys that the request carries, as far as they are documented
    outcome     allowed, denied or undecided
    why         one sentence, with what to do where it is undecided
    decided_by  the statements that decide; empty where no statement applies
    decision    what the policies decide; through a grant: as if a statement allowed it
    """

    operation: str
    action: str
    actor: Actor
    principal: str
    conditions: Mapping[str, Any] = field(hash=False)
    outcome: Outcome
    why: str
    decided_by: tuple[StatementResult, ...] = ()
    decision: Decision = field(repr=False)

    @property
    def verdict(self) -> Verdict:
        """What the policies say of the call."""
        return self.decision.verdict

    @property
    def depends_on(self) -> tuple[str, ...]:
        """What an undecided call depends on: condition keys and policy layers."""
        return self.decision.depends_on


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedPrincipal:
    """One principal, with the calls that it needs.

    given  the principal as it was given: an ARN, or a name
    arn    its ARN
    note   what AWS's own policy for it allows; empty where nothing is known
    calls  the KMS calls, by operation and in their order
    """

    given: str
    arn: str
    note: str
    calls: tuple[CheckedCall, ...]

    @property
    def outcome(self) -> Outcome:
        """Denied if a call is denied, else undecided if one is, else allowed."""
        return worst(call.outcome for call in self.calls)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedPolicy:
    """One key policy, checked for each principal.

    name        the file, or "key policy"
    address     the resource in a Terraform plan or CloudFormation template; None
    key         the ARN of the key; None where it is not known
    region      the AWS Region of the key; None where it is not known
    policy      the policy
    principals  the principals, in the order in which they were given
    plan        the changes that would make the denied calls succeed
    source      where in the file the parts of the policy are; None for a policy from memory
    """

    name: str
    address: str | None
    key: str | None
    region: str | None
    policy: KeyPolicy
    principals: tuple[CheckedPrincipal, ...]
    plan: tuple[Step, ...] = ()
    source: PolicyInFile | None = field(default=None, repr=False)

    @property
    def outcome(self) -> Outcome:
        """Denied if a principal is denied a call, else undecided if one is, else allowed."""
        return worst(one.outcome for one in self.principals)

    def region_of(self, statement: StatementResult | None) -> Region | None:
        """Return where in the file a statement of the key policy is; None for other policies.

        Without a statement: where the list of statements is.
        """
        if self.source is None:
            return None
        if statement is None or statement.layer is not Layer.KEY_POLICY:
            return self.source.region("$.Statement")
        return self.source.region(self.policy.statements[statement.index].json_path)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckReport:
    """What `check` found. `print(report)` gives the text.

    policies     the key policies, each with its principals
    not_checked  what could not be checked, each one sentence
    """

    policies: tuple[CheckedPolicy, ...]
    not_checked: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Denied if a call is denied, else undecided if anything is open, else allowed."""
        found = [one.outcome for one in self.policies]
        return worst([*found, *(Outcome.UNDECIDED for _ in self.not_checked)])

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values. What is not known is None."""
        from ebs_kms_audit.render.check import as_dict

        return as_dict(self)

    def to_json(self) -> str:
        """Return `to_dict()` as JSON text, in ASCII."""
        from ebs_kms_audit.render.check import as_json

        return as_json(self)

    def __str__(self) -> str:
        from ebs_kms_audit.render.check import as_text

        return as_text(self)

    @property
    def plan(self) -> tuple[Step, ...]:
        """The changes that would make the denied calls succeed, for all policies."""
        return tuple(step for policy in self.policies for step in policy.plan)
