"""What `evaluate` answers: a verdict, what decided it, and what it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from ebs_kms_audit.model import Verdict
from ebs_kms_audit.model.display import Displayed
from ebs_kms_audit.policy.caller import Reach
from ebs_kms_audit.policy.kleene import all_of, any_of
from ebs_kms_audit.policy.request import Request
from ebs_kms_audit.policy.statement import Effect


class Layer(StrEnum):
    """A kind of policy that bears on a request, named as the parameter of `evaluate`."""

    KEY_POLICY = "key_policy"
    IDENTITY_POLICIES = "identity_policies"
    PERMISSIONS_BOUNDARY = "permissions_boundary"
    SESSION_POLICY = "session_policy"
    SERVICE_CONTROL_POLICIES = "service_control_policies"
    RESOURCE_CONTROL_POLICIES = "resource_control_policies"


@dataclass(frozen=True, kw_only=True, slots=True)
class TestResult:
    """One line of a Condition element against the request.

    operator  the operator, spelled as in the policy
    key       the condition key, spelled as in the policy
    required  the values in the policy
    actual    the values in the request: empty where the key is absent, None where it is unknown;
              of a value that is known in part, a pattern with `*`
    holds     True, False, or None where it is not known
    """

    operator: str
    key: str
    required: tuple[str, ...]
    actual: tuple[str, ...] | None
    holds: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One part of a statement against the request.

    matched     True, False, or None where it is not known
    why         one sentence
    depends_on  what an unknown result depends on: condition keys as the policy spells them,
                `principal`, or `resource`
    tests       the lines of the Condition element, in their order; of the other parts empty
    """

    matched: bool | None
    why: str
    depends_on: tuple[str, ...] = ()
    tests: tuple[TestResult, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementResult:
    """Whether and why one statement covers the request.

    `policy` is the policy's place in its layer, `index` the statement's in its policy; both count
    from 0. `reaches` says in which ways a statement of the key policy names the caller. `matched`
    is True, False, or None where it is not known.
    """

    layer: Layer
    policy: int
    index: int
    sid: str | None
    effect: Effect | None
    principal: Check
    action: Check
    resource: Check
    condition: Check
    matched: bool | None
    reaches: Mapping[Reach, bool | None] = field(default_factory=dict, hash=False)

    @property
    def label(self) -> str:
        """The Sid in quotes; without a Sid its place, `Statement[2]`, counted from 0."""
        return f'"{self.sid}"' if self.sid else f"Statement[{self.index}]"

    def covers_as(self, *reaches: Reach) -> bool | None:
        """Return whether it covers the request, and names the caller in one of these ways."""
        if self.matched is False:
            return False
        named = any_of(self.reaches.get(reach, False) for reach in reaches)
        return all_of((named, self.action.matched, self.resource.matched, self.condition.matched))

    @property
    def depends_on(self) -> tuple[str, ...]:
        """What it depends on, whether it covers the request or how it names the caller."""
        if self.matched is False:
            return ()
        checks = (self.principal, self.action, self.resource, self.condition)
        return tuple(dict.fromkeys(name for check in checks for name in check.depends_on))


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision(Displayed):
    """What the policies say of one request.

    verdict             see the table of verdicts in the documentation
    allowed             whether all that was given allows the request; None where that is not
                        known, as where an IAM policy that was not given may allow
    why                 the verdict in one sentence
    request             the request judged; of a denial that needs several actions the worst
    decided_by          the statements that decided; empty where none did (missing_allow)
    depends_on          what the decision depends on: condition keys as the policy spells them,
                        policy layers by their parameter's name, `principal`, `resource`,
                        `key_account`, `action`. Not empty on missing_allow and
                        condition_unmet where an explicit Deny, or another account, may stand
                        behind them as well: review those
    not_given           the layers that were not given and can still deny the request
    key_policy_allows   whether the key policy does its part by itself: in the key's account
                        without IAM policies, for another account its half of the two
    same_account        whether the caller is of the key's account
    key_account         the key's account; `key_account_inferred` if only the policy shows it
    statements          every statement of every layer given
    notes               what else to know, each a sentence: an unknown action and the nearest name
    """

    _view: ClassVar[str] = "decision"

    verdict: Verdict
    allowed: bool | None
    why: str
    request: Request
    decided_by: tuple[StatementResult, ...]
    depends_on: tuple[str, ...]
    not_given: tuple[Layer, ...]
    key_policy_allows: bool | None
    same_account: bool | None
    key_account: str | None
    key_account_inferred: bool
    statements: tuple[StatementResult, ...]
    notes: tuple[str, ...] = ()
