"""Which kinds of step each denied call needs, by the cause of its finding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.ebs_operations import NETWORK_KEYS
from ebs_kms_audit.aws.kms_actions import kms_action
from ebs_kms_audit.diagnosis.cause import Cause, CauseId, Half, OtherCause
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.model import Denial, Denials, PolicyType, PrincipalKind, StatementKind, Verdict
from ebs_kms_audit.plan.needs import curable
from ebs_kms_audit.plan.step import StepKind

if TYPE_CHECKING:
    from ebs_kms_audit.policy import Decision

_INVESTIGATE = frozenset(
    {
        CauseId.INFRASTRUCTURE,
        CauseId.AWS_MANAGED_KEY,
        CauseId.OTHER_POLICY,
        CauseId.FIXED_SINCE,
        CauseId.DIRECT_GRANT_CALL,
    }
)
_EXEMPTING = frozenset({"aws:viaawsservice", "aws:principalarn"})
_HALVES = {
    Half.KEY_POLICY: StepKind.KEY_POLICY,
    Half.IAM_POLICY: StepKind.IAM_POLICY,
    Half.GRANT: StepKind.GRANT,
}
# Kinds to which an IAM policy can be attached.
_WITH_IAM_POLICY = frozenset(
    {
        PrincipalKind.USER,
        PrincipalKind.ROLE,
        PrincipalKind.INSTANCE_ROLE,
        PrincipalKind.FEDERATED_USER,
        PrincipalKind.USER_OR_ROLE_SESSION,
    }
)


class Part(NamedTuple):
    """The denials of a finding that share one cause, and the steps that they need.

    finding      the finding
    cause        the cause of these denials
    denials      the denials
    kinds        the kinds of step that these denials need
    alternative  whether the iam_policy step can replace the key_policy step
    """

    finding: Finding
    cause: Cause | OtherCause
    denials: Denials
    kinds: tuple[StepKind, ...] = ()
    alternative: bool = False

    @property
    def caller_account(self) -> str | None:
        """The account of the caller, in which an IAM policy can allow the calls."""
        return self.denials.kinds[0].caller_account


def parts_of(finding: Finding) -> list[Part]:
    """Return the denials of a finding by cause, and for each the steps that they need."""
    cause = finding.cause
    if not cause.others:
        return list(_routed(finding, cause, finding.denials))
    named = {event: other for other in cause.others for event in other.denials}
    by_cause: dict[CauseId, tuple[Cause | OtherCause, list[int]]] = {}
    for at, reference in enumerate(finding.denials.references):
        one = named.get(reference, cause)
        by_cause.setdefault(one.id, (one, []))[1].append(at)
    return [
        part
        for one, places in by_cause.values()
        for part in _routed(finding, one, finding.denials.at(places))
    ]


def _routed(finding: Finding, cause: Cause | OtherCause, denials: Denials) -> Iterable[Part]:
    """Yield the denials as one part for each set of steps."""
    routes = [_kinds(finding, cause.id, denial) for denial in denials.kinds]
    if routes.count(routes[0]) == len(routes):
        yield Part(finding, cause, denials, *routes[0])
        return
    for route in dict.fromkeys(routes):
        same = {at for at, one in enumerate(routes) if one == route}
        yield Part(finding, cause, denials.of_kinds(same), *route)


def _kinds(finding: Finding, cause: CauseId, denial: Denial) -> tuple[tuple[StepKind, ...], bool]:
    """Return the kinds of step for one denial, and whether IAM can replace the key policy."""
    if cause is CauseId.HARMLESS_PROBE:
        return (), False
    if cause is CauseId.KEY_UNUSABLE:
        return (StepKind.KEY_STATE,), False
    if cause in _INVESTIGATE:
        return (StepKind.INVESTIGATE,), False
    if cause is CauseId.EXPLICIT_DENY:
        exempted = may_be_exempted(finding, denial)
        return (StepKind.KEY_POLICY if exempted else StepKind.INVESTIGATE,), False
    if kms_action(denial.event.name).kind is StatementKind.IDENTITY_ONLY:
        by_iam = takes_iam_policy(denial)
        return (StepKind.IAM_POLICY if by_iam else StepKind.INVESTIGATE,), False
    if not curable(denial) or _policy_is_another(finding, cause) or _is_done(finding, denial):
        return (StepKind.INVESTIGATE,), False
    if cause is CauseId.IAM_POLICY_MISSING:
        by_iam = takes_iam_policy(denial) and not denial.cross_account
        kinds = (StepKind.KEY_POLICY, *([StepKind.IAM_POLICY] if by_iam else []))
        return kinds, by_iam
    if denial.cross_account:
        return _across_accounts(finding, cause, denial), False
    return (StepKind.KEY_POLICY,), False


def may_be_exempted(finding: Finding, denial: Denial) -> bool:
    """Return whether a Deny by network of the key policy can exempt the calls of AWS services.

    EC2 calls KMS from its own network, so a Deny by aws:SourceIp and the like matches. Source: EBS
    User Guide, "Requirements for Amazon EBS encryption".
    """
    results = finding.cause.statements
    if denial.via_service is None or len(finding.judgements) != 1 or not results:
        return False
    from ebs_kms_audit.policy import Layer

    statements = finding.judgements[0].policy.policy.statements
    for result in results:
        if result.layer is not Layer.KEY_POLICY:
            return False
        statement = statements[result.index]
        keys = {test.key.lower() for test in statement.conditions}
        if not (statement.denies and keys & NETWORK_KEYS and keys <= NETWORK_KEYS | _EXEMPTING):
            return False
    return True


def through_service(part: Part) -> bool:
    """Return whether a statement for the caller fails because EC2 calls from its own network."""
    return any(one.test.key.lower() in NETWORK_KEYS for one in part.finding.cause.unmet)


def takes_iam_policy(denial: Denial) -> bool:
    """Return whether an IAM policy can be attached to the caller."""
    return denial.principal.kind in _WITH_IAM_POLICY


def _policy_is_another(finding: Finding, cause: CauseId) -> bool:
    """Return whether the given policy allows the calls, or is another key's: it is not changed."""
    if cause is CauseId.OTHER_KEY:
        return bool(finding.judgements)  # judged without a binding by ARN, and found to be wrong
    if cause is CauseId.CONFLICTING_EVIDENCE:
        return any(one.allowed or one.key_policy_allows for one in _decisions(finding))
    return False


def _is_done(finding: Finding, denial: Denial) -> bool:
    """Return whether the latest key policy does its part, which the one at the time did not.

    A service-linked role of another account needs a grant all the same.
    """
    if denial.verdict is not Verdict.MISSING_ALLOW:
        return False
    if denial.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE and denial.cross_account:
        return False
    decisions = _decisions(finding, denial)
    return bool(decisions) and all(one.key_policy_allows for one in decisions)


def _across_accounts(finding: Finding, cause: CauseId, denial: Denial) -> tuple[StepKind, ...]:
    """Return a step for each half that is missing: the key policy, and the caller's account."""
    if cause is CauseId.CROSS_ACCOUNT_HALF_MISSING:
        kinds = [_HALVES[half] for half in Half if half in finding.cause.missing]
        if not takes_iam_policy(denial):
            kinds = [kind for kind in kinds if kind is not StepKind.IAM_POLICY]
        return tuple(kinds) or (StepKind.INVESTIGATE,)
    decisions = _decisions(finding, denial)
    key_side = {decision.key_policy_allows for decision in decisions}
    if denial.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE:
        return (StepKind.KEY_POLICY, StepKind.GRANT)
    message = denial.message
    by_message = message is not None and message.policy_type is PolicyType.IDENTITY_BASED
    key_half = not (key_side == {True} or (not decisions and by_message))
    iam_half = not key_half or by_message or any(map(_lacks_iam_policy, decisions))
    kinds = [StepKind.KEY_POLICY] if key_half else []
    kinds += [StepKind.IAM_POLICY] if iam_half and takes_iam_policy(denial) else []
    return tuple(kinds) or (StepKind.INVESTIGATE,)


def _lacks_iam_policy(decision: Decision) -> bool:
    """Return whether the IAM policies of the caller were given, and none allows the call."""
    if "identity_policies" in decision.not_given:
        return False
    return not any(
        result.layer == "identity_policies" and result.effect == "Allow" and result.matched
        for result in decision.statements
    )


def _decisions(finding: Finding, denial: Denial | None = None) -> list[Decision]:
    """Return the decisions of the given policies on the denials, or on one of them."""
    if not finding.judgements:
        return []
    if denial is None:
        decisions = (one for judgement in finding.judgements for one in judgement.decisions)
        return list({id(one): one for one in decisions}.values())
    at = finding.denials.index(denial)
    return [judgement.decisions[at] for judgement in finding.judgements]
