"""The command line as a user meets it: what it prints, where, and its exit status."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ebs_kms_audit
from ebs_kms_audit.cli.main import main
from tests.cli.conftest import DENIED
from tests.make_samples import SAMPLES
from tests.rows import SESSION, export, row

SAMPLE = str(SAMPLES / "event_history.csv")


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
    begins = "KMS denied 1 call by 1 caller," if summary[0] == "1" else "No KMS call was denied in "
    assert printed.out.startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.csv"], "missing.csv: no such file"),
        (["prose.csv"], "prose.csv: this is text without an error message that is recognized"),
        (["denied.csv", "--principal", "alice"], "write NAME=ARN"),
        (["denied.csv", "--principal", "alice=arn:aws:sts::111122223333:assumed-role/r/s"],
         "is a session"),
        (["denied.csv", "--key", "alias/ebs"], "is not a key ARN"),
        (["denied.csv", "--around", "lunch"], "is not a time. Examples: 2026"),
        (["denied.csv", "--minutes", "5"], "--minutes needs --around"),
        (["denied.csv", "--around", "2026-05-18", "--minutes", "5"], "is the whole day"),
        (["denied.csv", "-o", "no/such/folder/report.txt"], "cannot be written"),
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


def test_options_may_stand_between_the_files(folder, capsys):
    assert main(["denied.csv", "--format", "csv", "clean.csv"]) == 1
    assert capsys.readouterr().err.endswith("2 rows read, 0 set aside\n")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["denied.csv"], 0), (["clean.csv"], 0), (["denied.csv", "missing.csv"], 2)],
)
def test_exit_zero_is_for_scripts_that_read_the_report(folder, arguments, status):
    assert main([*arguments, "--exit-zero", "-o", os.devnull]) == status


@pytest.mark.parametrize(
    ("file", "option", "start"),
    [
        ("report.md", [], "## KMS denied 1 call"),
        ("report.html", [], "<!doctype html>"),
        ("report.json", [], "{"),
        ("report.csv", [], "finding_id,"),
        ("report.txt", [], "KMS denied 1 call"),
        ("report", [], "KMS denied 1 call"),
        ("report.md", ["--format", "json"], "{"),
    ],
)
def test_the_ending_of_the_file_chooses_the_format(folder, file, option, start):
    assert main(["denied.csv", "-o", file, *option]) == 1
    assert Path(file).read_text(encoding="utf-8").startswith(start)


def test_demo_is_the_report_of_the_sample_data(capsys):
    assert main(["demo"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("KMS denied 8 calls by 4 callers on key 1234abcd")
    assert printed.err == (
        "ebs-kms-audit: the report of event_history.csv, event_history.json, key_policy.json in "
        f"{SAMPLES}\nebs-kms-audit: 8 denials in 4 findings; 227 rows read, 0 set aside\n"
    )


def test_demo_takes_the_options_of_the_main_command(capsys):
    assert main(["demo", "--format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "## Please change the policy of KMS key `1234abcd-12ab-34cd-56ef-1234567890ab`"
    )
    assert "| caller | denied calls | last | step |" in lines


def test_the_sample_data_is_part_of_the_api():
    assert ebs_kms_audit.sample_path("event_history.csv") == SAMPLES / "event_history.csv"
    with pytest.raises(ebs_kms_audit.UsageError, match=r"key_policy\.json"):
        ebs_kms_audit.sample_path("policy.json")


@pytest.mark.parametrize(
    ("option", "environment", "coloured"),
    [
        ([], {}, False),  # not a terminal
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "", "NO_COLOR": ""}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_follow_the_option_and_the_environment(option, environment, coloured):
    run = process(SAMPLE, *option, **{"NO_COLOR": "", "FORCE_COLOR": ""} | environment)
    assert ("\x1b[" in run.stdout) == coloured


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("120", 120), ("300", 120), ("x", 80)])
def test_the_width_is_that_of_the_terminal(columns, width):
    lines = process(SAMPLE, COLUMNS=columns).stdout.splitlines()
    prose = [line for line in lines[:9] if line]
    assert width - 25 < max(map(len, prose)) <= width


def test_details_and_a_single_finding(folder, capsys):
    main(["denied.csv", "--details"])
    text = capsys.readouterr().out
    id = re.search(r"FINDING (F-[0-9a-f]{8})", text)[1]
    assert main(["denied.csv", "--finding", id]) == 1
    assert capsys.readouterr().out.startswith(f"FINDING {id}")
    assert main(["denied.csv", "--finding", "F-x"]) == 2
    assert f"The nearest id is {id}" in capsys.readouterr().err


def test_json_goes_to_stdout_alone(folder, capsys):
    assert main(["denied.csv", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "ebs_kms_audit.report/2"
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


def test_a_date_is_the_whole_day(folder, capsys):
    main(["denied.csv", "--around", "2026-05-18", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["coverage"]["window"] == {
        "start": "2026-05-18T00:00:00Z", "end": "2026-05-18T23:59:59Z",
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
    assert "2026-05-18 06:55:01-07:05:10 UTC" in run.stdout
    assert "\\u" not in run.stdout
    assert "Traceback" not in run.stderr


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
    assert "leave out --redact" in capsys.readouterr().err


def test_a_redacted_error_names_no_path(tmp_path, capsys):
    path = tmp_path / "quokka folder" / "quokka.csv"
    path.parent.mkdir()
    path.write_text("no export", encoding="utf-8")
    assert main([str(path), str(path.parent / "not there.csv"), "--redact"]) == 2
    shown = capsys.readouterr().err
    assert shown.count("file-1: ") == shown.count("file-2: ") == 1
    assert not [word for word in ("quokka", "not there", str(tmp_path)) if word in shown]


READ_ONLY = row(event_name="Decrypt", read_only="true", error_code="")
OF_EC2 = row(event_source="ec2.amazonaws.com", event_name="AttachVolume", error_code="")


@pytest.mark.parametrize(
    ("rows", "options", "status"),
    [
        ([READ_ONLY], [], 0),
        ([READ_ONLY], ["--around", "2026-05-18T07:00:00Z"], 0),
        ([READ_ONLY], ["--around", "2026-05-20T07:00:00Z"], 3),  # outside the input
        ([], [], 3),  # a header alone
        ([OF_EC2], [], 3),  # no KMS row
        ([row(error_code="")], [], 3),  # the default view: no read-only KMS row
        ([READ_ONLY, row()], [], 1),
        ([row()], [], 1),
    ],
)
def test_nothing_denied_is_told_from_an_input_that_cannot_show_it(
    tmp_path, capsys, rows, options, status
):
    file = tmp_path / "history.csv"
    file.write_text(export(*rows).read(), encoding="utf-8")
    assert main([str(file), *options, "-o", os.devnull]) == status
    assert ("could not have shown a denial" in capsys.readouterr().err) is (status == 3)


def test_an_empty_file_is_bad_input(tmp_path, capsys):
    file = tmp_path / "history.csv"
    file.write_bytes(b"")
    assert main([str(file)]) == 2


def test_an_internal_error_is_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ebs_kms_audit.cli.main.command_for", lambda words: words["defect"])
    assert main(["history.csv"]) == 70
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.startswith("ebs-kms-audit: Internal error: TypeError in test_cli.py:")
    assert "Traceback" not in shown


def test_a_key_policy_alone_names_the_commands_that_read_it(capsys):
    assert main([str(SAMPLES / "key_policy.json")]) == 3
    answer = " ".join(capsys.readouterr().out.split())
    assert answer.partition(" WHY ")[0] == (
        "No KMS call was denied in the input. This does not prove that KMS allowed the call that "
        "you look for. A key policy alone shows no denied call. To find its mistakes, run "
        "ebs-kms-audit lint FILE. To see whether a caller can use the key, run ebs-kms-audit check "
        "--key-policy FILE --principal ARN."
    )


# --- the end of the process

RUN = "from ebs_kms_audit.cli.main import run; run()"


@pytest.mark.parametrize(
    ("options", "words", "status", "shown"),
    [
        (["-c", RUN], ["version"], 0, "facts about AWS"),
        (["-c", RUN], ["no.csv"], 2, ""),
        (["-c", f"import atexit; atexit.register(print, 'goodbye'); {RUN}"], ["no.csv"], 2,
         "goodbye"),
        (["-m", "cProfile", "-m", "ebs_kms_audit"], ["version"], 0, "function calls"),
        (["-m", "trace", "--listfuncs", "--module", "ebs_kms_audit"], ["version"], 0,
         "functions called:"),
    ],
)  # fmt: skip
def test_the_process_ends_with_what_python_does_at_exit(options, words, status, shown):
    run = subprocess.run(
        [sys.executable, *options, *words], capture_output=True, text=True, check=False
    )
    assert run.returncode == status
    assert shown in run.stdout
