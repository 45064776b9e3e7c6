"""Events → Denials: who (principal), on what (key), through which service, and how that is known.

principals   the rules that tell the caller from the rows
accounts     account ids, repaired where a spreadsheet damaged them
keys         the KMS key
given        what the caller of the library says
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.callers import is_ebs_traffic, service_behind
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE, StatementKind, kms_action
from ebs_kms_audit.aws.kms_errors import DENIAL_CODES
from ebs_kms_audit.identify.given import given_key, given_principals
from ebs_kms_audit.identify.keys import key_of
from ebs_kms_audit.identify.principals import Witnesses, principal_of
from ebs_kms_audit.model import Denial, Event, KeyRef

__all__ = [
    "Witnesses",
    "given_key",
    "given_principals",
    "is_denied",
    "is_kms",
    "may_be_of_another_service",
    "resolve",
]


def is_kms(event: Event) -> bool:
    """Tell whether an event is one of KMS (where the export has no Event source: by its name)."""
    return event.source == KMS_EVENT_SOURCE


def is_denied(event: Event) -> bool:
    """Tell whether an event was refused for lack of permission. A dry run has another code."""
    return event.error_code in DENIAL_CODES


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
    event: Event, witnesses: Witnesses, principals: Mapping[str, Arn], key: KeyRef | None
) -> Denial:
    """Turn a denied KMS event into a Denial, with all that the rows and the caller tell."""
    action = kms_action(event.name)
    account = witnesses.accounts.account(event)
    event = replace(event, account=account)
    return Denial(
        event=event,
        principal=principal_of(event, account, witnesses, principals),
        key=key_of(event, key),
        iam_actions=action.iam_actions,
        statement_kind=action.kind,
        via_service=service_behind(event.source_ip),
        via_known=event.source_ip is not None,
        ebs_traffic=is_ebs_traffic(event.source_ip),
    )
