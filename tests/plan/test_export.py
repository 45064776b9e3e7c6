"""The fix as commands, as Terraform, as CloudFormation; and `--show`."""

import json
import shlex
import subprocess
from pathlib import Path

import hcl2
import pytest

from ebs_kms_audit.aws.statements import grants_statement, usage_statement
from ebs_kms_audit.cli.main import main
from ebs_kms_audit.model import StatementKind
from ebs_kms_audit.plan import Need, OfferedStatement, export
from tests.records import ACCOUNT, KEY_ARN, ROLE, audit, record

POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*",
     "Resource": "*"}]}  # fmt: skip


def fix(**options):
    (finding,) = audit(record(), **options).findings
    return finding.fix


def offered(document):
    return OfferedStatement(kind=StatementKind.USAGE, need=Need.DENIED, why="", needed=(),
                            document=document)  # fmt: skip


def test_the_commands_save_compare_put_and_verify_the_key_that_was_refused():
    text = fix(key_policies={KEY_ARN: POLICY}).commands
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    key = f"--region us-east-1 --key-id {KEY_ARN}"
    assert lines[0] == (
        f"aws kms get-key-policy {key} --policy-name default --query Policy --output text "
        "> key_policy.before.json"
    )
    assert lines[2] == (
        f"aws kms put-key-policy {key} --policy-name default --policy file://key_policy.fixed.json"
    )
    assert lines[3] == (
        "aws kms generate-data-key-without-plaintext --key-spec AES_256 " + key + " --dry-run"
    )
    assert f"# {lines[2].replace('fixed', 'before')}" in text.splitlines()
    assert "A CreateGrant by hand can't be tried so" in text
    assert "Terraform or CloudFormation" in text


def test_the_fingerprint_is_what_the_command_prints_however_the_policy_is_written():
    text = fix(key_policies={KEY_ARN: POLICY}).commands
    (command,) = [line for line in text.splitlines() if line.startswith("python3 -c ")]
    program = shlex.split(command.partition(" < ")[0])
    written = json.dumps({"Statement": POLICY["Statement"], "Version": "2012-10-17"}, indent=4)
    printed = subprocess.run(program, input=written, capture_output=True, text=True, check=True)
    assert f"#    {printed.stdout.strip()}" in text.splitlines()


def test_without_a_policy_the_commands_say_to_judge_it_first():
    assert "run the audit again with --key-policy" in fix().commands


def test_what_is_unknown_is_an_unmistakable_placeholder_in_the_commands():
    text = fix(rows=None, principals=None).commands
    assert KEY_ARN in text
    (unknown,) = audit(record(errorMessage="absent")).findings
    assert "--key-id REPLACE-WITH-THE-KEY-ARN" in unknown.fix.commands


@pytest.mark.parametrize("statement", [
    usage_statement(ROLE), grants_statement(ROLE),
    grants_statement('${aws:username} %{if} "quoted" \\ and\nmore'),
])  # fmt: skip
def test_terraform_reads_back_the_same_statement(statement):
    (block,) = hcl2.loads(export.terraform([offered(statement)]))["statement"]
    block = _plain(block)
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


def test_cloudformation_is_the_statements_as_json():
    made = fix()
    assert json.loads(made.cloudformation) == made.statements


def test_nothing_to_paste_is_nothing_to_run():
    (finding,) = audit(record(eventName="ListAliases")).findings
    assert (finding.fix.commands, finding.fix.terraform, finding.fix.cloudformation) == ("", "", "")


def test_a_redacted_fix_names_nothing_in_any_form():
    made = fix(redact=True)
    for text in (made.commands, made.terraform, made.cloudformation):
        assert ACCOUNT not in text
        assert "deploy" not in text


SAMPLES = Path(__file__).parents[2] / "sample_data"
SAMPLE = [str(SAMPLES / "event_history.csv"), "--records", str(SAMPLES / "event_history.json"),
          "--key-policy", str(SAMPLES / "key_policy.json")]  # fmt: skip


def show(capsys, part, *arguments):
    status = main([*(arguments or SAMPLE), "--show", part])
    return status, capsys.readouterr().out


def test_the_policy_shown_holds_the_fixes_of_all_findings(capsys):
    status, text = show(capsys, "policy")
    assert status == 1
    usage = json.loads(text)["Statement"][2]
    assert usage["Sid"] == "Allow use of the key"
    assert [arn.rpartition("/")[2] for arn in usage["Principal"]["AWS"]] == [
        "alice", "AWSServiceRoleForAutoScaling", "deploy",
    ]  # fmt: skip


def test_the_commands_of_one_key_are_shown_once(capsys):
    _, text = show(capsys, "commands")
    assert text.count("\naws kms put-key-policy") == 1


@pytest.mark.parametrize("part", ["diff", "terraform", "cloudformation"])
def test_the_other_parts_hold_every_principal(capsys, part):
    _, text = show(capsys, part)
    for name in ("user/engineering/alice", "AWSServiceRoleForAutoScaling", "role/ci/deploy"):
        assert name in text


@pytest.mark.parametrize(
    ("arguments", "part", "words"),
    [
        (SAMPLE[:1], "policy", "give the key's policy with --key-policy"),
        (SAMPLE[:1], "diff", "give it with --key-policy"),
    ],
)
def test_where_there_is_nothing_to_show_one_line_says_why(capsys, arguments, part, words):
    status = main([*arguments, "--show", part])
    printed = capsys.readouterr()
    assert (status, printed.out) == (2, "")
    assert words in printed.err
