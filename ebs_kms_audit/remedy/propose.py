"""Which key-policy statements to offer for the denials of one principal on one key.

The console adds a key user to both statements, and an EBS volume needs both: creating it uses the
key, attaching it makes a grant. So a finding of EBS traffic is offered both, and what no denial
demands is marked as such. Any other finding is offered what its denials demand and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import KeyUse, kms_action
from ebs_kms_audit.aws.statements import (
    cross_account_grant_statement,
    grants_statement,
    usage_statement,
)
from ebs_kms_audit.model import Denial, PrincipalKind, StatementKind
from ebs_kms_audit.remedy.advice import alternatives, console_steps, notes
from ebs_kms_audit.remedy.fix import Disposition, Fix, Need, OfferedStatement
from ebs_kms_audit.remedy.limits import is_noise, works_in_own_account_only
from ebs_kms_audit.remedy.placeholders import principal_placeholder

_NEVER_NAMED = frozenset({PrincipalKind.INFRASTRUCTURE, PrincipalKind.SERVICE})


def propose(denials: Sequence[Denial]) -> Fix:
    """Return the fix for denials that share principal, key, account and Region.

    Without the key policy nothing can be proved, so the disposition is always `review`.
    """
    offered = _statements(denials)
    return Fix(
        disposition=Disposition.REVIEW,
        offered=offered,
        console_steps=console_steps(denials, offered),
        notes=notes(denials, offered),
        alternatives=alternatives(denials, offered),
    )


def _statements(denials: Sequence[Denial]) -> tuple[OfferedStatement, ...]:
    principal, key = denials[0].principal, denials[0].key
    if principal.kind in _NEVER_NAMED or key.aws_managed or is_noise(denials):
        return ()
    curable = [denial for denial in denials if not works_in_own_account_only(denial)]
    usage = [denial for denial in curable if denial.statement_kind is StatementKind.USAGE]
    # A direct call is not cured by the grants statement: its condition is false then.
    grants = [
        denial
        for denial in curable
        if denial.statement_kind is StatementKind.GRANTS and not denial.called_directly
    ]
    of_ebs = any(denial.ebs_traffic for denial in (*usage, *grants))
    name = principal.arn or principal_placeholder(principal.kind)
    if denials[0].cross_account and principal.kind is PrincipalKind.SERVICE_LINKED_ROLE:
        return _for_foreign_service_role(name, usage, grants)
    return (*_usage(name, usage, of_ebs), *_grants(name, grants, of_ebs))


def _usage(name: str, usage: Sequence[Denial], of_ebs: bool) -> Iterator[OfferedStatement]:
    for key_use in _key_uses(usage):
        yield OfferedStatement(
            kind=StatementKind.USAGE,
            need=Need.DENIED,
            why=f"denied: {_names(usage)}",
            document=usage_statement(name, key_use),
        )
    if of_ebs and not usage:
        yield OfferedStatement(
            kind=StatementKind.USAGE,
            need=Need.NEEDED_NEXT,
            why="no denial demands it, but creating and reading the volume uses the key",
            document=usage_statement(name),
        )


def _grants(name: str, grants: Sequence[Denial], of_ebs: bool) -> Iterator[OfferedStatement]:
    if grants:
        yield OfferedStatement(
            kind=StatementKind.GRANTS,
            need=Need.DENIED,
            why=f"denied: {_names(grants)}",
            document=grants_statement(name),
        )
    elif of_ebs:
        yield OfferedStatement(
            kind=StatementKind.GRANTS,
            need=Need.NEEDED_NEXT,
            why="no denial demands it, but attaching the volume makes a grant on the key",
            document=grants_statement(name),
        )


def _for_foreign_service_role(
    role: str, usage: Sequence[Denial], grants: Sequence[Denial]
) -> tuple[OfferedStatement, ...]:
    """A service-linked role works on another account's key through a grant, made over there."""
    arn = Arn.parse(role)
    if arn is None or not (usage or grants):
        return ()
    account_root = f"arn:{arn.partition}:iam::{arn.account}:root"
    why = f"denied: {_names([*usage, *grants])}; the role's own account makes the grant"
    return (
        OfferedStatement(
            kind=StatementKind.USAGE,
            need=Need.DENIED,
            why=why,
            document=usage_statement(account_root),
        ),
        OfferedStatement(
            kind=StatementKind.GRANTS,
            need=Need.DENIED,
            why=why,
            document=cross_account_grant_statement(account_root, role),
        ),
    )


def _key_uses(usage: Sequence[Denial]) -> list[KeyUse]:
    """Say for which types of key the usage statement is demanded, EBS's own first."""
    # Every type's statement holds DescribeKey: it tells nothing about the type.
    telling = [denial for denial in usage if denial.event.name != "DescribeKey"] or usage
    uses = {kms_action(denial.event.name).key_use for denial in telling}
    if uses & {KeyUse.SIGNING, KeyUse.AGREEMENT, KeyUse.ENCAPSULATION}:
        uses.discard(KeyUse.ASYMMETRIC)  # their statements hold GetPublicKey as well
    return [use for use in KeyUse if use in uses]


def _names(denials: Sequence[Denial]) -> str:
    return ", ".join(dict.fromkeys(a for denial in denials for a in denial.iam_actions))
