"""Lint findings on a document as a whole: who can change it, its size, its text."""

import json

import pytest

from ebs_kms_audit import KeyPolicy, lint
from tests.policy.linted import ACCOUNT, ALICE, FOR_SERVICE, KEPT, KEY, ROOT, found, statement

PUT = "kms:PutKeyPolicy"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/carol"
DENY_ALL_PUT = statement(Effect="Deny", Principal="*", Action=PUT)
ELSEWHERE = {"AWS": "arn:aws:iam::444455556666:root"}

# KMS API Reference, "PutKeyPolicy": policy lockout safety check, no cross-account use.
# KMS Developer Guide, "Default key policy": without this statement a key can become unmanageable.
MANAGERS = {
    "a user without PutKeyPolicy": ([statement()], "$.Statement"),
    "a user": ([statement(Action=PUT)], None),
    "a user, by wildcard": ([statement(Action="kms:Put*")], None),
    "a user, by NotAction": ([statement(Action=None, NotAction="kms:Decrypt")], None),
    "the account, with a Deny for the account": (
        [KEPT, statement(Effect="Deny", Principal=ROOT, Action=PUT)], "$.Statement"),
    "the account, with a Deny for one user": (
        [KEPT, statement(Effect="Deny", Action=PUT)], None),
    "the account, with a Deny for everyone": ([KEPT, DENY_ALL_PUT], "$.Statement"),
    "everyone, with a Deny for everyone": (
        [statement(Principal="*", Action="kms:*",
                   Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}}), DENY_ALL_PUT],
        "$.Statement"),
    "everyone of the account": (
        [statement(Principal="*", Action="kms:*",
                   Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}})], None),
    "an AWS service": (
        [statement(Principal={"Service": "cloudformation.amazonaws.com"}, Action=PUT)],
        "$.Statement"),
    "an account id": ([statement(Principal={"AWS": ACCOUNT}, Action=PUT)], None),
    "another account only": ([statement(Principal=ELSEWHERE, Action=PUT)], "$.Statement"),
    "a condition that may hold": (
        [statement(Action=PUT, Condition={"StringEquals": {"aws:PrincipalTag/a": "b"}})], None),
    "a condition key that PutKeyPolicy never carries": (
        [statement(Principal=ROOT, Action="kms:*", Condition=FOR_SERVICE)], "$.Statement"),
    "one role session": (
        [statement(Principal={"AWS": SESSION}, Action=PUT)], "$.Statement[0].Principal.AWS"),
    "one federated user session": (
        [statement(Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:federated-user/carol"}, Action=PUT)],
        "$.Statement[0].Principal.AWS"),
    "a role session and its role": (
        [statement(Principal={"AWS": [SESSION, f"arn:aws:iam::{ACCOUNT}:role/admin"]},
                   Action=PUT)], None),
    "a deleted user": (
        [statement(Principal={"AWS": "AIDACKCEVSQ6C2EXAMPLE"}, Action=PUT)], "$.Statement"),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "path"), MANAGERS.values(), ids=MANAGERS)
def test_somebody_lasting_must_keep_put_key_policy(statements, path):
    lockouts = [(severity, where) for id, severity, where in found(*statements) if id == "lockout"]
    assert lockouts == ([("error", path)] if path else [])


@pytest.mark.parametrize(("denied", "locked"), [("aws-us-gov", True), ("aws", False)])
def test_an_account_id_is_the_account_in_the_partition_of_the_key(denied, locked):
    own = statement(Principal={"AWS": ACCOUNT}, Action="kms:*")
    no_put = statement(
        Effect="Deny", Action=PUT, Principal={"AWS": f"arn:{denied}:iam::{ACCOUNT}:root"}
    )
    key = KEY.replace("arn:aws:", "arn:aws-us-gov:").replace("us-east-1", "us-gov-west-1")
    ids = [id for id, *_ in found(own, no_put, key=key)]
    assert ("lockout" in ids) is locked


def of_size(size, **dump):
    """Return a document whose text has exactly this many bytes."""
    document = {"Version": "2012-10-17", "Statement": [KEPT, statement(Sid="")]}
    document["Statement"][1]["Sid"] = "x" * (size - len(json.dumps(document, **dump)))
    assert len(json.dumps(document, **dump)) == size
    return document


COMPACT, SPACED = {"separators": (",", ":")}, {"indent": 2}


# KMS Developer Guide, "Key policies in AWS KMS": at most 32 KB (32,768 bytes).
@pytest.mark.parametrize(
    ("document", "ids"),
    [
        (of_size(32_768, **SPACED), []),
        (of_size(32_769, **SPACED), ["too_large"]),
        (of_size(32_768, **COMPACT), ["too_large"]),
        (of_size(32_769, **COMPACT), ["too_large"]),
    ],
    ids=["indented, at the limit", "indented, above it", "compact, at it", "compact, above it"],
)
def test_a_document_may_have_32768_bytes_in_both_forms(document, ids):
    assert [one.id for one in lint(KeyPolicy.from_dict(document), key=KEY)] == ids


# KMS API Reference, "PutKeyPolicy": characters up to U+00FF, tab, line feed, carriage return.
DOCUMENTS = {
    "a character of Latin-1": ([KEPT, statement(Sid="na\u00efve \u00ff")], {}, []),
    "a character above Latin-1": ([KEPT, statement(Sid="\u0100")], {}, ["invalid_character"]),
    "a tab": ([KEPT, statement(Sid="a\tb")], {}, []),
    "a variable in the old version": (
        [KEPT, statement(Resource=["*", "arn:aws:kms:${aws:RequestedRegion}:*:*"])],
        {"Version": "2008-10-17"}, ["variables_are_text"]),
    "a version that does not exist": ([KEPT], {"Version": "2012-10-18"}, ["invalid_version"]),
    "an Id that is no string": ([KEPT], {"Id": 7}, ["invalid_value"]),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "elements", "ids"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_document_as_a_whole(statements, elements, ids):
    assert [id for id, _, _ in found(*statements, **elements)] == ids


# RFC 8259, sections 4 and 6: names should be unique; NaN and Infinity are not JSON, and a number
# beyond a 64-bit float is not interoperable.
TEXTS = {
    "a repeated member": ('"Effect": "Deny", "Effect": "Allow"', '"5"', {"repeated_member"}),
    "1e999": ('"Effect": "Allow"', "1e999", {"number_out_of_range", "unreadable_value"}),
    "NaN": ('"Effect": "Allow"', "NaN", {"number_out_of_range", "unreadable_value"}),
    "a plain number": ('"Effect": "Allow"', "5", set()),
    "a number with a fraction": ('"Effect": "Allow"', "5.5", set()),
}


@pytest.mark.parametrize(("effect", "number", "ids"), TEXTS.values(), ids=TEXTS)
def test_what_json_readers_do_not_agree_on_is_an_error(effect, number, ids):
    text = (
        f'{{"Version": "2012-10-17", "Statement": [{json.dumps(KEPT)}, {{{effect}, '
        f'"Principal": {{"AWS": "{ALICE}"}}, "Action": "kms:Decrypt", "Resource": "*", '
        f'"Condition": {{"NumericLessThan": {{"aws:MultiFactorAuthAge": {number}}}}}}}]}}'
    )
    result = lint(KeyPolicy.from_json(text), key=KEY)
    assert {one.id for one in result} == ids
    assert {one.severity for one in result} <= {"error"}


# What needs the key is left out where the key is not known.
@pytest.mark.parametrize(
    "one",
    [
        statement(Resource=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0000abcd-12ab-34cd-56ef-00"),
        statement(Condition={"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}),
    ],
    ids=["another key as Resource", "kms:ViaService for another Region"],
)
def test_without_the_key_its_region_and_id_are_not_checked(one):
    assert found(KEPT, one, key=None) == []
