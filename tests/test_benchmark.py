"""What the benchmark is made of is the same from run to run, and its answers are right.

Nothing here is timed.
"""

import csv
import sys

import pytest

import ebs_kms_audit
from tests.benchmark import __main__ as benchmark
from tests.benchmark.contestants import FOR_EXPORTS, FOR_LOGS, Contestant
from tests.benchmark.events import MIXES
from tests.benchmark.generate import make_export, make_logs
from tests.benchmark.measure import run
from tests.benchmark.table import Line, table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("generated")


def test_an_export_is_the_same_from_run_to_run(folder, tmp_path):
    first, second = make_export(folder, 1), make_export(tmp_path, 1)
    with open(first.path, "rb") as one, open(second.path, "rb") as other:  # noqa: PTH123
        assert one.read() == other.read()
    assert first.denied == second.denied > 0
    assert 1_000_000 <= first.size < 1_050_000
    assert make_export(folder, 1) == first  # and not made again


@pytest.mark.parametrize("mix", MIXES)
def test_the_known_answer_is_what_the_library_and_the_csv_module_find(folder, mix):
    made = make_export(folder, 1, mix)
    coverage = ebs_kms_audit.audit(made.path).coverage
    assert (coverage.rows_read, coverage.denials) == (made.events, made.denied)
    assert coverage.rows_set_aside == 0
    assert run(FOR_EXPORTS["csv"], made.path).answer == str(made.denied)


def test_an_export_is_written_as_the_console_does(folder):
    made = make_export(folder, 1)
    with open(made.path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        text = file.read()
    rows = list(csv.reader(text.splitlines(keepends=True)))
    assert {len(row) for row in rows} == {16}
    assert not text.endswith("\n")
    assert any("\nmallory," in row[7] for row in rows)


def test_the_known_answer_is_in_the_trail_logs_too(folder):
    made = make_logs(folder, 1)
    coverage = ebs_kms_audit.audit(records=made.path).coverage
    assert (coverage.rows_read, coverage.denials) == (made.events, made.denied)
    assert run(FOR_LOGS["json"], made.path).answer == str(made.denied)


def test_a_wrong_answer_a_failure_and_an_absence_are_shown(folder, tmp_path):
    made = make_export(folder, 1)
    ours = run(FOR_EXPORTS["command"], made.path)
    failing = run(FOR_EXPORTS["csv"], str(tmp_path / "none.csv"))
    text = table(
        "A title",
        [
            Line(FOR_EXPORTS["command"], ours),
            Line(FOR_EXPORTS["csv"], failing),
            Line(Contestant(title="x", needs=("no such thing",)), None, "no such thing"),
        ],
        made.denied + 1,
    )
    assert f"**wrong**: {made.denied} where there are {made.denied + 1}" in text
    assert "**failed**: FileNotFoundError" in text
    assert "not installed: no such thing" in text


def test_the_command_prints_the_tables_and_writes_them(folder, tmp_path, capsys, monkeypatch):
    target = tmp_path / "table.md"
    arguments = "--sizes 1 --logs 1 --contestants command,csv,json --runs 1".split()
    monkeypatch.setattr(
        sys, "argv", ["benchmark", *arguments, "--folder", str(folder), "--markdown", str(target)]
    )
    benchmark.main()
    written = target.read_text(encoding="utf-8")
    assert written.strip() == capsys.readouterr().out.strip()
    assert written.count("| csv module") == written.count("| gzip + json") == 1
    assert "wrong" not in written


def rows_of(folder, mix):
    made = make_export(folder, 1, mix)
    with open(made.path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        return list(csv.DictReader(file))


def is_denied(row):
    return row["Event source"] == "kms.amazonaws.com" and row["Error code"].startswith("Access")


@pytest.mark.parametrize(("mix", "share"), [("dense-0.5", 0.005), ("dense-6", 0.06)])
def test_every_row_of_a_dense_export_is_a_kms_row_and_its_name_tells_the_share(folder, mix, share):
    rows = rows_of(folder, mix)
    assert {row["Event source"] for row in rows} == {"kms.amazonaws.com"}
    largest_burst = 12 * 3  # twelve calls of RunInstances, three KMS calls each
    assert abs(sum(map(is_denied, rows)) - share * len(rows)) <= largest_burst


def test_a_third_of_the_rows_of_a_busy_export_are_launches(folder):
    rows = rows_of(folder, "busy")
    launches = sum(row["Event name"] == "RunInstances" for row in rows)
    assert launches == pytest.approx(len(rows) / 3, rel=0.1)


def test_events_are_newest_first_and_denials_follow_ec2_calls_of_the_same_caller(folder):
    rows = rows_of(folder, "busy")
    times = [row["Event time"] for row in rows]
    assert times == sorted(times, reverse=True)
    denied = [place for place, row in enumerate(rows) if is_denied(row)]
    for place in denied:
        before = rows[place + 1 : place + 200]
        assert any(
            row["User name"] == rows[place]["User name"]
            and row["Event name"] in ("CreateVolume", "AttachVolume", "RunInstances")
            for row in before
        )
