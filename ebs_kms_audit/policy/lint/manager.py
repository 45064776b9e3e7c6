"""Who can still change the policy: somebody must keep kms:PutKeyPolicy.

If nobody does, only AWS Support can make the key manageable again.

Sources: AWS KMS Developer Guide, "Default key policy" (the key becomes unmanageable); AWS KMS API
Reference, "PutKeyPolicy" (policy lockout safety check; no cross-account use).
"""

from __future__ import annotations

from collections.abc import Iterator

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.policy.actions import action_matches
from ebs_kms_audit.policy.document import KeyPolicy
from ebs_kms_audit.policy.evaluate import evaluate
from ebs_kms_audit.policy.lint.finding import LintFinding, error
from ebs_kms_audit.policy.principals import PolicyPrincipal, PrincipalForm
from ebs_kms_audit.policy.request import Request

_PUT_KEY_POLICY = "kms:PutKeyPolicy"
_LASTING = frozenset({PrincipalForm.ACCOUNT, PrincipalForm.USER, PrincipalForm.ROLE})
_SESSIONS = frozenset({PrincipalForm.ROLE_SESSION, PrincipalForm.FEDERATED_USER})


def lint_managers(policy: KeyPolicy, key: str | None) -> Iterator[LintFinding]:
    """Find a policy that nobody, or only a session, can change."""
    sessions = []
    for statement in policy.statements:
        if not (statement.well_formed and statement.allows and statement.principals):
            continue
        if not (statement.actions and action_matches(statement.actions, _PUT_KEY_POLICY)):
            continue
        if statement.principals.negated:
            return
        for entry in statement.principals.entries:
            if not _can_put(policy, entry, key):
                continue
            if entry.form not in _SESSIONS:
                return
            sessions.append(entry)
    if sessions:
        yield error(
            "lockout",
            sessions[0].json_path,
            f"Only a session ({sessions[0].text}) can call kms:PutKeyPolicy. When no session has "
            "this name any more, nobody can change the policy.",
        )
        return
    yield error(
        "lockout",
        "$.Statement",
        "No principal can call kms:PutKeyPolicy, so nobody can change this policy again.",
    )


def _can_put(policy: KeyPolicy, entry: PolicyPrincipal, key: str | None) -> bool:
    """Return whether the policy may let a principal put a policy; Deny statements count."""
    if entry.form is PrincipalForm.ANYONE:
        name = None
    elif entry.form is PrincipalForm.ACCOUNT and not entry.arn:
        arn = Arn.parse(key)
        name = f"arn:{arn.partition if arn else 'aws'}:iam::{entry.account}:root"
    elif entry.form in _LASTING | _SESSIONS:
        name = entry.text
    else:
        return False
    request = Request(principal=name, action=_PUT_KEY_POLICY, resource=key)
    return evaluate(request, policy).key_policy_allows is not False
