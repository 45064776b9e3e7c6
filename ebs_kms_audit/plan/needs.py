"""Which key-policy statements the denials of one caller need.

The console adds a key user to both statements, and an EBS volume needs both: creating it uses the
key, attaching it creates a grant. A caller with EBS traffic therefore gets both. Any other caller
gets what the denied calls need and no more. kms:DescribeKey belongs to the usage statement and
never makes the grants statement required.

Sources: AWS KMS Developer Guide, "Default key policy"; EBS User Guide, "How Amazon EBS encryption
works"; EC2 Auto Scaling User Guide, "Required KMS key policy for use with encrypted volumes".
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.ebs_operations import VOLUME_WORKFLOW
from ebs_kms_audit.aws.kms_actions import KeyUse, kms_action
from ebs_kms_audit.aws.statements import (
    GRANT_ACTIONS,
    cross_account_grant_statement,
    grants_statement,
    usage_statement,
)
from ebs_kms_audit.diagnosis.limits import no_allow_helps, works_in_own_account_only
from ebs_kms_audit.model import Denial, Denials, PrincipalKind, StatementKind

_DESCRIBE = "DescribeKey"
EBS_USAGE = tuple(a for a in VOLUME_WORKFLOW.actions if a not in GRANT_ACTIONS)
EBS_GRANTS = tuple(a for a in VOLUME_WORKFLOW.actions if a in GRANT_ACTIONS)

_NEVER_NAMED = frozenset({PrincipalKind.INFRASTRUCTURE, PrincipalKind.SERVICE})


class Need(StrEnum):
    """Why a statement is in a step."""

    DENIED = "denied"
    """A denied call needs it."""
    NEEDED_NEXT = "needed_next"
    """No denied call needs it. The next call of the same EBS operation does."""


class WantedStatement(NamedTuple):
    """A key-policy statement that a step adds, for one or more principals.

    kind        which of the two statements of a console-made policy it is
    need        why it is there
    needed      the IAM actions that were denied or are needed next
    principals  the AWS principals that it names: ARNs, or a placeholder
    sid         its Sid, if no other statement of the policy has the same
    actions     its actions as AWS documents them
    condition   its Condition element, or None
    """

    kind: StatementKind
    need: Need
    needed: tuple[str, ...]
    principals: tuple[str, ...]
    sid: str
    actions: tuple[str, ...]
    condition: Mapping[str, Any] | None = None

    @property
    def why(self) -> str:
        """One sentence: which calls need the statement."""
        actions = ", ".join(self.needed)
        if self.need is Need.DENIED:
            return f"Required: {actions}."
        return f"Not denied yet, but creating and attaching the volume needs {actions}."

    def document(self) -> dict[str, Any]:
        """Return the statement as policy JSON, a new object at each call."""
        named = self.principals[0] if len(self.principals) == 1 else list(self.principals)
        statement = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Principal": {"AWS": named},
            "Action": list(self.actions),
            "Resource": "*",
        }
        if self.condition is not None:
            statement["Condition"] = copy.deepcopy(dict(self.condition))
        return statement


def curable(denial: Denial) -> bool:
    """Return whether an Allow in the key policy can cure the denial."""
    if denial.principal.kind in _NEVER_NAMED or denial.key.aws_managed:
        return False
    if works_in_own_account_only(denial) or no_allow_helps(denial):
        return False
    if denial.statement_kind is StatementKind.GRANTS:
        return not denial.called_directly  # kms:GrantIsForAWSResource is false in a direct call
    return denial.statement_kind is StatementKind.USAGE


def is_ebs(denials: Sequence[Denial]) -> bool:
    """Return whether EC2 or Auto Scaling called for the caller, other than to describe the key."""
    kinds = denials.kinds if isinstance(denials, Denials) else denials
    return any(denial.ebs_traffic and denial.event.name != _DESCRIBE for denial in kinds)


def wanted_statements(
    denials: Sequence[Denial], name: str, *, least_privilege: bool = False
) -> tuple[WantedStatement, ...]:
    """Return the statements that denials of one caller need, with `name` as their principal.

    Only denials that `curable` accepts count. With `least_privilege` the statements hold the
    actions that were denied or are needed next, and not all that the console gives.
    """
    denials = [denial for denial in Denials.of(denials).kinds if curable(denial)]
    if not denials:
        return ()
    usage = [denial for denial in denials if denial.statement_kind is StatementKind.USAGE]
    grants = [denial for denial in denials if denial.statement_kind is StatementKind.GRANTS]
    wanted: Iterable[WantedStatement]
    if works_by_grant(denials[0]):
        wanted = _for_foreign_service_role(name, denials)
    else:
        ebs = is_ebs(denials)
        wanted = (*_usage(name, usage, ebs), *_grants(name, grants, ebs))
    return tuple(map(_least, wanted)) if least_privilege else tuple(wanted)


def together(wanted: Sequence[WantedStatement]) -> tuple[WantedStatement, ...]:
    """Return the statements of several callers as one for each set of actions and condition."""
    alike: dict[tuple[Any, ...], list[WantedStatement]] = {}
    for one in wanted:
        alike.setdefault((one.actions, repr(one.condition)), []).append(one)
    return tuple(
        sorted(map(_joined, alike.values()), key=lambda one: one.kind is StatementKind.GRANTS)
    )


def _joined(alike: Sequence[WantedStatement]) -> WantedStatement:
    denied = any(one.need is Need.DENIED for one in alike)
    return alike[0]._replace(
        need=Need.DENIED if denied else Need.NEEDED_NEXT,
        needed=tuple(dict.fromkeys(name for one in alike for name in one.needed)),
        principals=tuple(dict.fromkeys(name for one in alike for name in one.principals)),
    )


def works_by_grant(denial: Denial) -> bool:
    """Return whether the caller is a service-linked role of another account than the key's.

    Source: EC2 Auto Scaling User Guide, "Required KMS key policy for use with encrypted volumes":
    the role works through a grant that its own account creates.
    """
    return denial.cross_account and denial.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE


def _least(wanted: WantedStatement) -> WantedStatement:
    """Keep the actions that are needed: of the grants statement kms:CreateGrant alone.

    Source: EC2 Auto Scaling User Guide, "Required KMS key policy for use with encrypted volumes":
    with kms:RevokeGrant a user of the key can revoke the grants of others.
    """
    return wanted._replace(sid=f"{wanted.sid} (least privilege)", actions=wanted.needed)


def _usage(name: str, usage: Sequence[Denial], ebs: bool) -> Iterator[WantedStatement]:
    for key_use in _key_uses(usage):
        statement = usage_statement(name, key_use)
        yield _wanted(StatementKind.USAGE, Need.DENIED, _needed(usage, ebs, EBS_USAGE), statement)
    if ebs and not usage:
        statement = usage_statement(name)
        yield _wanted(StatementKind.USAGE, Need.NEEDED_NEXT, EBS_USAGE, statement)


def _grants(name: str, grants: Sequence[Denial], ebs: bool) -> Iterator[WantedStatement]:
    statement = grants_statement(name)
    if grants:
        needed = _needed(grants, ebs, EBS_GRANTS)
        yield _wanted(StatementKind.GRANTS, Need.DENIED, needed, statement)
    elif ebs:
        yield _wanted(StatementKind.GRANTS, Need.NEEDED_NEXT, EBS_GRANTS, statement)


def _for_foreign_service_role(role: str, denials: Sequence[Denial]) -> Iterator[WantedStatement]:
    """Give the statements that let another account use the key and create the role's grant."""
    arn = Arn.parse(role)
    if arn is None:
        return
    root = f"arn:{arn.partition}:iam::{arn.account}:root"
    yield _wanted(StatementKind.USAGE, Need.DENIED, EBS_USAGE, usage_statement(root))
    grant = cross_account_grant_statement(root, role)
    yield _wanted(StatementKind.GRANTS, Need.DENIED, EBS_GRANTS, grant)


def _wanted(
    kind: StatementKind, need: Need, needed: tuple[str, ...], statement: dict[str, Any]
) -> WantedStatement:
    return WantedStatement(
        kind=kind,
        need=need,
        needed=needed,
        principals=(statement["Principal"]["AWS"],),
        sid=statement["Sid"],
        actions=tuple(statement["Action"]),
        condition=statement.get("Condition"),
    )


def _key_uses(usage: Sequence[Denial]) -> list[KeyUse]:
    """Return the types of key that the usage statement is for; EBS's own first."""
    # The statement of each type holds DescribeKey, which therefore does not show the type.
    telling = [denial for denial in usage if denial.event.name != _DESCRIBE] or usage
    uses = {kms_action(denial.event.name).key_use for denial in telling}
    if uses & {KeyUse.SIGNING, KeyUse.AGREEMENT, KeyUse.ENCAPSULATION}:
        uses.discard(KeyUse.ASYMMETRIC)  # their statements hold GetPublicKey as well
    return [use for use in KeyUse if use in uses]


def _needed(denials: Sequence[Denial], ebs: bool, of_volumes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the actions that were denied, and for a volume also those that it needs."""
    denied = dict.fromkeys(action for denial in denials for action in denial.iam_actions)
    return tuple(denied | dict.fromkeys(of_volumes if ebs else ()))
