"""One statement of a policy: what it says, read tolerantly.

A statement that AWS would reject covers nothing and is kept as a Fault with its JSON path.

Source: IAM User Guide, "IAM JSON policy elements reference" and "Grammar of the IAM JSON policy
language"; AWS KMS Developer Guide, "Key policies in AWS KMS" (elements in a key policy).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from ebs_kms_audit.policy.principals import PolicyPrincipal, PrincipalForm, read_principal

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ELEMENTS = frozenset(
    "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition".split()
)


class SpelledFloat(float):
    """A number of a JSON text, with its spelling there (`1.10`, `1e999`)."""

    spelling: str

    def __new__(cls, spelling: str) -> Self:
        """Read the number."""
        number = super().__new__(cls, spelling)
        number.spelling = spelling
        return number


class Effect(StrEnum):
    """What a statement does where it covers a request."""

    ALLOW = "Allow"
    DENY = "Deny"


class FaultId(StrEnum):
    """What is wrong with a part of a document. Each has a page: `ebs-kms-audit explain ID`."""

    CONFLICTING_ELEMENTS = "conflicting_elements"
    DELETED_PRINCIPAL = "deleted_principal"
    EMPTY_ELEMENT = "empty_element"
    INVALID_PRINCIPAL = "invalid_principal"
    INVALID_VALUE = "invalid_value"
    INVALID_VERSION = "invalid_version"
    MISSING_ELEMENT = "missing_element"
    REPEATED_MEMBER = "repeated_member"
    UNKNOWN_ELEMENT = "unknown_element"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A part of a document that AWS rejects or that has no effect.

    id         what is wrong
    json_path  where it is
    message    one sentence
    """

    id: FaultId
    json_path: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Patterns:
    """An Action or Resource element. `negated` is True for NotAction and NotResource."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Principals:
    """A Principal element. `negated` is True for NotPrincipal."""

    entries: tuple[PolicyPrincipal, ...]
    negated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ConditionTest:
    """One line of a Condition element: an operator, one condition key, and the values of it.

    Operator and key are spelt as in the policy; booleans and numbers are written as JSON does.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    json_path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement of a policy.

    A missing element is None (`conditions`: empty). `well_formed` is False where AWS would reject
    the statement or give it no effect: it covers nothing. `unknown` holds the elements that the
    policy language does not have; `document` is the statement as written.
    """

    index: int
    json_path: str
    sid: str | None
    effect: Effect | None
    principals: Principals | None
    actions: Patterns | None
    resources: Patterns | None
    conditions: tuple[ConditionTest, ...]
    well_formed: bool
    faults: tuple[Fault, ...]
    unknown: Mapping[str, Any] = field(hash=False)
    document: Any = field(hash=False)

    @property
    def allows(self) -> bool:
        """Whether its Effect is Allow."""
        return self.effect is Effect.ALLOW

    @property
    def denies(self) -> bool:
        """Whether its Effect is Deny."""
        return self.effect is Effect.DENY


# --- reading a statement


class _Reader:
    """Reads the elements of one statement and gathers what is wrong with them."""

    def __init__(self, statement: Mapping[str, Any], path: str) -> None:
        self.statement = statement
        self.path = path
        self.faults: list[Fault] = []
        self.well_formed = True

    def fault(self, id: FaultId, path: str, message: str, *, fatal: bool = False) -> None:
        self.faults.append(Fault(id=id, json_path=path, message=message))
        self.well_formed = self.well_formed and not fatal

    def one_of(self, name: str) -> tuple[str | None, bool]:
        """Return which of Name and NotName is present; None and a fault if both are."""
        negated = f"Not{name}"
        if name in self.statement and negated in self.statement:
            self.fault(
                FaultId.CONFLICTING_ELEMENTS,
                self.path,
                f"The statement has both {name} and {negated}; AWS accepts one of them.",
                fatal=True,
            )
            return None, False
        if name in self.statement:
            return name, False
        return (negated, True) if negated in self.statement else (None, False)

    def sid(self) -> str | None:
        sid = self.statement.get("Sid")
        if sid is None or isinstance(sid, str):
            return sid
        self.fault(FaultId.INVALID_VALUE, f"{self.path}.Sid", "Sid must be a string.")
        return None

    def effect(self) -> Effect | None:
        effect = self.statement.get("Effect")
        if effect == "Allow":
            return Effect.ALLOW
        if effect == "Deny":
            return Effect.DENY
        self.fault(
            FaultId.INVALID_VALUE,
            f"{self.path}.Effect",
            'Effect must be "Allow" or "Deny", with the first letter in upper case.',
            fatal=True,
        )
        return None

    def patterns(self, name: str) -> Patterns | None:
        element, negated = self.one_of(name)
        if element is None:
            if name not in self.statement:
                self.fault(
                    FaultId.MISSING_ELEMENT,
                    self.path,
                    f"The statement has no {name}, and no effect without it.",
                    fatal=True,
                )
            return None
        path = f"{self.path}.{element}"
        values = []
        for where, value in _each(self.statement[element], path):
            if isinstance(value, str):
                values.append(value)
            else:
                self.fault(
                    FaultId.INVALID_VALUE,
                    where,
                    f"{element} must hold strings, not {type_name(value)}.",
                )
        if not values:
            # An empty NotAction would cover everything; AWS takes neither.
            self.fault(FaultId.EMPTY_ELEMENT, path, f"{element} is empty.", fatal=True)
        return Patterns(values=tuple(values), negated=negated)

    def principals(self) -> Principals | None:
        element, negated = self.one_of("Principal")
        if element is None:
            return None
        value, path = self.statement[element], f"{self.path}.{element}"
        if isinstance(value, dict):
            entries = [
                read_principal(type_, entry, where)
                for type_, listed in value.items()
                for where, entry in _each(listed, child_path(path, type_))
            ]
        else:
            entries = [read_principal("*", value, path)]
        for entry in entries:
            if entry.problem:
                deleted = entry.form is PrincipalForm.DELETED
                self.fault(
                    FaultId.DELETED_PRINCIPAL if deleted else FaultId.INVALID_PRINCIPAL,
                    entry.json_path,
                    f"{entry.text}: {entry.problem}.",
                )
        if not entries:
            self.fault(FaultId.EMPTY_ELEMENT, path, f"{element} names no principal.", fatal=True)
        return Principals(entries=tuple(entries), negated=negated)

    def conditions(self) -> tuple[ConditionTest, ...]:
        condition, path = self.statement.get("Condition", {}), f"{self.path}.Condition"
        if not isinstance(condition, dict):
            self.fault(
                FaultId.INVALID_VALUE, path, "Condition must be an object of operators.", fatal=True
            )
            return ()
        tests = []
        for operator, block in condition.items():
            where = child_path(path, operator)
            if not isinstance(block, dict):
                self.fault(
                    FaultId.INVALID_VALUE,
                    where,
                    f"{operator} must be an object of condition keys.",
                    fatal=True,
                )
                continue
            for key, listed in block.items():
                key_path = child_path(where, key)
                tests.append(
                    ConditionTest(
                        operator=operator,
                        key=key,
                        values=tuple(self._values(listed, key_path)),
                        json_path=key_path,
                    )
                )
        return tuple(tests)

    def _values(self, listed: Any, path: str) -> Iterator[str]:
        for where, value in _each(listed, path):
            if isinstance(value, str):
                yield value
            elif isinstance(value, bool):
                yield str(value).lower()
            elif isinstance(value, SpelledFloat):
                yield value.spelling
            elif isinstance(value, float) or (isinstance(value, int) and abs(value) < 1e300):
                yield str(value)
            else:
                self.fault(
                    FaultId.INVALID_VALUE,
                    where,
                    f"A condition value must be a string, not {type_name(value)}.",
                    fatal=True,
                )


def read_statement(statement: Any, index: int, path: str, takes_principals: bool) -> Statement:
    """Read one statement. The result is a Statement, whatever the value is."""
    reader = _Reader(statement if isinstance(statement, dict) else {}, path)
    if not isinstance(statement, dict):
        reader.fault(
            FaultId.INVALID_VALUE,
            path,
            f"A statement must be an object, not {type_name(statement)}.",
            fatal=True,
        )
        return Statement(
            index=index,
            json_path=path,
            sid=None,
            effect=None,
            principals=None,
            actions=None,
            resources=None,
            conditions=(),
            well_formed=False,
            faults=tuple(reader.faults),
            unknown={},
            document=statement,
        )
    sid, effect, principals = reader.sid(), reader.effect(), reader.principals()
    if takes_principals and principals is None and "Principal" not in statement:
        reader.fault(FaultId.MISSING_ELEMENT, path, "The statement has no Principal.", fatal=True)
    if not takes_principals and principals is not None and not _is_anyone(principals):
        # "*" is what a resource control policy must say.
        reader.fault(
            FaultId.INVALID_PRINCIPAL,
            path,
            "A policy of this type must not have a Principal.",
            fatal=True,
        )
    actions, resources = reader.patterns("Action"), reader.patterns("Resource")
    conditions = reader.conditions()
    unknown = other_elements(statement, _ELEMENTS)
    for name in unknown:
        reader.fault(
            FaultId.UNKNOWN_ELEMENT,
            child_path(path, name),
            f"{name} is not an element of the policy language.",
        )
    return Statement(
        index=index,
        json_path=path,
        sid=sid,
        effect=effect,
        principals=principals,
        actions=actions,
        resources=resources,
        conditions=conditions,
        well_formed=reader.well_formed,
        faults=tuple(reader.faults),
        unknown=unknown,
        document=statement,
    )


def _is_anyone(principals: Principals) -> bool:
    forms = {entry.form for entry in principals.entries}
    return not principals.negated and forms == {PrincipalForm.ANYONE}


def _each(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the entries of a list with their JSON paths; a single value is a list of one."""
    if not isinstance(value, list):
        yield path, value
        return
    for at, entry in enumerate(value):
        yield f"{path}[{at}]", entry


def child_path(path: str, name: str) -> str:
    """Return the JSON path of a member of the object at `path`."""
    return f"{path}.{name}" if _PLAIN_NAME.fullmatch(name) else f"{path}[{name!r}]"


def other_elements(value: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return the elements that the policy language does not have."""
    return {name: element for name, element in value.items() if name not in known}


def type_name(value: Any) -> str:
    """Return what a JSON value is, for a message."""
    for type_, name in ((bool, "a boolean"), (str, "a string"), (list, "a list")):
        if isinstance(value, type_):
            return name
    if isinstance(value, int | float):
        return "a number"
    return "null" if value is None else "an object"
