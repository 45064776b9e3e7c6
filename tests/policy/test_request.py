"""Request: which actions it takes, and what an unknown action is answered with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ebs_kms_audit import UsageError
from ebs_kms_audit.policy import KeyPolicy, Like, Policy, Request, evaluate

from .cases import KEY, ROLE, allow, policy


@pytest.mark.parametrize(
    "action",
    ["Decrypt", "", "kms:", "kms:*", "kms:GenerateDataKey*", "s3:GetObject", "kms:De crypt"],
)
def test_what_is_not_an_action_of_kms_is_a_usage_error(action: str) -> None:
    with pytest.raises(UsageError, match="Not an action of KMS"):
        Request(principal=ROLE, action=action)


@pytest.mark.parametrize(
    ("action", "notes"),
    [
        ("kms:Decrypt", ()),
        ("KMS:decrypt", ()),
        (
            "kms:GenerateDatakeys",
            (
                "kms:GenerateDatakeys is not a known action of KMS. "
                "The nearest known action is kms:GenerateDataKey.",
            ),
        ),
        ("kms:Xyz", ("kms:Xyz is not a known action of KMS.",)),
    ],
)
def test_an_unknown_action_is_judged_and_the_nearest_name_is_noted(
    action: str, notes: tuple[str, ...]
) -> None:
    decision = evaluate(
        Request(principal=ROLE, action=action, resource=KEY), policy(allow("A", ROLE))
    )
    assert decision.verdict == "allowed_now"
    assert decision.notes == notes


@pytest.mark.parametrize(
    ("required", "holds"),
    [
        ("ec2.us-east-1.amazonaws.com", None),  # the suffix is not known
        ("ec2.eu-west-1.amazonaws.com", False),
        ("ec2.<region>.amazonaws.com", False),
        ("rds.us-east-1.amazonaws.com", False),
    ],
)
def test_a_value_known_in_part_decides_where_it_can(required: str, holds: bool | None) -> None:
    condition = {"StringEquals": {"kms:ViaService": required}}
    request = Request(
        principal=ROLE, action="kms:Decrypt", resource=KEY,
        context={"kms:ViaService": Like("ec2.us-east-1.*")},
    )  # fmt: skip
    (result,) = evaluate(request, policy(allow("A", ROLE, Condition=condition))).statements
    (test,) = result.condition.tests
    assert (result.matched, test.holds) == (holds, holds)
    assert (test.key, test.required) == ("kms:ViaService", (required,))
    assert test.actual == ("ec2.us-east-1.*",)


@pytest.mark.parametrize(
    ("value", "actual"),
    [
        ("x", ("x",)),
        (True, ("true",)),
        (False, ("false",)),
        (7, ("7",)),
        (1.5, ("1.5",)),
        (["a", True, 2], ("a", "true", "2")),
        (("a", ["b", ("c",)]), ("a", "b", "c")),
        (frozenset(["a"]), ("a",)),
        ({"a"}, ("a",)),
        (["a", None], ("a",)),
        (Like("a?*"), ("a?*",)),
        ([], ()),
        (None, ()),
    ],
)
@pytest.mark.parametrize("key", ["aws:PrincipalTag/x", "AWS:principaltag/X"])
def test_the_values_of_a_condition_key(key: str, value: Any, actual: tuple[str, ...]) -> None:
    request = Request(principal=ROLE, action="kms:Decrypt", resource=KEY, context={key: value})
    condition = {"StringEquals": {"aws:PrincipalTag/x": "a"}}
    (result,) = evaluate(request, policy(allow("A", ROLE, Condition=condition))).statements
    assert result.condition.tests[0].actual == actual


_NOTHING = policy(allow("S", actions="s3:*"))


@pytest.mark.parametrize(
    ("given", "policies"),
    [
        (_NOTHING, [0]),
        (json.dumps(_NOTHING), [0]),
        (Policy.from_dict(_NOTHING), [0]),
        ([json.dumps(_NOTHING), Policy.from_dict(_NOTHING)], [0, 1]),
        ((_NOTHING, _NOTHING), [0, 1]),
        ([[_NOTHING], [_NOTHING, _NOTHING]], [0, 1, 2]),
        ([(_NOTHING,), (_NOTHING,)], [0, 1]),
    ],
)
def test_the_documents_of_a_layer(given: Any, policies: list[int]) -> None:
    request = Request(principal=ROLE, action="kms:Decrypt", resource=KEY)
    key_policy = policy(allow("A", ROLE))
    decision = evaluate(request, key_policy, service_control_policies=given)
    assert decision.verdict == "blocked_elsewhere"
    assert [one.policy for one in decision.statements[1:]] == policies
    assert "service_control_policies" not in decision.not_given


@pytest.mark.parametrize("given", [(), []])
def test_a_layer_without_policies_limits_nothing(given: Any) -> None:
    request = Request(principal=ROLE, action="kms:Decrypt", resource=KEY)
    decision = evaluate(request, policy(allow("A", ROLE)), service_control_policies=given)
    assert decision.verdict == "allowed_now"
    assert "service_control_policies" not in decision.not_given


def test_numbers_keep_their_spelling() -> None:
    text = (
        '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", '
        '"Condition": {"NumericEquals": {"kms:RotationPeriodInDays": [1.10, 90, 1E2, 1e999]}}}}'
    )
    (statement,) = KeyPolicy.from_json(text).statements
    assert statement.conditions[0].values == ("1.10", "90", "1E2", "1e999")
