"""What to change: the statements to paste, the console steps, the notes, the alternatives."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ebs_kms_audit.model import StatementKind


class Disposition(StrEnum):
    """Whether a fix may be applied as it is."""

    SAFE = "safe"
    REVIEW = "review"


class Need(StrEnum):
    """Why a statement is offered."""

    DENIED = "denied"
    """A recorded denial demands it."""
    NEEDED_NEXT = "needed_next"
    """No denial demands it yet: the next call of the same EBS operation will."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedStatement:
    """A statement of the fix, with the reason why it is there."""

    kind: StatementKind
    need: Need
    why: str
    document: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """Another way to the same end. `statements` are for an IAM policy, and may be empty."""

    title: str
    text: str
    statements: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """What would cure a finding; without anything to paste, the notes say what would help."""

    disposition: Disposition
    offered: tuple[OfferedStatement, ...]
    console_steps: tuple[str, ...]
    notes: tuple[str, ...]
    alternatives: tuple[Alternative, ...]

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The key-policy statements to paste, as policy JSON: copies, yours to change."""
        return [copy.deepcopy(statement.document) for statement in self.offered]
