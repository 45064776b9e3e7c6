"""What an error message says of a denial: the record's own, or one that the caller pasted.

A pasted message is taken for that of a denial where user or session name, action, account and
Region agree. It is what the caller of the library says, so its Evidence is `given`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.aws import callers
from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.identify.overrides import kind_of
from ebs_kms_audit.model import Event, Evidence, Principal, PrincipalKind

if TYPE_CHECKING:
    from ebs_kms_audit.messages import DenialMessage

_INFRASTRUCTURE = "aws:ec2-infrastructure"


def given_messages(texts: str | Iterable[str] | None) -> tuple[DenialMessage, ...]:
    """Read `messages=`. Raises UsageError for a text that is no access-denied message."""
    texts = (texts,) if isinstance(texts, str) else texts or ()
    return tuple(_given(number, text) for number, text in enumerate(texts, start=1))


def _given(number: int, text: str) -> DenialMessage:
    from ebs_kms_audit.messages import MessageKind, parse_denial_message

    message = parse_denial_message(text)
    if message.kind is not MessageKind.DENIAL:
        what = (
            "it is EC2's encoded message: decode it with aws sts decode-authorization-message"
            if message.kind is MessageKind.ENCODED
            else "it is no access-denied message that is known here (User: ARN is not authorized "
            "to perform: kms:…)"
        )
        raise UsageError(f"message {number}: {what}")
    return message


def message_of(
    event: Event,
    account: str | None,
    iam_actions: Sequence[str],
    given: Iterable[DenialMessage],
) -> tuple[DenialMessage | None, Evidence]:
    """Return the message of a denied event, and whether a record or the caller brought it."""
    if event.error_message:
        from ebs_kms_audit.messages import MessageKind, parse_denial_message

        own = parse_denial_message(event.error_message)
        if own.kind is MessageKind.DENIAL:
            return own, Evidence.RECORDED
    actions = {action.casefold() for action in iam_actions}
    for message in given:
        if (message.action or "").casefold() in actions and _is_of(message, event, account):
            return message, Evidence.GIVEN
    return None, Evidence.UNKNOWN


def _is_of(message: DenialMessage, event: Event, account: str | None) -> bool:
    caller, key = Arn.parse(message.principal), Arn.parse(message.resource)
    if caller is None or not event.user_name:
        return False
    name = callers.ROOT_USER if caller.resource == "root" else caller.name
    return (
        name == event.user_name
        and account in (None, caller.account)
        and (key is None or event.region in (None, key.region))
    )


def principal_said(
    event: Event, message: DenialMessage | None, evidence: Evidence
) -> Principal | None:
    """Return the principal that a message names; None where it names none that a policy could."""
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
    elif caller.service != "iam" or caller.resource_type != "user":
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
