"""Which statements fail by their condition, with the required and the actual value.

Sources: AWS KMS Developer Guide, "AWS KMS condition keys" and "AWS global condition keys"; EBS User
Guide, "Requirements for Amazon EBS encryption".
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.incidents import (
    ADMINS,
    CLIENT,
    DELEGATES,
    FOR_AWS,
    OTHER_KEY,
    ROLE,
    ROOT,
    USE,
    USER,
    bound,
    denied,
    event,
    key_policy,
    statement,
)
from tests.records import EC2, audit

VIA_ELSEWHERE = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}
TAG = {"StringEquals": {"aws:PrincipalTag/team": "storage"}}
EC2_HERE = "ec2.us-east-1.amazonaws.com"
NETWORK = f"the network of {EC2}, not that of the caller"
VOLUME = "the id of a volume (vol-…)"


def unmet(
    *statements: dict[str, Any],
    records: tuple[dict[str, Any], ...] = (),
    caller: str = ROLE,
    reason: str | None = "resource",
    options: dict[str, Any] | None = None,
    **fields: Any,
) -> list[tuple[Any, ...]]:
    """Return the statement, key, actual value and evidence of each condition that is not met."""
    given = bound(ADMINS, *statements) | (options or {})
    report = audit(denied("Decrypt", reason, caller, **fields), *records, **given)
    return [
        (one.statement.sid, one.test.key, one.actual, one.evidence)
        for one in report.findings[0].cause.unmet
    ]


def one(condition: dict[str, Any], **more: Any) -> list[tuple[Any, ...]]:
    return unmet(statement(more.get("caller", ROLE), USE, "use", Condition=condition), **more)


def test_a_value_that_is_known():
    assert one(VIA_ELSEWHERE) == [("use", "kms:ViaService", EC2_HERE, "derived")]
    assert one(FOR_AWS) == [("use", "kms:GrantIsForAWSResource", "(absent)", "derived")]


# Whom a statement is for: where such a condition fails, the statement is for another caller.
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:PrincipalAccount", "444455556666"),
        ("kms:CallerAccount", "444455556666"),
        ("AWS:PRINCIPALARN", f"{ROLE}-other"),
        ("aws:userid", "AROA2NCBAL3RPBAGXM7CZ:other"),
        ("aws:username", "bob"),
    ],
)
def test_a_condition_on_the_caller_is_for_others(key, value):
    assert one({"StringEquals": {key: value}}) == []
    assert one({"StringEquals": {key: value, "kms:ViaService": "x"}}) == []


def test_a_condition_on_the_type_of_the_caller_is_not_for_others():
    assert one({"StringEquals": {"aws:PrincipalType": "User"}}) == [
        ("use", "aws:PrincipalType", "AssumedRole", "derived")
    ]


# A value that is unknown: it counts as not met if the message rules out every Allow.
@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("resource", [("use", "aws:PrincipalTag/team", "(unknown)", "inferred")]),
        ("identity", []),
        ("", []),
        (None, []),
    ],
)
def test_a_value_that_is_unknown(reason, expected):
    assert one(TAG, reason=reason) == expected


def test_every_line_that_fails_is_listed_and_those_that_are_unknown_are_not():
    condition = {
        "StringEquals": {"aws:PrincipalTag/team": "storage", "kms:ViaService": "x"},
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }
    assert one(condition) == [
        ("use", "kms:ViaService", EC2_HERE, "derived"),
        ("use", "kms:GrantIsForAWSResource", "(absent)", "derived"),
    ]


def test_the_surest_comes_first():
    found = unmet(
        statement(ROLE, USE, "tag", Condition=TAG),
        statement(ROLE, USE, "elsewhere", Condition=VIA_ELSEWHERE),
    )
    assert [(sid, evidence) for sid, _, _, evidence in found] == [
        ("elsewhere", "derived"),
        ("tag", "inferred"),
    ]


# EC2 calls from its own network. Without a message, that is enough to infer the failure.
@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        ("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
        ("StringEquals", "aws:SourceVpc", "vpc-0123456789abcdef0"),
        ("StringEquals", "AWS:SourceVPCe", "vpce-0123456789abcdef0"),
    ],
)
def test_the_network_of_ec2(operator, key, value):
    condition = {operator: {key: value}}
    assert one(condition, reason=None) == [("use", key, NETWORK, "inferred")]
    # a direct call comes from the network of the caller
    assert one(condition, reason=None, caller=USER, sourceIPAddress=CLIENT) == []


def test_a_network_that_must_not_be_the_one_of_the_caller_is_not_inferred():
    assert one({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, reason=None) == []
    assert one({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, reason=None) == []


def context(*ids: str) -> dict[str, Any]:
    return {"StringEquals": {"kms:EncryptionContext:aws:ebs:id": list(ids)}}


COPY = event("CopySnapshot", eventSource="ec2.amazonaws.com", eventID="copy", readOnly=False,
             sourceIPAddress=CLIENT)  # fmt: skip
CREATE = COPY | {"eventName": "CreateVolume", "eventID": "create"}
SNAPSHOT = "snap-0123456789abcdef0"


@pytest.mark.parametrize(
    ("ids", "records", "actual"),
    [
        ([SNAPSHOT], (), VOLUME),
        ([SNAPSHOT, "snap-01234567"], (), VOLUME),
        ([SNAPSHOT], (CREATE,), VOLUME),
        ([SNAPSHOT, "vol-0123456789abcdef0"], (), None),
        (["vol-0123456789abcdef0"], (), None),
        ([], (), None),
        # a copy of a snapshot has the id of the snapshot
        ([SNAPSHOT], (COPY,), None),
        ([SNAPSHOT], (COPY | {"eventName": "CopyImage"},), None),
    ],
)  # fmt: skip
def test_the_encryption_context_of_a_volume(ids, records, actual):
    found = one(context(*ids), records=records, reason=None)
    key = "kms:EncryptionContext:aws:ebs:id"
    assert found == ([("use", key, actual, "inferred")] if actual else [])


def test_a_direct_call_may_name_a_snapshot():
    assert one(context(SNAPSHOT), reason=None, caller=USER, sourceIPAddress=CLIENT) == []


# Statements that do not name the caller, the action or the key, and those of other policies.
@pytest.mark.parametrize(
    "made",
    [
        statement(ROLE, USE, "deny", Effect="Deny", Condition=VIA_ELSEWHERE),
        statement(USER, USE, "another caller", Condition=VIA_ELSEWHERE),
        statement(ROLE, "kms:Encrypt", "another action", Condition=VIA_ELSEWHERE),
        statement(ROLE, USE, "another key", Resource=OTHER_KEY, Condition=VIA_ELSEWHERE),
    ],
    ids=lambda made: made["Sid"],
)
def test_a_statement_that_is_not_about_the_call(made):
    assert unmet(made) == []


@pytest.mark.parametrize("principal", [ROLE, ROOT, "*", {"AWS": "*"}])
def test_a_statement_names_the_caller_the_role_the_account_or_everyone(principal):
    made = statement(principal, USE, "use", Condition=VIA_ELSEWHERE)
    assert unmet(made) == [("use", "kms:ViaService", EC2_HERE, "derived")]


def test_a_session_names_itself():
    session = ROLE.replace(":iam:", ":sts:").replace("role/ci/deploy", "assumed-role/deploy/run-1")
    made = statement(session, USE, "use", Condition=VIA_ELSEWHERE)
    assert unmet(made) == [("use", "kms:ViaService", EC2_HERE, "derived")]


def test_the_condition_of_an_iam_policy_is_another_matter():
    allows = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": VIA_ELSEWHERE}
    given = {"iam_policies": key_policy(allows)}
    assert unmet(DELEGATES, reason="identity", options=given) == []


def test_two_lines_of_one_statement_name_the_statement_once():
    condition = {"StringEquals": {"kms:ViaService": "x"},
                 "Bool": {"kms:GrantIsForAWSResource": "true"}}  # fmt: skip
    made = statement(ROLE, USE, "use", Condition=condition)
    report = audit(denied("Decrypt"), **bound(ADMINS, made))
    cause = report.findings[0].cause
    assert [one.sid for one in cause.statements] == ["use"]
    assert len(cause.unmet) == 2
