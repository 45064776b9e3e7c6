"""What a statement says as it is read, and what is wrong with it, word for word.

Source: IAM User Guide, "IAM JSON policy elements reference" and "Grammar of the IAM JSON policy
language".
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ebs_kms_audit.policy import KeyPolicy, Patterns, Policy, Statement

from .cases import ROLE, ROOT, allow, policy

INVALID, EMPTY = "invalid_value", "empty_element"
PATH = "$.Statement[0]"
EFFECT = 'Effect must be "Allow" or "Deny", with the first letter in upper case.'
UNKNOWN = "is not an element of the policy language."
NO_CONDITIONS = "Condition must be an object of operators."


def read(change: dict[str, Any], *without: str) -> Statement:
    written = allow("A", ROLE) | change
    (found,) = KeyPolicy.from_dict(
        policy({name: value for name, value in written.items() if name not in without})
    ).statements
    return found


@pytest.mark.parametrize(
    ("change", "without", "faults"),
    [
        ({}, "Effect", [(INVALID, f"{PATH}.Effect", EFFECT)]),
        ({"Effect": "deny"}, "", [(INVALID, f"{PATH}.Effect", EFFECT)]),
        ({}, "Action",
         [("missing_element", PATH, "The statement has no Action, and no effect without it.")]),
        ({}, "Resource",
         [("missing_element", PATH, "The statement has no Resource, and no effect without it.")]),
        ({}, "Principal", [("missing_element", PATH, "The statement has no Principal.")]),
        # Every element that is missing is named.
        ({}, "Effect Principal Action Resource",
         [(INVALID, f"{PATH}.Effect", EFFECT),
          ("missing_element", PATH, "The statement has no Principal."),
          ("missing_element", PATH, "The statement has no Action, and no effect without it."),
          ("missing_element", PATH, "The statement has no Resource, and no effect without it.")]),
        # Both of a pair are there: neither is missing.
        *(
            ({f"Not{name}": value}, "",
             [("conflicting_elements", PATH,
               f"The statement has both {name} and Not{name}; AWS accepts one of them.")])
            for name, value in (
                ("Action", "kms:*"), ("Resource", "*"), ("Principal", {"AWS": ROOT}),
            )
        ),
        ({"Action": []}, "", [(EMPTY, f"{PATH}.Action", "Action is empty.")]),
        ({"NotAction": []}, "Action", [(EMPTY, f"{PATH}.NotAction", "NotAction is empty.")]),
        ({"Action": 3}, "",
         [(INVALID, f"{PATH}.Action", "Action must hold strings, not a number."),
          (EMPTY, f"{PATH}.Action", "Action is empty.")]),
        ({"Resource": [True, {}]}, "",
         [(INVALID, f"{PATH}.Resource[0]", "Resource must hold strings, not a boolean."),
          (INVALID, f"{PATH}.Resource[1]", "Resource must hold strings, not an object."),
          (EMPTY, f"{PATH}.Resource", "Resource is empty.")]),
        ({"Principal": {}}, "",
         [(EMPTY, f"{PATH}.Principal", "Principal names no principal.")]),
        ({"Principal": {"AWS": []}}, "",
         [(EMPTY, f"{PATH}.Principal", "Principal names no principal.")]),
        ({"NotPrincipal": {}}, "Principal",
         [(EMPTY, f"{PATH}.NotPrincipal", "NotPrincipal names no principal.")]),
        ({"Condition": "true"}, "", [(INVALID, f"{PATH}.Condition", NO_CONDITIONS)]),
        ({"Condition": None}, "", [(INVALID, f"{PATH}.Condition", NO_CONDITIONS)]),
        ({"Condition": {"Bool": "true"}}, "",
         [(INVALID, f"{PATH}.Condition.Bool", "Bool must be an object of condition keys.")]),
        ({"Condition": {"Bool": {"aws:x": [{}]}}}, "",
         [(INVALID, f"{PATH}.Condition.Bool['aws:x'][0]",
           "A condition value must be a string, not an object.")]),
        ({"Condition": {"ForAnyValue:Bool": {"x": None}}}, "",
         [(INVALID, f"{PATH}.Condition['ForAnyValue:Bool'].x",
           "A condition value must be a string, not null.")]),
        # A line after one that is not an object is read too.
        ({"Condition": {"Bool": 1, "Null": {"x": []}, "StringLike": {"x": {}}}}, "",
         [(INVALID, f"{PATH}.Condition.Bool", "Bool must be an object of condition keys."),
          (INVALID, f"{PATH}.Condition.StringLike.x",
           "A condition value must be a string, not an object.")]),
    ],
)  # fmt: skip
def test_a_statement_that_aws_rejects(change, without, faults):
    found = read(change, *without.split())
    assert [(one.id, one.json_path, one.message) for one in found.faults] == faults
    assert found.well_formed is False


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({}, []),
        ({"Sid": 3}, [(INVALID, f"{PATH}.Sid", "Sid must be a string.")]),
        ({"Sid": None}, []),
        ({"Action": ["kms:*", 3]},
         [(INVALID, f"{PATH}.Action[1]", "Action must hold strings, not a number.")]),
        ({"Principal": {"AWS": [ROLE, "AROAEXAMPLEEXAMPLE123"]}},
         [("deleted_principal", f"{PATH}.Principal.AWS[1]",
           "AROAEXAMPLEEXAMPLE123: the user or role with this unique id was deleted.")]),
        ({"Principal": {"AWS": [ROLE, "ana"]}},
         [("invalid_principal", f"{PATH}.Principal.AWS[1]",
           "ana: neither an ARN nor an account id.")]),
        ({"Comment": "x", "No te": 1},
         [("unknown_element", f"{PATH}.Comment", f"Comment {UNKNOWN}"),
          ("unknown_element", f"{PATH}['No te']", f"No te {UNKNOWN}")]),
    ],
)  # fmt: skip
def test_a_fault_that_leaves_the_rest_of_the_statement_in_force(change, faults):
    found = read(change)
    assert [(one.id, one.json_path, one.message) for one in found.faults] == faults
    assert found.well_formed is True


def test_an_element_that_the_policy_language_does_not_have_is_kept():
    found = read({"Comment": "x", "Sid": 3})
    assert (found.unknown, found.sid) == ({"Comment": "x"}, None)
    assert found.document["Sid"] == 3


def test_a_policy_beside_the_key_policy_has_no_principal():
    (found,) = Policy.from_dict(policy(allow("A", ROLE))).statements
    assert [(one.id, one.json_path, one.message) for one in found.faults] == [
        ("invalid_principal", PATH, "A policy of this type must not have a Principal.")
    ]
    assert found.well_formed is False


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize(("value", "values"), [("x", ("x",)), (["x", "y"], ("x", "y"))])
def test_a_single_value_is_a_list_of_one(negated, value, values):
    name = "NotAction" if negated else "Action"
    assert read({name: value}, *([] if not negated else ["Action"])).actions == Patterns(
        values=values, negated=negated
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"x"', "x"),
        ("true", "true"),
        ("false", "false"),
        ("0", "0"),
        ("1", "1"),
        ("1.10", "1.10"),
        ("1e999", "1e999"),
        ("-5", "-5"),
    ],
)
def test_a_condition_value_is_spelled_as_in_the_document(written, value):
    document = json.dumps(policy(allow("A", ROLE, Condition={"StringLike": {"x": "VALUE"}})))
    (found,) = KeyPolicy.from_json(document.replace('"VALUE"', written)).statements
    assert found.conditions[0].values == (value,)
    assert found.well_formed is True


@pytest.mark.parametrize(
    ("value", "values"),
    [
        (1.5, ("1.5",)),
        (float("inf"), ("inf",)),
        (int(1e300) - 1, (str(int(1e300) - 1),)),
        (-int(1e300) + 1, (str(-int(1e300) + 1),)),
        (int(1e300), ()),
        (-int(1e300), ()),
        (["a", True, 2], ("a", "true", "2")),
        ([], ()),
    ],
    ids=lambda value: str(value)[:12],
)
def test_the_values_of_a_condition(value, values):
    found = read({"Condition": {"StringLike": {"x": value}}})
    assert [(one.operator, one.key, one.values) for one in found.conditions] == [
        ("StringLike", "x", values)
    ]
    assert found.well_formed is (bool(values) or value == [])
