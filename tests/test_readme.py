"""The README says what is true: its commands, its transcript, its tables."""

import io
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from ebs_kms_audit.cli.main import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAIN_JOB, TESTS, *_ = re.findall(r"```sh\n(.+)\n```", README)
BLOCKS = re.findall(r"```text\n(.*?)\n```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")


def output_of(arguments):
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        status = main(arguments)
    return out.getvalue(), status


def test_the_main_command_prints_the_transcript():
    arguments = shlex.split(MAIN_JOB.rpartition(" && ")[2])
    assert arguments[0] == ".venv/bin/ebs-kms-audit"
    text, status = output_of(arguments[1:])
    assert status == 1
    position = 0
    command, _, transcript = BLOCKS[0].partition("\n")
    assert command == "$ ebs-kms-audit sample_data/event_history.csv"
    for part in transcript.removesuffix("\n[…]").split("\n[…]\n"):
        found = text.find(part, position)
        assert found >= position, f"not in the output, or not in this order:\n{part}"
        position = found + len(part)


def test_the_command_with_records_needs_no_placeholder():
    arguments = shlex.split(BLOCKS[1].removeprefix("$ ebs-kms-audit "))
    text, status = output_of(arguments)
    assert status == 1
    assert "REPLACE-WITH" not in text


def test_the_commands_install_with_plain_pip():
    assert MAIN_JOB.startswith("python3 -m venv .venv && .venv/bin/pip install -q . && ")
    assert TESTS.endswith(".venv/bin/pytest")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert '-e ".[test]"' in TESTS
    assert '-e ".[test]"' in ci


def test_the_map_names_every_room():
    rooms = {
        path.stem for path in (ROOT / "ebs_kms_audit").glob("[!.]*") if path.suffix in ("", ".py")
    }
    named = set(re.findall(r"^  (\w+)", BLOCKS[-1], re.MULTILINE))
    private = {"__init__", "__main__", "__pycache__", "py"}
    assert rooms - private == named


def test_the_message_is_answered():
    (command,) = re.findall(r"^ebs-kms-audit (message .+)$", README, re.MULTILINE)
    words = shlex.split(command)
    words[-1] = str(ROOT / "sample_data" / words[-1])
    text, status = output_of(words)
    assert status == 1
    assert "CreateGrant" in text


def test_the_query_is_printed():
    (command,) = re.findall(r"^ebs-kms-audit (query .+) > denials.sql$", README, re.MULTILINE)
    text, status = output_of(shlex.split(command))
    assert (text.startswith("WITH trail AS"), status) == (True, 0)


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)\n```", README, re.DOTALL))
def test_the_lines_of_python_work(code):
    code = "import warnings; warnings.simplefilter('ignore', ResourceWarning)\n" + code
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
