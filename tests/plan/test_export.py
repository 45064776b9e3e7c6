"""A step as commands, as Terraform and as CloudFormation; and `--show`."""

import json
from pathlib import Path

import hcl2
import pytest

from ebs_kms_audit import StepKind
from ebs_kms_audit.aws.statements import grants_statement, usage_statement
from ebs_kms_audit.cli.main import main
from ebs_kms_audit.plan import Step, export
from tests.records import ACCOUNT, KEY_ARN, ROLE, audit, record

POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*",
     "Resource": "*"}]}  # fmt: skip


def step(**options):
    return audit(record(), **options).plan[0]


@pytest.mark.parametrize("statement", [
    usage_statement(ROLE), grants_statement(ROLE),
    grants_statement('${aws:username} %{if} "quoted" \\ and\nmore'),
])  # fmt: skip
def test_terraform_reads_back_the_same_statement(statement):
    made = Step(id="x", kind=StepKind.KEY_POLICY, text="", statements=(statement,))
    (data,) = hcl2.loads(export.terraform(made))["data"]
    (block,) = _plain(data)["aws_iam_policy_document"]["key_policy_statements"]["statement"]
    assert (block["sid"], block["effect"]) == (statement["Sid"], "Allow")
    assert block["actions"] == statement["Action"]
    assert block["resources"] == ["*"]
    (principals,) = block["principals"]
    assert principals["type"] == "AWS"
    assert [_unescaped(one) for one in principals["identifiers"]] == [statement["Principal"]["AWS"]]
    conditions = {(c["test"], c["variable"], *c["values"]) for c in block.get("condition", [])}
    wanted = statement.get("Condition", {})
    assert conditions == {(o, k, v) for o, block in wanted.items() for k, v in block.items()}


def _plain(value):
    """Take away the quotes that some versions of the parser leave around a text."""
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def _unescaped(text):
    text = text.replace("$${", "${").replace("%%{", "%{")
    return json.loads(f'"{text}"') if "\\" in text else text


def test_each_sid_occurs_once_in_terraform():
    # Terraform AWS provider, aws_iam_policy_document: a sid must be unique.
    same = usage_statement(ROLE)
    made = Step(id="x", kind=StepKind.KEY_POLICY, text="", statements=(same, same, same))
    (data,) = hcl2.loads(export.terraform(made))["data"]
    blocks = _plain(data)["aws_iam_policy_document"]["key_policy_statements"]["statement"]
    assert [block["sid"] for block in blocks] == [
        "Allow use of the key", "Allow use of the key 2", "Allow use of the key 3",
    ]  # fmt: skip


OWN, USAGE, ADDED = (
    {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:*", "Resource": "*"}
    for sid in ("own", "use", "added")
)
WIDER = USAGE | {"Action": "*"}


@pytest.mark.parametrize(
    ("before", "after", "sids"),
    [
        ([OWN, USAGE], [OWN, WIDER, ADDED], ["use", "added"]),
        ([OWN, USAGE], [OWN, WIDER], ["use"]),
        ([USAGE, OWN], [WIDER, OWN, ADDED], ["use", "added"]),
        ([OWN], [OWN, ADDED], ["added"]),
        (OWN, [OWN, ADDED], ["added"]),
        (USAGE, WIDER, ["use"]),
        ([OWN], [OWN], None),
    ],
)
def test_terraform_holds_the_statements_that_are_added_or_changed(before, after, sids):
    made = Step(id="x", kind=StepKind.KEY_POLICY, text="", statements=(ADDED,),
                before={"Statement": before}, document={"Statement": after})  # fmt: skip
    text = export.terraform(made)
    if sids is None:
        assert text is None
        return
    (data,) = hcl2.loads(text)["data"]
    blocks = _plain(data)["aws_iam_policy_document"]["key_policy_statements"]["statement"]
    assert [block["sid"] for block in blocks] == sids
    assert [block["actions"] for block in blocks if block["sid"] == "use"] == [["*"]] * (
        "use" in sids
    )


def test_the_template_holds_the_whole_policy_if_it_is_known():
    made = step(key_policies={KEY_ARN: POLICY})
    template = json.loads(made.cloudformation)
    assert template["Resources"]["Key"]["Type"] == "AWS::KMS::Key"
    assert template["Resources"]["Key"]["Properties"]["KeyPolicy"] == made.document
    statements = json.loads(step().cloudformation)["Resources"]["Key"]["Properties"]["KeyPolicy"]
    assert statements["Statement"] == list(step().statements)


SAMPLES = Path(__file__).parents[2] / "sample_data"
SAMPLE = [str(SAMPLES / "event_history.csv"), "--records", str(SAMPLES / "event_history.json"),
          "--key-policy", str(SAMPLES / "key_policy.json")]  # fmt: skip
STEP = "key_policy-1234abcd-12ab-34cd-56ef-1234567890ab"


def show(capsys, part, *arguments):
    status = main([*(arguments or SAMPLE), "--show", part])
    return status, capsys.readouterr()


def test_the_policy_shown_holds_the_callers_of_all_findings(capsys):
    status, printed = show(capsys, "policy")
    assert status == 0
    usage = json.loads(printed.out)["Statement"][2]
    assert usage["Sid"] == "Allow use of the key"
    assert [arn.rpartition("/")[2] for arn in usage["Principal"]["AWS"]] == [
        "alice", "AWSServiceRoleForAutoScaling", "deploy",
    ]  # fmt: skip
    assert f"policy of step {STEP} (safe)" in printed.err


@pytest.mark.parametrize("part", ["statements", "diff", "patch", "terraform", "cloudformation"])
def test_the_other_parts_hold_every_caller(capsys, part):
    _, printed = show(capsys, part)
    for name in ("user/engineering/alice", "AWSServiceRoleForAutoScaling", "role/ci/deploy"):
        assert name in printed.out


def test_the_commands_replace_the_policy_once(capsys):
    _, printed = show(capsys, "commands")
    assert printed.out.count("\naws kms put-key-policy") == 2  # apply, undo


def test_who_is_left_out_is_named_on_standard_error(capsys):
    status, printed = show(capsys, "statements", SAMPLE[0])
    assert status == 0
    assert "deploy-7f3a" not in printed.out
    assert "left out: deploy-7f3a" in printed.err


def test_the_step_is_chosen_by_its_id(capsys):
    status, printed = show(capsys, "patch", *SAMPLE, "--step", STEP)
    assert (status, len(json.loads(printed.out))) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "part", "words"),
    [
        (SAMPLE[:1], "policy", "Give it with --key-policy"),
        (SAMPLE[:1], "diff", "Give it with --key-policy"),
        ([*SAMPLE, "--step", "nothing"], "diff", f"--step {STEP}: Add these statements"),
    ],
)
def test_where_there_is_nothing_to_show_the_error_says_why(capsys, arguments, part, words):
    status, printed = show(capsys, part, *arguments)
    assert (status, printed.out) == (2, "")
    assert words in printed.err


IN_TERRAFORM = """\
# Put these statements into the aws_iam_policy_document of the key policy. A statement with the same
# sid replaces the one that is there. A change in the console is overwritten at the next deployment.
data "aws_iam_policy_document" "key_policy_statements" {
"""
NOT_THESE = {
    "Sid": "x", "Effect": "Deny",
    "NotPrincipal": {"AWS": [ROLE], "Service": "ec2.amazonaws.com"},
    "NotAction": "kms:Sign", "NotResource": ["a", "b"],
    "Condition": {"NumericEquals": {"aws:MultiFactorAuthAge": 42},
                  "Bool": {"aws:SecureTransport": True, "aws:ViaAWSService": "false"}},
}  # fmt: skip
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": ["kms:*"], "Resource": "*"}


def test_each_element_has_its_argument_in_terraform():
    """Source: Terraform AWS provider, "aws_iam_policy_document", argument reference."""
    made = Step(id="x", kind=StepKind.KEY_POLICY, text="", statements=(NOT_THESE, ANYBODY))
    assert (
        export.terraform(made)
        == IN_TERRAFORM
        + """\
  statement {
    sid = "x"
    effect = "Deny"
    not_actions = ["kms:Sign"]
    not_resources = ["a", "b"]

    not_principals {
      type = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/ci/deploy"]
    }

    not_principals {
      type = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }

    condition {
      test = "NumericEquals"
      variable = "aws:MultiFactorAuthAge"
      values = ["42"]
    }

    condition {
      test = "Bool"
      variable = "aws:SecureTransport"
      values = ["true"]
    }

    condition {
      test = "Bool"
      variable = "aws:ViaAWSService"
      values = ["false"]
    }
  }

  statement {
    effect = "Allow"
    actions = ["kms:*"]
    resources = ["*"]

    principals {
      type = "*"
      identifiers = ["*"]
    }
  }
}
"""
    )


def test_terraform_has_the_statements_that_change_as_they_are_afterwards():
    usage = usage_statement(f"arn:aws:iam::{ACCOUNT}:role/carla")
    before = {"Version": "2012-10-17", "Statement": [POLICY["Statement"][0], usage]}
    made = step(key_policies={KEY_ARN: before})
    text = made.terraform
    assert text.count("  statement {\n") == 2
    assert text.count(f'identifiers = ["arn:aws:iam::{ACCOUNT}:role/carla", "{ROLE}"]\n') == 1
    assert text.count(f'identifiers = ["{ROLE}"]\n') == 1
    single = step(key_policies={KEY_ARN: POLICY | {"Statement": usage}})
    assert single.terraform == text


def test_a_step_without_statements_has_no_terraform_and_no_template():
    made = Step(id="x", kind=StepKind.KEY_POLICY, text="")
    assert (export.terraform(made), export.cloudformation(made)) == (None, None)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        # Terraform Language, "Strings and Templates": the escape sequences of a quoted string.
        ('a "b" \\ c', r'"a \"b\" \\ c"'),
        ("a\nb\rc\td", r'"a\nb\rc\td"'),
        ("${a} $${b} %{c}", '"$${a} $$${b} %%{c}"'),
        ("\b\f\x00\x7f", r'"\u0008\u000c\u0000\u007f"'),
        ("é\u2028", r'"\u00e9\u2028"'),
        ("\U0001f600", r'"\U0001f600"'),
    ],
)
def test_a_text_in_terraform(text, written):
    statement = {"Sid": text, "Effect": "Allow"}
    made = Step(id="x", kind=StepKind.KEY_POLICY, text="", statements=(statement,))
    assert f"    sid = {written}\n" in export.terraform(made)


def test_names_that_are_alike_in_terraform_get_numbers():
    users = tuple(f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("a.b", "a_b", "a+b", "a-b"))
    statement = {"Effect": "Allow", "Action": ["kms:ListAliases"], "Resource": "*"}
    made = Step(
        id="x", kind=StepKind.IAM_POLICY, text="", statements=(statement,), principals=users
    )
    found = hcl2.loads(export.terraform(made))["resource"]
    labels = [label for one in found for by_label in one.values() for label in by_label]
    assert [label.strip('"') for label in labels] == [
        "user_a_b", "user_a_b-2", "user_a_b-3", "user_a-b",
    ]  # fmt: skip


def test_an_iam_policy_is_attached_in_terraform():
    """Source: Terraform AWS provider, "aws_iam_role_policy", "aws_iam_user_policy"."""
    statement = {"Effect": "Allow", "Action": ["kms:ListAliases"], "Resource": "*"}
    principals = (
        ROLE, f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:user/x/a.b@c+d-e_f",
    )  # fmt: skip
    made = Step(
        id="x", kind=StepKind.IAM_POLICY, text="", statements=(statement,), principals=principals
    )
    assert (
        export.terraform(made)
        == """\
data "aws_iam_policy_document" "use_of_the_key" {
  statement {
    effect = "Allow"
    actions = ["kms:ListAliases"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "role_deploy" {
  name = "UseOfTheKmsKey"
  role = "deploy"
  policy = data.aws_iam_policy_document.use_of_the_key.json
}

resource "aws_iam_user_policy" "user_a_b_c_d-e_f" {
  name = "UseOfTheKmsKey"
  user = "a.b@c+d-e_f"
  policy = data.aws_iam_policy_document.use_of_the_key.json
}
"""
    )


WHOLE = (
    "Put this KeyPolicy into the AWS::KMS::Key in your template. It is the whole policy. Do not "
    "deploy this file: it would create another key."
)
STATEMENTS_ONLY = (
    "Put these statements into the KeyPolicy of the AWS::KMS::Key in your template. A statement "
    "with the same Sid replaces the one that is there. Do not deploy this file: it would create "
    "another key."
)


@pytest.mark.parametrize(
    ("options", "description"),
    [({"key_policies": {KEY_ARN: POLICY}}, WHOLE), ({}, STATEMENTS_ONLY)],
)
def test_the_template_keeps_the_key_and_says_what_to_do(options, description):
    """Source: AWS CloudFormation User Guide, "DeletionPolicy", "UpdateReplacePolicy"."""
    made = step(**options)
    document = made.document or {"Version": "2012-10-17", "Statement": list(made.statements)}
    assert json.loads(made.cloudformation) == {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Resources": {
            "Key": {
                "Type": "AWS::KMS::Key",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"KeyPolicy": document},
            }
        },
    }
    assert made.cloudformation.startswith('{\n  "AWSTemplateFormatVersion"')
    assert made.cloudformation.endswith("\n}\n")
