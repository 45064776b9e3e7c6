"""The CI step of the README: its commands run, and they stop the change that they should stop."""

import json
import re
import shlex
from pathlib import Path

import pytest

from ebs_kms_audit.checking.callers import NAMED_CALLERS
from ebs_kms_audit.cli.main import main
from tests.checking.documents import AUTO_SCALING, DELEGATES, grants, policy, terraform_plan, usage
from tests.checking.test_replay import record
from tests.test_readme import README

SECTION = README.partition("## A CI step\n")[2].partition("\n## ")[0]
YAML = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
[REPLAY] = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)


def commands(yaml):
    """Return the words of each command of ebs-kms-audit in the steps of a job."""
    runs = re.findall(r"- run: (?:>-\n)?((?:.+\n(?: {10}.+\n)*))", yaml)
    return [
        shlex.split(" ".join(run.split()))[1:]
        for run in runs
        if run.strip().startswith("ebs-kms-audit ")
    ]


LINT, CHECK = commands(YAML[0])
[SARIF] = commands(YAML[1])
GOOD = policy(DELEGATES, usage(AUTO_SCALING), grants(AUTO_SCALING))
BAD = policy(DELEGATES)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def plan(document):
    resource = ("aws_kms_key.disks", "aws_kms_key", {"policy": json.dumps(document)}, {})
    with Path("plan.json").open("w") as file:
        json.dump(terraform_plan(resource), file)


def test_the_step_passes_a_policy_with_both_statements_for_auto_scaling():
    plan(GOOD)
    assert (main(LINT), main(CHECK)) == (0, 0)


def test_the_step_stops_the_change_that_would_keep_auto_scaling_from_starting_instances(capsys):
    plan(BAD)
    assert main(CHECK) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("::error file=plan.json,line=1,")
    assert AUTO_SCALING in line


def test_the_sarif_step_writes_its_file():
    plan(policy(usage(AUTO_SCALING)))
    assert main(SARIF) == 1
    with Path("lint.sarif").open() as file:
        assert json.load(file)["version"] == "2.1.0"


def test_the_replay_runs_as_written():
    for name, document in (
        ("planned.json", GOOD),
        ("key_policy.json", BAD),
        ("event_history.json", {"Records": [record(who=AUTO_SCALING)]}),
    ):
        with Path(name).open("w") as file:
            json.dump(document, file)
    words = shlex.split(REPLAY)
    assert words[0] == "ebs-kms-audit"
    assert main(words[1:]) == 0


def test_the_section_lists_the_names_of_principals():
    named = {name.partition("=")[0] for name in re.findall(r"`([a-z0-9-]+(?:=ARN)?)`", SECTION)}
    assert set(NAMED_CALLERS) - {"autoscaling"} <= named
