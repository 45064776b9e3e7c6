"""Lint findings of files: where they are, and which policies a file has."""

import json
import re

import pytest

from ebs_kms_audit import InputError
from ebs_kms_audit.checking.lint_files import lint_files
from tests.checking.documents import (
    ACCOUNT,
    ALICE,
    AUTO_SCALING,
    DELEGATES,
    KEY,
    allow,
    grants,
    policy,
    terraform_plan,
    usage,
    write,
)

TYPO = allow(ALICE, ["kms:Decrypt", "kms:ReEncrypt"], Sid="App")
WRONG = policy(DELEGATES, TYPO)


def at(path, **options):
    """Return id, resource and line:column of each finding of a file."""
    return [
        (str(one.finding.id), one.address, f"{one.region.line}:{one.region.column}")
        for one in lint_files([path], **options).findings
    ]


def line_and_column(text, part, skip=0):
    """Return where a part of a text begins, as an editor shows it."""
    offset = text.index(part, text.index(part) + skip if skip else 0)
    before = text[:offset]
    return f"{before.count(chr(10)) + 1}:{offset - (before.rfind(chr(10)) + 1) + 1}"


INDENTED = json.dumps(WRONG, indent=2)
COMPACT = json.dumps(WRONG)
FORMS = {
    "indented": INDENTED,
    "on one line": COMPACT,
    "with carriage returns": INDENTED.replace("\n", "\r\n"),
    "with the policy's name behind it": INDENTED + "\ndefault\n",
    "the answer of get-key-policy": json.dumps({"Policy": INDENTED, "PolicyName": "default"}),
    "the query of the answer": json.dumps(INDENTED),
    "a string in a string": json.dumps({"Policy": json.dumps(COMPACT)}),
    "a policy under Policy": json.dumps({"Policy": WRONG}, indent=2),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_finding_has_the_line_and_column_in_the_file_as_given(tmp_path, text):
    [part] = re.findall(r'\\*"kms:ReEncrypt\\*"', text)
    path = write(tmp_path, "policy.json", text)
    assert at(path) == [("unknown_action", None, line_and_column(text, part))]


def test_a_file_in_utf_16_and_one_with_a_byte_order_mark_are_read(tmp_path):
    for encoding in ("utf-16", "utf-8-sig"):  # Windows PowerShell writes both
        path = tmp_path / encoding
        path.write_bytes(INDENTED.encode(encoding))
        assert at(path) == [("unknown_action", None, line_and_column(INDENTED, '"kms:ReEncrypt"'))]


def test_characters_that_are_escaped_in_a_string_count_as_they_are_written(tmp_path):
    document = policy(DELEGATES, TYPO | {"Sid": 'é "quoted" \\ \t 😀'})
    text = json.dumps({"Policy": json.dumps(document)})
    path = write(tmp_path, "policy.json", text)
    assert ("unknown_action", None, line_and_column(text, '\\"kms:ReEncrypt\\"')) in at(path)


def test_a_repeated_member_is_found_at_its_last_place(tmp_path):
    text = INDENTED.replace('"Sid": "App"', '"Sid": "App",\n      "Effect": "Deny"')
    path = write(tmp_path, "policy.json", text)
    assert ("repeated_member", None, line_and_column(text, '"Deny"')) in at(path)


def test_a_missing_element_is_found_at_its_statement(tmp_path):
    broken = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    text = json.dumps(policy(DELEGATES, broken), indent=2)
    [found] = lint_files([write(tmp_path, "policy.json", text)]).findings
    assert found.finding.id == "missing_element"
    assert found.region == found.statement
    lines = text.split("\n")
    assert lines[found.region.line - 1 : found.region.end_line] == [
        "    {",
        '      "Effect": "Allow",',
        '      "Action": "*",',
        '      "Resource": "*"',
        "    }",
    ]


# Terraform, "JSON Output Format": resource_changes of a plan, values of a state.
@pytest.mark.parametrize("part", ["resource_changes", "planned_values", "values"])
@pytest.mark.parametrize(
    "kind",
    ["aws_kms_key", "aws_kms_key_policy", "aws_kms_external_key", "aws_kms_replica_key",
     "aws_kms_replica_external_key"],
)  # fmt: skip
def test_the_policies_of_a_terraform_plan_are_named_by_their_address(tmp_path, part, kind):
    plan = terraform_plan(
        ("aws_kms_key.a[0]", kind, {"policy": json.dumps(WRONG)}, {}),
        ("aws_s3_bucket.b", "aws_s3_bucket", {"policy": json.dumps(policy())}, {}),
        ("aws_kms_key.default", kind, {"policy": None}, {}),
        part=part,
    )
    text = json.dumps(plan, indent=2)
    path = write(tmp_path, "plan.json", text)
    found = line_and_column(text, '\\"kms:ReEncrypt\\"')
    assert at(path) == [("unknown_action", "aws_kms_key.a[0]", found)]


def test_the_key_of_a_planned_change_is_known_from_its_arn(tmp_path):
    through = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}
    document = json.dumps(policy(DELEGATES, usage(ALICE, Condition=through)))
    plan = terraform_plan(
        ("aws_kms_key.a", "aws_kms_key", {"policy": document, "arn": KEY}, {}),
        ("aws_kms_key_policy.b", "aws_kms_key_policy", {"policy": document, "key_id": KEY}, {}),
        ("aws_kms_key.new", "aws_kms_key", {"policy": document}, {}),
    )
    ids = [(one[0], one[1]) for one in at(write(tmp_path, "plan.json", plan))]
    assert ids == [
        ("via_service_other_region", "aws_kms_key.a"),
        ("via_service_other_region", "aws_kms_key_policy.b"),
    ]


def test_a_policy_that_is_known_after_the_deployment_is_not_checked_and_said_so(tmp_path):
    plan = terraform_plan(("aws_kms_key.a", "aws_kms_key", {}, {"policy": True}))
    path = write(tmp_path, "plan.json", plan)
    report = lint_files([path])
    assert (report.policies, report.findings) == (0, ())
    [sentence] = report.not_checked
    assert sentence == (
        f"{path}: aws_kms_key.a: the policy is known only after terraform apply, so it is not "
        "checked. Run aws kms get-key-policy afterwards and check its output."
    )


# AWS CloudFormation User Guide: "AWS::KMS::Key", "Intrinsic function reference".
SUB_ROOT = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
JOIN_ROOT = {"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":root"]]}
THROUGH_EC2 = {"StringEquals": {"kms:ViaService": {"Fn::Sub": "ec2.${AWS::Region}.amazonaws.com"}}}


def template(*statements, kind="AWS::KMS::Key", parameters=None, **resources):
    key = {"Type": kind, "Properties": {"KeyPolicy": policy(*statements)}}
    role = {"Type": "AWS::IAM::Role", "Properties": {"Path": "/service/", "RoleName": "app"}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": parameters or {},
        "Resources": {"Disks": key, "Role": role} | resources,
    }


@pytest.mark.parametrize("root", [SUB_ROOT, JOIN_ROOT], ids=["Fn::Sub", "Fn::Join"])
@pytest.mark.parametrize("kind", ["AWS::KMS::Key", "AWS::KMS::ReplicaKey"])
def test_functions_of_a_template_are_replaced_by_their_values(tmp_path, root, kind):
    document = template(
        allow(root, "kms:*"),
        usage({"Fn::GetAtt": ["Role", "Arn"]}, Condition=THROUGH_EC2),
        allow({"Fn::GetAtt": "Role.Arn"}, "kms:ReEncrypt"),
        allow({"Ref": "Admin"}, "kms:Describe*"),
        kind=kind,
        parameters={"Admin": {"Type": "String", "Default": ALICE}},
    )
    text = json.dumps(document, indent=2)
    path = write(tmp_path, "template.json", text)
    assert at(path) == [("unknown_action", "Disks", line_and_column(text, '"kms:ReEncrypt"'))]
    assert lint_files([path]).not_checked == ()


def test_what_only_the_deployment_decides_is_not_checked_and_said_so(tmp_path):
    document = template(
        allow(SUB_ROOT, "kms:*"),
        allow({"Fn::ImportValue": "role-arn"}, "kms:ReEncrypt"),
        allow({"Fn::Sub": "${Team}"}, "kms:Decrypt"),
    )
    path = write(tmp_path, "template.json", document)
    assert [one[0] for one in at(path)] == ["unknown_action"]
    texts = lint_files([path]).not_checked
    afterwards = (
        "has its value only at deployment, so it is not checked. Run aws kms get-key-policy "
        "afterwards and check its output."
    )
    assert texts == (
        f"{path}:24: Disks: Fn::ImportValue at $.Statement[1].Principal.AWS {afterwards}",
        f"{path}:34: Disks: ${{Team}} at $.Statement[2].Principal.AWS {afterwards}",
    )


def test_a_key_policy_of_a_template_may_be_a_string(tmp_path):
    document = template()
    document["Resources"]["Disks"]["Properties"]["KeyPolicy"] = json.dumps(WRONG)
    path = write(tmp_path, "template.json", document)
    assert [one[:2] for one in at(path)] == [("unknown_action", "Disks")]


def test_several_files_are_reported_in_their_order(tmp_path):
    paths = [
        write(tmp_path, "b.json", policy(TYPO)),
        write(tmp_path, "a.json", policy(DELEGATES, grants(AUTO_SCALING))),
    ]
    report = lint_files(paths)
    assert [(one.file, str(one.finding.id)) for one in report.findings] == [
        (paths[0], "lockout"),
        (paths[0], "unknown_action"),
        (paths[1], "role_must_exist"),
    ]
    assert (report.policies, report.worst()) == (2, "error")


NO_POLICY = {
    "no JSON": ("User name,Event time\n", "line 1, column 1: this is not valid JSON"),
    "a comma too many": ('{"Statement": [\n  1,\n]}', "line 3, column 1: this is not valid JSON"),
    "cut off": ('{"Statement": [', "line 1, column 16: this is not valid JSON"),
    "empty": ("", "line 1, column 1: this is not valid JSON"),
    "another document": ('{"Records": []}', "this file has no key policy"),
    "a list": ("[]", "this file has no key policy"),
    "two documents": ('{"Statement": []} {}', "there is text after the policy document"),
    "a string that is no policy": ('{"Policy": "x"}', "this is not valid JSON"),
    "nested too deeply": ("[" * 100_000, "nested too deeply"),
    "a template without a key": ('{"Resources": {}}', "this file has no key policy"),
    "a plan without a key": (
        '{"terraform_version": "1.9", "resource_changes": []}', "this file has no key policy"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), NO_POLICY.values(), ids=NO_POLICY)
def test_a_file_without_a_key_policy_is_an_error_that_says_where_and_why(tmp_path, text, message):
    path = write(tmp_path, "given.json", text)
    with pytest.raises(InputError) as caught:
        lint_files([path])
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


ODD_TEMPLATES = {
    "a type that is a list": {"Type": ["AWS::KMS::Key"]},
    "no properties": {"Type": "AWS::KMS::Key"},
    "properties that are a list": {"Type": "AWS::KMS::Key", "Properties": []},
    "a resource that is a string": "AWS::KMS::Key",
    "a policy that is a number": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": 7}},
}


@pytest.mark.parametrize("resource", ODD_TEMPLATES.values(), ids=ODD_TEMPLATES)
def test_a_template_of_any_shape_is_an_error_if_it_has_no_policy(tmp_path, resource):
    path = write(tmp_path, "template.json", {"Parameters": [], "Resources": {"Key": resource}})
    with pytest.raises(InputError, match=r"template\.json: "):
        lint_files([path])


def test_a_function_with_an_argument_that_does_not_fit_is_not_resolved(tmp_path):
    functions = [{"Fn::Sub": 5}, {"Fn::Join": ["", 7]}, {"Fn::GetAtt": "Role"}, {"Ref": ["x"]},
                 {"Fn::GetAtt": ["Other", "Arn"]}]  # fmt: skip
    document = template(allow(functions, "kms:*"), Other={"Type": ["x"], "Properties": 7})
    report = lint_files([write(tmp_path, "template.json", document)])
    assert len(report.not_checked) == len(functions)


def test_a_file_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        lint_files([tmp_path / "missing.json"])


def test_the_account_of_the_key_that_is_given_counts(tmp_path):
    elsewhere = KEY.replace(ACCOUNT, "444455556666")
    path = write(tmp_path, "policy.json", policy(DELEGATES))
    assert at(path) == []
    assert [one[0] for one in at(path, key=elsewhere)] == ["lockout"]
