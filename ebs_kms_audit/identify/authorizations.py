"""Output of AWS commands that evaluate a request → access-denied messages.

Sources: `aws sts decode-authorization-message`; `aws iam-toolbox get-request-authorization-details`
(preview), its checkType and evaluatedEffect.
"""

from __future__ import annotations

from collections.abc import Iterable

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.identify.pasted import PastedMessage, PastedTexts
from ebs_kms_audit.messages.roles import role_of_session
from ebs_kms_audit.messages.symptoms import denied_by_other_service
from ebs_kms_audit.model import (
    DenialMessage,
    Effect,
    MessageKind,
    PolicyType,
    Symptom,
)
from ebs_kms_audit.model.command_output import AuthorizationEvaluation, DecodedAuthorization

# If several policy types deny a request, the first of these is reported. A denial by one of the
# first four types cannot be fixed in the key policy.
_TYPES = {
    "SERVICE_CONTROL_POLICY": PolicyType.SERVICE_CONTROL,
    "RESOURCE_CONTROL_POLICY": PolicyType.RESOURCE_CONTROL,
    "VPC_ENDPOINT": PolicyType.VPC_ENDPOINT,
    "PERMISSIONS_BOUNDARY": PolicyType.PERMISSIONS_BOUNDARY,
    "SESSION": PolicyType.SESSION,
    "RESOURCE": PolicyType.RESOURCE_BASED,
    "PRINCIPAL": PolicyType.IDENTITY_BASED,
}
_EFFECTS = {"EXPLICIT_DENY": Effect.EXPLICIT, "IMPLICIT_DENY": Effect.IMPLICIT}


def read_authorizations(
    decoded: Iterable[DecodedAuthorization], evaluations: Iterable[AuthorizationEvaluation]
) -> PastedTexts:
    """Return KMS denials as messages and denials by other services as symptoms.

    Allowed requests are left out.
    """
    answers = [(one.file, _of_decoded(one)) for one in decoded if one.allowed is False]
    answers += [(one.file, _of_evaluation(one)) for one in evaluations if one.effect in _EFFECTS]
    messages: list[PastedMessage] = []
    symptoms: list[Symptom] = []
    for number, (file, message) in enumerate(answers, start=1):
        if message.action is None:
            continue
        if message.action.casefold().startswith("kms:"):
            messages.append(PastedMessage(message, file, number))
        else:
            symptoms.append(denied_by_other_service(message, file=file, text=message.action))
    return PastedTexts(messages, symptoms)


def _of_decoded(answer: DecodedAuthorization) -> DenialMessage:
    effect = Effect.EXPLICIT if answer.explicit_deny else None
    return _message(answer.principal, answer.action, answer.resource, effect, None, None)


def _of_evaluation(answer: AuthorizationEvaluation) -> DenialMessage:
    checks = {
        check.type: check
        for check in reversed(answer.checks)
        if check.effect == answer.effect and check.type in _TYPES
    }
    deciding = next((checks[kind] for kind in _TYPES if kind in checks), None)
    policy = next(iter(deciding.policies), None) if deciding else None
    return _message(
        answer.principal,
        answer.action,
        answer.resource,
        _EFFECTS[answer.effect],
        _TYPES[deciding.type] if deciding else None,
        policy if Arn.parse(policy) else None,
    )


def _message(
    principal: str | None,
    action: str | None,
    resource: str | None,
    effect: Effect | None,
    policy_type: PolicyType | None,
    policy_arn: str | None,
) -> DenialMessage:
    caller = Arn.parse(principal)
    name, arn, why = role_of_session(caller) if caller else (None, None, None)
    return DenialMessage(
        kind=MessageKind.DENIAL,
        principal=str(caller) if caller else None,
        role_name=name,
        role_arn=arn,
        role_why=why,
        action=action,
        resource=resource if Arn.parse(resource) else None,
        policy_type=policy_type,
        effect=effect,
        policy_arn=policy_arn,
    )
