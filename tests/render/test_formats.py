"""The registry, CSV, and JSON for pasting."""

import csv
import io
import json

import pytest

from ebs_kms_audit.render.compact_json import as_list_items, compact
from ebs_kms_audit.render.registry import FORMATS, format_for
from ebs_kms_audit.render.table import COLUMNS
from tests.render.made import STATEMENTS, policy_step, report_of, safe_step
from tests.rows import audit, row


@pytest.mark.parametrize(
    ("name", "file", "chosen"),
    [
        (None, None, "text"),
        (None, "report.md", "markdown"),
        (None, "REPORT.HTML", "html"),
        (None, "a.htm", "html"),
        (None, "a.json", "json"),
        (None, "a.csv", "csv"),
        (None, "a.txt", "text"),
        (None, "a.md.bak", "text"),
        (None, "md", "text"),
        ("json", "report.md", "json"),
        ("text", "report.html", "text"),
    ],
)
def test_the_name_chooses_the_format_else_the_ending_does(name, file, chosen):
    assert format_for(name, file).name == chosen


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "report", [audit(), audit(row()), report_of(policy_step()), report_of(safe_step())]
)
def test_each_format_takes_each_report_and_ends_with_one_line_feed(name, report):
    text = FORMATS[name].render(report)
    if name == "ocsf" and not report.findings:
        assert text == ""  # one line for each finding
        return
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_csv_has_one_row_for_each_denial():
    report = audit(row(), row(event_name="Decrypt"), row(error_code=""))
    first, *rows = list(csv.reader(io.StringIO(report.to_csv())))
    assert tuple(first) == COLUMNS
    assert [line[COLUMNS.index("event_name")] for line in rows] == ["CreateGrant", "Decrypt"]
    assert rows[0][COLUMNS.index("event_time")] == "2026-05-18T07:00:34Z"
    assert rows[0][COLUMNS.index("iam_actions")] == "kms:CreateGrant"
    assert rows[0][COLUMNS.index("key_arn")] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " ="])
def test_no_cell_of_the_csv_is_a_formula(start):
    report = audit(row(user_name=f"{start}cmd|'/c calc'!A1"))
    cells = [cell for line in csv.reader(io.StringIO(report.to_csv())) for cell in line]
    assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        (["a", "b"], '["a", "b"]'),
        ({"Bool": {"k": "true"}}, '{"Bool": {"k": "true"}}'),
        ({"Effect": "Allow", "Action": "*"}, '{\n  "Effect": "Allow",\n  "Action": "*"\n}'),
        ({"AWS": ["x" * 60, "y" * 60]}, f'{{"AWS": [\n  "{"x" * 60}",\n  "{"y" * 60}"\n]}}'),
        (["x" * 60, "y" * 60], f'[\n  "{"x" * 60}",\n  "{"y" * 60}"\n]'),
        ("Zoë", '"Zo\\u00eb"'),
    ],
)
def test_json_is_as_short_as_can_be_read(value, text):
    assert compact(value) == text


def test_json_for_pasting_is_the_same_json():
    assert json.loads(f"[{as_list_items(STATEMENTS)}]") == list(STATEMENTS)
    assert max(map(len, as_list_items(STATEMENTS).splitlines())) <= 110
