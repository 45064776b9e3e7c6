"""Closed, full and broken standard streams, and targets of `-o` that cannot be written."""

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ebs_kms_audit.cli.main import main
from ebs_kms_audit.cli.output import say, write
from tests.rows import export, row

COMMAND = f"{shlex.quote(sys.executable)} -m ebs_kms_audit"
pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")


@pytest.fixture
def denied(tmp_path: Path) -> Path:
    path = tmp_path / "denied.csv"
    path.write_text(export(row()).read(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "streams", "status", "said"),
    [
        ("$FILE", "> /dev/full", 2, "standard output: It cannot be written: No space left"),
        ("explain", "> /dev/full", 2, "standard output: It cannot be written: No space left"),
        ("--help", "> /dev/full", 2, "standard output: It cannot be written: No space left"),
        ("query --help", "> /dev/full", 2, "standard output: It cannot be written: No space left"),
        ("$FILE", ">&-", 2, "Standard output is closed. Write to a file with -o FILE."),
        ("--version", ">&-", 2, "Standard output is closed."),
        ("$FILE", "2> /dev/full", 1, ""),
        ("$FILE", "2>&-", 1, ""),
        ("nofile.csv", "2>&-", 2, ""),
        ("$FILE", "<&-", 1, "1 denial in 1 finding"),
        ("message -", "<&-", 2, "Standard input is closed."),
        ("$FILE", "<&- >&- 2>&-", 2, ""),
        ("explain", "| true; exit ${PIPESTATUS[0]}", 0, ""),
        ("$FILE", "| true; exit ${PIPESTATUS[0]}", 1, "1 denial in 1 finding"),
        ("--help", "| true; exit ${PIPESTATUS[0]}", 0, ""),
        ("$FILE -o /dev/full", "", 2, "/dev/full: It cannot be written: No space left on device."),
    ],
)
def test_a_stream_that_cannot_be_used(denied, words, streams, status, said):
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} {words.replace('$FILE', shlex.quote(str(denied)))} {streams}"],
        capture_output=True,
        check=False,
    )
    shown = done.stderr.decode()
    assert done.returncode == status
    assert said in shown
    assert "Traceback" not in shown
    assert "Exception ignored" not in shown


def test_a_closed_standard_error_adds_nothing_to_the_report(denied):
    report = subprocess.run(
        ["bash", "-c", f"{COMMAND} {shlex.quote(str(denied))} --format json 2>&-"],
        capture_output=True,
        check=False,
    )
    assert report.stdout.decode().rstrip().endswith("}")


def said_by(capsys, *arguments: object) -> tuple[int, str]:
    status = main([str(one) for one in arguments])
    return status, capsys.readouterr().err


def test_a_report_takes_the_longest_name_that_a_file_can_have(denied, capsys):
    longest = denied.parent / ("n" * 250)
    assert said_by(capsys, denied, "-o", longest)[0] == 1
    assert longest.read_text().startswith("KMS denied 1 call")
    assert "File name too long" in said_by(capsys, denied, "-o", denied.parent / ("n" * 256))[1]
    assert sorted(one.name for one in denied.parent.iterdir()) == ["denied.csv", "n" * 250]


@pytest.mark.parametrize(
    ("present", "umask", "mode"),
    [
        # POSIX, open(): a new file has mode 666 without the bits of the umask.
        (None, 0o022, 0o644),
        (None, 0o077, 0o600),
        (None, 0o002, 0o664),
        # A file that is replaced keeps its mode.
        (0o600, 0o022, 0o600),
        (0o640, 0o077, 0o640),
        (0o666, 0o077, 0o666),
    ],
)
def test_who_can_read_a_report(denied, capsys, present, umask, mode):
    report = denied.parent / "report.txt"
    if present is not None:
        report.write_text("old", encoding="utf-8")
        report.chmod(present)
    before = os.umask(umask)
    try:
        assert said_by(capsys, denied, "-o", report)[0] == 1
        assert os.umask(umask) == umask  # and the umask is as it was
    finally:
        os.umask(before)
    assert stat.S_IMODE(report.stat().st_mode) == mode
    assert report.read_text(encoding="utf-8").startswith("KMS denied 1 call")
    assert sorted(one.name for one in denied.parent.iterdir()) == ["denied.csv", "report.txt"]


def test_a_target_that_is_a_loop_of_links_is_an_error(denied, capsys):
    loop = denied.parent / "loop"
    loop.symlink_to(loop)
    assert "symbolic links" in said_by(capsys, denied, "-o", loop)[1]
    assert loop.is_symlink()


def test_a_link_to_a_new_file_is_followed(denied, capsys):
    link = denied.parent / "link"
    link.symlink_to("new")
    assert said_by(capsys, denied, "-o", link)[0] == 1
    assert (denied.parent / "new").is_file()
    assert link.is_symlink()


def test_an_interrupted_report_leaves_the_file_as_it_was(tmp_path):
    def pieces():
        yield "new"
        raise KeyboardInterrupt

    (tmp_path / "report.json").write_text("old", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        write(pieces(), str(tmp_path / "report.json"))
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("target", ["denied.csv", "link.csv", "hard.csv", "./sub/../denied.csv"])
@pytest.mark.parametrize("given", ["denied.csv", ".", "*.csv", "**"])
def test_a_target_that_is_an_input_is_an_error(denied, capsys, monkeypatch, target, given):
    monkeypatch.chdir(denied.parent)
    Path("sub").mkdir()
    Path("link.csv").symlink_to("denied.csv")
    Path("hard.csv").hardlink_to("denied.csv")
    before = denied.read_bytes()
    status, shown = said_by(capsys, given, "-o", target)
    assert status == 2
    assert "This file is an input" in shown
    assert denied.read_bytes() == before


@pytest.mark.parametrize("name", ["report.html", "REPORT.HTML", "plan.Md", "report.txt"])
def test_a_report_beside_the_inputs_can_be_written_again(denied, capsys, name):
    report = denied.parent / name
    for _ in range(2):
        assert said_by(capsys, denied.parent, "-o", report)[0] == 1


@pytest.mark.parametrize(("given", "target"), [("link", "real"), ("real", "link")])
def test_a_folder_is_an_input_by_any_name(denied, capsys, monkeypatch, given, target):
    monkeypatch.chdir(denied.parent)
    Path("real").mkdir()
    Path("real/new.json").write_text("[]", encoding="utf-8")
    Path("link").symlink_to("real")
    assert "This file is an input" in said_by(capsys, given, "-o", f"{target}/new.json")[1]


def test_characters_that_utf_8_lacks_are_written_as_escapes(tmp_path):
    write("a\udcff\u00e9", str(tmp_path / "report.txt"))
    assert (tmp_path / "report.txt").read_bytes() == b"a\\udcff\xc3\xa9"


def test_each_line_on_standard_error_is_escaped_and_marked(capsys):
    say("one\x1b[2J\ntwo\u202e")
    assert capsys.readouterr().err == "ebs-kms-audit: one\\x1b[2J\nebs-kms-audit: two\\u202e\n"


@pytest.mark.parametrize("option", ["--records", "--key-policy"])
def test_every_kind_of_input_is_protected(denied, capsys, option):
    other = denied.parent / "other.json"
    other.write_text("{}", encoding="utf-8")
    assert "This file is an input" in said_by(capsys, denied, option, other, "-o", other)[1]


@pytest.mark.parametrize("name", ["n" * 250, "a b", "=1"])
def test_a_plan_takes_the_longest_name_that_a_folder_can_have(denied, capsys, name):
    folder = denied.parent / name
    assert said_by(capsys, denied, "--plan", folder)[0] == 0
    assert (folder / "plan.md").is_file()
    assert "it exists already" in said_by(capsys, denied, "--plan", folder)[1]


@pytest.mark.parametrize("options", [("--plan", "fix"), ("--show", "statements")])
def test_an_input_that_cannot_be_read_shows_in_the_status_beside_a_plan(
    denied, capsys, monkeypatch, options
):
    """README, "Exit status": 2 if some inputs were read and others not."""
    monkeypatch.chdir(denied.parent)
    Path("policy.json").write_text("{", encoding="utf-8")
    status, shown = said_by(capsys, denied, "policy.json", *options)
    assert status == 2
    assert "policy.json: " in shown


@pytest.mark.parametrize("name", ["n" * 256, "a\0b", "none/x"])
def test_a_plan_that_cannot_be_written_is_an_error(denied, capsys, name):
    status, shown = said_by(capsys, denied, "--plan", denied.parent / name)
    assert status == 2
    assert "it cannot be written" in shown
    assert [one.name for one in denied.parent.iterdir()] == ["denied.csv"]


def test_a_folder_and_a_name_with_nul_are_no_targets(denied, capsys):
    assert "This is a folder" in said_by(capsys, denied, "-o", denied.parent)[1]
    assert "cannot be written" in said_by(capsys, denied, "-o", "a\0b")[1]


def test_an_error_is_one_line_whatever_the_file_is_called(denied, capsys):
    name = "x\nebs-kms-audit: 0 denials in 0 findings\x1b[2J\u202e.csv"
    (denied.parent / name).write_text("no export", encoding="utf-8")
    shown = said_by(capsys, denied.parent / name)[1]
    assert shown.count("\n") == 1
    assert "\\x1b[2J\\u202e.csv" in shown
