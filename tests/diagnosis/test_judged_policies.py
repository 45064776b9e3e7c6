"""Which policies are judged, which of them is surely the key's, and what they say together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ebs_kms_audit.context.history import ContextCollector
from ebs_kms_audit.diagnosis.grouping import group_denials, with_verdicts
from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.model import Denial, Denials, Verdict
from ebs_kms_audit.policy import KeyPolicy
from ebs_kms_audit.reading.key_policies import GivenPolicy
from tests.diagnosis.made import PLAIN, UNKNOWN_KEY
from tests.incidents import (
    ADMINS,
    DELEGATES,
    KEY_ARN,
    OTHER_KEY,
    ROLE,
    USE,
    USER,
    key_policy,
    pair,
    statement,
)
from tests.records import KEY_ID, audit, record
from tests.rows import SESSION, row
from tests.rows import audit as audit_rows

# --- small values


def test_the_worst_verdict_is_the_first_of_the_table():
    assert Verdict.worst(Verdict) is Verdict.NOT_GRANTABLE
    assert (
        Verdict.worst([Verdict.MISSING_ALLOW, Verdict.DELEGATED_TO_IAM]) is Verdict.DELEGATED_TO_IAM
    )
    assert Verdict.worst([Verdict.ALLOWED_NOW, Verdict.UNDECIDED]) is Verdict.UNDECIDED
    assert Verdict.worst([]) is Verdict.NOT_JUDGED


def test_the_fullest_spelling_of_the_key():
    keys = [
        replace(PLAIN.key, arn=None, id=None, alias=None),
        replace(PLAIN.key, arn=None, id=None, alias="alias/app"),
        replace(PLAIN.key, arn=None, id=KEY_ID, alias=None),
        PLAIN.key,
    ]
    for count in range(1, 5):
        denials = [replace(PLAIN, key=key) for key in keys[:count]]
        assert Denials.of(denials).best_key == keys[count - 1]
        assert Denials.of(denials[::-1]).best_key == keys[count - 1]


ONE, EVERYONE = key_policy(ADMINS), key_policy(DELEGATES)


@pytest.mark.parametrize(
    ("iam_policies", "expected"),
    [
        ({}, None),
        ({None: (EVERYONE,)}, (EVERYONE,)),
        ({ROLE: (ONE,)}, (ONE,)),
        ({ROLE: (ONE,), None: (EVERYONE,)}, (ONE,)),
        ({USER: (ONE,), None: (EVERYONE,)}, (EVERYONE,)),
        ({USER: (ONE,)}, None),
        ({ROLE: ()}, ()),  # the caller is known to have none
    ],
)
def test_the_iam_policies_of_a_caller(iam_policies, expected):
    layers = Layers(
        iam_policies=iam_policies, boundary=("b",), session_policy=("s",), scps=("c",), rcps=("r",)
    )
    assert layers.of(PLAIN) == {
        "identity_policies": expected,
        "permissions_boundary": ("b",),
        "session_policy": ("s",),
        "service_control_policies": ("c",),
        "resource_control_policies": ("r",),
    }


def policy(*statements: Any, name: str = "given", key: str | None = None) -> GivenPolicy:
    return GivenPolicy(name=name, key=key, policy=KeyPolicy.from_dict(key_policy(*statements)))


def judged(*policies: GivenPolicy, denials: tuple[Denial, ...] = (PLAIN,)):
    (group,) = group_denials(denials, ContextCollector(), policies)
    return group


ELSEWHERE = KEY_ARN.replace("us-east-1", "eu-west-1")
REPLICA = "mrk-" + "0123456789abcdef" * 2


# The keys that policies are given for, the key of the denial, and which of them are judged.
@pytest.mark.parametrize(
    ("keys", "denial", "names"),
    [
        ([None], PLAIN, [None]),
        ([None, None], PLAIN, [None, None]),
        ([KEY_ARN], PLAIN, [KEY_ARN]),
        ([KEY_ID], PLAIN, [KEY_ID]),
        ([OTHER_KEY], PLAIN, []),
        ([OTHER_KEY, None], PLAIN, [None]),
        ([KEY_ARN, None], PLAIN, [KEY_ARN]),  # bound ones first
        ([KEY_ARN, KEY_ID], PLAIN, [KEY_ARN, KEY_ID]),
        ([ELSEWHERE], PLAIN, []),
        ([KEY_ARN], UNKNOWN_KEY, [KEY_ARN]),  # it may be the key
        ([ELSEWHERE], UNKNOWN_KEY, []),  # in another Region it is not
        ([KEY_ID], UNKNOWN_KEY, [KEY_ID]),
        ([KEY_ARN, OTHER_KEY], UNKNOWN_KEY, [KEY_ARN, OTHER_KEY]),
        ([ELSEWHERE], replace(UNKNOWN_KEY, event=replace(PLAIN.event, region=None)), [ELSEWHERE]),
        # a denial that names an alias may be about any key of the Region
        ([KEY_ARN], replace(PLAIN, key=replace(PLAIN.key, arn=None, id=None, alias="alias/a")),
         [KEY_ARN]),
        # a bare id is that of the ARN
        ([KEY_ARN], replace(PLAIN, key=replace(PLAIN.key, arn=None, id=KEY_ID)), [KEY_ARN]),
        ([OTHER_KEY], replace(PLAIN, key=replace(PLAIN.key, arn=None, id=KEY_ID)), []),
    ],
)  # fmt: skip
def test_which_policies_are_judged(keys, denial, names):
    policies = [policy(DELEGATES, key=key) for key in keys]
    found = judged(*policies, denials=(denial,)).judgements
    assert [one.policy.key for one in found] == names


def test_a_policy_for_an_arn_judges_the_denial_on_that_arn():
    only = statement(ROLE, USE, "use", Resource=KEY_ARN)
    unknown = judged(policy(only, key=KEY_ARN), denials=(UNKNOWN_KEY,))
    assert unknown.denials[0].verdict == "allowed_now"
    # without an ARN the Resource cannot be compared
    assert judged(policy(only), denials=(UNKNOWN_KEY,)).denials[0].verdict == "undecided"


WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.mark.parametrize(
    ("policies", "would_deny"),
    [
        ([policy(ADMINS)], [True]),
        ([policy(*pair(ROLE))], [False]),
        ([policy(ADMINS), policy(*pair(ROLE))], [True, False]),
        ([policy(statement(ROLE, USE, "x", Condition=WITH_MFA))], [None]),
    ],
)  # fmt: skip
def test_whether_a_policy_explains_the_denial(policies, would_deny):
    assert [one.would_deny for one in judged(*policies).judgements] == would_deny


def test_the_verdict_with_several_policies_is_open():
    assert with_verdicts(Denials.of([PLAIN]), ()) == (PLAIN,)
    one = judged(policy(ADMINS))
    assert [denial.verdict for denial in one.denials] == ["missing_allow"]
    assert one.judgements[0].verdict == "missing_allow"
    both = judged(policy(ADMINS), policy(*pair(ROLE)))
    assert [denial.verdict for denial in both.denials] == ["undecided"]


def test_near_misses_are_those_of_the_only_policy():
    near = statement(ROLE.replace("/ci/", "/"), USE, "use")
    assert [one.kind for one in judged(policy(ADMINS, near)).near_misses] == ["role_path"]
    assert judged(policy(ADMINS, near), policy(ADMINS)).near_misses == ()
    assert judged().near_misses == ()


def test_a_policy_for_another_key_is_foreign_only_if_no_denied_key_is_its_own():
    other = record(eventID="other", errorMessage="absent", resources=[{"ARN": OTHER_KEY}])
    alone = audit(other, key_policies={KEY_ARN: ONE})
    assert [one.cause.id for one in alone.findings] == ["other_key"]
    both = audit(record(), other, key_policies={KEY_ARN: ONE})
    assert {one.key.arn: one.cause.id for one in both.findings}[OTHER_KEY] == "unknown"
    # a row without a key may be about the key of the policy, in its Region
    rows = audit_rows(row(aws_access_key=SESSION), key_policies={ELSEWHERE: ONE})
    assert [one.cause.id for one in rows.findings] == ["other_key"]


def test_only_the_only_policy_is_surely_the_keys():
    assert [one.binding for one in judged(policy(ADMINS)).judgements] == ["key"]
    both = judged(policy(ADMINS), policy(DELEGATES)).judgements
    assert [one.binding for one in both] == ["if_this_key", "if_this_key"]
    # a policy for another key's ARN is a second policy
    other = judged(policy(ADMINS), policy(DELEGATES, key=OTHER_KEY)).judgements
    assert [one.binding for one in other] == ["if_this_key"]


@pytest.mark.parametrize(
    ("key", "denial", "is_bound"),
    [
        (KEY_ARN, PLAIN, True),
        (KEY_ID, PLAIN, False),
        (None, PLAIN, False),
        (KEY_ARN, UNKNOWN_KEY, False),
    ],
)
def test_whether_a_policy_is_bound_by_the_arn(key, denial, is_bound):
    (judgement,) = judged(policy(ADMINS, key=key), denials=(denial,)).judgements
    assert (judgement.bound_by_arn, judgement.from_log) == (is_bound, False)


def test_a_redacted_policy_has_no_lint():
    (judgement,) = judged(policy(statement("*", "kms:*", "open"))).judgements
    assert [one.id for one in judgement.lint] == ["open_to_everyone"]
    assert replace(judgement, can_be_shown=False).lint == ()
