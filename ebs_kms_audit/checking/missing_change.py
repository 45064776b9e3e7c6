"""Denied calls of a check → the change that makes them succeed, with its proof.

The calls become findings as if they had been denied, and the plan is made of these as for an
audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import kms_action, kms_actions
from ebs_kms_audit.checking.callers import CheckedCaller
from ebs_kms_audit.checking.calls import Actor
from ebs_kms_audit.checking.other_policies import OtherPolicies
from ebs_kms_audit.checking.outcome import Outcome
from ebs_kms_audit.checking.result import CheckedCall
from ebs_kms_audit.context.history import History
from ebs_kms_audit.diagnosis.cause import Cause, CauseId, Half
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.diagnosis.judgement import Judgement
from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.diagnosis.policy_terms import Binding
from ebs_kms_audit.model import (
    Denial,
    Denials,
    Event,
    Evidence,
    KeyRef,
    Principal,
    PrincipalKind,
    Verdict,
)
from ebs_kms_audit.plan import PlanOptions, plan_for
from ebs_kms_audit.plan.step import Commands, Disposition, Step, StepKind
from ebs_kms_audit.policy import Decision
from ebs_kms_audit.reading.key_policies import GivenPolicy

_EVENT_OF = {action: one.event_name for one in kms_actions() for action in one.iam_actions}
_GIVEN = "You gave it."
_EC2 = "ec2-frontend-api.amazonaws.com"
_CAUSES = {
    Verdict.NOT_GRANTABLE: CauseId.NOT_GRANTABLE,
    Verdict.EXPLICIT_DENY: CauseId.EXPLICIT_DENY,
    Verdict.CONDITION_UNMET: CauseId.CONDITION_NOT_MET,
    Verdict.MISSING_ALLOW: CauseId.NO_STATEMENT,
}
_KINDS = {
    "user": PrincipalKind.USER,
    "root": PrincipalKind.ROOT,
    "federated-user": PrincipalKind.FEDERATED_USER,
}


def missing_change(
    given: GivenPolicy,
    address: str | None,
    region: str | None,
    others: OtherPolicies,
    calls: Sequence[tuple[CheckedCaller, Sequence[CheckedCall]]],
) -> tuple[Step, ...]:
    """Return the steps that make denied calls succeed, the key policy first.

    given    the key policy
    address  the resource of a template or plan that the policy comes from; None
    region   the Region of the key; None where it is not known
    others   the policies beside the key policy
    calls    for each caller its calls; those that the caller itself is denied count
    """
    denied = [(caller, [one for one in some if _is_missing(one)]) for caller, some in calls]
    findings = [
        _finding(number, caller, some, given, region)
        for number, (caller, some) in enumerate(denied, 1)
        if some
    ]
    steps = plan_for(findings, options=PlanOptions(layers=_layers(others)))
    return tuple(_applied(step, given, address) for step in steps)


def _layers(others: OtherPolicies) -> Layers:
    return Layers(
        iam_policies={arn: tuple(policies) for arn, policies in others.identity.items()},
        boundary=_several(others.permissions_boundary),
        session_policy=_several(others.session_policy),
        scps=_several(others.service_control_policies),
        rcps=_several(others.resource_control_policies),
    )


def _several(given: Any) -> tuple[Any, ...] | None:
    if given is None:
        return None
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def _applied(step: Step, given: GivenPolicy, address: str | None) -> Step:
    """Return a step with the new document. A policy of a template is changed in the template."""
    if step.kind is not StepKind.KEY_POLICY:
        return step
    if step.document is None:
        step = step.apply(given.policy)
    if address is None:
        return step
    why = (
        f"The policy comes from {address} in {given.name}. Change it there: a change of the key "
        "itself is overwritten at the next deployment."
    )
    return replace(
        step,
        disposition=Disposition.REVIEW,
        reasons=(why, *step.reasons),
        commands=Commands(),
    )


def _finding(
    number: int,
    caller: CheckedCaller,
    calls: Sequence[CheckedCall],
    given: GivenPolicy,
    region: str | None,
) -> Finding:
    by_action: dict[str, CheckedCall] = {}
    for call in calls:
        by_action.setdefault(call.action, call)
    denials = [
        _denial(caller, call, given.key, region, line)
        for line, call in enumerate(by_action.values(), 1)
    ]
    decisions = [call.decision for call in by_action.values()]
    verdict = Verdict.worst(one.verdict for one in decisions)
    worst = next(call for call in calls if call.verdict is verdict)
    return Finding(
        id=f"check-{number}",
        account=caller.account,
        region=region,
        principal=denials[0].principal,
        key=denials[0].key,
        ebs_traffic=True,
        denials=Denials.of(denials),
        history=History(),
        judgements=(Judgement(policy=given, binding=Binding.KEY, decisions=tuple(decisions)),),
        verdict=verdict,
        cause=Cause(
            id=_cause(caller, verdict, decisions),
            text=worst.why,
            evidence=Evidence.GIVEN,
            actions=(worst.action,),
            missing=_missing(caller, decisions),
        ),
    )


def _cause(caller: CheckedCaller, verdict: Verdict, decisions: Sequence[Decision]) -> CauseId:
    if any(decision.same_account is False for decision in decisions):
        return CauseId.CROSS_ACCOUNT_HALF_MISSING
    if verdict in _CAUSES:
        return _CAUSES[verdict]
    if any(decision.depends_on != ("identity_policies",) for decision in decisions):
        return CauseId.OTHER_POLICY
    return CauseId.NO_STATEMENT if caller.service_linked else CauseId.IAM_POLICY_MISSING


def _missing(caller: CheckedCaller, decisions: Sequence[Decision]) -> tuple[Half, ...]:
    """Return which halves of an access across accounts the policies lack; empty in one account."""
    if all(decision.same_account is not False for decision in decisions):
        return ()
    halves = []
    if any(decision.key_policy_allows is not True for decision in decisions):
        halves.append(Half.KEY_POLICY)
    if caller.service_linked:
        halves.append(Half.GRANT)
    elif any(one.key_policy_allows and one.allowed is False for one in decisions):
        halves.append(Half.IAM_POLICY)
    return tuple(halves)


def _denial(
    caller: CheckedCaller,
    call: CheckedCall,
    key: str | None,
    region: str | None,
    line: int,
) -> Denial:
    """Return the denial that CloudTrail would record of a call."""
    name = _EVENT_OF[call.action]
    key_arn = Arn.parse(key)
    arn = Arn.parse(caller.named_as or caller.arn)
    known = caller.evidence is Evidence.GIVEN
    return Denial(
        event=Event(
            file="check",
            line=line,
            time=None,
            name=name,
            source="kms.amazonaws.com",
            region=region,
            source_ip=_EC2,
            account=caller.account,
            error_code="AccessDenied",
            user_name=arn.name if arn else None,
        ),
        principal=Principal(
            arn=caller.named_as,
            kind=_kind(caller),
            user_name=arn.name if arn else None,
            session_name=None,
            evidence=caller.evidence,
            why=_GIVEN if known else "The path of the role is not known.",
        ),
        key=KeyRef(
            arn=key,
            id=key_arn.name if key_arn else None,
            alias=None,
            evidence=Evidence.GIVEN if key else Evidence.UNKNOWN,
            why=_GIVEN if key else "No key was given.",
        ),
        iam_actions=(call.action,),
        statement_kind=kms_action(name).kind,
        via_service=_EC2,
        via_known=True,
        ebs_traffic=True,
        verdict=call.verdict,
    )


def _kind(caller: CheckedCaller) -> PrincipalKind:
    if caller.service_linked:
        return PrincipalKind.SERVICE_LINKED_ROLE
    arn = Arn.parse(caller.arn)
    return _KINDS.get(arn.resource_type if arn else "", PrincipalKind.ROLE)


def _is_missing(call: CheckedCall) -> bool:
    """Return whether a call is denied to the caller itself, so that a change can allow it."""
    return call.actor is Actor.CALLER and call.outcome is Outcome.DENIED
