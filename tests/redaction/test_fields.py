"""Each field of each value that a report can hold declares what it is."""

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import import_module
from typing import TypeGuard

import pytest

from ebs_kms_audit import model
from ebs_kms_audit.diagnosis.coverage import Facts
from ebs_kms_audit.diagnosis.grouping import Group
from ebs_kms_audit.policy import Policy
from ebs_kms_audit.redaction.fields import FIELDS, Kind
from ebs_kms_audit.report import Report

# Names that are imported for type checkers only, besides those of `model`, and their modules.
_ONLY_FOR_TYPES = {
    "Comparison": "diagnosis.policy_terms",
    "ExportsOf": "plan.export",
    "GivenPolicy": "reading.key_policies",
    "InForce": "diagnosis.policy_log",
    "Judgement": "diagnosis.judgement",
    "PolicyChange": "diagnosis.policy_log",
    "Step": "plan.step",
    "Unused": "diagnosis.unused",
    "KeyPolicyChange": "plan.key_policy",
    "KeyPolicy": "policy",
    "Decision": "policy",
    "LintFinding": "policy",
    "NearMiss": "diagnosis.near_misses",
    "Proof": "plan.change",
    "StatementResult": "policy",
    "UnmetCondition": "diagnosis.unmet",
}


def _names() -> dict[str, object]:
    return {name: getattr(model, name) for name in model.__all__} | {
        name: getattr(import_module(f"ebs_kms_audit.{module}"), name)
        for name, module in _ONLY_FOR_TYPES.items()
    }


def is_value(class_: object) -> TypeGuard[type]:
    return (
        isinstance(class_, type)
        and (dataclasses.is_dataclass(class_) or hasattr(class_, "_fields"))
        and not issubclass(class_, (Enum, Policy))
    )


def field_types(class_: type) -> dict[str, object]:
    hints = typing.get_type_hints(class_, localns=_names())
    if dataclasses.is_dataclass(class_):
        return {field.name: hints[field.name] for field in dataclasses.fields(class_)}
    return {name: hints[name] for name in getattr(class_, "_fields", ())}


def classes_in(hint: object) -> Iterator[type]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is not None:
        for part in typing.get_args(hint):
            yield from classes_in(part)
    elif is_value(hint):
        yield hint
    else:
        for base in getattr(hint, "__orig_bases__", ()):  # a class of tuples
            yield from classes_in(base)


def reachable(*roots: type) -> dict[str, type]:
    found: dict[str, type] = {}
    waiting = list(roots)
    while waiting:
        class_ = waiting.pop()
        if found.setdefault(class_.__name__, class_) is not class_:
            raise AssertionError(f"two classes are named {class_.__name__}: declare them apart")
        for hint in field_types(class_).values():
            waiting += [one for one in classes_in(hint) if one.__name__ not in found]
    return found


VALUES = reachable(Report, Facts, Group)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_each_field_is_declared(name):
    declared = FIELDS.get(name, {})
    missing = set(field_types(VALUES[name])) - set(declared)
    assert not missing, f"declare {name}.{sorted(missing)} in ebs_kms_audit/redaction/fields.py"


def test_no_declaration_is_left_over():
    assert set(FIELDS) <= set(VALUES)
    left = {name: set(FIELDS[name]) - set(field_types(VALUES[name])) for name in FIELDS}
    assert not {name: fields for name, fields in left.items() if fields}


def _holds_text(hint: object) -> bool:
    if typing.get_origin(hint) is not None or isinstance(hint, types.UnionType):
        return any(map(_holds_text, typing.get_args(hint)))
    return hint in (str, typing.Any)


@pytest.mark.parametrize("name", sorted(set(VALUES) & set(FIELDS)))
def test_a_field_of_text_says_more_than_that_it_holds_values(name):
    """`VALUES` is for other values of the table; a text in such a field would be removed."""
    for field, hint in field_types(VALUES[name]).items():
        if FIELDS[name][field] is Kind.VALUES:
            assert not _holds_text(hint), f"{name}.{field}"
            assert list(classes_in(hint)), f"{name}.{field}"
        elif hint in (int, bool) or (inspect.isclass(hint) and issubclass(hint, Enum)):
            assert FIELDS[name][field] is Kind.PUBLIC, f"{name}.{field}"
        elif typing.get_origin(hint) is Mapping:
            assert FIELDS[name][field] in (Kind.PUBLIC, Kind.POLICY), f"{name}.{field}"
