"""What the given policies mean for one kind of denied call: the questions that rules share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.case import Case
from ebs_kms_audit.diagnosis.policy_terms import ALLOWED, Binding, rank
from ebs_kms_audit.model import Evidence, PolicyType, Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.policy import StatementResult


def policy_evidence(case: Case) -> Evidence:
    """Return how a cause is known that only the key policy shows."""
    if case.only is None or case.only.judgement.binding is not Binding.KEY:
        return Evidence.INFERRED
    return Evidence.DERIVED if case.only.judgement.from_log else Evidence.GIVEN


def bound_by_arn(case: Case) -> bool:
    """Return whether the key policy was given for this key by its full ARN."""
    return case.only is not None and case.only.judgement.bound_by_arn


def allows_after_all(case: Case) -> bool:
    """Return whether the given policies allow the call that was denied.

    Across accounts the key policy is one half: only a message that blames it contradicts it.
    """
    if case.explicit and case.message and case.message.policy_type is not PolicyType.RESOURCE_BASED:
        return False
    if case.verdict is Verdict.ALLOWED_NOW:
        return True
    if case.key_policy_allows is not True:
        return False
    return case.no_resource_based or not case.denial.cross_account


def is_allowed_now(case: Case) -> bool:
    """Return whether the latest policy allows what the policy in force at the time did not."""
    only = case.only
    if only is None or only.decision is only.now or rank(only.decision) == ALLOWED:
        return False
    # The policy changed less than five minutes before the call, and the new one allows it.
    if case.verdict is Verdict.UNDECIDED and case.message and not case.no_resource_based:
        return False
    now = only.now
    if now.verdict is Verdict.BLOCKED_ELSEWHERE:
        return False
    half = case.denial.cross_account and not case.no_resource_based
    return now.verdict is Verdict.ALLOWED_NOW or (rank(now) == ALLOWED and not half)


def changed_since(case: Case) -> tuple[str, ...]:
    """Return what contradicts a missing statement: the latest key policy has one."""
    only = case.only
    if only is None or only.decision is only.now or not only.now.key_policy_allows:
        return ()
    return ("latest_policy_allows",)


def delegates(case: Case) -> bool:
    """Return whether the key policy names the caller's own account and not the caller."""
    return case.verdict is Verdict.DELEGATED_TO_IAM


def is_aws_managed(case: Case) -> bool:
    """Return whether the key policy has the form of an AWS managed key's."""
    if case.only is None:
        return False
    from ebs_kms_audit.policy.kms_rules import is_of_aws_managed_key

    return is_of_aws_managed_key(case.only.judgement.policy.policy)


def blocking_layer(case: Case) -> PolicyType | None:
    """Return the type of a given policy, beside key policy and IAM policies, that denies."""
    decision = case.decision
    if decision is None:
        return None
    if case.verdict is Verdict.EXPLICIT_DENY:
        types = [POLICY_TYPES[result.layer] for result in decision.decided_by]
    elif case.verdict is Verdict.BLOCKED_ELSEWHERE:
        types = [POLICY_TYPES[name] for name in decision.depends_on if name in POLICY_TYPES]
    else:
        return None
    own = (PolicyType.RESOURCE_BASED, PolicyType.IDENTITY_BASED)
    return None if any(kind in own for kind in types) else next(iter(types), None)


def is_of_another_account(case: Case) -> bool:
    """Return whether the policy can be changed only in another account than the key's."""
    if case.only is None or case.denial.key_account is None:
        return False
    from ebs_kms_audit.policy.kms_rules import owner_of

    owner = owner_of(case.only.judgement.policy.policy)
    return owner is not None and owner != case.denial.key_account


def lets_account_grant(case: Case) -> bool | None:
    """Return whether the key policy lets the account of a service-linked role create its grant.

    Someone of that account makes the call directly. A statement that names only the role, or that
    is for calls of AWS services, does not help. None without a policy, and where it is not known.
    """
    role = Arn.parse(case.denial.principal.arn)
    if case.only is None or role is None:
        return None
    from ebs_kms_audit.policy import PrincipalForm, Request, evaluate

    policy = case.only.judgement.policy.policy
    callers = {f"arn:{role.partition}:iam::{role.account}:root"} | {
        entry.text
        for statement in policy.statements
        for entry in (statement.principals.entries if statement.principals else ())
        if entry.form in (PrincipalForm.USER, PrincipalForm.ROLE)
        and entry.account == role.account
        and entry.text != str(role)
    }
    context = {"kms:GranteePrincipal": str(role), "kms:GrantIsForAWSResource": "false"}
    key = case.denial.key.arn
    sides = {
        evaluate(
            Request(principal=one, action="kms:CreateGrant", resource=key, context=context), policy
        ).key_policy_allows
        for one in callers
    }
    return True if True in sides else None if None in sides else False


def denying(case: Case, policy_type: PolicyType | None = None) -> tuple[StatementResult, ...]:
    """Return the Deny statements that cover the call, or that are the only ones that may.

    With a policy type, or with one in a message that names a Deny, only those of that type.
    """
    if case.decision is None:
        return ()
    from ebs_kms_audit.policy import Effect

    said = case.message.policy_type if case.message and case.explicit else None
    named = policy_type or said
    denies = [
        result
        for result in case.decision.statements
        if result.effect is Effect.DENY and named in (None, POLICY_TYPES[result.layer])
    ]
    sure = [result for result in denies if result.matched]
    if sure or not case.explicit:
        return tuple(sure)
    return tuple(result for result in denies if result.matched is None)


POLICY_TYPES = {
    "key_policy": PolicyType.RESOURCE_BASED,
    "identity_policies": PolicyType.IDENTITY_BASED,
    "permissions_boundary": PolicyType.PERMISSIONS_BOUNDARY,
    "session_policy": PolicyType.SESSION,
    "service_control_policies": PolicyType.SERVICE_CONTROL,
    "resource_control_policies": PolicyType.RESOURCE_CONTROL,
}
"""The type of policy of each layer of a decision, in the words of an access-denied message."""
