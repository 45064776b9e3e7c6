"""What was given and used by nothing is reported, with the nearest name."""

from __future__ import annotations

import pytest

import ebs_kms_audit
from tests import rows
from tests.incidents import DELEGATES, OTHER_KEY, VISITOR, key_policy
from tests.records import KEY_ARN, ROLE, audit, record

ALICE = "arn:aws:iam::111122223333:user/alice"
KEY_ELSEWHERE = KEY_ARN.replace("us-east-1", "eu-west-1")
MESSAGE = (
    "User: arn:aws:iam::111122223333:user/{name} is not authorized to perform: kms:CreateGrant on "
    f"resource: {KEY_ARN} because no resource-based policy allows the kms:CreateGrant action"
)
POLICY = key_policy(DELEGATES)


@pytest.mark.parametrize(
    ("options", "option", "nearest"),
    [
        ({"key_policies": {OTHER_KEY: POLICY}}, "--key-policy", KEY_ARN),
        ({"key_policies": {KEY_ELSEWHERE: POLICY}}, "--key-policy", KEY_ARN),
        ({"principals": {"deploy-7f3b": ROLE}}, "--principal", "deploy-7f3a"),
        ({"key": KEY_ELSEWHERE}, "--key", KEY_ARN),
        ({"messages": MESSAGE.format(name="deploy-7f3")}, "--message", "deploy-7f3a"),
        ({"iam_policies": {f"{ROLE}s": POLICY}}, "--iam-policy", ROLE),
        ({"iam_policies": {VISITOR: POLICY}}, "--iam-policy", None),
    ],
)
def test_what_no_denial_used(options, option, nearest):
    (unused,) = audit(record(), **options).unused
    assert (unused.option, unused.nearest) == (option, nearest)
    assert unused.value
    assert unused.why.endswith(".")


@pytest.mark.parametrize(
    "options",
    [
        {"key_policies": {KEY_ARN: POLICY}},
        {"key_policies": POLICY},
        {"principals": {"deploy-7f3a": ROLE}},
        {"key": KEY_ARN},
        {"iam_policies": {ROLE: POLICY}},
        {"iam_policies": POLICY},
    ],
)
def test_what_a_denial_used(options):
    assert audit(record(), **options).unused == ()


def test_a_key_and_a_policy_can_be_those_of_a_row_without_a_key():
    for options in ({"key": KEY_ARN}, {"key_policies": {KEY_ARN: POLICY}}):
        assert rows.audit(rows.row(), **options).unused == ()


def test_the_region_of_the_key_is_the_reason():
    (unused,) = rows.audit(rows.row(), key=KEY_ELSEWHERE).unused
    assert unused.why == "The key is of eu-west-1, and the denials are of us-east-1."


def test_a_message_alone_is_used():
    assert ebs_kms_audit.audit(messages=MESSAGE.format(name="alice")).unused == ()
