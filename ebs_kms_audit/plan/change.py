"""A change of a key policy: the changed document, and the proof of what it allows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ebs_kms_audit.model import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A changed policy document.

    document   the whole new document
    patch      the RFC 6902 operations that turn the old document into the new one; empty if nothing
               was missing
    remarks    what the reader should know of single statements, one sentence each
    replaced   principals of the old document that cannot call KMS and are no longer named
    conditions whether a condition of the owner was changed
    """

    document: dict[str, Any]
    patch: tuple[dict[str, Any], ...]
    remarks: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    conditions: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CuredDenial:
    """One denied action, judged by the old and by the new key policy.

    event_id  the Event ID of the denied call, or None
    action    the IAM action
    before    the verdict of the old key policy
    after     the verdict of the new key policy
    cured     whether the call succeeds afterwards by everything that was given; None if unknown
    """

    event_id: str | None
    action: str
    before: Verdict
    after: Verdict
    cured: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """An action that the change gives to a principal, or takes from it.

    principal  its ARN; for an account (`…:root`) the action depends on IAM policies there
    action     the IAM action
    condition  what must hold; None if nothing
    expected   whether the change was meant to give it
    """

    principal: str
    action: str
    condition: str | None
    expected: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What a change does: both documents judged for every principal and every KMS action.

    denials        the denied calls, before and after
    newly_allowed  what the change gives
    lost           what the change takes away
    """

    denials: tuple[CuredDenial, ...]
    newly_allowed: tuple[Permission, ...]
    lost: tuple[Permission, ...]

    @property
    def cures(self) -> bool:
        """Whether every denied call succeeds afterwards by everything that was given."""
        return bool(self.denials) and all(denial.cured is True for denial in self.denials)

    @property
    def gives_nothing_else(self) -> bool:
        """Whether everything newly allowed was meant to be, and nothing is taken away."""
        return all(one.expected for one in self.newly_allowed) and not self.lost


def policy_text(document: Mapping[str, Any] | list[Any]) -> str:
    """Return a document, or a list of its parts, as JSON text in ASCII, two spaces a level."""
    return json.dumps(document, indent=2) + "\n"


def copy_of(value: Any) -> Any:
    """Return a copy of a JSON value in which no two parts are one object.

    A document made in Python, or read from YAML with anchors, can hold one list in two statements.
    """
    if isinstance(value, Mapping):
        return {name: copy_of(one) for name, one in value.items()}
    return [copy_of(one) for one in value] if isinstance(value, list) else value
