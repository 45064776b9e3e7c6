"""Which key-policy statements to offer for the denials of one principal on one key.

The console adds a key user to both statements, and an EBS volume needs both: creating it uses the
key, attaching it makes a grant. So a finding of EBS traffic is offered both, and what no denial
demands is marked as such. Any other finding is offered what its denials demand and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.ebs_operations import VOLUME_WORKFLOW
from ebs_kms_audit.aws.kms_actions import KeyUse, kms_action
from ebs_kms_audit.aws.statements import (
    GRANT_ACTIONS,
    cross_account_grant_statement,
    grants_statement,
    usage_statement,
)
from ebs_kms_audit.diagnosis.judgement import Binding, Judgement
from ebs_kms_audit.diagnosis.limits import is_noise, refused_elsewhere, works_in_own_account_only
from ebs_kms_audit.model import Denial, PrincipalKind, StatementKind, Verdict
from ebs_kms_audit.plan.fix import Fix, Need, OfferedStatement
from ebs_kms_audit.plan.guidance import alternatives, console_steps, notes
from ebs_kms_audit.plan.placeholders import principal_placeholder
from ebs_kms_audit.plan.step import Disposition

# What a volume needs of each statement (aws/ebs_operations).
_EBS_USAGE = tuple(a for a in VOLUME_WORKFLOW.actions if a not in GRANT_ACTIONS)
_EBS_GRANTS = tuple(a for a in VOLUME_WORKFLOW.actions if a in GRANT_ACTIONS)

_NEVER_NAMED = frozenset({PrincipalKind.INFRASTRUCTURE, PrincipalKind.SERVICE})


def propose(
    denials: Sequence[Denial],
    judgements: Sequence[Judgement] = (),
    *,
    least_privilege: bool = False,
) -> Fix:
    """Return the fix for denials that share principal, key, account and Region.

    With one judgement the fix is applied to its policy and proved; without a policy nothing can be
    proved, and the disposition is `review`. With `least_privilege` the statements hold only what
    was denied and what the EBS workflow needs, not all that the console gives.
    """
    offered = _statements(denials)
    if least_privilege:
        offered = tuple(_least(statement) for statement in offered)
    applied = None
    message_notes: tuple[str, ...] = ()
    policy_notes: tuple[str, ...] = ()
    # What reads messages and policies is imported where there are any.
    if any(denial.message for denial in denials):
        from ebs_kms_audit.plan.message_notes import notes_on_messages

        message_notes = notes_on_messages(denials)
    if judgements:
        from ebs_kms_audit.plan.apply import apply_fix
        from ebs_kms_audit.plan.verdict_notes import notes_on_policies

        policy_notes = notes_on_policies(denials, judgements)
    if len(judgements) == 1 and judgements[0].can_be_shown:
        applied = apply_fix(
            denials,
            offered,
            judgements[0].policy.policy,
            is_the_keys=judgements[0].binding is Binding.KEY,
        )
    return Fix(
        disposition=applied.disposition if applied else Disposition.REVIEW,
        offered=offered,
        console_steps=console_steps(denials, offered),
        notes=(
            *message_notes,
            *policy_notes,
            *notes(denials, offered),
        ),
        alternatives=alternatives(denials, offered),
        denials=tuple(denials),
        applied=applied,
    )


def _statements(denials: Sequence[Denial]) -> tuple[OfferedStatement, ...]:
    principal, key = denials[0].principal, denials[0].key
    if principal.kind in _NEVER_NAMED or key.aws_managed or is_noise(denials):
        return ()
    if any(denial.verdict is Verdict.EXPLICIT_DENY for denial in denials):
        return ()  # an Allow does nothing against a Deny, and the Deny may be meant
    curable = [
        denial
        for denial in denials
        if not works_in_own_account_only(denial)
        and not refused_elsewhere(denial)
        and denial.verdict is not Verdict.ALLOWED_NOW
    ]
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


def _least(offered: OfferedStatement) -> OfferedStatement:
    """Keep of a statement the actions that are needed: of the grants, CreateGrant alone.

    Source: EC2 Auto Scaling User Guide, "Required KMS key policy for use with encrypted volumes":
    kms:RevokeGrant lets a user of the key cut off others.
    """
    document = offered.document
    return replace(
        offered,
        document=document
        | {"Sid": f"{document['Sid']} (least privilege)", "Action": list(offered.needed)},
    )


def _usage(name: str, usage: Sequence[Denial], of_ebs: bool) -> Iterator[OfferedStatement]:
    for key_use in _key_uses(usage):
        yield OfferedStatement(
            kind=StatementKind.USAGE,
            need=Need.DENIED,
            why=f"denied: {_names(usage)}",
            needed=_needed(usage, of_ebs, _EBS_USAGE),
            document=usage_statement(name, key_use),
        )
    if of_ebs and not usage:
        yield OfferedStatement(
            kind=StatementKind.USAGE,
            need=Need.NEEDED_NEXT,
            why="no denial demands it, but creating and reading the volume uses the key",
            needed=_EBS_USAGE,
            document=usage_statement(name),
        )


def _grants(name: str, grants: Sequence[Denial], of_ebs: bool) -> Iterator[OfferedStatement]:
    if grants:
        yield OfferedStatement(
            kind=StatementKind.GRANTS,
            need=Need.DENIED,
            why=f"denied: {_names(grants)}",
            needed=_needed(grants, of_ebs, _EBS_GRANTS),
            document=grants_statement(name),
        )
    elif of_ebs:
        yield OfferedStatement(
            kind=StatementKind.GRANTS,
            need=Need.NEEDED_NEXT,
            why="no denial demands it, but attaching the volume makes a grant on the key",
            needed=_EBS_GRANTS,
            document=grants_statement(name),
        )


def _for_foreign_service_role(
    role: str, usage: Sequence[Denial], grants: Sequence[Denial]
) -> tuple[OfferedStatement, ...]:
    """Return the statements for a service-linked role of another account, which needs a grant."""
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
            needed=_EBS_USAGE,
            document=usage_statement(account_root),
        ),
        OfferedStatement(
            kind=StatementKind.GRANTS,
            need=Need.DENIED,
            why=why,
            needed=_EBS_GRANTS,
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


def _needed(
    denials: Sequence[Denial], of_ebs: bool, of_volumes: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the actions that were denied, and for a volume those that it needs besides."""
    denied = dict.fromkeys(action for denial in denials for action in denial.iam_actions)
    return tuple(denied | dict.fromkeys(of_volumes if of_ebs else ()))


def _names(denials: Sequence[Denial]) -> str:
    return ", ".join(dict.fromkeys(a for denial in denials for a in denial.iam_actions))
