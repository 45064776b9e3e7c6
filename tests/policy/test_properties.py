"""What holds of every decision, whatever the policy and the request."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ebs_kms_audit.errors import PolicyError
from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy import KeyPolicy, Request, evaluate
from ebs_kms_audit.policy.wildcards import matches, pattern_of

from .cases import (
    ACCOUNT,
    FEDERATED,
    KEY,
    OTHER,
    OTHER_ROLE,
    OTHER_ROOT,
    PATH_ROLE,
    ROLE,
    ROOT,
    SESSION,
    USER,
    deny,
    policy,
)

_ACTIONS = ["kms:Decrypt", "kms:CreateGrant", "kms:DescribeKey", "kms:PutKeyPolicy"]
_CALLERS = [ROLE, PATH_ROLE, SESSION, USER, FEDERATED, ROOT, OTHER_ROLE, "ec2.amazonaws.com", None]

principals = st.sampled_from(
    [
        "*",
        *({"AWS": one} for one in ("*", ROOT, ACCOUNT, OTHER_ROOT, ROLE, PATH_ROLE, SESSION, USER)),
        {"AWS": [ROOT, SESSION]},
        {"AWS": "AROAEXAMPLEEXAMPLE123"},
        {"Service": "ec2.amazonaws.com"},
        {"Federated": "cognito-identity.amazonaws.com"},
    ]
)
conditions = st.dictionaries(
    st.sampled_from(
        "StringEquals StringNotLike Bool BoolIfExists Null ArnLike IpAddress "
        "ForAllValues:StringEquals ForAnyValue:StringLike".split()
    ),
    st.dictionaries(
        st.sampled_from(
            "kms:GrantIsForAWSResource kms:ViaService kms:CallerAccount aws:PrincipalArn "
            "aws:SourceIp kms:GrantOperations".split()
        ),
        st.sampled_from(["true", "false", ACCOUNT, ROLE, "ec2.*", "10.0.0.0/8", "${aws:userid}"]),
        max_size=2,
    ),
    max_size=2,
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Principal"] * 4 + ["NotPrincipal"])): draw(principals),
        draw(st.sampled_from(["Action"] * 4 + ["NotAction"])): draw(
            st.sampled_from(["kms:*", "*", "kms:De*", "kms:CreateGrant", ["kms:Decrypt", "s3:*"]])
        ),
        "Resource": draw(st.sampled_from(["*", "*", KEY, "arn:aws:s3:::x"])),
        "Condition": draw(conditions),
    }


policies = st.lists(statements(), max_size=5).map(lambda listed: policy(*listed))
requests = st.builds(
    Request,
    principal=st.sampled_from(_CALLERS),
    action=st.sampled_from(_ACTIONS),
    resource=st.sampled_from([KEY, None]),
    context=st.dictionaries(
        st.sampled_from(["kms:GrantIsForAWSResource", "kms:ViaService", "aws:SourceIp"]),
        st.sampled_from(["true", "false", "10.1.2.3", "ec2.us-east-1.amazonaws.com", None]),
    ),
    context_complete=st.booleans(),
    account=st.sampled_from([None, ACCOUNT, OTHER]),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    "Version Id Statement Sid Effect Principal NotPrincipal Action NotAction Resource NotResource "
    "Condition AWS Service Policy Allow Bool Null StringLike kms:ViaService".split()
)
values = st.sampled_from(["Allow", "Deny", "*", ROLE, ROOT, "kms:*", "2012-10-17", "true"])
policy_like = st.recursive(
    values | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=25,
)
_LAYERS = (
    "identity_policies permissions_boundary session_policy service_control_policies "
    "resource_control_policies"
).split()


@given(policy_like, requests, st.sampled_from(["statement", "document"]))
@settings(max_examples=400, deadline=None)
def test_no_json_makes_it_raise(json: Any, request: Request, place: str) -> None:
    document = {"Statement": json} if place == "statement" else json
    try:
        read = KeyPolicy.from_dict(document)
    except PolicyError:
        return
    decision = evaluate(request, read)
    assert decision.verdict is not Verdict.NOT_JUDGED
    assert decision.why


@given(st.dictionaries(names, anything), requests)
@settings(max_examples=200, deadline=None)
def test_no_statement_makes_it_raise(statement: Any, request: Request) -> None:
    whole = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    evaluate(request, policy(whole | statement), identity_policies=[policy(statement)])


@given(st.dictionaries(st.text(), anything), st.text(), anything)
@settings(deadline=None)
def test_no_context_makes_it_raise(context: dict[str, Any], operator: str, value: Any) -> None:
    for name in (operator, "StringLike", "NumericLessThan", "DateEquals", "IpAddress", "Bool"):
        condition = {name: dict.fromkeys((*context, "aws:SourceIp"), value)}
        statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
        request = Request(
            principal=ROLE,
            action="kms:Decrypt",
            resource=KEY,
            context=context | {"aws:SourceIp": value},
        )
        evaluate(request, policy(statement | {"Condition": condition}))


@given(policies, requests, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_statements_does_not_matter(
    document: dict[str, Any], request: Request, order: random.Random
) -> None:
    shuffled = list(document["Statement"])
    order.shuffle(shuffled)
    one, other = evaluate(request, document), evaluate(request, policy(*shuffled))
    assert one.verdict is other.verdict
    assert set(one.depends_on) == set(other.depends_on)


@given(policies, statements(), requests)
@settings(deadline=None)
def test_a_deny_more_never_allows(
    document: dict[str, Any], more: dict[str, Any], request: Request
) -> None:
    before = evaluate(request, document)
    after = evaluate(request, policy(*document["Statement"], more | {"Effect": "Deny"}))
    assert after.allowed is not True or before.allowed is True
    if before.verdict is Verdict.EXPLICIT_DENY:
        assert after.verdict is Verdict.EXPLICIT_DENY


@given(policies, statements(), requests)
@settings(deadline=None)
def test_an_allow_more_never_takes_away(
    document: dict[str, Any], more: dict[str, Any], request: Request
) -> None:
    # The owner of a key that is not known is told by the policy: an Allow can change that.
    known = Request(principal=request.principal, action=request.action, resource=KEY)
    before = evaluate(known, document)
    after = evaluate(known, policy(*document["Statement"], more | {"Effect": "Allow"}))
    assert before.allowed is not True or after.allowed is True
    assert before.key_policy_allows is not True or after.key_policy_allows is True


@given(policies, requests)
@settings(deadline=None)
def test_a_deny_of_everything_denies(document: dict[str, Any], request: Request) -> None:
    decision = evaluate(request, policy(*document["Statement"], deny("D", "*")))
    assert decision.verdict in (Verdict.EXPLICIT_DENY, Verdict.NOT_GRANTABLE, Verdict.UNDECIDED)
    assert decision.allowed is not True


@given(policies, requests, st.sampled_from(["true", "false", "10.1.2.3", None]))
@settings(max_examples=300, deadline=None)
def test_more_knowledge_never_overturns_what_was_certain(
    document: dict[str, Any], request: Request, value: str | None
) -> None:
    """A decision that did not hang on a condition key stays when the key becomes known."""
    before = evaluate(request, document)
    if before.verdict is Verdict.UNDECIDED or before.depends_on or request.context_complete:
        return
    new = {"aws:SourceIp": value, "kms:GrantOperations": value, "kms:ViaService": value}
    better = Request(
        principal=request.principal,
        action=request.action,
        resource=request.resource,
        context=new | dict(request.context),
        account=request.account,
    )
    assert evaluate(better, document).verdict is before.verdict


@given(policies, requests)
@settings(deadline=None)
def test_undecided_always_names_what_it_depends_on(
    document: dict[str, Any], request: Request
) -> None:
    decision = evaluate(request, document)
    if decision.verdict is Verdict.UNDECIDED:
        assert decision.depends_on
        assert decision.decided_by


@given(policies, requests, st.sampled_from(_LAYERS))
@settings(deadline=None)
def test_a_layer_that_allows_everything_changes_nothing_that_is_certain(
    document: dict[str, Any], request: Request, layer: str
) -> None:
    # A Deny with NotPrincipal spares nobody who has a permissions boundary, whatever that allows
    # (IAM User Guide, "AWS JSON policy elements: NotPrincipal").
    assume(layer != "permissions_boundary" or "NotPrincipal" not in str(document))
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    before, after = evaluate(request, document), evaluate(request, document, **{layer: everything})
    if before.allowed is True:
        assert after.allowed is True
    if before.verdict in (Verdict.EXPLICIT_DENY, Verdict.MISSING_ALLOW, Verdict.NOT_GRANTABLE):
        assert after.verdict is before.verdict


def _plainly(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_plainly(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and _plainly(pattern[1:], text[1:])


@given(st.text("ab*?", max_size=7), st.text("ab", max_size=7))
def test_the_matcher_against_a_plain_one(pattern: str, text: str) -> None:
    assert matches(pattern_of(pattern), text) is _plainly(pattern, text)


@given(st.text("ab*?", max_size=5), st.text("ab*?", max_size=4), st.text("ab", max_size=5))
def test_a_value_known_in_part(pattern: str, value: str, text: str) -> None:
    """What is said of all values of a kind is true of each."""
    if not _plainly(value, text):
        return
    said = matches(pattern_of(pattern), pattern_of(value))
    assert said in (None, _plainly(pattern, text))


def test_hostile_patterns_take_no_time() -> None:
    assert matches(pattern_of("*a" * 200 + "b"), "a" * 2_000) is False
