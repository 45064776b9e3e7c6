"""Which statements are offered, which denial demands them, and what is never offered."""

import json

import pytest

from tests.rows import CLIENT, HEADER, SESSION, audit, row

USER = "arn:aws:iam::111122223333:user/alice"
USAGE = {
    "Sid": "Allow use of the key",
    "Effect": "Allow",
    "Principal": {"AWS": USER},
    "Action": [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
    ],
    "Resource": "*",
}
GRANTS = {
    "Sid": "Allow attachment of persistent resources",
    "Effect": "Allow",
    "Principal": {"AWS": USER},
    "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
    "Resource": "*",
    "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
}
INFRASTRUCTURE = {
    "user_name": "i-0123456789abcdef0",
    "event_name": "Decrypt",
    "source_ip_address": "AWS Internal",
    "aws_access_key": SESSION,
}


def fix_of(*rows, **options):
    (finding,) = audit(*rows, **options).findings
    assert finding.fix.disposition == "review"  # without the key policy nothing is proved
    return finding.fix


def offered(fix):
    return [(str(one.kind), str(one.need)) for one in fix.offered]


def test_the_two_statements_are_as_aws_documents_them():
    assert fix_of(row()).statements == [USAGE, GRANTS]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # EBS traffic: both statements, and which of them the denial demands.
        ({"event_name": "CreateGrant"}, [("usage", "needed_next"), ("grants", "denied")]),
        ({"event_name": "RevokeGrant"}, [("usage", "needed_next"), ("grants", "denied")]),
        ({"event_name": "GenerateDataKeyWithoutPlaintext"},
         [("usage", "denied"), ("grants", "needed_next")]),
        ({"event_name": "Decrypt", "source_ip_address": "AWS Internal"},
         [("usage", "denied"), ("grants", "needed_next")]),
        ({"event_name": "DescribeKey", "source_ip_address": "autoscaling.amazonaws.com"},
         [("usage", "denied"), ("grants", "needed_next")]),
        # Other traffic: what the denial demands, and no more.
        ({"event_name": "Decrypt", "source_ip_address": CLIENT}, [("usage", "denied")]),
        ({"event_name": "ReEncrypt", "source_ip_address": "s3.amazonaws.com"},
         [("usage", "denied")]),
        ({"event_name": "CreateGrant", "source_ip_address": "rds.amazonaws.com"},
         [("grants", "denied")]),
        # The grants statement does not cure a direct call: its condition is false then.
        ({"event_name": "CreateGrant", "source_ip_address": CLIENT}, []),
        ({"event_name": "ListGrants", "source_ip_address": CLIENT}, []),
        # Neither statement gives these.
        ({"event_name": "PutKeyPolicy", "source_ip_address": CLIENT}, []),
        ({"event_name": "ListAliases", "source_ip_address": CLIENT}, []),
        ({"event_name": "ListAliases"}, []),
        ({"event_name": "RetireGrant"}, []),
        ({"event_name": "EntangleKeys"}, []),
        # Nobody to name.
        (INFRASTRUCTURE, []),
        ({"user_name": "", "aws_access_key": ""}, []),
    ],
)  # fmt: skip
def test_what_is_offered(cells, expected):
    assert offered(fix_of(row(**cells))) == expected


def test_denials_of_both_kinds_demand_both():
    fix = fix_of(row(), row(event_name="GenerateDataKeyWithoutPlaintext"))
    assert offered(fix) == [("usage", "denied"), ("grants", "denied")]


@pytest.mark.parametrize(
    ("event_names", "actions"),
    [
        (["GenerateMac"], ["kms:DescribeKey", "kms:GenerateMac", "kms:VerifyMac"]),
        (["Sign"], ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"]),
        (["GetPublicKey"], ["kms:DescribeKey", "kms:GetPublicKey"]),
        (["GetPublicKey", "DescribeKey", "Verify"],
         ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"]),
        (["DeriveSharedSecret"], ["kms:DescribeKey", "kms:GetPublicKey", "kms:DeriveSharedSecret"]),
    ],
)  # fmt: skip
def test_keys_of_other_types_get_the_statement_of_their_type(event_names, actions):
    fix = fix_of(*(row(event_name=name, source_ip_address=CLIENT) for name in event_names))
    assert [statement["Action"] for statement in fix.statements] == [actions]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"source_ip_address": CLIENT}, "called directly"),
        ({"event_name": "PutKeyPolicy"}, "make the principal a key administrator"),
        ({"event_name": "ListAliases"}, "no key policy can allow it"),
        ({"event_name": "RetireGrant"}, "the grant itself decides"),
        ({"event_name": "EntangleKeys"}, "does not know the operation"),
        ({"user_name": "root"}, "means the whole account"),
        ({"user_name": "AutoScaling", "aws_access_key": ""}, "does not exist"),
        ({"aws_access_key": SESSION}, "Replace the placeholder. Open event event-0"),
        ({}, "The export does not name the key"),
        (INFRASTRUCTURE, "works through the grant"),
        ({"user_name": "", "aws_access_key": ""}, "on its own behalf"),
    ],
)
def test_what_is_said_beside_the_statements(cells, words):
    assert words in " ".join(fix_of(row(**cells)).notes)


def test_without_a_source_ip_column_the_grants_statement_comes_with_a_doubt():
    header = [name for name in HEADER if name != "Source IP address"]
    fix = fix_of(row(), header=header)
    assert offered(fix) == [("grants", "denied")]
    assert any("no Source IP address" in note for note in fix.notes)


@pytest.mark.parametrize(
    ("cells", "placeholder"),
    [
        ({"aws_access_key": SESSION}, "REPLACE-WITH-THE-USER-OR-ROLE-ARN"),
        ({"user_name": "two words"}, "REPLACE-WITH-THE-USER-ARN"),
        ({"user_name": "i-0123456789abcdef0", "aws_access_key": SESSION},
         "REPLACE-WITH-THE-ROLE-ARN"),
        ({"user_name": "AutoScaling", "aws_access_key": "", "recipient_account_id": "1.1E+11"},
         "REPLACE-WITH-THE-SERVICE-LINKED-ROLE-ARN"),
        ({"user_name": "root", "recipient_account_id": ""}, "REPLACE-WITH-THE-ACCOUNT-ROOT-ARN"),
    ],
)  # fmt: skip
def test_an_unknown_arn_is_a_placeholder_that_kms_refuses(cells, placeholder):
    statements = fix_of(row(**cells)).statements
    assert {statement["Principal"]["AWS"] for statement in statements} == {placeholder}
    assert ":" not in placeholder
    assert "*" not in placeholder


def test_an_aws_managed_key_has_no_statement():
    alias = '[{"resourceType":"AWS::KMS::Alias","resourceName":"alias/aws/ebs"}]'
    fix = fix_of(row(resources=alias))
    assert fix.statements == []
    assert fix.alternatives == ()
    assert any("AWS managed key can't be edited" in note for note in fix.notes)


def test_what_no_key_policy_can_allow_is_allowed_by_an_iam_policy():
    fix = fix_of(row(event_name="ListAliases"), row(event_name="CreateKey"))
    assert [list(other.statements) for other in fix.alternatives] == [
        [{"Effect": "Allow", "Action": ["kms:ListAliases", "kms:CreateKey"], "Resource": "*"}]
    ]


def test_the_iam_alternative_is_the_same_pair_on_the_key():
    arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    (other,) = fix_of(row(), key=arn).alternatives
    assert list(other.statements) == [
        {"Effect": "Allow", "Action": USAGE["Action"], "Resource": arn},
        {"Effect": "Allow", "Action": GRANTS["Action"], "Resource": arn,
         "Condition": GRANTS["Condition"]},
    ]  # fmt: skip


@pytest.mark.parametrize("cells", [{"user_name": "AutoScaling", "aws_access_key": ""},
                                   INFRASTRUCTURE])  # fmt: skip
def test_where_no_iam_policy_can_be_attached_none_is_offered(cells):
    assert fix_of(row(**cells)).alternatives == ()


def test_console_steps_name_whom_to_add_and_where():
    steps = fix_of(row()).console_steps
    assert "us-east-1" in steps[0]
    assert steps[1] == "Under Key policy, Key users, choose Add and add the user alice."
    assert fix_of(row(**INFRASTRUCTURE)).console_steps == ()
    administration = fix_of(row(event_name="PutKeyPolicy")).console_steps
    assert "Key administrators" in administration[1]


EVERY_EVENT = ["CreateGrant", "RevokeGrant", "Decrypt", "ReEncrypt", "PutKeyPolicy", "CreateKey",
               "RetireGrant", "Sign", "EntangleKeys"]  # fmt: skip
CALLERS = [{}, {"aws_access_key": SESSION}, {"user_name": "root"}, INFRASTRUCTURE,
           {"user_name": "AutoScaling", "aws_access_key": ""}]  # fmt: skip


@pytest.mark.parametrize("source_ip", ["ec2-frontend-api.amazonaws.com", "AWS Internal", CLIENT])
@pytest.mark.parametrize("caller", CALLERS)
def test_no_fix_does_harm(caller, source_ip):
    rows = [
        row(**(caller | {"event_name": name, "source_ip_address": source_ip}))
        for name in EVERY_EVENT
    ]
    for finding in audit(*rows).findings:
        alternatives = [s for other in finding.fix.alternatives for s in other.statements]
        for statement in [*finding.fix.statements, *alternatives]:
            actions = statement["Action"]
            assert "kms:*" not in actions
            assert "kms:ReEncrypt" not in actions
            conditional = "kms:GrantIsForAWSResource" in json.dumps(statement.get("Condition"))
            assert conditional == any("Grant" in action for action in actions)
            assert not conditional or all("Grant" in action for action in actions)
        for statement in finding.fix.statements:
            principal = statement["Principal"]["AWS"]
            assert "*" not in principal
            assert ":sts:" not in principal
            assert "ec2-infrastructure" not in principal


def test_the_statements_are_copies():
    fix = fix_of(row())
    fix.statements[0]["Action"].append("kms:*")
    assert fix.statements == [USAGE, GRANTS]
