"""The command `message`: the audit of one text."""

import json

from ebs_kms_audit.cli.main import main
from tests.cli.test_cli import process
from tests.messages.made import DEPLOY, KEY, MESSAGE


def test_the_command_is_the_audit_of_its_text(capsys):
    assert main(["message", MESSAGE, "--format", "json"]) == 1
    own = json.loads(capsys.readouterr().out)
    assert main(["--message", MESSAGE, "--format", "json"]) == 1
    assert own == json.loads(capsys.readouterr().out)
    (finding,) = own["findings"]
    assert finding["key"]["arn"] == KEY
    assert finding["denials"][0]["iam_actions"] == ["kms:Decrypt"]


def test_the_command_takes_words_without_quotes(capsys):
    assert main(["message", *MESSAGE.split(), "--redact"]) == 1
    assert DEPLOY not in capsys.readouterr().out


def test_the_command_answers_a_symptom(capsys):
    assert main(["message", "Client.InternalError: Client error on launch"]) == 1
    printed = capsys.readouterr().out
    assert "client_error_on_launch" in printed
    assert "aws cloudtrail lookup-events" in printed


def test_the_command_reads_standard_input_and_any_bytes():
    run = process("message", "-", stdin=MESSAGE.replace("ci-42", "cié\x1b[2J"),
                  PYTHONIOENCODING="ascii")  # fmt: skip
    assert run.returncode == 1
    assert "deploy" in run.stdout
    assert "\x1b" not in run.stdout
    assert "Traceback" not in run.stderr


def test_a_text_that_is_no_message_is_one_line_and_status_2(capsys):
    assert main(["message", "it does not work"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("ebs-kms-audit: message 1: Not a recognized access-denied message")
