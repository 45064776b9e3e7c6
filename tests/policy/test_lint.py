"""Lint findings on key policies. Each table names its source in AWS's documentation."""

import pytest

from ebs_kms_audit import KeyPolicy, lint
from ebs_kms_audit.explain import EntryKind, entries
from tests.policy.linted import ACCOUNT, ALICE, FOR_SERVICE, KEPT, KEY, ROOT, found, statement
from tests.policy.test_lint_documents import DOCUMENTS, TEXTS
from tests.records import AUTO_SCALING

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
        "DateLessThan": {"aws:CurrentTime": ["2026-05-18T07:00:00Z", "2026-05-18", "2026-05",
                                             "1779087600", "202", "20260"]},
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
    "an unknown action that is excepted": (
        statement(Action=None, NotAction=["kms:Decrypt", "kms:Decript"]),
        ("unknown_action", "warning", f"{AT}.NotAction[1]")),
    "an excepted action without its service": (
        statement(Action=None, NotAction="Decrypt"),
        ("action_without_service", "error", f"{AT}.NotAction")),
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
    # IAM User Guide, "Condition operators": a date in a form of the W3C note, or in seconds.
    "a date that can be a year or seconds": (
        statement(Condition={"DateLessThanIfExists": {"aws:CurrentTime": "2026"}}),
        ("ambiguous_date", "warning", f"{AT}.Condition.DateLessThanIfExists['aws:CurrentTime']")),
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
    "a year or seconds": (
        statement(Condition={"DateEquals": {"aws:EpochTime": " 2026 "}}),
        "' 2026 ' can be a year or seconds since 1970: write 2026-01-01."),
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
