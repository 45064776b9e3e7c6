"""`ebs-kms-audit check`: inputs, formats and exit statuses."""

import json
import re
from pathlib import Path

import pytest

from ebs_kms_audit.cli.main import main
from tests.checking.documents import (
    ACCOUNT,
    APP,
    AUTO_SCALING,
    DELEGATES,
    KEY,
    ROOT,
    allow,
    grants,
    policy,
    terraform_plan,
    usage,
    write,
)

BOTH = policy(DELEGATES, usage(APP, AUTO_SCALING), grants(APP, AUTO_SCALING))
ALL_KMS = {"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
UNKNOWN = terraform_plan(("aws_kms_key.a", "aws_kms_key", {}, {"policy": True}))


def status_of(words):
    """Return the exit status; argparse ends the process itself where the usage is wrong."""
    try:
        return main(words)
    except SystemExit as ended:
        return ended.code


STATUS = {
    "allowed": (BOTH, ["--principal", APP], 0),
    "denied": (policy(usage(APP)), ["--principal", APP], 1),
    "undecided": (policy(DELEGATES), ["--principal", APP], 3),
    "denied and undecided": (
        policy(DELEGATES), ["--principal", APP, "--principal", "autoscaling"], 1),
    "a policy that is not known yet": (UNKNOWN, ["--principal", APP], 3),
    "an unknown name": (BOTH, ["--principal", "autoscalin"], 2),
    "no principal": (BOTH, [], 2),
    "no policy": ({}, ["--principal", APP], 2),
    "a context without a value": (BOTH, ["--principal", APP, "--context", "aws:x"], 2),
}  # fmt: skip


@pytest.mark.parametrize(("document", "options", "status"), STATUS.values(), ids=STATUS)
def test_the_exit_status_says_the_outcome(tmp_path, capsys, document, options, status):
    path = write(tmp_path, "key_policy.json", document)
    assert status_of(["check", "--key-policy", path, *options]) == status
    assert "Traceback" not in capsys.readouterr().err


def test_the_report_names_each_call_what_decides_and_what_the_request_carries(tmp_path, capsys):
    path = write(tmp_path, "key_policy.json", policy(DELEGATES, usage(AUTO_SCALING)))
    assert main(["check", "--key-policy", f"{KEY}={path}", "--principal", "autoscaling"]) == 1
    captured = capsys.readouterr()
    words = " ".join(captured.out.split())
    assert f"{path} of {KEY}: denied autoscaling, denied: {AUTO_SCALING}" in words
    assert (
        "RunInstances allowed kms:GenerateDataKeyWithoutPlaintext, kms:Decrypt "
        'Statement 2 ("Allow use of the key") of the key policy allows it.'
    ) in words
    assert (
        'denied kms:CreateGrant Statement 1 ("Enable IAM User Permissions") of the key policy '
        "allows it to the account only, and AWS's policy for this role has no KMS action. The "
        "request carries kms:ViaService = ec2.us-east-1.amazonaws.com, "
        "kms:GrantIsForAWSResource = true."
    ) in words
    assert captured.err == "ebs-kms-audit: 1 principal: 1 denied\n"


def test_json_has_each_call_with_its_conditions_and_the_line_of_the_statement(tmp_path, capsys):
    path = write(tmp_path, "key_policy.json", BOTH)
    main(["check", "--key-policy", f"{KEY}={path}", "--principal", APP, "--operation",
          "AttachVolume", "--format", "json"])  # fmt: skip
    report = json.loads(capsys.readouterr().out)
    assert (report["schema"], report["outcome"]) == ("ebs_kms_audit.check/1", "allowed")
    [checked] = report["policies"]
    assert (checked["file"], checked["key"], checked["region"]) == (path, KEY, "us-east-1")
    [grant, decrypt] = checked["principals"][0]["calls"]
    assert grant["conditions"]["kms:GrantIsForAWSResource"] == "true"
    assert grant["conditions"]["kms:ViaService"] == "ec2.us-east-1.amazonaws.com"
    [decided] = grant["decided_by"]
    assert (decided["policy"], decided["statement"]) == ("key_policy", 2)
    text = Path(path).read_text()
    assert text.splitlines()[decided["line"] - 1].strip() == "{"
    statement, _ = json.JSONDecoder().raw_decode(
        "\n".join(text.splitlines()[decided["line"] - 1 :]).lstrip()
    )
    assert statement == BOTH["Statement"][2]
    assert (decrypt["as"], decrypt["decided_by"]) == ("aws:ec2-infrastructure", [])


def test_the_keys_of_a_terraform_plan_are_checked_each_by_its_address(tmp_path, capsys):
    fine, broken = json.dumps(BOTH), json.dumps(policy(DELEGATES))
    plan = terraform_plan(
        ("module.a.aws_kms_key.disks", "aws_kms_key", {"policy": fine}, {}),
        ("aws_kms_key_policy.other", "aws_kms_key_policy", {"policy": broken}, {}),
    )
    path = write(tmp_path, "plan.json", plan)
    assert main(["check", "--key-policy", path, "--principal", "autoscaling"]) == 1
    out = capsys.readouterr().out.replace("\n", " ")
    assert re.findall(r"(\S+) in (\S+): (\w+)", out) == [
        ("module.a.aws_kms_key.disks", path, "allowed"),
        ("aws_kms_key_policy.other", path, "denied"),
    ]  # fmt: skip


def test_a_template_is_read_for_the_account_of_its_deployment(tmp_path):
    root = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    role = {"Fn::GetAtt": ["Role", "Arn"]}
    template = {"Resources": {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {
            "KeyPolicy": policy(allow(root, "kms:*"), usage(role), grants(role))}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "app"}},
    }}  # fmt: skip
    path = write(tmp_path, "template.json", template)
    check = ["check", "--key-policy", path]
    assert main([*check, "--principal", APP]) == 0
    assert main([*check, "--principal", APP, "--account", "444455556666"]) == 1
    assert main([*check, "--principal", "autoscaling", "--account", ACCOUNT]) == 1


IAM = {
    "the document": ALL_KMS,
    "aws iam get-policy-version": {"PolicyVersion": {"Document": ALL_KMS, "VersionId": "v1"}},
    "aws iam get-role-policy": {"RoleName": "app", "PolicyDocument": ALL_KMS},
    "aws organizations describe-policy": {"Policy": {"Content": json.dumps(ALL_KMS)}},
}


@pytest.mark.parametrize("document", IAM.values(), ids=IAM)
def test_an_iam_policy_decides_under_delegation(tmp_path, document):
    key_policy = write(tmp_path, "key_policy.json", policy(DELEGATES))
    iam_policy = write(tmp_path, "iam.json", document)
    check = ["check", "--key-policy", key_policy, "--principal", APP]
    assert main([*check, "--iam-policy", iam_policy]) == 0
    assert main([*check, "--iam-policy", f"{APP}={iam_policy}"]) == 0
    assert main([*check, "--iam-policy", f"{ROOT}={iam_policy}"]) == 2
    deny = write(tmp_path, "scp.json", {"Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "kms:CreateGrant", "Resource": "*"}]})  # fmt: skip
    assert main([*check, "--iam-policy", iam_policy, "--scp", deny]) == 1
    assert main([*check, "--iam-policy", iam_policy, "--boundary", deny]) == 1
    assert main([*check, "--iam-policy", iam_policy, "--session-policy", deny]) == 1


def test_a_file_is_written_whole(tmp_path):
    path = write(tmp_path, "key_policy.json", BOTH)
    out = tmp_path / "report.json"
    words = ["check", "--key-policy", path, "--principal", APP, "--format", "json"]
    assert main([*words, "-o", str(out)]) == 0
    assert json.loads(out.read_text())["outcome"] == "allowed"
