"""Events → Denials: who (principal), on what (key), through which service, and how that is known.

denied       collects the denied events, each once and in its best form
recorded     the principal as a record's userIdentity says
handouts     the role behind a session, as the AssumeRole event tells
principals   the rules that tell the principal, in order
accounts     account ids, repaired where a spreadsheet damaged them
keys         the KMS key
given        what the caller of the library says
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.callers import is_ebs_traffic, service_behind
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.identify.denied import DeniedEvents, Disagreement, is_denied, is_kms
from ebs_kms_audit.identify.given import given_key, given_principals
from ebs_kms_audit.identify.handouts import Handouts
from ebs_kms_audit.identify.keys import key_names, key_of
from ebs_kms_audit.identify.principals import Witnesses, principal_of
from ebs_kms_audit.model import Denial, Event, KeyRef

__all__ = [
    "DeniedEvents",
    "Disagreement",
    "Handouts",
    "Witnesses",
    "given_key",
    "given_principals",
    "is_denied",
    "is_kms",
    "key_names",
    "may_be_of_another_service",
    "resolve",
]


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
    witnesses: Witnesses,
    principals: Mapping[str, Arn],
    key: KeyRef | None,
) -> Denial:
    """Turn a denied KMS event into a Denial, with all that the input and the caller tell.

    `siblings` are other events of the same Request ID.
    """
    action = kms_action(event.name)
    account = witnesses.accounts.account(event)
    event = replace(event, account=account)
    return Denial(
        event=event,
        principal=principal_of(event, account, witnesses, principals),
        key=key_of(event, siblings, key),
        iam_actions=action.iam_actions,
        statement_kind=action.kind,
        via_service=service_behind(event.source_ip),
        via_known=event.source_ip is not None,
        ebs_traffic=is_ebs_traffic(event.source_ip),
    )
