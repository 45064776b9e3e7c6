"""The README says what is true: its commands, its transcript, its links, its map."""

import io
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from ebs_kms_audit.cli.commands import COMMANDS
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


def test_it_is_read_in_a_few_minutes():
    assert len(README.splitlines()) <= 250


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


def test_the_commands_install_with_plain_pip():
    assert MAIN_JOB.startswith("python3 -m venv .venv && .venv/bin/pip install -q . && ")
    assert TESTS.endswith(".venv/bin/pytest")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert '-e ".[test]"' in TESTS
    assert '-e ".[test]"' in ci


COMMAND_LINES = re.findall(r"`(ebs-kms-audit [^`]+)`", README)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_every_command_and_option_exists(line):
    _, *words = shlex.split(line)
    command = [words[0]] if words[0] in COMMANDS else []
    out = io.StringIO()
    with pytest.raises(SystemExit) as left, redirect_stdout(out):
        main([*command, "--help"])
    assert left.value.code == 0
    for word in words:
        assert not word.startswith("-") or word in re.findall(r"--?[a-z-]+", out.getvalue())


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_map_names_every_room():
    rooms = {
        path.stem for path in (ROOT / "ebs_kms_audit").glob("[!.]*") if path.suffix in ("", ".py")
    }
    named = set(re.findall(r"^  (\w+)", BLOCKS[-1], re.MULTILINE))
    private = {"__init__", "__main__", "__pycache__", "py"}
    assert rooms - private == named


def test_every_exit_status_of_the_help_is_described():
    out = io.StringIO()
    with pytest.raises(SystemExit), redirect_stdout(out):
        main(["--help"])
    statuses = re.findall(r"^  (\d+)  ", out.getvalue().partition("exit status:")[2], re.MULTILINE)
    assert statuses
    assert [one for one in statuses if f"| {one} |" not in README] == []


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)\n```", README, re.DOTALL))
def test_the_lines_of_python_work(code):
    code = "import warnings; warnings.simplefilter('ignore', ResourceWarning)\n" + code
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
