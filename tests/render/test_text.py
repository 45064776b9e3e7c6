"""The text for the terminal."""

import re

import ebs_kms_audit
from ebs_kms_audit.render.text import render
from tests.make_samples import SAMPLES
from tests.rows import audit, row


def test_lines_fit_80_columns_but_for_what_must_not_be_broken():
    for sample in SAMPLES.glob("*.csv"):
        for line in str(ebs_kms_audit.audit(sample)).splitlines():
            assert len(line) <= 80 or "arn:aws:" in line


def test_the_answer_stands_first():
    lines = str(audit(row(), row(event_name="Decrypt", user_name="bob"))).splitlines()
    assert lines[0] == "2 principals refused by KMS, 2 denials, 2026-05-18 07:00:34 UTC."
    summary = " ".join(lines[1:5])
    assert "alice (IAM user): kms:CreateGrant; statements: usage + grants" in summary


def test_no_denial_is_not_all_is_well():
    text = str(audit(row(error_code="")))
    assert text.startswith("No KMS denial in 1 event. That does not mean that KMS is fine")
    assert "read_only_hidden" in text


def test_rows_set_aside_are_named():
    text = str(audit(row(), row(event_time="noon")))
    assert "2 rows read = 1 events + 1 set aside" in text
    assert "set aside: <StringIO> line 3: its Event time is no time" in text


def test_no_log_field_moves_the_terminal():
    hostile = "\x1b]0;owned\x07\u202e"
    report = audit(
        row(user_name=hostile, event_name=f"Decrypt{hostile}", aws_region="us-east-1"),
        row(user_name=hostile, resources=f'[{{"resourceName":"alias/{hostile}"}}]'),
        row(error_code=hostile),
    )
    assert report.findings
    assert re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", str(report)) is None
    assert re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", report.to_json()) is None


def test_colour_only_marks_headings():
    report = audit(row())
    coloured = render(report, color=True)
    assert coloured.startswith("\x1b[1m1 principal refused")
    assert re.sub(r"\x1b\[[01]m", "", coloured) == render(report)
