"""Whom a statement names: principals that are too many, not lasting, or without effect.

Sources: IAM User Guide, "AWS JSON policy elements: Principal" and "… NotPrincipal"; EC2 Auto
Scaling User Guide, "Required AWS KMS key policy for use with encrypted volumes"; AWS KMS API
Reference, "PutKeyPolicy" (principals must exist).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ebs_kms_audit.policy.lint.finding import LintFinding, info, warning
from ebs_kms_audit.policy.principals import PolicyPrincipal, PrincipalForm
from ebs_kms_audit.policy.statement import Statement

_SINGLE = frozenset(
    {
        PrincipalForm.USER,
        PrincipalForm.ROLE,
        PrincipalForm.ROLE_SESSION,
        PrincipalForm.FEDERATED_USER,
    }
)
# Condition keys that restrict who can call.
_WHO = re.compile(
    r"kms:calleraccount|aws:principal(account|arn|orgid|orgpaths|tag/.+)|aws:userid|aws:username"
    r"|aws:source(account|arn|orgid|orgpaths)",
    re.IGNORECASE,
)
# Services that call KMS as their service-linked role, never as the service principal.
_ROLE_OF_SERVICE = {
    "autoscaling": "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    "spot": "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
    "spotfleet": "role/aws-service-role/spotfleet.amazonaws.com/AWSServiceRoleForEC2SpotFleet",
    "ec2fleet": "role/aws-service-role/ec2fleet.amazonaws.com/AWSServiceRoleForEC2Fleet",
}


def lint_principals(statement: Statement) -> Iterator[LintFinding]:
    """Find doubtful principals of one statement."""
    principals = statement.principals
    if principals is None:
        return
    for entry in principals.entries:
        yield from _service_role(statement, entry)
    if not statement.allows:
        return
    if principals.negated:
        yield warning(
            "allow_with_not_principal",
            f"{statement.json_path}.NotPrincipal",
            "An Allow with NotPrincipal allows everyone else, in every account.",
            statement,
        )
        return
    for entry in principals.entries:
        yield from _allowed(statement, entry)


def _service_role(statement: Statement, entry: PolicyPrincipal) -> Iterator[LintFinding]:
    """Find service-linked roles, and what is written instead of one."""
    if "/aws-service-role/" in entry.text:
        yield info(
            "role_must_exist",
            entry.json_path,
            "KMS rejects the whole document if this service-linked role does not exist.",
            statement,
        )
    elif (
        entry.form is PrincipalForm.ROLE
        and entry.arn
        and entry.arn.name.startswith("AWSServiceRoleFor")
    ):
        yield warning(
            "service_role_without_path",
            entry.json_path,
            "The ARN of a service-linked role has the path role/aws-service-role/SERVICE/. KMS "
            "rejects the document if no role has this ARN.",
            statement,
        )
    role = _ROLE_OF_SERVICE.get(entry.text.partition(".")[0])
    if entry.form is PrincipalForm.SERVICE and role:
        yield warning(
            "service_calls_as_role",
            entry.json_path,
            f"{entry.text} calls KMS as its service-linked role ({role}), never as the service "
            "principal, so this entry has no effect.",
            statement,
        )


def _allowed(statement: Statement, entry: PolicyPrincipal) -> Iterator[LintFinding]:
    if entry.form is PrincipalForm.ANYONE and not any(
        _WHO.fullmatch(test.key) for test in statement.conditions
    ):
        yield warning(
            "open_to_everyone",
            entry.json_path,
            "The statement allows everyone in every account: no condition restricts who can call.",
            statement,
        )
    elif entry.form in (PrincipalForm.ROLE_SESSION, PrincipalForm.FEDERATED_USER):
        yield warning(
            "session_principal",
            entry.json_path,
            "The principal is one session. Sessions with another name are denied: name the role "
            "or the user.",
            statement,
        )
    if entry.form in _SINGLE and gives_everything(statement):
        yield warning(
            "all_actions",
            entry.json_path,
            "The statement allows one principal every action on the key, also its deletion.",
            statement,
        )


def gives_everything(statement: Statement) -> bool:
    """Return whether the Action element is `*` or `kms:*`, alone or among others."""
    actions = statement.actions
    return bool(
        actions and not actions.negated and {"*", "kms:*"} & {a.lower() for a in actions.values}
    )
