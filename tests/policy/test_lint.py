"""Lint findings on key policies. Each table names its source in AWS's documentation."""

import json

import pytest

from ebs_kms_audit import KeyPolicy, lint
from ebs_kms_audit.explain import EntryKind, entries
from tests.records import AUTO_SCALING

ACCOUNT = "111122223333"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEPT = {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": ROOT,
        "Action": "kms:*", "Resource": "*"}  # fmt: skip


def statement(**elements):
    """Return an Allow of kms:Decrypt to alice, unless told otherwise; None takes one away."""
    base = {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "kms:Decrypt",
            "Resource": "*"}  # fmt: skip
    return {name: value for name, value in (base | elements).items() if value is not None}


def found(*statements, key=KEY, **elements):
    document = {"Version": "2012-10-17", "Statement": list(statements)} | elements
    return [
        (one.id, str(one.severity), one.json_path)
        for one in lint(KeyPolicy.from_dict(document), key=key)
    ]


FOR_SERVICE = {"Bool": {"kms:GrantIsForAWSResource": "true"}}

# KMS Developer Guide, "Default key policy"; "Key policies in AWS KMS".
FINE = {
    "the console's usage statement": statement(
        Action=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                "kms:DescribeKey"]),
    "the console's grants statement": statement(
        Action=["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], Condition=FOR_SERVICE),
    "the console's administrators": statement(
        Action=["kms:Create*", "kms:Put*", "kms:TagResource"]),
    "a service with its source": statement(
        Principal={"Service": "logs.us-east-1.amazonaws.com"}),
    "everyone of an organization": statement(
        Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
    "everyone of the account, through EC2": statement(
        Principal={"AWS": "*"}, Condition={"StringEquals": {
            "kms:CallerAccount": ACCOUNT, "kms:ViaService": "ec2.us-east-1.amazonaws.com"}}),
    "a Deny for everyone": statement(Effect="Deny", Principal="*", Action="kms:DeleteAlias"),
    "a Deny by a key that not every action carries": statement(
        Effect="Deny", Principal="*", Action=["kms:Decrypt", "kms:DeleteAlias"],
        Condition={"StringEquals": {"kms:EncryptionContext:purpose": "x"}}),
    "a key that need not be there": statement(
        Action=["kms:Decrypt", "kms:DescribeKey"],
        Condition={"StringEqualsIfExists": {"kms:EncryptionContext:purpose": "x"}}),
    "a negated test of it": statement(
        Action=["kms:Decrypt", "kms:DescribeKey"],
        Condition={"StringNotEquals": {"kms:EncryptionContext:purpose": "x"}}),
    "the key itself as Resource": statement(Resource=KEY),
    "a role without a path": statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}),
    "a Deny outside the organization": statement(
        Effect="Deny", Principal="*", Action="kms:*", Condition={
            "StringNotEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
    "EC2 in any Region, beside one": statement(Condition={
        "StringLike": {"kms:ViaService": ["ec2.*.amazonaws.com", "ec2.eu-west-1.amazonaws.com"]}}),
    # The author of NotAction, or of kms:*, did not list the actions one by one.
    "NotAction under GrantIsForAWSResource": statement(
        Action=None, NotAction="kms:PutKeyPolicy", Condition=FOR_SERVICE),
    "kms:* for the account under GrantIsForAWSResource": statement(
        Principal=ROOT, Action="kms:*", Condition=FOR_SERVICE),
    "kms:* among others under GrantIsForAWSResource": statement(
        Principal=ROOT, Action=["kms:Decrypt", "KMS:*"], Condition=FOR_SERVICE),
    "* under GrantIsForAWSResource": statement(
        Principal=ROOT, Action="*", Condition=FOR_SERVICE),
    # IAM User Guide, "IAM JSON policy elements: Condition operators".
    "values that their operators can read": statement(Condition={
        "DateLessThan": {"aws:CurrentTime": ["2026-05-18T07:00:00Z", "2026-05-18", "1779087600"]},
        "NumericLessThan": {"aws:MultiFactorAuthAge": [3600, "3600"]},
        "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "192.0.2.7", "2001:db8::/32"]},
        "Bool": {"aws:SecureTransport": [True, "false"]},
        "Null": {"aws:PrincipalOrgID": "false"}}),
    "wildcards under Like": statement(Condition={
        "StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"},
        "ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/app-*"}}),
    "EC2 in the key's Region": statement(Condition={
        "StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}),
    "EC2 in several Regions, one of them the key's": statement(Condition={
        "StringEquals": {"kms:ViaService": ["ec2.eu-west-1.amazonaws.com",
                                            "ec2.us-east-1.amazonaws.com"]}}),
    "not through EC2 in another Region": statement(Condition={
        "StringNotEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}),
    "the Region as a variable": statement(Condition={
        "StringEquals": {"kms:ViaService": "ec2.${aws:RequestedRegion}.amazonaws.com"}}),
    # EBS User Guide, "Requirements for Amazon EBS encryption".
    "a Deny by network that exempts AWS services": statement(
        Effect="Deny", Principal="*", Action="kms:*", Condition={
            "NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"},
            "Bool": {"aws:ViaAWSService": "false"},
            "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws:ec2-infrastructure/*"}}),
    "a Deny by network for one role that exempts AWS services": statement(
        Effect="Deny", Action="kms:*", Condition={
            "NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"},
            "Bool": {"aws:ViaAWSService": "false"}}),
    "a Deny for listed addresses": statement(
        Effect="Deny", Principal="*", Action="kms:*", Condition={
            "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
    "a Deny by network of an action that EBS does not use": statement(
        Effect="Deny", Principal="*", Action="kms:PutKeyPolicy", Condition={
            "NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
}  # fmt: skip


@pytest.mark.parametrize("one", FINE.values(), ids=FINE)
def test_what_is_right_is_not_flagged(one):
    assert found(KEPT, one) == []


AT = "$.Statement[1]"
REPEATED_KEPT = ("repeated_sid", "warning", "$.Statement[0].Sid")
DOUBTFUL = {
    # KMS Developer Guide, "Condition keys for AWS KMS": only the grant operations carry it.
    "usage under GrantIsForAWSResource": (
        statement(Action=["kms:CreateGrant", "kms:Decrypt"], Condition=FOR_SERVICE),
        ("actions_lack_condition_key", "warning",
         f"{AT}.Condition.Bool['kms:GrantIsForAWSResource']")),
    "a context on DescribeKey": (
        statement(Action=["kms:Decrypt", "kms:DescribeKey"],
                  Condition={"StringEquals": {"kms:EncryptionContext:purpose": "x"}}),
        ("actions_lack_condition_key", "warning",
         f"{AT}.Condition.StringEquals['kms:EncryptionContext:purpose']")),
    # A set operator for any value fails where the request does not carry the key.
    "any value that is not listed, on DescribeKey": (
        statement(Action=["kms:Decrypt", "kms:DescribeKey"], Condition={
            "ForAnyValue:StringNotEquals": {"kms:EncryptionContextKeys": "purpose"}}),
        ("actions_lack_condition_key", "warning",
         f"{AT}.Condition['ForAnyValue:StringNotEquals']['kms:EncryptionContextKeys']")),
    "a condition key that is none": (
        statement(Condition={"Bool": {"kms:GrantIsForAWSResources": "true"}}),
        ("unknown_condition_key", "warning",
         f"{AT}.Condition.Bool['kms:GrantIsForAWSResources']")),
    # Service Authorization Reference: there is no action of this name.
    "kms:ReEncrypt": (statement(Action=["kms:Decrypt", "kms:ReEncrypt"]),
                      ("unknown_action", "warning", f"{AT}.Action[1]")),
    "another service's action": (statement(Action="ec2:CreateVolume"),
                                 ("unknown_action", "warning", f"{AT}.Action")),
    # IAM User Guide, "AWS JSON policy elements: Principal".
    "everyone": (statement(Principal="*"),
                 ("open_to_everyone", "warning", f"{AT}.Principal")),
    "everyone, through EC2": (
        statement(Principal={"AWS": "*"},
                  Condition={"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}),
        ("open_to_everyone", "warning", f"{AT}.Principal.AWS")),
    "everyone but one": (statement(Principal=None, NotPrincipal={"AWS": ALICE}),
                         ("allow_with_not_principal", "warning", f"{AT}.NotPrincipal")),
    "a session": (
        statement(Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/one"}),
        ("session_principal", "warning", f"{AT}.Principal.AWS")),
    "a service-linked role": (statement(Principal={"AWS": [ALICE, AUTO_SCALING]}),
                              ("role_must_exist", "info", f"{AT}.Principal.AWS[1]")),
    "everything to one user": (statement(Action="kms:*"),
                               ("all_actions", "warning", f"{AT}.Principal.AWS")),
    "another partition": (
        statement(Principal={"AWS": f"arn:aws-us-gov:iam::{ACCOUNT}:user/alice"}),
        ("other_partition", "error", f"{AT}.Principal.AWS")),
    "a deleted user": (statement(Principal={"AWS": "AIDACKCEVSQ6C2EXAMPLE"}),
                       ("deleted_principal", "error", f"{AT}.Principal.AWS")),
    "a group": (statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:group/admins"}),
                ("invalid_principal", "error", f"{AT}.Principal.AWS")),
    "a type of principal that does not exist": (
        statement(Principal={"Role": ALICE}),
        ("invalid_principal", "error", f"{AT}.Principal.Role")),
    "no principal": (statement(Principal=None), ("missing_element", "error", AT)),
    "no action": (statement(Action=None), ("missing_element", "error", AT)),
    "an empty list of actions": (
        statement(Action=[]), ("empty_element", "error", f"{AT}.Action")),
    "Action and NotAction": (
        statement(NotAction="kms:Encrypt"), ("conflicting_elements", "error", AT)),
    "an element that does not exist": (
        statement(Actions="kms:Encrypt"), ("unknown_element", "error", f"{AT}.Actions")),
    "an Effect in lower case": (
        statement(Effect="allow"), ("invalid_value", "error", f"{AT}.Effect")),
    # EC2 Auto Scaling User Guide, "Required AWS KMS key policy for use with encrypted volumes".
    "a service-linked role without its path": (
        statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/AWSServiceRoleForAutoScaling"}),
        ("service_role_without_path", "warning", f"{AT}.Principal.AWS")),
    "Auto Scaling as a service principal": (
        statement(Principal={"Service": ["autoscaling.amazonaws.com"]}),
        ("service_calls_as_role", "warning", f"{AT}.Principal.Service[0]")),
    "a Sid of another statement": (statement(Sid=KEPT["Sid"]),
                            ("repeated_sid", "warning", f"{AT}.Sid")),
    "an alias as Resource": (
        statement(Resource=f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/disk"),
        ("alias_as_resource", "warning", f"{AT}.Resource")),
    "another key as Resource": (
        statement(Resource=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0000abcd-12ab-34cd-56ef-00"),
        ("resource_is_another_key", "warning", f"{AT}.Resource")),
    "every key but this one": (
        statement(Resource=None, NotResource=KEY),
        ("resource_is_another_key", "warning", f"{AT}.NotResource")),
    # IAM User Guide, "IAM JSON policy elements: Action": SERVICE:ACTION.
    "an action without its service": (
        statement(Action=["kms:Encrypt", "Decrypt"]),
        ("action_without_service", "error", f"{AT}.Action[1]")),
    # IAM User Guide, "IAM JSON policy elements: Condition operators".
    "an operator that does not exist": (
        statement(Condition={"StringEqual": {"kms:CallerAccount": ACCOUNT}}),
        ("unknown_operator", "error", f"{AT}.Condition.StringEqual['kms:CallerAccount']")),
    "an operator that does not exist, in a Deny of the calls that EBS makes": (
        statement(Effect="Deny", Principal="*", Action="kms:*",
                  Condition={"NotIpAddres": {"aws:SourceIp": "192.0.2.0/24"}}),
        ("unknown_operator", "error", f"{AT}.Condition.NotIpAddres['aws:SourceIp']")),
    "a date that cannot be read": (
        statement(Condition={"DateLessThan": {"aws:CurrentTime": "18.05.2026"}}),
        ("unreadable_value", "error", f"{AT}.Condition.DateLessThan['aws:CurrentTime']")),
    "a number that cannot be read": (
        statement(Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "1h"}}),
        ("unreadable_value", "error",
         f"{AT}.Condition.NumericLessThan['aws:MultiFactorAuthAge']")),
    "a CIDR block that cannot be read": (
        statement(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/33"}}),
        ("unreadable_value", "error", f"{AT}.Condition.IpAddress['aws:SourceIp']")),
    "a boolean that cannot be read": (
        statement(Condition={"BoolIfExists": {"aws:SecureTransport": "yes"}}),
        ("unreadable_value", "error", f"{AT}.Condition.BoolIfExists['aws:SecureTransport']")),
    "a wildcard that is compared as text": (
        statement(Condition={"StringEquals": {"kms:ViaService": "ec2.*.amazonaws.com"}}),
        ("wildcard_is_text", "warning", f"{AT}.Condition.StringEquals['kms:ViaService']")),
    # KMS Developer Guide, "kms:ViaService".
    "a placeholder in kms:ViaService": (
        statement(Condition={"StringEquals": {"kms:ViaService": "ec2.<region>.amazonaws.com"}}),
        ("via_service_invalid", "warning", f"{AT}.Condition.StringEquals['kms:ViaService']")),
    "a service without a Region in kms:ViaService": (
        statement(Condition={"StringEquals": {"kms:ViaService": "ec2.amazonaws.com"}}),
        ("via_service_invalid", "warning", f"{AT}.Condition.StringEquals['kms:ViaService']")),
    "kms:ViaService for another Region": (
        statement(Condition={"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}),
        ("via_service_other_region", "warning",
         f"{AT}.Condition.StringEquals['kms:ViaService']")),
    # EBS User Guide, "Requirements for Amazon EBS encryption".
    "a Deny by IP address": (
        statement(Effect="Deny", Principal="*", Action="kms:*",
                  Condition={"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        ("network_denies_ebs", "warning",
         f"{AT}.Condition.NotIpAddress['aws:SourceIp']")),
    "a Deny by IP address that exempts the services, but not the instance's own role": (
        statement(Effect="Deny", Principal="*", Action="kms:*", Condition={
            "NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"},
            "Bool": {"aws:ViaAWSService": "false"}}),
        ("network_denies_ebs", "warning",
         f"{AT}.Condition.NotIpAddress['aws:SourceIp']")),
    "a Deny by VPC endpoint": (
        statement(Effect="Deny", Principal="*", Action="kms:Decrypt",
                  Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}),
        ("network_denies_ebs", "warning",
         f"{AT}.Condition.StringNotEquals['aws:SourceVpce']")),
}  # fmt: skip


@pytest.mark.parametrize(("one", "told"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_is_wrong_is_found_with_its_place(one, told):
    assert set(found(KEPT, one)) - {REPEATED_KEPT} == {told}


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


# The message says what to write.
MESSAGES = {
    "kms:ReEncrypt": (
        statement(Action="kms:ReEncrypt"),
        "kms:ReEncrypt matches no KMS action that this version knows. Write kms:ReEncrypt*, or "
        "kms:ReEncryptFrom and kms:ReEncryptTo."),
    "another unknown action": (
        statement(Action="kms:Decript"),
        "kms:Decript matches no KMS action that this version knows."),
    "an action without its service": (
        statement(Action="Decrypt"), "'Decrypt' has no service prefix: write kms:Decrypt."),
    "a CIDR block": (
        statement(Condition={"IpAddress": {"aws:SourceIp": "x"}}),
        "'x' is not an IP address or CIDR block, which IpAddress requires."),
    "a date": (
        statement(Condition={"DateEquals": {"aws:CurrentTime": "x"}}),
        "'x' is not a date (2026-05-18T07:00:00Z), which DateEquals requires."),
    "a boolean": (
        statement(Condition={"Bool": {"aws:SecureTransport": "x"}}),
        "'x' is not true or false, which Bool requires."),
}  # fmt: skip


@pytest.mark.parametrize(("one", "message"), MESSAGES.values(), ids=MESSAGES)
def test_the_message_says_what_to_write(one, message):
    document = {"Version": "2012-10-17", "Statement": [KEPT, one]}
    assert [found.message for found in lint(KeyPolicy.from_dict(document), key=KEY)] == [message]


def test_errors_come_first_and_carry_the_sid():
    policy = KeyPolicy.from_dict({"Statement": [
        statement(Sid="Old", Action="kms:ReEncrypt"),
        statement(Sid="New", Principal={"AWS": "AROACKCEVSQ6C2EXAMPLE"}),
    ]})  # fmt: skip
    severities = [one.severity for one in lint(policy)]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert {one.sid for one in lint(policy) if one.id == "unknown_action"} == {"Old"}


def test_each_finding_has_a_page_and_each_page_a_case():
    texts = [effect_number_ids[2] for effect_number_ids in TEXTS.values()]
    shown = {case[1][0] for case in DOUBTFUL.values()}
    shown |= {id for case in DOCUMENTS.values() for id in case[2]} | set().union(*texts)
    assert shown | {"lockout", "too_large"} == {one.id for one in entries(EntryKind.LINT)}
