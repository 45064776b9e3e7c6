"""Reading policy documents: what is denied, what is remembered as a fault."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ebs_kms_audit.errors import EbsKmsAuditError, PolicyError, UsageError
from ebs_kms_audit.policy import KeyPolicy, Policy, Request, evaluate

from .cases import FOR_AWS, KEY, ROLE, ROOT, allow, deny, policy

_UNMET = allow("U", ROLE, Condition=FOR_AWS)
_MAYBE = deny("D", "*", Condition={"Bool": {"aws:SecureTransport": "false"}})
_NOTHING = policy(allow("S", actions="s3:*"))
_DOCUMENT = policy(allow("Root", ROOT), allow("A", ROLE)) | {"Id": "key-default-1", "X": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "$: This is not valid JSON"),
        ("not JSON", "$: This is not valid JSON"),
        ("[" * 100_000, "$: This is not valid JSON"),
        ("[]", "$: This is not a policy but a list"),
        ("null", "$: This is not a policy but null"),
        ("{}", "$: This is not a policy: it has no Statement"),
        ('{"Statement": "x"}', "$.Statement: a statement or a list of statements is expected here"),
        (
            '{"Statement": null}',
            "$.Statement: a statement or a list of statements is expected here",
        ),
        ('{"Policy": 3}', "$.Policy: This is not a policy but a number"),
        ('{"Policy": "{"}', "$.Policy: This is not valid JSON"),
        ('{"Policy": {"Policy": {}}}', "$.Policy.Policy: This is not a policy"),
    ],
)
def test_what_is_no_policy(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        KeyPolicy.from_json(text)
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, EbsKmsAuditError)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(_DOCUMENT),
        "\ufeff" + json.dumps(_DOCUMENT, indent=2),
        json.dumps(json.dumps(_DOCUMENT)),
        json.dumps({"Policy": json.dumps(_DOCUMENT), "PolicyName": "default"}),
        json.dumps({"Policy": _DOCUMENT}),
    ],
)
def test_every_wrapping_of_one_policy(text: str) -> None:
    read = KeyPolicy.from_json(text)
    assert read.document == _DOCUMENT
    assert [statement.sid for statement in read.statements] == ["Root", "A"]
    assert (read.id, read.version, read.unknown) == ("key-default-1", "2012-10-17", {"X": 1})
    assert read.faults == ()


def test_the_document_stays_as_it_was() -> None:
    before = copy.deepcopy(_DOCUMENT)
    read = KeyPolicy.from_dict(_DOCUMENT)
    evaluate(Request(principal=ROLE, action="kms:Decrypt", resource=KEY), read)
    assert read.document is _DOCUMENT
    assert before == _DOCUMENT


@pytest.mark.parametrize(
    ("change", "json_path"),
    [
        ({"Effect": "allow"}, "$.Statement[0].Effect"),
        ({"Sid": 3}, "$.Statement[0].Sid"),
        ({"Action": []}, "$.Statement[0].Action"),
        ({"Action": ["kms:*", 3]}, "$.Statement[0].Action[1]"),
        ({"NotAction": "kms:*"}, "$.Statement[0]"),
        ({"Principal": ROLE}, "$.Statement[0].Principal"),
        ({"Principal": {}}, "$.Statement[0].Principal"),
        (
            {"Principal": {"AWS": [ROLE, "AROAEXAMPLEEXAMPLE123"]}},
            "$.Statement[0].Principal.AWS[1]",
        ),
        (
            {"Principal": {"AWS": "arn:aws:iam::111122223333:group/x"}},
            "$.Statement[0].Principal.AWS",
        ),
        ({"Principal": {"AWS": 111122223333}}, "$.Statement[0].Principal.AWS"),
        ({"Condition": []}, "$.Statement[0].Condition"),
        (
            {"Condition": {"Bool": {"kms:GrantIsForAWSResource": None}}},
            "$.Statement[0].Condition.Bool['kms:GrantIsForAWSResource']",
        ),
        ({"Comment": "x"}, "$.Statement[0].Comment"),
    ],
)
def test_a_fault_has_its_path(change: dict[str, Any], json_path: str) -> None:
    (fault,) = KeyPolicy.from_dict(policy(allow("A", ROLE) | change)).faults
    assert fault.json_path == json_path


def test_faults_of_the_document() -> None:
    text = '{"Version": "2020-01-01", "Statement": [], "Id": 3, "Id": 4}'
    faults = KeyPolicy.from_json(text).faults
    assert [fault.json_path for fault in faults] == ["$", "$.Version", "$.Id"]


def test_the_faults_of_all_statements_are_gathered() -> None:
    read = KeyPolicy.from_dict(policy(3, allow("A", ROLE), allow("B")))
    assert [fault.json_path for fault in read.faults] == ["$.Statement[0]", "$.Statement[2]"]
    assert [statement.well_formed for statement in read.statements] == [False, True, False]


def test_an_identity_policy_has_no_principal() -> None:
    assert Policy.from_dict(policy(allow("A"))).faults == ()
    assert Policy.from_dict(policy(allow("A", "*"))).faults == ()
    assert len(Policy.from_dict(policy(allow("A", ROLE))).faults) == 1


@pytest.mark.parametrize("principal", ["", "ana", "*", "arn:aws:iam::111122223333:group/x", KEY])
def test_a_caller_that_can_not_be(principal: str) -> None:
    request = Request(principal=principal, action="kms:Decrypt", resource=KEY)
    with pytest.raises(UsageError):
        evaluate(request, _DOCUMENT)


def test_every_statement_says_why() -> None:
    request = Request(principal=ROLE, action="kms:Decrypt", resource=KEY)
    decision = evaluate(request, _DOCUMENT, identity_policies=[policy(allow("I"))])
    assert [(result.layer, result.index) for result in decision.statements] == [
        ("key_policy", 0),
        ("key_policy", 1),
        ("identity_policies", 0),
    ]
    assert [result.principal.why for result in decision.statements] == [
        f"{ROOT} covers the caller",
        f"{ROLE} covers the caller",
        "the policy applies to whom it is attached to",
    ]
    for result in decision.statements:
        assert [one.why for one in (result.action, result.resource, result.condition)] == [
            "the actions cover kms:Decrypt",
            "the resources cover the key",
            "there is no condition",
        ]
    assert decision.not_given == (
        "permissions_boundary",
        "session_policy",
        "service_control_policies",
        "resource_control_policies",
    )
    assert decision.allowed is True
    assert decision.key_policy_allows is True


@pytest.mark.parametrize(
    ("statements", "action", "layers", "allowed", "key_policy_allows"),
    [
        ([allow("R", ROOT)], "kms:Decrypt", {}, None, False),
        ([allow("R", ROOT)], "kms:Decrypt", {"identity_policies": ()}, False, False),
        ([allow("R", ROOT), _UNMET], "kms:Decrypt", {}, None, False),
        ([_UNMET], "kms:Decrypt", {}, False, False),
        ([], "kms:Decrypt", {}, False, False),
        ([allow("A", ROLE)], "kms:ListKeys", {}, None, False),
        ([allow("A", ROLE), _MAYBE], "kms:Decrypt", {}, None, None),
        ([allow("A", ROLE), deny("D", ROLE)], "kms:Decrypt", {}, False, False),
        ([allow("A", ROLE)], "kms:Decrypt", {"service_control_policies": [_NOTHING]}, False, True),
    ],
)
def test_whether_it_is_allowed_and_whether_by_the_key_policy(
    statements: list[Any],
    action: str,
    layers: dict[str, Any],
    allowed: bool | None,
    key_policy_allows: bool | None,
) -> None:
    request = Request(principal=ROLE, action=action, resource=KEY)
    decision = evaluate(request, policy(*statements), **layers)
    assert decision.allowed is allowed
    assert decision.key_policy_allows is key_policy_allows
