"""Lint: statements at the boundary of a rule, with and without the finding.

Sources: IAM User Guide, "AWS global condition context keys" and "Condition operators"; EBS User
Guide, "Requirements for Amazon EBS encryption"; AWS KMS Developer Guide, "AWS KMS condition keys".
"""

from __future__ import annotations

import pytest

from ebs_kms_audit import KeyPolicy, lint
from tests.policy.linted import ACCOUNT, ALICE, FOR_SERVICE, KEPT, KEY, ROOT, found, statement


def ids(*statements, key=KEY):
    return [id for id, _, _ in found(*statements, key=key)]


def messages(one, key=KEY):
    document = {"Version": "2012-10-17", "Statement": [KEPT, one]}
    return [result.message for result in lint(KeyPolicy.from_dict(document), key=key)]


@pytest.mark.parametrize(
    ("key", "restricts"),
    [
        ("kms:CallerAccount", True),
        ("aws:PrincipalAccount", True),
        ("aws:PrincipalArn", True),
        ("aws:PrincipalOrgID", True),
        ("aws:PrincipalOrgPaths", True),
        ("aws:PrincipalTag/team", True),
        ("aws:PrincipalTag/", False),
        ("aws:userid", True),
        ("aws:username", True),
        ("aws:SourceAccount", True),
        ("aws:SourceArn", True),
        ("aws:SourceOrgID", True),
        ("aws:SourceOrgPaths", True),
        ("AWS:SOURCEARN", True),
        ("aws:SourceArnX", False),
        ("aws:SecureTransport", False),
        ("aws:SourceIp", False),
    ],
)
def test_a_condition_key_that_restricts_who_can_call(key, restricts):
    one = statement(Principal="*", Condition={"StringEquals": {key: "x"}})
    assert ("open_to_everyone" in ids(KEPT, one)) is not restricts


def by_address(action="kms:*", principal="*", operator="NotIpAddress", key="aws:SourceIp", **more):
    condition = {operator: {key: "192.0.2.0/24"}} | more.pop("also", {})
    return statement(
        **{"Effect": "Deny", "Principal": principal, "Action": action, "Condition": condition}
        | more
    )


def via(key):
    return {"StringEquals": {key: "x"}}


ACCOUNT_ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
NETWORK = {
    "every action": (by_address(), True),
    "Decrypt": (by_address("kms:Decrypt"), True),
    "GenerateDataKeyWithoutPlaintext": (by_address("kms:GenerateDataKeyWithoutPlaintext"), True),
    "CreateGrant": (by_address("kms:CreateGrant"), True),
    "an action that EBS does not need": (by_address("kms:Sign"), False),
    "an Allow": (by_address(Effect="Allow", Principal={"AWS": ALICE}, Action="kms:Decrypt"), False),
    "an operator that is not negated": (by_address(operator="IpAddress"), False),
    "aws:VpcSourceIp": (by_address(key="aws:VpcSourceIp"), True),
    "aws:SourceVpc": (by_address(operator="StringNotEquals", key="aws:SourceVpc"), True),
    "aws:SourceVpce": (by_address(operator="StringNotEquals", key="aws:SourceVpce"), True),
    "another key": (by_address(operator="StringNotEquals", key="aws:PrincipalOrgID"), False),
    "with aws:PrincipalArn": (
        by_address(also={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}), False),
    # Services are exempt: the role of the instance itself remains, for Decrypt.
    **{f"{key} exempts services, all callers": (by_address(also=via(key)), True) for key in (
        "aws:ViaAWSService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast",
        "kms:ViaService")},
    **{f"{key} exempts services, one caller": (
        by_address(principal={"AWS": ALICE}, also=via(key)), False) for key in (
        "aws:ViaAWSService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast",
        "kms:ViaService")},
    "services exempt, the account": (
        by_address(principal=ACCOUNT_ROOT, also=via("kms:ViaService")), True),
    "services exempt, NotPrincipal": (
        by_address(principal=None, NotPrincipal={"AWS": ALICE}, also=via("kms:ViaService")), True),
    "services exempt, CreateGrant": (
        by_address("kms:CreateGrant", also=via("kms:ViaService")), False),
}  # fmt: skip


@pytest.mark.parametrize(("one", "denies_ebs"), NETWORK.values(), ids=NETWORK)
def test_a_deny_by_network_that_also_denies_what_ebs_needs(one, denies_ebs):
    assert ("network_denies_ebs" in ids(KEPT, one)) is denies_ebs


def test_the_message_names_who_is_denied_and_what():
    tail = "from the network of EC2, which this condition does not exempt, so encrypted volumes "
    tail += "cannot be attached."
    assert messages(by_address()) == [
        "EC2 calls kms:Decrypt, kms:GenerateDataKeyWithoutPlaintext, kms:CreateGrant " + tail
    ]
    exempt = by_address(also={"Bool": {"aws:ViaAWSService": "false"}})
    assert messages(exempt) == [
        "The instance's own role (aws:ec2-infrastructure) calls kms:Decrypt " + tail
    ]


# The exemptions of NotAction and of kms:*, of which the author did not list the actions.
@pytest.mark.parametrize(
    ("elements", "all_actions", "lacks"),
    [
        ({"Action": "kms:*"}, True, False),
        ({"Action": "*"}, True, False),
        ({"Action": "KMS:*"}, True, False),
        ({"Action": ["kms:Decrypt", "kms:*"]}, True, False),
        ({"Action": None, "NotAction": "kms:PutKeyPolicy"}, False, False),
        ({"Action": None, "NotAction": ["kms:PutKeyPolicy", "kms:*"]}, False, False),
        ({"Action": "kms:D*"}, False, True),
        ({"Action": ["kms:CreateGrant", "kms:Decrypt"]}, False, True),
        ({"Action": "kms:CreateGrant"}, False, False),
        ({"Action": ["kms:CreateGrant", "kms:Decrypt"], "Effect": "Deny"}, False, False),
    ],
)
def test_an_author_who_lists_no_actions_is_not_told_of_each(elements, all_actions, lacks):
    found_ids = ids(KEPT, statement(Condition=FOR_SERVICE, **elements))
    assert ("all_actions" in found_ids) is all_actions
    assert ("actions_lack_condition_key" in found_ids) is lacks


# IAM User Guide, "Condition operators": which tests hold where the key is absent.
@pytest.mark.parametrize(
    ("operator", "value", "lacks"),
    [
        ("Bool", "true", True),
        ("BoolIfExists", "true", False),
        ("ForAllValues:Bool", "true", False),
        ("ForAnyValue:Bool", "true", True),
        ("StringNotEquals", "true", False),
        ("ForAnyValue:StringNotEquals", "true", True),
        ("Null", "false", True),
        ("Null", "FALSE", True),
        ("Null", "true", False),
    ],
)
def test_a_condition_that_needs_its_key(operator, value, lacks):
    condition = {operator: {"kms:GrantIsForAWSResource": value}}
    one = statement(Action=["kms:CreateGrant", "kms:Decrypt"], Condition=condition)
    assert ("actions_lack_condition_key" in ids(KEPT, one)) is lacks


def test_the_actions_without_the_key_are_named():
    one = statement(Action=["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"], Condition=FOR_SERVICE)
    assert messages(one) == [
        "This statement never allows kms:Encrypt, kms:Decrypt: a request for it does not carry "
        "kms:GrantIsForAWSResource."
    ]


def through(*values, operator="StringEquals"):
    return statement(Condition={operator: {"kms:ViaService": list(values)}})


EU, EU_2 = "ec2.eu-west-1.amazonaws.com", "ec2.eu-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (through("ec2.us-east-1.amazonaws.com"), []),
        (through(EU, "ec2.us-east-1.amazonaws.com"), []),
        (through(EU_2, EU), ["The condition is for eu-west-1, eu-west-2, and the key is in "
                             "us-east-1."]),
        (through(EU, operator="StringNotEquals"), []),
        (through("ec2.*.amazonaws.com", operator="StringLike"), []),
        (through("ec2.us-east-?.amazonaws.com", operator="StringLike"), []),
        (through("ec2.${aws:RequestedRegion}.amazonaws.com"), []),
        (through("ec2.cn-north-1.amazonaws.com.cn"),
         ["The condition is for cn-north-1, and the key is in us-east-1."]),
        (through("ec2"), ["'ec2' is not a service in a Region (ec2.us-east-1.amazonaws.com)."]),
    ],
)  # fmt: skip
def test_the_service_and_the_region_of_via_service(one, expected):
    assert messages(one) == expected
    regional = [text for text in expected if "the key is in" in text]
    assert messages(one, key=None) == [text for text in expected if text not in regional]


@pytest.mark.parametrize(
    ("operator", "value", "words"),
    [
        ("NumericEquals", "x", "a number"),
        ("BinaryEquals", "!", "base64 text"),
        ("DateEquals", "x", "a date (2026-05-18T07:00:00Z)"),
        ("NotIpAddress", "x", "an IP address or CIDR block"),
        ("Null", "x", "true or false"),
    ],
)
def test_what_an_operator_requires(operator, value, words):
    one = statement(Condition={operator: {"aws:MultiFactorAuthAge": value}})
    assert messages(one) == [f"{value!r} is not {words}, which {operator} requires."]


GOV_ROOT = {"AWS": f"arn:aws-us-gov:iam::{ACCOUNT}:root"}
GOV_KEY = KEY.replace("arn:aws:", "arn:aws-us-gov:").replace("us-east-1", "us-gov-west-1")


@pytest.mark.parametrize(
    ("one", "key", "expected"),
    [
        (statement(Principal=GOV_ROOT, Action="kms:*"), GOV_KEY, []),
        (statement(Principal={"AWS": ACCOUNT}, Action="kms:*"), KEY, []),
        (statement(Principal=ROOT, Action="kms:*"), KEY, []),
        (statement(Principal=ROOT, Action="kms:Decrypt"), KEY, ["lockout"]),
        (statement(Principal=ROOT, Action="kms:*", Effect="Deny"), KEY, ["lockout"]),
        (statement(Principal=None, NotPrincipal={"AWS": ALICE}, Action="kms:*"), KEY,
         ["allow_with_not_principal"]),
        (statement(Principal=None, NotPrincipal={"AWS": ALICE}, Action="kms:Decrypt"), KEY,
         ["lockout", "allow_with_not_principal"]),
        (statement(Principal=None, NotPrincipal={"AWS": ALICE}, Action="kms:*", Effect="Deny"),
         KEY, ["lockout"]),
    ],
)  # fmt: skip
def test_who_can_change_the_policy(one, key, expected):
    assert ids(one, key=key) == expected


@pytest.mark.parametrize(
    "first",
    [
        statement(Effect="Deny", Action="kms:DeleteAlias"),
        statement(),
        statement(Principal={"Service": "logs.amazonaws.com"}, Action="kms:*"),
    ],
    ids=["a Deny", "another action", "a service"],
)
def test_a_later_statement_can_let_the_policy_be_changed(first):
    assert "lockout" not in ids(first, KEPT)


@pytest.mark.parametrize("session", ["assumed-role/deploy/one", "federated-user/bob"])
def test_a_session_as_principal(session):
    one = statement(Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:{session}"})
    assert ids(KEPT, one) == ["session_principal"]


def test_findings_are_sorted_by_severity_and_then_by_place():
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    info = statement(Principal={"AWS": role})
    warning = statement(Action="kms:Decript")
    error = statement(Action="Decrypt")
    expected = [
        ("action_without_service", "$.Statement[3].Action"),
        ("unknown_action", "$.Statement[2].Action"),
        ("unknown_action", "$.Statement[4].Action"),
        ("role_must_exist", "$.Statement[1].Principal.AWS"),
    ]
    shown = found(KEPT, info, warning, error, warning)
    assert [(id, path) for id, _, path in shown] == expected


def test_a_document_that_is_too_large_is_an_error_of_the_whole():
    large = statement(Sid="x" * 33_000)
    assert ("too_large", "error", "$") in found(KEPT, large)


@pytest.mark.parametrize(
    ("resource", "key", "expected"),
    [
        (KEY, KEY, []),
        (["*", KEY], KEY, []),
        (KEY[:-1] + "?", KEY, []),
        ("arn:aws:kms:*:*:key/*", KEY, []),
        ("arn:aws:kms:eu-west-1:*:key/*", KEY, ["resource_is_another_key"]),
        ([KEY[:-1] + "0", KEY], KEY, []),
        (KEY.replace(":key/", ":alias/"), KEY, ["alias_as_resource"]),
        ([KEY.replace(":key/", ":alias/"), KEY], KEY, ["alias_as_resource"]),
    ],
)
def test_the_resource_of_a_statement(resource, key, expected):
    assert ids(KEPT, statement(Resource=resource), key=key) == expected
