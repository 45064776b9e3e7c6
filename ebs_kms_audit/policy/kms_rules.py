"""Which policies the operations of KMS need, and the account of the key of a policy.

Source: AWS KMS Developer Guide, "AWS KMS permissions" (policy type and cross-account use of each
operation); AWS Organizations User Guide, "Resource control policies" (kms:RetireGrant).
"""

from __future__ import annotations

from ebs_kms_audit.aws.kms_actions import KmsAction, StatementKind, kms_actions
from ebs_kms_audit.policy.actions import action_matches
from ebs_kms_audit.policy.document import KeyPolicy
from ebs_kms_audit.policy.principals import PrincipalForm
from ebs_kms_audit.policy.statement import Statement

_BY_ACTION: dict[str, KmsAction] = {
    action.lower(): row for row in kms_actions() for action in row.iam_actions
}
_RETIRE_GRANT = "kms:retiregrant"
_OF_ALIASES = frozenset({"kms:createalias", "kms:deletealias", "kms:updatealias"})


def grantable(action: str) -> bool:
    """Return whether a key policy can allow the action to anybody.

    It cannot allow actions that concern no key. For RetireGrant the grant decides.
    """
    row = _BY_ACTION.get(action.lower())
    if row is None:
        return True
    return row.kind is not StatementKind.IDENTITY_ONLY and action.lower() != _RETIRE_GRANT


def crosses_accounts(action: str) -> bool | None:
    """Return whether the action works on a key of another account; None for an unknown action."""
    row = _BY_ACTION.get(action.lower())
    return None if row is None else row.cross_account


def needs_identity_policy(action: str) -> bool:
    """Return whether the action needs an IAM policy beside the key policy: one on the alias."""
    return action.lower() in _OF_ALIASES


def is_exempt_from_rcps(action: str) -> bool:
    """Return whether resource control policies have no effect on the action."""
    return action.lower() == _RETIRE_GRANT


def owner_of(policy: KeyPolicy) -> str | None:
    """Infer the key's account from its policy: the one account that may change the policy.

    kms:PutKeyPolicy has no effect for another account, so its principals are of the key's account.
    """
    accounts = {
        entry.account
        for statement in policy.statements
        if statement.allows and statement.well_formed
        if statement.principals and not statement.principals.negated
        if statement.actions and action_matches(statement.actions, "kms:PutKeyPolicy")
        for entry in statement.principals.entries
        if entry.account
    }
    return accounts.pop() if len(accounts) == 1 else None


def is_of_aws_managed_key(policy: KeyPolicy) -> bool:
    """Return whether a key policy has the form that AWS gives its own keys (`aws/ebs`).

    Its Id is `auto-ebs-2` or the like; or everyone may use the key under kms:CallerAccount and
    kms:ViaService, and nobody can change the policy.

    Source: AWS KMS Developer Guide, "AWS KMS condition keys" (the policy of aws/ebs).
    """
    if (policy.id or "").startswith("auto-"):
        return True
    return any(map(_is_for_a_service, policy.statements)) and owner_of(policy) is None


def _is_for_a_service(statement: Statement) -> bool:
    keys = {test.key.lower() for test in statement.conditions}
    if not (statement.allows and keys >= {"kms:calleraccount", "kms:viaservice"}):
        return False
    principals = statement.principals
    return principals is not None and any(
        entry.form is PrincipalForm.ANYONE for entry in principals.entries
    )
