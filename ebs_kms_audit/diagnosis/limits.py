"""Denials that no Allow in the key policy can cure."""

from __future__ import annotations

from ebs_kms_audit.aws.callers import probing_service
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.model import Denial, Effect, PolicyType, PrincipalKind

_KEY_OR_IAM = (None, PolicyType.IDENTITY_BASED, PolicyType.RESOURCE_BASED)


def works_in_own_account_only(denial: Denial) -> bool:
    """Return whether the call crosses accounts and the operation does not work across accounts.

    Source: AWS KMS Developer Guide, "Allowing users in other accounts to use a KMS key".
    """
    return denial.cross_account and not kms_action(denial.event.name).cross_account


def no_allow_helps(denial: Denial) -> bool:
    """Return whether the access-denied message says that no Allow in the key policy can help.

    The message names a Deny, or an SCP, RCP, permissions boundary, session or endpoint policy that
    does not allow the action. A message that names IAM policies does not say so for a call across
    accounts: the key policy may lack an Allow as well.
    """
    message = denial.message
    if message is None:
        return False
    if message.effect is Effect.EXPLICIT:
        return True
    if message.policy_type is PolicyType.PERMISSIONS_BOUNDARY and _is_users_own(denial):
        return False
    return message.policy_type not in _KEY_OR_IAM


def _is_users_own(denial: Denial) -> bool:
    """Return whether the caller is a user of the key's account.

    What a permissions boundary leaves out does not limit an Allow that names the user's own ARN.
    Source: IAM User Guide, "Policy evaluation logic".
    """
    same = not denial.cross_account and denial.statement_kind is not StatementKind.IDENTITY_ONLY
    return same and denial.principal.kind is PrincipalKind.USER


def is_noise(denial: Denial) -> bool:
    """Return whether the denial is a harmless probe of an AWS service that checks every key.

    Only calls that read about a key count (DescribeKey, GetKeyPolicy, ListGrants), never the use
    of the key.
    """
    action = kms_action(denial.event.name)
    reads = action.read_only and (
        action.kind is not StatementKind.USAGE or action.event_name == "DescribeKey"
    )
    return reads and probing_service(denial.event.source_ip) is not None
