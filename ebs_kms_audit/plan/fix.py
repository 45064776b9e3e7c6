"""What to change: the statements to paste, the console steps, the notes, the alternatives."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.model import Denial, StatementKind
from ebs_kms_audit.plan.step import Disposition

if TYPE_CHECKING:
    from ebs_kms_audit.plan.apply import AppliedFix
    from ebs_kms_audit.policy import KeyPolicy


class Need(StrEnum):
    """Why a statement is offered."""

    DENIED = "denied"
    """A recorded denial demands it."""
    NEEDED_NEXT = "needed_next"
    """No denial demands it yet: the next call of the same EBS operation will."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedStatement:
    """A statement of the fix, with the reason why it is there.

    `needed` are the IAM actions that it is about: those that were denied, or that come next.
    """

    kind: StatementKind
    need: Need
    why: str
    needed: tuple[str, ...]
    document: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        """The actions of the statement, as the policy spells them."""
        return list(self.document["Action"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """Another way to the same end. `statements` are for an IAM policy, and may be empty."""

    title: str
    text: str
    statements: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """What would cure a finding; without anything to paste, the notes say what would help.

    `applied` is the fix on the key policy that was given to the audit, where it was one; `denials`
    are those that the fix is about.
    """

    disposition: Disposition
    offered: tuple[OfferedStatement, ...]
    console_steps: tuple[str, ...]
    notes: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    denials: tuple[Denial, ...]
    applied: AppliedFix | None = None

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The key-policy statements to paste, as policy JSON: copies, yours to change."""
        return [copy.deepcopy(statement.document) for statement in self.offered]

    @property
    def commands(self) -> str:
        """The shell commands that put the changed policy, check it and roll it back, as text."""
        from ebs_kms_audit.plan import export

        return export.commands(
            self.denials, self.offered, self.applied.before if self.applied else None
        )

    @property
    def terraform(self) -> str:
        """The statements as `statement` blocks of Terraform's `aws_iam_policy_document`."""
        from ebs_kms_audit.plan import export

        return export.terraform(self.offered)

    @property
    def cloudformation(self) -> str:
        """The statements as JSON, for the KeyPolicy of an `AWS::KMS::Key` in CloudFormation."""
        from ebs_kms_audit.plan import export

        return export.cloudformation(self.offered)

    def apply(self, policy: KeyPolicy | dict[str, Any] | str) -> AppliedFix:
        """Apply the fix to the key's policy (a KeyPolicy, a document, or its JSON text).

        The policy given is not touched. Raises PolicyError where it is no policy.
        """
        from ebs_kms_audit.plan.apply import apply_fix
        from ebs_kms_audit.policy import KeyPolicy

        if isinstance(policy, str):
            policy = KeyPolicy.from_json(policy)
        elif not isinstance(policy, KeyPolicy):
            policy = KeyPolicy.from_dict(policy)
        return apply_fix(self.denials, self.offered, policy, is_the_keys=True)
