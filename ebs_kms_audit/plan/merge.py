"""Statements into a key policy: the smallest change, as a new document and as an RFC 6902 patch.

What is there is never removed or moved. A principal is added to a statement that already serves
the purpose, whatever its Sid; else the statement is added at the end.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ebs_kms_audit.aws.kms_actions import kms_actions
from ebs_kms_audit.plan.fix import OfferedStatement
from ebs_kms_audit.policy import KeyPolicy, Patterns, Statement
from ebs_kms_audit.policy.actions import action_matches

_ALL_ACTIONS = frozenset(name for action in kms_actions() for name in action.iam_actions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A changed document, and the patch (RFC 6902) that makes it of the old one.

    The patch is empty where nothing was missing.
    """

    document: dict[str, Any]
    patch: tuple[dict[str, Any], ...]


def merge(policy: KeyPolicy, offered: Sequence[OfferedStatement]) -> Change:
    """Return the policy with the offered statements in it; each names one AWS principal.

    Merging twice changes nothing the second time. The policy given is not touched.
    """
    document = copy.deepcopy(dict(policy.document))
    patch: list[dict[str, Any]] = []
    for statement in offered:
        patch += _merge_one(document, statement)
    return Change(document=document, patch=tuple(patch))


def _merge_one(document: dict[str, Any], offered: OfferedStatement) -> list[dict[str, Any]]:
    wanted = offered.document
    principal = wanted["Principal"]["AWS"]
    present = KeyPolicy.from_dict(document).statements
    serving = [statement for statement in present if _serves(statement, offered)]
    if any(principal in _names(statement) for statement in serving):
        return []
    if serving:
        return [_add_principal(document, serving[0], principal)]
    return _append(document, wanted)


def _serves(statement: Statement, offered: OfferedStatement) -> bool:
    """Tell whether a statement serves the purpose already, for whomever it names.

    Its actions lie within the offered ones and cover what is needed; its condition is the same.
    """
    principals, actions, resources = statement.principals, statement.actions, statement.resources
    if (
        not statement.well_formed
        or not statement.allows
        or statement.faults
        or principals is None
        or principals.negated
        or actions is None
        or actions.negated
        or resources is None
        or resources.negated
        or "*" not in resources.values
    ):
        return False
    named = statement.document["Principal"]
    if not isinstance(named, dict) or set(named) != {"AWS"} or "*" in _names(statement):
        return False
    given, documented = _covered(actions), _covered(Patterns(values=tuple(offered.actions)))
    return set(offered.needed) <= given <= documented and _conditions(
        statement
    ) == _wanted_conditions(offered.document)


def _covered(actions: Patterns) -> frozenset[str]:
    return frozenset(name for name in _ALL_ACTIONS if action_matches(actions, name))


def _conditions(statement: Statement) -> set[tuple[str, str, tuple[str, ...]]]:
    return {
        (test.operator.lower(), test.key.lower(), tuple(v.lower() for v in test.values))
        for test in statement.conditions
    }


def _wanted_conditions(wanted: dict[str, Any]) -> set[tuple[str, str, tuple[str, ...]]]:
    return {
        (operator.lower(), key.lower(), (value.lower(),))
        for operator, block in wanted.get("Condition", {}).items()
        for key, value in block.items()
    }


def _names(statement: Statement) -> list[str]:
    named = statement.document["Principal"]["AWS"]
    return named if isinstance(named, list) else [named]


def _add_principal(
    document: dict[str, Any], statement: Statement, principal: str
) -> dict[str, Any]:
    """Add a principal to a statement: to the list that is there, or to a list made of the one."""
    elements = document["Statement"]
    where = f"/Statement/{statement.index}" if isinstance(elements, list) else "/Statement"
    element = elements[statement.index] if isinstance(elements, list) else elements
    named = element["Principal"]["AWS"]
    if isinstance(named, list):
        named.append(principal)
        return {"op": "add", "path": f"{where}/Principal/AWS/-", "value": principal}
    element["Principal"]["AWS"] = [named, principal]
    return {"op": "replace", "path": f"{where}/Principal/AWS", "value": [named, principal]}


def _append(document: dict[str, Any], wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Add the statement at the end, under a Sid that no other has."""
    elements = document["Statement"]
    present = elements if isinstance(elements, list) else [elements]
    taken = {one.get("Sid") for one in present if isinstance(one, dict)}
    added = copy.deepcopy(wanted)
    number = 2
    while added.get("Sid") in taken:
        added["Sid"] = f"{wanted['Sid']} {number}"
        number += 1
    if isinstance(elements, list):
        elements.append(added)
        return [{"op": "add", "path": "/Statement/-", "value": added}]
    document["Statement"] = [elements, added]
    return [{"op": "replace", "path": "/Statement", "value": [elements, added]}]
