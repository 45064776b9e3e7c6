"""What is wrong or doubtful in a key policy. Each case names its source in AWS's documentation."""

import pytest

from ebs_kms_audit import KeyPolicy, lint

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
SERVICE_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
    "AWSServiceRoleForAutoScaling"
)

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
    "a key of its own account as Resource": statement(Resource=KEY),
}  # fmt: skip


@pytest.mark.parametrize("one", FINE.values(), ids=FINE)
def test_what_is_right_is_not_flagged(one):
    assert found(KEPT, one) == []


AT = "$.Statement[1]"
DOUBTFUL = {
    # KMS Developer Guide, "Condition keys for AWS KMS": only the grant operations carry it.
    "usage under GrantIsForAWSResource": (
        statement(Action=["kms:CreateGrant", "kms:Decrypt"], Condition=FOR_SERVICE),
        ("actions_without_the_condition_key", "warning",
         f"{AT}.Condition.Bool['kms:GrantIsForAWSResource']")),
    "a context on DescribeKey": (
        statement(Action=["kms:Decrypt", "kms:DescribeKey"],
                  Condition={"StringEquals": {"kms:EncryptionContext:purpose": "x"}}),
        ("actions_without_the_condition_key", "warning",
         f"{AT}.Condition.StringEquals['kms:EncryptionContext:purpose']")),
    "a condition key that is none": (
        statement(Condition={"Bool": {"kms:GrantIsForAWSResources": "true"}}),
        ("no_such_condition_key", "warning",
         f"{AT}.Condition.Bool['kms:GrantIsForAWSResources']")),
    # Service Authorization Reference: there is no action of this name.
    "kms:ReEncrypt": (statement(Action=["kms:Decrypt", "kms:ReEncrypt"]),
                      ("no_such_action", "warning", f"{AT}.Action")),
    "another service's action": (statement(Action="ec2:CreateVolume"),
                                 ("no_such_action", "warning", f"{AT}.Action")),
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
    "a service-linked role": (statement(Principal={"AWS": [ALICE, SERVICE_ROLE]}),
                              ("role_must_exist", "info", f"{AT}.Principal.AWS[1]")),
    "everything to one user": (statement(Action="kms:*"),
                               ("all_actions", "warning", f"{AT}.Principal.AWS")),
    "another partition": (
        statement(Principal={"AWS": f"arn:aws-us-gov:iam::{ACCOUNT}:user/alice"}),
        ("other_partition", "error", f"{AT}.Principal.AWS")),
    "a deleted user": (statement(Principal={"AWS": "AIDACKCEVSQ6C2EXAMPLE"}),
                       ("fault", "error", f"{AT}.Principal.AWS")),
    "a group": (statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:group/admins"}),
                ("fault", "error", f"{AT}.Principal.AWS")),
    "no principal": (statement(Principal=None), ("fault", "error", AT)),
    "a Sid that is there": (statement(Sid=KEPT["Sid"]),
                            ("repeated_sid", "warning", f"{AT}.Sid")),
    "an alias as Resource": (
        statement(Resource=f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/disk"),
        ("alias_as_resource", "warning", f"{AT}.Resource")),
}  # fmt: skip


@pytest.mark.parametrize(("one", "told"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_is_wrong_is_told_with_its_place(one, told):
    assert told in found(KEPT, one)
    others = {id for id, _, _ in found(KEPT, one)} - {told[0]}
    assert others <= {"repeated_sid"}


# KMS API Reference, PutKeyPolicy: size, characters, lockout safety check.
@pytest.mark.parametrize(
    ("statements", "elements", "told"),
    [
        ([KEPT, *[statement(Sid=f"{number:0100}") for number in range(200)]], {}, "too_large"),
        ([KEPT, statement(Sid="naïve")], {}, None),
        ([KEPT, statement(Sid="\u2014")], {}, "refused_character"),
        ([KEPT, statement(Resource="arn:aws:kms:${aws:PrincipalTag/r}:*:*")],
         {"Version": "2008-10-17"}, "variables_are_text"),
        ([statement()], {}, "lockout"),
        ([statement(Action="kms:PutKeyPolicy")], {}, None),
        ([statement(Action="kms:Put*")], {}, None),
        ([KEPT, statement(Effect="Deny", Principal=ROOT, Action="kms:PutKeyPolicy")], {},
         "lockout"),
        ([KEPT, statement(Effect="Deny", Action="kms:PutKeyPolicy")], {}, None),
        ([statement(Principal={"Service": "ec2.amazonaws.com"}, Action="kms:PutKeyPolicy")], {},
         "lockout"),
        ([statement(Principal={"AWS": ACCOUNT}, Action="kms:PutKeyPolicy")], {}, None),
        ([statement(Action="kms:PutKeyPolicy",
                    Condition={"StringEquals": {"aws:PrincipalTag/a": "b"}})], {}, None),
    ],
)  # fmt: skip
def test_the_document_as_a_whole(statements, elements, told):
    ids = {id for id, severity, _ in found(*statements, **elements) if severity != "info"}
    assert ids - {"repeated_sid"} == ({told} if told else set())


def test_errors_come_first_and_carry_the_sid():
    policy = KeyPolicy.from_dict({"Statement": [
        statement(Sid="Old", Action="kms:ReEncrypt"),
        statement(Sid="New", Principal={"AWS": "AROACKCEVSQ6C2EXAMPLE"}),
    ]})  # fmt: skip
    severities = [one.severity for one in lint(policy)]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert {one.sid for one in lint(policy) if one.id == "no_such_action"} == {"Old"}
