"""The command line as a user meets it: what it prints, where, and its exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ebs_kms_audit.cli.main import main
from tests.make_samples import SAMPLES
from tests.rows import SESSION, export, row

SAMPLE = str(SAMPLES / "event_history.csv")
DENIED = export(row()).read()
CLEAN = export(row(error_code="")).read()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("denied.csv").write_text(DENIED, encoding="utf-8")
    Path("clean.csv").write_text(CLEAN, encoding="utf-8")
    Path("prose.csv").write_text("Dear all,\nit does not work.\n", encoding="utf-8")
    return tmp_path


def process(*arguments, stdin=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "ebs_kms_audit", *arguments],
        input=stdin, capture_output=True, text=True, check=False,
        env=os.environ | environment,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "status", "summary"),
    [
        (["denied.csv"], 1, "1 denial in 1 finding; 1 row read, 0 set aside"),
        (["clean.csv"], 0, "0 denials in 0 findings; 1 row read, 0 set aside"),
        (["denied.csv", "clean.csv"], 1, "1 denial in 1 finding; 2 rows read, 0 set aside"),
        (["."], 2, "1 denial in 1 finding; 2 rows read, 0 set aside"),
        (["*e*.csv"], 2, "1 denial in 1 finding; 2 rows read, 0 set aside"),
        (["denied.csv", "missing.csv"], 2, "1 denial in 1 finding; 1 row read, 0 set aside"),
        (["clean.csv", "prose.csv"], 2, "0 denials in 0 findings; 1 row read, 0 set aside"),
    ],
)
def test_exit_status_and_the_summary_on_stderr(folder, capsys, arguments, status, summary):
    assert main(arguments) == status
    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1] == f"ebs-kms-audit: {summary}"
    assert printed.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.csv"], "missing.csv: no such file"),
        (["prose.csv"], "prose.csv: this is no event history export"),
        (["denied.csv", "--principal", "alice"], "write NAME=ARN"),
        (["denied.csv", "--principal", "alice=arn:aws:sts::111122223333:assumed-role/r/s"],
         "is a session"),
        (["denied.csv", "--key", "alias/ebs"], "is no key ARN"),
        (["denied.csv", "--around", "lunch"], "is no time"),
        (["denied.csv", "--minutes", "5"], "--minutes goes with --around"),
        (["denied.csv", "-o", "no/such/folder/report.txt"], "can't be written"),
        (["explain", "gremlins"], "gremlins is not an id of the report."),
        (["explain", "no_kms_row"], "Did you mean no_kms_rows?"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line_and_status_2(folder, capsys, arguments, words):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("ebs-kms-audit: ")
    assert words in line


@pytest.mark.parametrize("arguments", [[], ["--format", "yaml", "x"], ["--minutes", "a", "x"]])
def test_usage_errors_are_status_2(arguments):
    run = process(*arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("usage: ebs-kms-audit")
    assert "Traceback" not in run.stderr


def test_json_goes_to_stdout_alone(folder, capsys):
    assert main(["denied.csv", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "ebs_kms_audit.report/1"
    assert document["findings"][0]["denials"][0]["file"] == "denied.csv"


def test_the_caller_names_principal_key_and_window(folder, capsys):
    Path("session.csv").write_text(
        export(row(user_name="a=b", aws_access_key=SESSION)).read(), encoding="utf-8"
    )
    role = "arn:aws:iam::111122223333:role/ci/deploy"
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    main(["session.csv", "--principal", f"a=b={role}", "--key", key,
          "--around", "2026-05-18T07:10", "--minutes", "10", "--format", "json"])  # fmt: skip
    document = json.loads(capsys.readouterr().out)
    (finding,) = document["findings"]
    assert finding["principal"]["arn"] == role
    assert finding["key"]["arn"] == key
    assert document["coverage"]["window"] == {
        "start": "2026-05-18T07:00:00Z", "end": "2026-05-18T07:20:00Z",
    }  # fmt: skip


def test_output_is_written_whole_and_replaces_what_was_there(folder, capsys):
    Path("report.json").write_text("old", encoding="utf-8")
    assert main(["denied.csv", "--format", "json", "-o", "report.json"]) == 1
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["findings"]
    assert capsys.readouterr().out == ""
    assert {path.name for path in folder.iterdir()} == {
        "denied.csv", "clean.csv", "prose.csv", "report.json",
    }  # fmt: skip


def test_output_is_untouched_where_the_input_is_bad(folder):
    Path("report.txt").write_text("old", encoding="utf-8")
    assert main(["prose.csv", "-o", "report.txt"]) == 2
    assert Path("report.txt").read_text(encoding="utf-8") == "old"


def test_output_may_be_a_device(folder, capsys):
    assert main(["denied.csv", "-o", os.devnull]) == 1


def test_standard_input():
    run = process("-", "--format", "json", stdin=DENIED)
    assert run.returncode == 1
    assert json.loads(run.stdout)["coverage"]["files"][0]["name"] == "standard input"


def test_a_reader_that_leaves_early_is_no_error():
    command = f'"{sys.executable}" -m ebs_kms_audit "{SAMPLE}" 2>&1 >&3 | cat; true'
    run = subprocess.run(
        ["bash", "-c", f"exec 3> >(head -n 1); {command}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in run.stdout + run.stderr
    assert "BrokenPipe" not in run.stdout + run.stderr


def test_no_colour_where_it_is_piped():
    assert "\x1b" not in process(SAMPLE).stdout


def test_a_terminal_without_the_characters_still_gets_the_report():
    run = process(SAMPLE, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert run.returncode == 1
    assert "kms:CreateGrant" in run.stdout
    assert "Traceback" not in run.stderr


def test_explain_lists_every_id_and_shows_each(capsys):
    assert main(["explain"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"read_only_hidden", "missing_allow", "safe", "inferred"} <= set(listed)
    for id in listed:
        assert main(["explain", id]) == 0
        page = capsys.readouterr().out
        assert page.startswith(f"{id} (")
        assert "What to do: " in page
        assert max(map(len, page.splitlines())) <= 80


HEAVY = {"pandas", "pyarrow", "jsonpath_ng", "numpy"}


@pytest.mark.parametrize(
    "code",
    [
        "import ebs_kms_audit",
        f"from ebs_kms_audit.cli.main import main; main([{SAMPLE!r}, '-o', {os.devnull!r}])",
        f"from ebs_kms_audit.cli.main import main; "
        f"main([{SAMPLE!r}, '--format', 'json', '-o', {os.devnull!r}])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(code):
    """The sample's KMS rows name no resources, so not even jsonpath-ng is needed."""
    code += "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(run.stdout.split())
    assert not imported & HEAVY
    assert "ebs_kms_audit" in imported


def test_what_redact_cannot_be_combined_with_is_an_error_before_anything_is_read(capsys):
    assert main(["no such file.csv", "--redact", "--show", "policy"]) == 2
    assert "run --show without --redact" in capsys.readouterr().err


def test_a_redacted_error_names_no_path(tmp_path, capsys):
    path = tmp_path / "quokka folder" / "quokka.csv"
    path.parent.mkdir()
    path.write_text("no export", encoding="utf-8")
    assert main([str(path), str(path.parent / "not there.csv"), "--redact"]) == 2
    shown = capsys.readouterr().err
    assert shown.count("file-1: ") == shown.count("file-2: ") == 1
    assert not [word for word in ("quokka", "not there", str(tmp_path)) if word in shown]
