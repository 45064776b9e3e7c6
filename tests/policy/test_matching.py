"""Why each part of a statement covers a request or not, and what an open part depends on.

Sources: IAM User Guide, "AWS JSON policy elements: Principal", "… NotPrincipal", "IAM JSON policy
elements: Resource", "… Condition".
"""

from __future__ import annotations

from typing import Any

import pytest

from ebs_kms_audit.policy import Request, StatementResult, evaluate
from ebs_kms_audit.policy import TestResult as Line
from ebs_kms_audit.policy.caller import Reach

from .cases import (
    ACCOUNT,
    FEDERATED,
    KEY,
    OTHER_ROOT,
    ROLE,
    ROOT,
    SESSION,
    USER,
    allow,
    deny,
    policy,
)

BUYER = f"arn:aws:sts::{ACCOUNT}:assumed-role/Buyer/monday"
FRIDAY = SESSION.replace("monday", "friday")
CANONICAL = "79a59df900b949e5"
IN_ACCOUNT, BY_ROLE, ITSELF, ANYONE = Reach.ACCOUNT, Reach.ROLE, Reach.ITSELF, Reach.ANYONE


def result(
    statement: Any, caller: str = ROLE, context: dict[str, Any] | None = None
) -> StatementResult:
    request = Request(principal=caller, action="kms:Decrypt", resource=KEY, context=context or {})
    (found,) = evaluate(request, policy(statement)).statements
    return found


@pytest.mark.parametrize(
    ("principal", "caller", "matched", "covering", "depends_on", "reaches"),
    [
        (USER, USER, True, USER, (), {ITSELF: True}),
        ([ROOT, USER], USER, True, USER, (), {IN_ACCOUNT: True, ITSELF: True}),
        ([USER, ROOT], USER, True, USER, (), {IN_ACCOUNT: True, ITSELF: True}),
        ([ROLE, SESSION], SESSION, True, SESSION, (), {BY_ROLE: True, ITSELF: True}),
        ([SESSION, ROLE], SESSION, True, SESSION, (), {BY_ROLE: True, ITSELF: True}),
        (["*", ROLE], ROLE, True, "*", (), {ANYONE: True, BY_ROLE: True}),
        ([ROLE, "*"], ROLE, True, "*", (), {ANYONE: True, BY_ROLE: True}),
        (USER, ROLE, False, None, (), {}),
        ([OTHER_ROOT, BUYER], ROLE, False, None, (), {}),
        # A session that may be the caller's: the account covers the caller in any case.
        ([ROOT, SESSION], ROLE, True, ROOT, ("principal",), {IN_ACCOUNT: True, ITSELF: None}),
        ([SESSION, ROOT], ROLE, True, ROOT, ("principal",), {IN_ACCOUNT: True, ITSELF: None}),
        ([SESSION, FRIDAY], ROLE, None, SESSION, ("principal",), {ITSELF: None}),
        ([BUYER, FRIDAY], ROLE, None, FRIDAY, ("principal",), {ITSELF: None}),
        # A permission of the user who federated would be the session's as well: which is open.
        ([FEDERATED, USER], FEDERATED, True, FEDERATED, (), {ITSELF: True}),
        ([USER, FEDERATED], FEDERATED, True, FEDERATED, (), {ITSELF: True}),
        ({"CanonicalUser": CANONICAL}, USER, None, CANONICAL, ("principal",), {IN_ACCOUNT: None}),
        ({"CanonicalUser": CANONICAL, "AWS": SESSION}, ROLE, None, SESSION, ("principal",),
         {IN_ACCOUNT: None, ITSELF: None}),
        ({"AWS": SESSION, "CanonicalUser": CANONICAL}, ROLE, None, SESSION, ("principal",),
         {IN_ACCOUNT: None, ITSELF: None}),
    ],
)  # fmt: skip
def test_which_principal_covers_the_caller(
    principal, caller, matched, covering, depends_on, reaches
):
    found = result(allow("A", principal), caller)
    why = {
        True: f"{covering} covers the caller",
        False: "no principal covers the caller",
        None: f"whether {covering} covers the caller is not known",
    }[matched]
    assert (found.principal.matched, found.principal.why) == (matched, why)
    assert (found.principal.depends_on, found.reaches) == (depends_on, reaches)
    assert found.matched is matched


@pytest.mark.parametrize(
    ("excluded", "caller", "matched", "why", "depends_on"),
    [
        (USER, ROLE, True, "NotPrincipal does not exempt the caller", ()),
        ([USER, ROOT], USER, False, "NotPrincipal exempts the caller", ()),
        ([ROOT, ROLE, SESSION], ROLE, None,
         "whether NotPrincipal exempts the caller is not known", ("principal",)),
    ],
)  # fmt: skip
def test_whether_not_principal_names_the_caller(excluded, caller, matched, why, depends_on):
    found = result(deny("D", None, NotPrincipal={"AWS": excluded}), caller)
    assert (found.principal.matched, found.principal.why) == (matched, why)
    assert (found.principal.depends_on, found.reaches) == (depends_on, {ANYONE: matched})


ANOTHER_KEY = KEY.replace("1234abcd", "5678abcd")
OPEN_KEY = f"{KEY[:-4]}${{aws:PrincipalTag/key}}"


@pytest.mark.parametrize(
    ("resource", "matched", "why", "depends_on"),
    [
        ({"Resource": KEY}, True, "the resources cover the key", ()),
        ({"Resource": [ANOTHER_KEY, KEY]}, True, "the resources cover the key", ()),
        ({"Resource": ANOTHER_KEY}, False, "the resources do not cover the key", ()),
        ({"Resource": OPEN_KEY}, None, "whether the resources cover the key is not known",
         ("resource",)),
        ({"NotResource": ANOTHER_KEY}, True, "the resources cover the key", ()),
        ({"NotResource": KEY}, False, "the resources do not cover the key", ()),
        ({"NotResource": OPEN_KEY}, None, "whether the resources cover the key is not known",
         ("resource",)),
    ],
)  # fmt: skip
def test_whether_the_resources_cover_the_key(resource, matched, why, depends_on):
    statement = allow("A", ROLE)
    del statement["Resource"]
    found = result(statement | resource)
    assert (found.resource.matched, found.resource.why) == (matched, why)
    assert (found.resource.depends_on, found.matched) == (depends_on, matched)


@pytest.mark.parametrize(
    ("actions", "matched"),
    [
        ({"Action": ["kms:Encrypt", "kms:decrypt"]}, True),
        ({"Action": "kms:Encrypt"}, False),
        ({"NotAction": "kms:Encrypt"}, True),
        ({"NotAction": ["kms:Encrypt", "kms:De*"]}, False),
    ],
)
def test_whether_the_actions_cover_the_action(actions, matched):
    statement = allow("A", ROLE)
    del statement["Action"]
    found = result(statement | actions)
    why = "the actions cover kms:Decrypt" if matched else "the actions do not cover kms:Decrypt"
    assert (found.action.matched, found.action.why, found.matched) == (matched, why, matched)


VIA, TAG = "kms:ViaService", "aws:PrincipalTag/team"
VIA_EC2 = {"StringEquals": {VIA: "ec2.us-east-1.amazonaws.com"}}
TEAM = {"StringLike": {TAG: ["blue", "red*"]}}


@pytest.mark.parametrize(
    ("condition", "context", "matched", "why", "depends_on"),
    [
        (VIA_EC2, {VIA: "ec2.us-east-1.amazonaws.com"}, True, "the condition holds", ()),
        (VIA_EC2, {VIA: None}, False, f"StringEquals: {VIA} is not in the request", ()),
        (VIA_EC2, {VIA: "rds.us-east-1.amazonaws.com"}, False,
         f"StringEquals: {VIA} does not match", ()),
        (VIA_EC2, {}, None, f"whether the condition holds depends on {VIA}", (VIA,)),
        # The first line that fails is named, also after one that is open.
        (VIA_EC2 | TEAM, {VIA: None, TAG: "green"}, False,
         f"StringEquals: {VIA} is not in the request", ()),
        (TEAM | VIA_EC2, {VIA: None, TAG: "green"}, False, f"StringLike: {TAG} does not match", ()),
        (VIA_EC2 | TEAM, {TAG: "green"}, False, f"StringLike: {TAG} does not match", ()),
        (VIA_EC2 | TEAM, {}, None, f"whether the condition holds depends on {VIA}, {TAG}",
         (VIA, TAG)),
        (VIA_EC2 | {"StringNotEquals": {VIA: "x"}}, {}, None,
         f"whether the condition holds depends on {VIA}", (VIA,)),
        (VIA_EC2 | TEAM, {TAG: "red-1"}, None, f"whether the condition holds depends on {VIA}",
         (VIA,)),
        ({"StringIs": {VIA: "x"}}, {VIA: "x"}, None,
         "whether the condition holds depends on StringIs", ("StringIs",)),
    ],
)  # fmt: skip
def test_whether_the_condition_holds(condition, context, matched, why, depends_on):
    found = result(allow("A", ROLE, Condition=condition), context=context)
    assert (found.condition.matched, found.condition.why) == (matched, why)
    assert (found.condition.depends_on, found.matched) == (depends_on, matched)


@pytest.mark.parametrize(
    ("given", "actual", "holds"),
    [
        ({TAG: "red-1"}, ("red-1",), True),
        ({TAG: "green"}, ("green",), False),
        ({TAG: None}, (), False),
        ({}, None, None),
    ],
)
def test_each_line_of_a_condition_shows_the_values_of_the_request(given, actual, holds):
    found = result(allow("A", ROLE, Condition=TEAM), context=given)
    assert found.condition.tests == (
        Line(operator="StringLike", key=TAG, required=("blue", "red*"), actual=actual, holds=holds),
    )


def test_nothing_is_judged_of_a_statement_that_aws_rejects():
    found = result(allow("A", ROLE) | {"Effect": "allow"})
    checks = (found.principal, found.action, found.resource, found.condition)
    assert [one.why for one in checks] == ["the statement is not well formed"] * 4
    assert [one.matched for one in checks] == [False] * 4
    assert (found.matched, found.reaches, found.effect) == (False, {}, None)
