"""The table of causes: one rule for each, in the order in which they are tried.

A rule looks at one kind of denied call and returns its cause, or None where it does not apply.

Sources: IAM User Guide, "Troubleshoot access denied error messages" and "Policy evaluation logic";
AWS KMS Developer Guide, "Key policies in AWS KMS", "Default key policy" and "Allowing users in
other accounts to use a KMS key".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.aws.kms_errors import VPC_ENDPOINT_CODE
from ebs_kms_audit.diagnosis.case import Case, DenialCause
from ebs_kms_audit.diagnosis.cause import CauseId, Half
from ebs_kms_audit.diagnosis.limits import is_noise, works_in_own_account_only
from ebs_kms_audit.diagnosis.policy_evidence import (
    POLICY_TYPES,
    allows_after_all,
    blocking_layer,
    bound_by_arn,
    changed_since,
    delegates,
    denying,
    is_allowed_now,
    is_aws_managed,
    is_of_another_account,
    lets_account_grant,
    policy_evidence,
)
from ebs_kms_audit.model import Evidence, PolicyType, PrincipalKind, Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.policy import StatementResult

Rule = Callable[[Case], DenialCause | None]


def cause_of_denial(case: Case) -> DenialCause:
    """Return the cause of one kind of denied call: that of the first rule that applies."""
    return next(cause for rule in RULES if (cause := rule(case)) is not None)


# --- the rules


def _harmless_probe(case: Case) -> DenialCause | None:
    if not is_noise(case.denial):
        return None
    return DenialCause(id=CauseId.HARMLESS_PROBE, evidence=Evidence.RECORDED)


def _infrastructure(case: Case) -> DenialCause | None:
    if case.denial.principal.kind is not PrincipalKind.INFRASTRUCTURE:
        return None
    message = case.message
    return DenialCause(
        id=CauseId.INFRASTRUCTURE,
        variant="limited" if case.explicit else "",
        evidence=case.denial.principal.evidence,
        policy_type=message.policy_type if message else None,
        by_message=bool(message and message.policy_type),
        statements=denying(case),
    )


def _not_grantable(case: Case) -> DenialCause | None:
    denial = case.denial
    if kms_action(denial.event.name).kind is StatementKind.IDENTITY_ONLY:
        return DenialCause(
            id=CauseId.NOT_GRANTABLE, evidence=Evidence.RECORDED, variant="identity_only"
        )
    if denial.event.name == "RetireGrant":
        return DenialCause(id=CauseId.NOT_GRANTABLE, evidence=Evidence.RECORDED, variant="grant")
    aws_managed = denial.key.aws_managed or is_aws_managed(case)
    if works_in_own_account_only(denial) and not aws_managed:
        return DenialCause(
            id=CauseId.NOT_GRANTABLE, evidence=denial.key.evidence, variant="across_accounts"
        )
    return None


def _aws_managed_key(case: Case) -> DenialCause | None:
    key = case.denial.key
    across = "across_accounts" if case.denial.cross_account else ""
    if key.aws_managed:
        return DenialCause(id=CauseId.AWS_MANAGED_KEY, evidence=key.evidence, variant=across)
    if is_aws_managed(case):
        return DenialCause(
            id=CauseId.AWS_MANAGED_KEY, evidence=policy_evidence(case), variant=across
        )
    return None


def _other_policy(case: Case) -> DenialCause | None:
    if case.denial.event.error_code == VPC_ENDPOINT_CODE:
        return DenialCause(
            id=CauseId.OTHER_POLICY,
            evidence=Evidence.RECORDED,
            policy_type=PolicyType.VPC_ENDPOINT,
        )
    if case.other_policy_type is not None:
        return DenialCause(
            id=CauseId.OTHER_POLICY,
            evidence=case.message_evidence,
            policy_type=case.other_policy_type,
            by_message=True,
            statements=denying(case, case.other_policy_type),
        )
    named = case.message is not None and case.message.policy_type is not None
    if named and (case.explicit or case.verdict is not Verdict.EXPLICIT_DENY):
        return None
    layer = blocking_layer(case)
    if layer is None:
        return None
    return DenialCause(
        id=CauseId.OTHER_POLICY,
        evidence=Evidence.GIVEN,
        policy_type=layer,
        by_policy=True,
        statements=denying(case, layer),
        contradicts=("message_names_no_deny",) if named else (),
    )


def _fixed_since(case: Case) -> DenialCause | None:
    if is_allowed_now(case):
        just_changed = case.verdict is Verdict.UNDECIDED
        return DenialCause(
            id=CauseId.FIXED_SINCE,
            evidence=Evidence.INFERRED if just_changed else Evidence.DERIVED,
            policy_type=PolicyType.RESOURCE_BASED if case.no_resource_based else None,
            by_policy=True,
            by_message=case.no_resource_based,
            statements=case.only.now.decided_by if case.only else (),
        )
    history = case.history
    changed = bool(history.policy_changes_after) or history.later_success is not None
    if not (changed and allows_after_all(case)) or case.verdict is Verdict.BLOCKED_ELSEWHERE:
        return None
    return DenialCause(
        id=CauseId.FIXED_SINCE,
        evidence=Evidence.DERIVED,
        policy_type=PolicyType.RESOURCE_BASED if case.no_resource_based else None,
        by_policy=True,
        by_message=case.no_resource_based,
        statements=case.decision.decided_by if case.decision else (),
    )


def _other_key(case: Case) -> DenialCause | None:
    if case.foreign:
        message = case.message
        return DenialCause(
            id=CauseId.OTHER_KEY,
            evidence=Evidence.GIVEN,
            policy_type=message.policy_type if message else None,
            variant="by_arn",
        )
    if bound_by_arn(case):
        return None
    if is_of_another_account(case):
        return DenialCause(
            id=CauseId.OTHER_KEY, evidence=Evidence.INFERRED, by_policy=True, variant="account"
        )
    if allows_after_all(case) and case.message is not None:
        return DenialCause(
            id=CauseId.OTHER_KEY, evidence=Evidence.INFERRED, by_policy=True, by_message=True,
            policy_type=case.message.policy_type,
            statements=case.decision.decided_by if case.decision else (), variant="allows",
        )  # fmt: skip
    return None


def _explicit_deny(case: Case) -> DenialCause | None:
    message = case.message
    statements = denying(case)
    if case.explicit and message is not None:
        in_policy = case.decision is not None and message.policy_type is PolicyType.RESOURCE_BASED
        return DenialCause(
            id=CauseId.EXPLICIT_DENY,
            evidence=case.message_evidence,
            policy_type=message.policy_type or _type_of(statements),
            by_message=True,
            by_policy=bool(statements),
            statements=statements,
            contradicts=("no_deny_in_policy",) if in_policy and not statements else (),
        )
    if case.verdict is Verdict.EXPLICIT_DENY:
        return DenialCause(
            id=CauseId.EXPLICIT_DENY,
            evidence=policy_evidence(case),
            policy_type=POLICY_TYPES[statements[0].layer] if statements else None,
            by_policy=True,
            statements=statements,
            contradicts=("message_names_no_deny",) if message and message.policy_type else (),
        )
    return None


def _type_of(statements: tuple[StatementResult, ...]) -> PolicyType | None:
    """Return the type of policy of Deny statements that match; None if they differ or may not."""
    types = {POLICY_TYPES[one.layer] if one.matched else None for one in statements}
    return types.pop() if len(types) == 1 else None


def _direct_grant_call(case: Case) -> DenialCause | None:
    denial = case.denial
    if denial.statement_kind is not StatementKind.GRANTS or not case.called_from_an_address:
        return None
    message = case.message
    return DenialCause(
        id=CauseId.DIRECT_GRANT_CALL,
        evidence=Evidence.RECORDED,
        policy_type=message.policy_type if message else None,
        by_message=bool(message and message.policy_type),
    )


def _condition_not_met(case: Case) -> DenialCause | None:
    if case.decision is None or allows_after_all(case):
        return None
    from ebs_kms_audit.diagnosis.unmet import unmet_conditions

    unmet = unmet_conditions(
        case.decision,
        case.denial,
        nothing_allowed=case.no_resource_based,
        operations=case.history.attempts.operations,
    )
    if not unmet:
        return None
    inferred = unmet[0].evidence is Evidence.INFERRED
    recorded = case.no_resource_based and not inferred
    return DenialCause(
        id=CauseId.CONDITION_NOT_MET,
        evidence=Evidence.INFERRED
        if inferred
        else case.message_evidence
        if recorded
        else policy_evidence(case),
        policy_type=PolicyType.RESOURCE_BASED,
        by_message=case.no_resource_based,
        by_policy=True,
        statements=tuple({one.statement.index: one.statement for one in unmet}.values()),
        unmet=unmet,
        contradicts=("message_blames_iam",)
        if case.no_identity_based and not delegates(case)
        else (),
    )


def _conflicting_evidence(case: Case) -> DenialCause | None:
    def conflict(variant: str, contradiction: str, kind: PolicyType | None) -> DenialCause:
        return DenialCause(
            id=CauseId.CONFLICTING_EVIDENCE,
            evidence=Evidence.INFERRED,
            policy_type=kind,
            by_message=kind is not None,
            variant=variant,
            statements=case.decision.decided_by if case.decision else (),
            contradicts=(contradiction,),
        )

    if allows_after_all(case):
        kind = case.message.policy_type if case.message else None
        if case.key_policy_allows is not True:
            return conflict("allow_together", "policies_allow", kind)
        return conflict("allows", "policy_allows", kind)
    if case.no_resource_based and delegates(case) and case.delegation_helps:
        return conflict("delegates", "policy_delegates", PolicyType.RESOURCE_BASED)
    if (
        case.no_identity_based
        and case.verdict is Verdict.MISSING_ALLOW
        and not case.denial.cross_account
    ):
        return conflict("does_not_delegate", "policy_names_nobody", PolicyType.IDENTITY_BASED)
    return None


def _cross_account_half_missing(case: Case) -> DenialCause | None:
    if not case.denial.cross_account:
        return None
    key_side = lets_account_grant(case) if case.service_linked else case.key_policy_allows
    by_message = case.no_resource_based or case.no_identity_based
    if case.decision is None and not by_message and not case.service_linked:
        return None
    missing: list[Half] = []
    if key_side is False or (key_side is None and case.no_resource_based):
        missing.append(Half.KEY_POLICY)
    if case.service_linked:
        missing.append(Half.GRANT)
    elif case.no_identity_based or key_side is True:
        missing.append(Half.IAM_POLICY)
    if not missing:
        return None
    return DenialCause(
        id=CauseId.CROSS_ACCOUNT_HALF_MISSING,
        evidence=_half_evidence(case, by_message=by_message),
        policy_type=case.message.policy_type if case.message and by_message else None,
        by_message=by_message,
        by_policy=case.decision is not None,
        missing=tuple(missing),
        statements=case.decision.decided_by if case.decision and key_side else (),
        contradicts=changed_since(case),
    )


def _half_evidence(case: Case, *, by_message: bool) -> Evidence:
    if case.decision is None:
        return Evidence.INFERRED
    return case.message_evidence if by_message else policy_evidence(case)


def _no_statement(case: Case) -> DenialCause | None:
    by_policy = case.verdict is Verdict.MISSING_ALLOW or (
        delegates(case) and not case.delegation_helps
    )
    if not by_policy and not case.no_resource_based:
        return None
    if by_policy and case.no_resource_based:
        evidence = case.message_evidence
    else:
        evidence = policy_evidence(case) if by_policy else Evidence.INFERRED
    return DenialCause(
        id=CauseId.NO_STATEMENT,
        evidence=evidence,
        policy_type=PolicyType.RESOURCE_BASED,
        by_message=case.no_resource_based,
        by_policy=by_policy,
        variant="" if case.delegation_helps else "service_linked",
        statements=case.decision.decided_by if case.decision and delegates(case) else (),
        contradicts=changed_since(case),
    )


def _iam_policy_missing(case: Case) -> DenialCause | None:
    blocked = case.verdict is Verdict.BLOCKED_ELSEWHERE
    if not (case.no_identity_based or delegates(case) or blocked):
        return None
    by_policy = delegates(case) or blocked
    if by_policy and case.no_identity_based:
        evidence = case.message_evidence
    else:
        evidence = policy_evidence(case) if by_policy else Evidence.INFERRED
    return DenialCause(
        id=CauseId.IAM_POLICY_MISSING,
        evidence=evidence,
        policy_type=PolicyType.IDENTITY_BASED,
        by_message=case.no_identity_based,
        by_policy=by_policy,
        variant="service_linked" if case.service_linked else "",
        statements=case.decision.decided_by if case.decision else (),
    )


def _key_unusable(case: Case) -> DenialCause | None:
    if not case.history.key_errors:
        return None
    return DenialCause(id=CauseId.KEY_UNUSABLE, evidence=Evidence.INFERRED)


def _unknown(case: Case) -> DenialCause | None:
    not_found = case.message is not None and case.message.key_not_found
    return DenialCause(
        id=CauseId.UNKNOWN,
        evidence=Evidence.UNKNOWN,
        by_message=not_found,
        variant="not_found" if not_found else "open" if case.is_open else "",
    )


RULES: tuple[Rule, ...] = (
    _harmless_probe,
    _infrastructure,
    _not_grantable,
    _aws_managed_key,
    _other_policy,
    _fixed_since,
    _other_key,
    _explicit_deny,
    _direct_grant_call,
    _condition_not_met,
    _conflicting_evidence,
    _cross_account_half_missing,
    _no_statement,
    _iam_policy_missing,
    _key_unusable,
    _unknown,
)
"""In the order of CauseId."""
