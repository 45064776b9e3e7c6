"""The examples in the help of check and lint run as they are written."""

import re
import shlex
import shutil

import pytest

from ebs_kms_audit.cli.main import main
from tests.checking.documents import AUTO_SCALING, DELEGATES, grants, policy, terraform_plan, usage
from tests.checking.documents import write as write_in
from tests.test_readme import ROOT


def help_of(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "lint"])
def test_the_examples_run_and_each_exit_status_is_listed(tmp_path, capsys, monkeypatch, command):
    text = help_of(command, capsys)
    assert re.findall(r"^  (\d) ", text.partition("exit status:")[2], re.MULTILINE) == [
        "0", "1", "2", "3",
    ]  # fmt: skip
    monkeypatch.chdir(tmp_path)
    key_policy = policy(DELEGATES, usage(AUTO_SCALING), grants(AUTO_SCALING))
    as_text = write_in(tmp_path, "key_policy.json", key_policy)
    plan = terraform_plan(("a", "aws_kms_key", {"policy": (tmp_path / as_text).read_text()}, {}))
    template = {"Resources": {"Key": {
        "Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": key_policy}}}}  # fmt: skip
    for name, content in (("planned", key_policy), ("plan", plan), ("template", template)):
        write_in(tmp_path, f"{name}.json", content)
    for name in ("event_history.csv", "event_history.json"):
        shutil.copy(ROOT / "sample_data" / name, tmp_path / name)
    examples = text.partition("examples:\n")[2].partition("\n\n")[0]
    joined = re.sub(r" +\\\n +", " ", examples)
    lines = [line for line in joined.splitlines() if "ebs-kms-audit" in line]
    assert len(lines) >= 4
    for line in lines:
        words = shlex.split(line[line.index("ebs-kms-audit") :].partition("   ")[0])
        status = main(words[1:])
        error = capsys.readouterr().err
        assert status in (0, 3) or "give the key as KEY_ARN=FILE" in error, (line, error)
