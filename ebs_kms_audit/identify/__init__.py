"""Events → Denials: who (principal), on what (key), through which service, and how that is known.

denied       collects the denied events, each once and in its best form
recorded     the principal as a record's userIdentity says
handouts     the role behind a session, as the AssumeRole event tells
principals   the rules that tell the principal, in order
accounts     account ids, repaired where a spreadsheet damaged them
keys         the KMS key
said         what an error message says, the record's own or one that was pasted
given        what the caller of the library says
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.access_keys import account_of
from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.callers import is_ebs_traffic, service_behind
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.identify.assumed_roles import AssumedRoles
from ebs_kms_audit.identify.denied_events import DeniedEvents, Disagreement, is_denied, is_kms
from ebs_kms_audit.identify.error_message import given_messages, message_of, principal_said
from ebs_kms_audit.identify.kms_key import key_names, key_of
from ebs_kms_audit.identify.overrides import given_key, given_principals
from ebs_kms_audit.identify.principal import EvidenceIndex, principal_of
from ebs_kms_audit.model import Denial, Event, KeyRef

if TYPE_CHECKING:
    from ebs_kms_audit.messages import DenialMessage

__all__ = [
    "AssumedRoles",
    "DeniedEvents",
    "Disagreement",
    "EvidenceIndex",
    "Overrides",
    "is_denied",
    "is_kms",
    "key_names",
    "may_be_of_another_service",
    "resolve",
]


class Overrides(NamedTuple):
    """What the caller of the library says that no row can, checked."""

    principals: Mapping[str, Arn]
    key: KeyRef | None
    messages: tuple[DenialMessage, ...]

    @classmethod
    def of(
        cls,
        principals: Mapping[str, str] | None = None,
        key: str | None = None,
        messages: str | Iterable[str] | None = None,
    ) -> Overrides:
        """Check the arguments of `audit()`. Raises UsageError for what makes no sense."""
        return cls(given_principals(principals), given_key(key), given_messages(messages))


def may_be_of_another_service(event: Event) -> bool:
    """Tell whether a row without Event source can't be put down to KMS by its name.

    What EC2 or Auto Scaling calls for a caller under the name of a key usage or grant operation
    is a KMS event all the same.
    """
    action = kms_action(event.name)
    of_ebs = is_ebs_traffic(event.source_ip) and action.kind in (
        StatementKind.USAGE,
        StatementKind.GRANTS,
    )
    return event.source_inferred and action.shared_name and not of_ebs


def resolve(
    event: Event,
    siblings: Iterable[Event],
    attempts: Iterable[Event],
    witnesses: EvidenceIndex,
    given: Overrides,
) -> Denial:
    """Turn a denied KMS event into a Denial, with all that the input and the caller tell.

    `siblings` are other events of the same Request ID, `attempts` EC2 calls that the same caller
    made at that time.
    """
    action = kms_action(event.name)
    account = witnesses.accounts.account(event)
    event = replace(event, account=account)
    message, evidence = message_of(event, account, action.iam_actions, given.messages)
    said = principal_said(event, message, evidence)
    resource = message.resource if message else None
    return Denial(
        event=event,
        principal=principal_of(event, account, witnesses, said, given.principals),
        key=key_of(event, siblings, attempts, resource, given.key),
        message=message,
        credential_account=account_of(event.access_key),
        iam_actions=action.iam_actions,
        statement_kind=action.kind,
        via_service=service_behind(event.source_ip),
        via_known=event.source_ip is not None,
        ebs_traffic=is_ebs_traffic(event.source_ip),
    )
