"""The grant step: a grant for a service-linked role on the key of another account.

A service-linked role takes no IAM policy, and nobody can assume it. It uses the key of another
account through a grant that someone in the role's account creates.

Source: EC2 Auto Scaling User Guide, "Required KMS key policy for use with encrypted volumes".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ebs_kms_audit.plan import commands
from ebs_kms_audit.plan.key_group import KeyGroup
from ebs_kms_audit.plan.routing import Part
from ebs_kms_audit.plan.step import Step, StepKind


def grant_steps(group: KeyGroup, parts: Sequence[Part]) -> list[Step]:
    """Return a step for each service-linked role of another account."""
    by_role: dict[str, list[Part]] = {}
    for part in parts:
        if role := part.finding.principal.arn:
            by_role.setdefault(role, []).append(part)
    return [_step(group, role, some) for role, some in by_role.items()]


def _step(group: KeyGroup, role: str, parts: Sequence[Part]) -> Step:
    name = role.rpartition("/")[2]
    account = role.split(":")[4]
    step = Step(
        id=f"grant-{group.name}",
        kind=StepKind.GRANT,
        text=f"In account {account}, create a grant for {name} on the key.",
        account=account,
        region=group.region,
        target=group.key,
        reasons=(
            f"The key policy must allow account {account} to call kms:CreateGrant for this role.",
            "The user or role that runs create-grant needs an IAM policy that allows "
            "kms:CreateGrant on the key.",
        ),
        findings=tuple(dict.fromkeys(part.finding.id for part in parts)),
        principals=(role,),
        afterwards=(
            "A new grant takes effect within five minutes.",
            "Auto Scaling starts instances again by itself. For Spot or EC2 Fleet repeat the "
            "request.",
        ),
    )
    return replace(step, commands=commands.of_grant(step))
