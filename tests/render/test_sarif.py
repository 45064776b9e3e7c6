"""SARIF and GitHub annotations of lint and check."""

import json
import re

import pytest
from sarif_kit.validate import validation_errors

from ebs_kms_audit.cli.main import main
from tests.checking.documents import (
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
LINTED = policy(DELEGATES, TYPO, grants(AUTO_SCALING))
THROUGH = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}
CHECKED = policy(DELEGATES, usage(AUTO_SCALING, Condition=THROUGH))


def log_of(words, capsys):
    main([*words, "--format", "sarif"])
    log = json.loads(capsys.readouterr().out)
    assert validation_errors(log) == []
    return log["runs"][0]


def part_of(text, region):
    """Return the part of a text that a region of SARIF names."""
    lines = text.split("\n")[region["startLine"] - 1 : region["endLine"]]
    lines[-1] = lines[-1][: region["endColumn"] - 1]
    lines[0] = lines[0][region["startColumn"] - 1 :]
    return "\n".join(lines)


def test_lint_names_the_part_the_statement_and_the_page(tmp_path, capsys):
    text = json.dumps(LINTED, indent=2)
    run = log_of(["lint", write(tmp_path, "key policy.json", text)], capsys)
    [action, role] = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["unknown_action", "role_must_exist"]
    assert "What to do: Correct the spelling" in rules[0]["help"]["text"]
    assert (action["ruleIndex"], action["level"], role["level"]) == (0, "warning", "note")
    place = action["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == f"file://{tmp_path}/key%20policy.json"
    assert part_of(text, place["region"]) == '"kms:ReEncrypt"'
    assert json.loads(part_of(text, place["contextRegion"])) == TYPO


def test_a_relative_path_stays_relative(tmp_path, capsys, monkeypatch):
    write(tmp_path, "a:b.json", LINTED)
    monkeypatch.chdir(tmp_path)
    run = log_of(["lint", "a:b.json"], capsys)
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%3Ab.json"


def test_a_fingerprint_stays_when_lines_move_and_differs_for_each_result(tmp_path, capsys):
    def fingerprints(text):
        run = log_of(["lint", write(tmp_path, "key_policy.json", text)], capsys)
        return [one["partialFingerprints"]["ebsKmsAudit/v1"] for one in run["results"]]

    twice = policy(DELEGATES, TYPO, TYPO | {"Sid": "Other"})
    before = fingerprints(json.dumps(twice, indent=2))
    assert fingerprints("\n\n" + json.dumps(twice, indent=4)) == before
    assert len(set(before)) == len(before) == 2


def test_check_names_the_statement_that_decides(tmp_path, capsys):
    text = json.dumps(CHECKED, indent=2)
    path = write(tmp_path, "key_policy.json", text)
    run = log_of(["check", "--key-policy", f"{KEY}={path}", "--principal", "autoscaling"], capsys)
    levels = {one["ruleId"]: one["level"] for one in run["results"]}
    assert levels == {"condition_unmet": "error", "delegated_to_iam": "error"}
    [unmet] = [one for one in run["results"] if one["ruleId"] == "condition_unmet"]
    place = unmet["locations"][0]["physicalLocation"]
    assert json.loads(part_of(text, place["region"])) == CHECKED["Statement"]
    [decides] = unmet["relatedLocations"]
    assert (
        json.loads(part_of(text, decides["physicalLocation"]["region"])) == CHECKED["Statement"][1]
    )
    assert "requires ec2.eu-west-1.amazonaws.com" in unmet["message"]["text"]


def test_a_deny_is_shown_at_its_statement(tmp_path, capsys):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant", "Resource": "*"}
    document = policy(usage(ALICE), grants(ALICE), deny)
    text = json.dumps(document, indent=1)
    path = write(tmp_path, "key_policy.json", text)
    run = log_of(["check", "--key-policy", path, "--principal", ALICE, "--operation",
                  "AttachVolume"], capsys)  # fmt: skip
    [result] = run["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (result["ruleId"], json.loads(part_of(text, region))) == ("explicit_deny", deny)


def test_an_undecided_call_is_a_warning_and_an_allowed_one_is_no_result(tmp_path, capsys):
    path = write(tmp_path, "key_policy.json", policy(DELEGATES, usage(ALICE)))
    run = log_of(["check", "--key-policy", path, "--principal", ALICE, "--operation",
                  "RunInstances"], capsys)  # fmt: skip
    [result] = run["results"]
    assert (result["ruleId"], result["level"]) == ("delegated_to_iam", "warning")
    assert "kms:CreateGrant" in result["message"]["text"]
    assert "kms:Decrypt" not in result["message"]["text"]


def test_what_is_not_checked_is_a_notification(tmp_path, capsys):
    plan = terraform_plan(("aws_kms_key.a", "aws_kms_key", {}, {"policy": True}))
    run = log_of(["lint", write(tmp_path, "plan.json", plan)], capsys)
    [notification] = run["invocations"][0]["toolExecutionNotifications"]
    assert "known only after terraform apply" in notification["message"]["text"]


def test_a_resource_is_a_logical_location(tmp_path, capsys):
    plan = terraform_plan(
        ("module.a.aws_kms_key.b[0]", "aws_kms_key", {"policy": json.dumps(LINTED)}, {})
    )
    run = log_of(["lint", write(tmp_path, "plan.json", plan)], capsys)
    [name] = run["results"][0]["locations"][0]["logicalLocations"]
    assert name == {"fullyQualifiedName": "module.a.aws_kms_key.b[0]", "kind": "resource"}


# GitHub, "Workflow commands for GitHub Actions": what is escaped in a property and in a message.
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::([^\r\n]*)")


@pytest.mark.parametrize(
    ("words", "status", "count"),
    [(["lint"], 1, 5), (["check", "--principal", ALICE, "--key-policy"], 3, 1)],
    ids=["lint", "check"],
)
def test_a_workflow_command_has_one_line_and_no_text_of_the_policy_can_end_it(
    tmp_path, capsys, words, status, count
):
    sid = "100%\n::error::x, y:z"
    condition = {"StringEquals": {"aws:PrincipalTag/a\n::error::": "b"}}
    document = policy(
        allow("*", ["kms:x\r\n::set-output name=a::b"], Sid=sid),
        allow(ALICE, "kms:*", Sid=sid, Condition=condition),
    )
    path = write(tmp_path, "a,b:c%d.json", document)
    assert main([*words, path, "--format", "github"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == count
    for line in lines:
        found = COMMAND.fullmatch(line)
        assert found, line
        properties = dict(one.split("=", 1) for one in found[2].split(","))
        assert properties["file"] == path.replace("%", "%25").replace(":", "%3A").replace(
            ",", "%2C"
        )
        assert list(properties)[1:3] == ["line", "endLine"]


def test_the_levels_of_lint_as_workflow_commands(tmp_path, capsys):
    path = write(tmp_path, "key_policy.json", policy(TYPO, grants(AUTO_SCALING)))
    main(["lint", path, "--format", "github"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", "::notice"]
    assert lines[1].startswith(
        f"::warning file={path},line=11,endLine=11,col=9,endColumn=24,title=An entry matches no "
        "KMS action::kms:ReEncrypt matches no KMS action"
    )
