"""The error message of a denial: from the CloudTrail record, or pasted by the user.

The Evidence of a pasted message is `given`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.caching import cached_if_short
from ebs_kms_audit.aws.kms_errors import VPC_ENDPOINT_CODE
from ebs_kms_audit.identify.overrides import kind_of
from ebs_kms_audit.identify.pasted import PastedMessage, PastedTexts, fits
from ebs_kms_audit.model import Event, Evidence, Principal, PrincipalKind

if TYPE_CHECKING:
    from ebs_kms_audit.model import DenialMessage

_INFRASTRUCTURE = "aws:ec2-infrastructure"


def message_of(
    event: Event, account: str | None, iam_actions: Sequence[str], pasted: PastedTexts
) -> tuple[DenialMessage | None, Evidence]:
    """Return the error message of a denied event, and how the message is known.

    A message that names the type of policy is preferred. If both or neither name it, the message of
    the record is used.
    """
    own, matching = _own_message(event), _pasted_message(event, account, iam_actions, pasted)
    if own and (own.policy_type or matching is None or matching.message.policy_type is None):
        return own, Evidence.RECORDED
    if matching is None:
        return None, Evidence.UNKNOWN
    return matching.message, Evidence.GIVEN if matching.event is None else Evidence.DERIVED


def _own_message(event: Event) -> DenialMessage | None:
    if not event.error_message and event.error_code != VPC_ENDPOINT_CODE:
        return None
    text, by_endpoint = event.error_message or "", event.error_code == VPC_ENDPOINT_CODE
    return _message_in(text, by_endpoint=by_endpoint)


@cached_if_short(100)
def _message_in(text: str, *, by_endpoint: bool) -> DenialMessage | None:
    """Return the message in a text. A caller that is denied often gets the same text again."""
    from ebs_kms_audit.messages import parse_denial_message
    from ebs_kms_audit.model import DenialMessage, MessageKind, PolicyType

    own = parse_denial_message(text)
    if own.kind is MessageKind.DENIAL:
        return own
    if by_endpoint:
        return DenialMessage(kind=MessageKind.DENIAL, policy_type=PolicyType.VPC_ENDPOINT)
    return None


def _pasted_message(
    event: Event, account: str | None, iam_actions: Sequence[str], pasted: PastedTexts
) -> PastedMessage | None:
    of_caller = pasted.of_caller(event.user_name)
    actions = {action.casefold() for action in iam_actions} if of_caller else set()
    for one in of_caller:
        action = (one.message.action or "").casefold()
        if action in actions and fits(one.message, event, account):
            return one
    return None


def principal_in_message(
    event: Event, message: DenialMessage | None, evidence: Evidence
) -> Principal | None:
    """Return the principal in a message; None if no policy can name it."""
    caller = Arn.parse(message.principal) if message else None
    if message is None or caller is None:
        return None
    kind, arn = PrincipalKind.USER, str(caller)
    why = "the error message names this user"
    if caller.resource == "root":
        kind, why = PrincipalKind.ROOT, "the error message names the root user"
    elif message.role_name == _INFRASTRUCTURE:
        kind, arn = PrincipalKind.INFRASTRUCTURE, ""
        why = (
            "the error message names aws:ec2-infrastructure, which works through a grant and is "
            "never named in a policy"
        )
    elif message.role_name:
        role = Arn.parse(message.role_arn)
        kind, arn = (kind_of(role), str(role)) if role else (PrincipalKind.ROLE, "")
        why = f"the error message names the role; {message.role_why}"
    elif not caller.is_user_or_role or caller.resource_type != "user":
        return None
    return Principal(
        arn=arn or None,
        kind=kind,
        user_name=event.user_name,
        session_name=event.user_name if message.role_name else None,
        role_name=message.role_name if kind is PrincipalKind.ROLE else None,
        evidence=evidence,
        why=why,
        event_ids=(event.event_id,) if event.event_id else (),
    )
