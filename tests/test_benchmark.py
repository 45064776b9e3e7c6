"""What the benchmark is made of is the same from run to run, and its answers are right.

Nothing here is timed.
"""

import csv
import gzip
import json
import re
import sys

import pytest

import ebs_kms_audit
from tests.benchmark import __main__ as benchmark
from tests.benchmark.contestants import FOR_EXPORTS, FOR_LOGS, FOR_PACKED_EXPORTS, FORMATS
from tests.benchmark.events import LOG_MIXES, MIXES
from tests.benchmark.generate import make_export, make_log_file, make_logs, make_packed_export
from tests.benchmark.growth import GROWING, exponent
from tests.benchmark.measure import Run, run
from tests.benchmark.results import Input, Result, load, save
from tests.benchmark.table import table
from tests.benchmark.targets import memory_limit, summary


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
    assert made.denied > 0
    assert run(FOR_EXPORTS["csv"], made.path).answer == str(made.denied)


def test_an_export_is_written_as_the_console_does(folder):
    made = make_export(folder, 1)
    with open(made.path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        text = file.read()
    rows = list(csv.reader(text.splitlines(keepends=True)))
    assert {len(row) for row in rows} == {16}
    assert not text.endswith("\n")
    assert any("\nmallory," in row[7] for row in rows)


@pytest.mark.parametrize("mix", LOG_MIXES)
@pytest.mark.parametrize("make", [make_logs, make_log_file])
def test_the_known_answer_is_in_the_trail_logs_too(folder, make, mix):
    made = make(folder, 1, mix)
    coverage = ebs_kms_audit.audit(records=made.path).coverage
    assert (coverage.rows_read, coverage.denials) == (made.events, made.denied)
    assert made.denied > 0
    assert run(FOR_LOGS["gzip-json"], made.path).answer == str(made.denied)


def test_a_packed_export_has_the_rows_of_the_export(folder):
    plain, packed = make_export(folder, 1), make_packed_export(folder, 1)
    with open(plain.path, "rb") as one, gzip.open(packed.path) as other:  # noqa: PTH123
        assert one.read() == other.read()
    assert (packed.events, packed.denied) == (plain.events, plain.denied)
    assert run(FOR_PACKED_EXPORTS["gzip-csv"], packed.path).answer == str(packed.denied)


@pytest.mark.parametrize("name", FORMATS)
def test_the_answer_of_the_command_is_read_from_each_format(folder, name):
    made = make_export(folder, 1, "dense-6")
    assert run(FOR_EXPORTS[name], made.path).answer == str(made.denied)


@pytest.mark.parametrize("name", ["gunzip", "zlib"])
def test_the_limits_unpack_every_kind_of_packed_input(folder, name):
    for made in (make_logs(folder, 1), make_log_file(folder, 1), make_packed_export(folder, 1)):
        assert not run(FOR_LOGS[name], made.path).failed


def test_a_wrong_answer_a_failure_and_an_absence_are_shown(folder, tmp_path):
    made = make_export(folder, 1)
    result = Result(
        events=made.events,
        denied=made.denied + 1,
        runs={
            "text": [run(FOR_EXPORTS["text"], made.path)],
            "csv": [run(FOR_EXPORTS["csv"], str(tmp_path / "none.csv"))],
        },
        absent={"polars": "polars"},
    )
    text = table(Input("export", "typical", 1), result)
    assert f"**wrong**: {made.denied} instead of {made.denied + 1}" in text
    assert "**failed**: FileNotFoundError" in text
    assert "not installed: polars" in text


def one_run(wall, peak=50.0, failed=False):
    return Run(wall=wall, cpu=wall, peak=peak, answer="1", failed=failed)


def test_the_targets_compare_the_best_run_with_the_quicker_reference():
    result = Result(
        events=9,
        denied=1,
        runs={
            "text": [one_run(3.0), one_run(1.2, peak=150.0)],
            "json": [one_run(1.21, peak=151.0)],
            "duckdb": [one_run(1.0), one_run(1.5)],
            "polars": [one_run(2.0)],
        },
    )
    rows = summary({Input("export", "typical", 200): result})[1:]
    compared = "DuckDB, all varchar or Polars, streaming"
    assert rows == [
        ("Export, typical, 200 MB", "text", compared, "≤ 1.2", "0.9", "1.20", "1.20", "yes"),
        ("Export, typical, 200 MB", "json", compared, "≤ 1.2", "0.9", "1.21", "1.21", "**no**"),
        ("Peak memory, highest: Export, typical, 200 MB", "text", "", "≤ 150 MB", "", "150 MB", "",
         "yes"),
        ("Peak memory, highest: Export, typical, 200 MB", "json", "", "≤ 150 MB", "", "151 MB", "",
         "**no**"),
    ]  # fmt: skip


def test_a_reference_that_failed_or_did_not_run_is_not_compared_with():
    result = Result(
        events=9, denied=1, runs={"text": [one_run(1.0)], "duckdb": [one_run(0.1, failed=True)]}
    )
    rows = summary({Input("export", "typical", 200): result})[1:]
    assert [row[0] for row in rows] == ["Peak memory, highest: Export, typical, 200 MB"]


@pytest.mark.parametrize(("denials", "limit"), [(0, 150), (40_000, 150), (80_000, 300)])
def test_the_memory_limit_grows_with_the_denials_above_40_000(denials, limit):
    assert memory_limit(denials) == limit


def test_results_are_kept_from_one_benchmark_to_the_next(tmp_path):
    results = {
        Input("logs", "kms", 200.0): Result(
            events=9, denied=1, runs={"text": [one_run(1.0)]}, absent={"duckdb": "duckdb"}
        )
    }
    save(tmp_path / "results.json", results)
    assert load(tmp_path / "results.json") == results
    assert load(tmp_path / "none.json") == {}


@pytest.mark.parametrize(
    ("once", "more", "expected"), [(1.1, 4.1, 1.0), (1.1, 16.1, 2.0), (1.1, 2.1, 0.5)]
)
def test_growth_is_the_exponent_of_the_time_above_start_up(once, more, expected):
    assert exponent(0.1, once, more) == pytest.approx(expected)


@pytest.mark.parametrize("name", [name for name in GROWING if name != "rows"])
def test_an_input_that_grows_has_n_of_it(tmp_path, name):
    *options, path = GROWING[name].write(tmp_path, 8)
    policies = dict(option.split("=", 2)[1:] for option in options)
    report = ebs_kms_audit.audit(path, key_policies=policies or None)
    expected = {  # findings, denials, keys
        "denials": (8, 8, 8), "callers": (8, 16, 1), "ec2-calls": (1, 8, 1), "keys": (8, 8, 8),
        "principals": (200, 400, 1), "policy-callers": (8, 8, 1),
    }  # fmt: skip
    keys = {finding.key.arn for finding in report.findings}
    assert (len(report.findings), report.coverage.denials, len(keys)) == expected[name]
    for path in policies.values():
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            statements = json.load(file)["Statement"]
        assert len(statements[1]["Principal"]["AWS"]) == (8 if name == "principals" else 1)


def test_the_command_prints_the_tables_and_writes_them(folder, tmp_path, capsys, monkeypatch):
    target = tmp_path / "table.md"
    arguments = (
        "--sizes 1 --logs 1 --one-file 1 --contestants csv,gzip-csv,gzip-json --formats json "
        "--runs 1 --growth policy-callers"
    )
    monkeypatch.setattr(
        sys, "argv",
        ["benchmark", *arguments.split(), "--folder", str(folder), "--markdown", str(target)],
    )  # fmt: skip
    benchmark.main()
    written = target.read_text(encoding="utf-8")
    assert written.strip() == capsys.readouterr().out.strip()
    assert written.count("| csv module") == written.count("| gzip, then csv module") == 1
    assert written.count("| gzip, then json") == 2
    assert "wrong" not in written
    assert "75 denied callers" in written


def rows_of(folder, mix):
    made = make_export(folder, 1, mix)
    with open(made.path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        return list(csv.DictReader(file))


def is_denied(row):
    return row["Event source"] == "kms.amazonaws.com" and row["Error code"].startswith("Access")


@pytest.mark.parametrize(
    ("mix", "share"),
    [("dense-0.5", 0.005), ("dense-6", 0.06), ("dense-6-team", 0.06), ("dense-6-named", 0.06)],
)
def test_every_row_of_a_dense_export_is_a_kms_row_and_its_name_tells_the_share(folder, mix, share):
    rows = rows_of(folder, mix)
    assert {row["Event source"] for row in rows} == {"kms.amazonaws.com"}
    largest_burst = 12 * 3  # twelve calls of RunInstances, three KMS calls each
    assert abs(sum(map(is_denied, rows)) - share * len(rows)) <= largest_burst


def test_rows_name_their_key_as_seldom_as_real_exports_or_always(folder):
    def share_named(mix):
        rows = [row for row in rows_of(folder, mix) if not is_denied(row)]
        return sum(row["Resources"] != "[]" for row in rows) / len(rows)

    assert share_named("dense-6") < 0.04
    assert share_named("dense-6-named") == 1


def test_the_denied_callers_are_one_team_or_many(folder):
    def denied(mix):
        return {row["User name"] for row in rows_of(folder, mix) if is_denied(row)}

    assert len(denied("dense-6-team")) <= 12 < len(denied("dense-6"))


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


def test_the_rows_of_an_organization_are_of_120_accounts_in_17_regions(folder):
    rows = rows_of(folder, "organization")
    few = {
        row["Recipient Account Id"] for row in rows if row["Event source"] == "kms.amazonaws.com"
    }
    accounts = {row["Recipient Account Id"] for row in rows} - few
    assert (len(accounts), len({row["AWS region"] for row in rows})) == (120, 17)


def test_three_of_ten_rows_of_a_throttled_export_are_throttled(folder):
    rows = rows_of(folder, "dense-throttled")
    throttled = sum(row["Error code"] == "ThrottlingException" for row in rows)
    assert throttled == pytest.approx(0.3 * len(rows), rel=0.1)


def test_a_spreadsheet_damages_ids_times_and_booleans(folder):
    saved, plain = rows_of(folder, "spreadsheet"), rows_of(folder, "typical")
    forms = {
        "Event time": r"5/\d{1,2}/2026 \d{1,2}:\d\d",
        "Recipient Account Id": r"\d\.\d{5}E\+11|12345678901",
        "Read-only": "TRUE|FALSE",
    }
    for column, form in forms.items():
        assert all(re.fullmatch(form, row[column]) for row in saved)
        assert not any(re.fullmatch(form, row[column]) for row in plain)
    assert [one["Event name"] for one in saved[:100]] == [one["Event name"] for one in plain[:100]]
