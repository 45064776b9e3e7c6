"""Past calls → what a planned key policy does to them.

A success through a grant stays allowed unless a Deny covers it. A success that the policy in
force left to IAM policies proves that an IAM policy allows it (derived).

Source: AWS KMS Developer Guide, "Determining access to AWS KMS keys", "Grants in AWS KMS".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ebs_kms_audit.aws.arns import partition_of
from ebs_kms_audit.checking.callers import read_caller
from ebs_kms_audit.checking.history import CallHistory, PastCall
from ebs_kms_audit.checking.other_policies import OtherPolicies
from ebs_kms_audit.checking.outcome import Outcome, worst
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Denial, Evidence, PrincipalKind, Verdict
from ebs_kms_audit.plan.change import Permission
from ebs_kms_audit.policy import (
    Decision,
    Effect,
    KeyPolicy,
    Layer,
    Request,
    evaluate,
    requests_of,
)

_IAM = (str(Layer.IDENTITY_POLICIES),)


class ReplayStatus(StrEnum):
    """What a planned policy does to past calls."""

    BROKEN = "broken"
    """They succeeded, and the planned policy denies them."""
    STILL_DENIED = "still_denied"
    UNDECIDED = "undecided"
    """The result depends on something that was not given."""
    CURED = "cured"
    """They were denied, and the planned policy allows them."""
    STILL_ALLOWED = "still_allowed"


_OUTCOMES = {
    ReplayStatus.BROKEN: Outcome.DENIED,
    ReplayStatus.STILL_DENIED: Outcome.DENIED,
    ReplayStatus.UNDECIDED: Outcome.UNDECIDED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayedCall:
    """Past calls of one kind by one caller, judged by the planned policy.

    principal   the ARN of the caller
    action      the KMS action that decides: of a call with several the worst
    via         the AWS service that called for the caller; None where it called directly
    denied      whether the calls were denied
    status      what the planned policy does to them
    evidence    how the status is known: recorded, or derived from the policy in force
    why         one sentence
    count       how many calls there are
    first_seen  the time of the first; None where no time is known
    last_seen   the time of the last; None where no time is known
    event_ids   the ids of the first few
    """

    principal: str
    action: str
    via: str | None
    denied: bool
    status: ReplayStatus
    evidence: Evidence
    why: str
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    event_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """What a planned key policy does to the past calls on its key.

    key         the ARN or the id of the key
    in_force    where the policy in force is from: the file, or the event that set it; None
    calls       the calls, the worst first
    allowed     what the planned policy newly allows: principal, action, and what must hold;
                empty where the policy in force is not known
    not_judged  how many calls were not judged, by the reason
    """

    key: str
    in_force: str | None
    calls: tuple[ReplayedCall, ...]
    allowed: tuple[Permission, ...]
    not_judged: Mapping[str, int] = field(hash=False)

    @property
    def outcome(self) -> Outcome:
        """Denied if calls are broken or still denied, else undecided if some are, else allowed."""
        return worst(_OUTCOMES.get(call.status, Outcome.ALLOWED) for call in self.calls)

    def to_dict(self) -> dict[str, Any]:
        """Return the replay as JSON-ready values. What is not known is None."""
        from ebs_kms_audit.render.replay import as_dict

        return as_dict(self)

    def __str__(self) -> str:
        from ebs_kms_audit.render.replay import as_text

        return as_text(self)

    def count(self, status: ReplayStatus) -> int:
        """Return how many past calls have a status."""
        return sum(call.count for call in self.calls if call.status is status)


class Replayer:
    """Judges past calls on one key by its planned policy and by the policy in force."""

    def __init__(
        self,
        history: CallHistory,
        key_id: str,
        planned: KeyPolicy,
        in_force: KeyPolicy | None,
        others: OtherPolicies,
    ) -> None:
        self._history = history
        self._key_id = key_id
        self._planned = planned
        self._in_force = in_force
        self._others = others

    def calls(self) -> tuple[ReplayedCall, ...]:
        """Return all calls that can be judged, the worst first."""
        order = list(ReplayStatus).index
        found = (self._judged(call) for call in self._history.calls(self._key_id))
        return tuple(sorted(found, key=lambda one: (order(one.status), one.principal, one.action)))

    def _judged(self, past: PastCall) -> ReplayedCall:
        results = [self._status(past, request) for request in _requests(past.call)]
        order = list(ReplayStatus).index
        status, evidence, why, request = min(results, key=lambda one: order(one[0]))
        return ReplayedCall(
            principal=request.principal or "",
            action=request.action,
            via=past.call.via_service,
            denied=past.denied,
            status=status,
            evidence=evidence,
            why=why,
            count=past.count,
            first_seen=past.first_seen,
            last_seen=past.last_seen,
            event_ids=past.event_ids,
        )

    def _status(
        self, past: PastCall, request: Request
    ) -> tuple[ReplayStatus, Evidence, str, Request]:
        judge = self._of_denial if past.denied else self._of_success
        status, evidence, why = judge(past.call, request)
        return status, evidence, why, request

    def _decide(self, request: Request, policy: KeyPolicy) -> Decision:
        return evaluate(request, policy, **self._layers(request.principal or ""))

    def _layers(self, principal: str) -> dict[str, Any]:
        """Return the policies that apply to a caller of the log."""
        try:
            caller = read_caller(principal, partition="", account=None)
        except UsageError:  # a service, or the instance's own role
            return self._others.of_organization
        return self._others.for_caller(caller)

    def _of_denial(self, call: Denial, request: Request) -> tuple[ReplayStatus, Evidence, str]:
        new = self._decide(request, self._planned)
        if new.allowed:
            return ReplayStatus.CURED, Evidence.RECORDED, "The planned policy allows it."
        if new.allowed is False:
            return ReplayStatus.STILL_DENIED, Evidence.RECORDED, _denied(new)
        old = self._decide(request, self._in_force) if self._in_force else None
        left_to_iam = old is not None and old.depends_on == _IAM
        if new.depends_on == _IAM and (left_to_iam or _says_iam(call)):
            why = "The planned policy leaves it to IAM policies, and none allowed it."
            return ReplayStatus.STILL_DENIED, Evidence.DERIVED, why
        return ReplayStatus.UNDECIDED, Evidence.RECORDED, _open(new)

    def _of_success(self, call: Denial, request: Request) -> tuple[ReplayStatus, Evidence, str]:
        new = self._decide(request, self._planned)
        if new.verdict is Verdict.EXPLICIT_DENY:  # also through a grant
            return ReplayStatus.BROKEN, Evidence.RECORDED, _denied(new)
        if new.allowed:
            return ReplayStatus.STILL_ALLOWED, Evidence.RECORDED, "The planned policy allows it."
        maybe_denied = any(
            result.effect is Effect.DENY and result.matched is None for result in new.statements
        )
        if not maybe_denied and (grant := self._grant(call, request)):
            return ReplayStatus.STILL_ALLOWED, Evidence.DERIVED, grant
        if new.allowed is False:
            return ReplayStatus.BROKEN, Evidence.RECORDED, _denied(new)
        if new.depends_on == _IAM and self._iam_proven(request, new):
            why = "The planned policy leaves it to IAM policies, and one of them allowed it."
            return ReplayStatus.STILL_ALLOWED, Evidence.DERIVED, why
        return ReplayStatus.UNDECIDED, Evidence.RECORDED, _open(new)

    def _grant(self, call: Denial, request: Request) -> str | None:
        """Return why a success came through a grant; None where it need not have."""
        if call.principal.kind is PrincipalKind.INFRASTRUCTURE:
            return "aws:ec2-infrastructure works through a grant, which stays."
        operation = request.action.removeprefix("kms:")
        for grant in self._history.grants_to(request.principal or "", self._key_id):
            if operation in grant.operations:
                return "A grant for the caller allows it, which stays."
        if self._in_force and self._decide(request, self._in_force).allowed is False:
            return "The policy in force did not allow it, so a grant did, which stays."
        return None

    def _iam_proven(self, request: Request, new: Decision) -> bool:
        """Return whether a success proves that an IAM policy of the caller allows the action."""
        if new.same_account is False:
            return True  # across accounts an IAM policy is always needed
        old = self._decide(request, self._in_force) if self._in_force else None
        return old is not None and old.depends_on == _IAM


def _requests(call: Denial) -> Iterable[Request]:
    """Return the requests of a call, with what is known of a call through EC2."""
    for request in requests_of(call):
        yield Request(
            principal=request.principal,
            action=request.action,
            resource=request.resource,
            context=dict(request.context) | _of_ec2(call),
            session_name=request.session_name,
            account=request.account,
        )


def _of_ec2(call: Denial) -> dict[str, Any]:
    region = call.event.region
    service = (call.via_service or "").partition(".")[0]
    if not service.startswith("ec2") or partition_of(region) in ("aws-cn", None):
        return {}
    return {"kms:ViaService": f"ec2.{region}.amazonaws.com", "aws:ViaAWSService": "true"}


def _says_iam(call: Denial) -> bool:
    """Return whether the message says that no IAM policy allows the action."""
    message = call.message
    return message is not None and message.policy_type == "identity-based policy"


def _denied(decision: Decision) -> str:
    for result in decision.decided_by[:1]:
        if result.layer is Layer.KEY_POLICY and decision.verdict is not Verdict.BLOCKED_ELSEWHERE:
            sid = f' ("{result.sid}")' if result.sid else ""
            what = (
                "denies it"
                if decision.verdict is Verdict.EXPLICIT_DENY
                else "names the caller, but its condition is not met"
            )
            return f"Statement {result.index + 1}{sid} of the planned policy {what}."
    if decision.verdict is Verdict.MISSING_ALLOW:
        return "No statement of the planned policy allows it."
    return decision.why


def _open(decision: Decision) -> str:
    names = ", ".join(decision.depends_on)
    if decision.depends_on == _IAM:
        return (
            "The planned policy leaves it to IAM policies, which are not known. Give the policy in "
            "force (--in-force FILE), so that past calls prove them, or give --iam-policy FILE."
        )
    return f"It depends on {names}, which the log does not show."
