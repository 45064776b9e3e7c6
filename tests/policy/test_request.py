"""Request: which actions it takes, and what an unknown action is answered with."""

from __future__ import annotations

import pytest

from ebs_kms_audit import UsageError
from ebs_kms_audit.policy import KeyPolicy, Like, Request, evaluate

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


def test_numbers_keep_their_spelling() -> None:
    text = (
        '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", '
        '"Condition": {"NumericEquals": {"kms:RotationPeriodInDays": [1.10, 90, 1E2, 1e999]}}}}'
    )
    (statement,) = KeyPolicy.from_json(text).statements
    assert statement.conditions[0].values == ("1.10", "90", "1E2", "1e999")
