"""Statements into a key policy: the smallest change, as a new document and as an RFC 6902 patch.

Nothing is removed or moved. A principal is added to a statement that already has the same purpose,
whatever its Sid. Otherwise the statement is added at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ebs_kms_audit.aws.kms_actions import IAM_ACTIONS
from ebs_kms_audit.plan.change import Change, copy_of
from ebs_kms_audit.plan.needs import WantedStatement
from ebs_kms_audit.policy import KeyPolicy, Patterns, Statement
from ebs_kms_audit.policy.actions import action_matches

_Line = tuple[str, str, tuple[str, ...]]


def merge(
    policy: KeyPolicy,
    wanted: Sequence[WantedStatement],
    has: Callable[[str, WantedStatement], bool] | None = None,
) -> Change:
    """Return the policy with the wanted statements in it.

    `has` says that a principal has the permissions of a statement already. Merging a second time
    changes nothing. The given policy is not changed.
    """
    document = copy_of(policy.document)
    patch: list[dict[str, Any]] = []
    for statement in wanted:
        names = statement.principals
        missing = [name for name in names if has is None or not has(name, statement)]
        patch += _merge_one(document, statement._replace(principals=tuple(missing)))
    return Change(document=document, patch=tuple(patch))


def _merge_one(document: dict[str, Any], wanted: WantedStatement) -> list[dict[str, Any]]:
    present = KeyPolicy.from_dict(document).statements
    serving = [statement for statement in present if _serves(statement, wanted)]
    named = {name for statement in serving for name in _names(statement)}
    missing = [name for name in wanted.principals if name not in named]
    if not missing:
        return []
    if serving:
        return _add_principals(document, serving[0], missing)
    return _append(document, wanted._replace(principals=tuple(missing)))


def _serves(statement: Statement, wanted: WantedStatement) -> bool:
    """Return whether a statement has the purpose of the wanted one, for other principals.

    Its actions are within the documented ones and cover what is needed. Its condition is the same.
    """
    if statement.faults or not statement.allows:
        return False
    principals, actions, resources = statement.principals, statement.actions, statement.resources
    assert principals is not None  # a statement without a fault has all of them
    assert actions is not None
    assert resources is not None
    if principals.negated or actions.negated or resources.negated or "*" not in resources.values:
        return False
    named = statement.document["Principal"]
    if not isinstance(named, dict) or set(named) != {"AWS"} or "*" in _names(statement):
        return False
    given, documented = covered_actions(actions), covered_actions(Patterns(values=wanted.actions))
    same_condition = _conditions(statement) == _wanted_conditions(wanted)
    return same_condition and set(wanted.needed) <= given <= documented


def covered_actions(actions: Patterns) -> frozenset[str]:
    """Return the KMS actions that an Action element covers."""
    return frozenset(name for name in IAM_ACTIONS if action_matches(actions, name))


def _conditions(statement: Statement) -> set[_Line]:
    return {_line(test.operator, test.key, test.values) for test in statement.conditions}


def _wanted_conditions(wanted: WantedStatement) -> set[_Line]:
    return {
        _line(operator, key, (value,))
        for operator, block in (wanted.condition or {}).items()
        for key, value in block.items()
    }


def _line(operator: str, key: str, values: tuple[str, ...]) -> _Line:
    """Return a line of a Condition as it is compared: StringEquals is case-sensitive."""
    operator = operator.lower()
    if operator == "bool":
        values = tuple(value.lower() for value in values)
    return operator, key.lower(), values


def _names(statement: Statement) -> list[str]:
    named = statement.document["Principal"]["AWS"]
    return named if isinstance(named, list) else [named]


def _add_principals(
    document: dict[str, Any], statement: Statement, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Add principals to a statement: to the list that is there, or to a list made of the one."""
    elements = document["Statement"]
    where = f"/Statement/{statement.index}" if isinstance(elements, list) else "/Statement"
    element = elements[statement.index] if isinstance(elements, list) else elements
    named = element["Principal"]["AWS"]
    if isinstance(named, list):
        named.extend(names)
        path = f"{where}/Principal/AWS/-"
        return [{"op": "add", "path": path, "value": name} for name in names]
    whole = [named, *names]
    element["Principal"]["AWS"] = whole
    return [{"op": "replace", "path": f"{where}/Principal/AWS", "value": list(whole)}]


def _append(document: dict[str, Any], wanted: WantedStatement) -> list[dict[str, Any]]:
    """Add the statement at the end, under a Sid that no other has."""
    elements = document["Statement"]
    present = elements if isinstance(elements, list) else [elements]
    taken = {one["Sid"] for one in present if isinstance(one, dict) and _has_sid(one)}
    added = wanted.document()
    number = 2
    while added["Sid"] in taken:
        added["Sid"] = f"{wanted.sid} {number}"
        number += 1
    if isinstance(elements, list):
        elements.append(added)
        return [{"op": "add", "path": "/Statement/-", "value": copy_of(added)}]
    whole = [elements, added]
    document["Statement"] = whole
    return [{"op": "replace", "path": "/Statement", "value": copy_of(whole)}]


def _has_sid(statement: dict[str, Any]) -> bool:
    return isinstance(statement.get("Sid"), str)
