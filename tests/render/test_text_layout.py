"""How long and how wide the text is: many findings, narrow terminals, colours, log fields."""

import re
from dataclasses import replace

import pytest

import ebs_kms_audit
from ebs_kms_audit import UsageError
from ebs_kms_audit.render.text import render
from tests.make_samples import SAMPLES
from tests.render.made import KEY_ARN, KEY_CELL, many_callers, policy_step, report_of, safe_step
from tests.render.text import CONTROLS, lines_of
from tests.rows import audit, row


def test_a_very_long_change_is_not_printed_and_the_report_says_how_to_get_it():
    long = policy_step(diff="--- a\n+++ b\n" + "+x\n" * 300)
    text = render(report_of(long))
    assert text.count("\n+x") == 0
    assert text.partition("aws iam list-roles\n")[2].startswith(
        "        The change has 302 lines. Add --show diff --step key_policy-1234abcd to\n"
        "        print it.\n        Console: Choose the key.\n"
    )


# Size


def test_ten_thousand_findings_stay_readable():
    report = many_callers(200)
    findings = tuple(
        replace(report.findings[number % 200], id=f"F-{number:010x}",
                principal=replace(report.findings[0].principal, user_name=f"user-{number}"))
        for number in range(10_000)
    )  # fmt: skip
    lines = lines_of(replace(report, findings=findings))
    assert len(lines) < 90
    assert [line for line in lines if "9,980" in line] == [
        "9,980 more callers with 9,980 denied calls: --format csv or json lists all."
    ]


def test_very_many_steps_stay_readable():
    steps = [policy_step(id=f"key_policy-{number}") for number in range(1_000)]
    report = report_of(*steps)
    lines = lines_of(report)
    assert len(lines) < 110
    assert sum(line.startswith("STEP ") for line in lines) == 11  # ten and the headings
    assert lines[lines.index("STEP             FOR       ID") :][:8] == [
        "STEP             FOR       ID",
        *(f"STEP {n}   REVIEW  1 caller  key_policy-{n - 1}" for n in range(4, 10)),
        "STEP 10  REVIEW  1 caller  key_policy-9",
    ]
    assert lines[lines.index("STEP 10  REVIEW  1 caller  key_policy-9") + 1 :][:2] == [
        "To print a step, add --show statements --step ID. To print all, add --details.",
        "990 more steps: --format json lists all.",
    ]
    assert sum(line.startswith("STEP ") for line in lines_of(report, details=True)) == 20


@pytest.mark.parametrize("principals", [(), ("arn",)])
def test_the_callers_of_a_listed_step_are_counted_once(principals):
    """A caller can have several findings, and a step does not name a caller of unknown ARN."""
    names = ["alice", "alice", "alice", "bob", "carl"]
    keys = [KEY_CELL.replace("1234abcd", f"{n:08}") for n in range(5)]
    rows = [row(user_name=name, resources=key) for name, key in zip(names, keys, strict=True)]
    report = audit(*rows)
    ids = tuple(finding.id for finding in report.findings)
    assert len(ids) == 5
    steps = [policy_step(id=f"s-{n}", findings=ids, principals=principals) for n in range(10)]
    lines = lines_of(replace(report, plan=tuple(steps)))
    assert "STEP 10  REVIEW  3 callers  s-9" in lines


@pytest.mark.parametrize(
    ("names", "said"),
    [("abc", "1 more caller"), ("abcd", "2 more callers"), ("abcdcda", "2 more callers"),
     ("abab", None)],
)  # fmt: skip
def test_a_caller_that_is_left_out_is_counted_once(names, said):
    (left_out,) = policy_step().left_out
    step = policy_step(left_out=tuple(replace(left_out, name=name) for name in names))
    lines = [line for line in lines_of(report_of(step)) if "more caller" in line]
    assert lines == ([f"        Left out: {said}. See --format json."] if said else [])


@pytest.mark.parametrize(("lines", "whole"), [(79, 2), (80, 2), (81, 1)])
def test_steps_are_whole_while_the_plan_has_80_lines(lines, whole):
    """A step has 12 lines beside the lines that it adds, with the empty line before it."""
    steps = [
        policy_step(id=f"key_policy-{n}", diff="--- a\n+++ b\n" + "+x\n" * (length - 12))
        for n, length in enumerate((40, lines - 40))
    ]
    text = render(report_of(*steps))
    plan = text.partition("\n\nSTEP 1 ")[2].partition("\n\nREAD ")[0]
    assert plan.count("+++ b") == whole
    if whole == 2:
        assert plan.count("\n") + 2 == lines


def test_the_first_step_is_whole_at_any_length():
    long = policy_step(diff="--- a\n+++ b\n" + "+x\n" * 150)
    lines = lines_of(report_of(long, policy_step(id="key_policy-2")))
    assert lines.count("+x") == 150
    assert "STEP 2  REVIEW  1 caller  key_policy-2" in lines


def test_a_step_with_a_long_id_has_one_line_on_a_narrow_terminal():
    steps = [policy_step(id=f"key_policy-{n}-{'x' * 60}") for n in range(10)]
    lines = lines_of(report_of(*steps), width=60)
    assert f"STEP 10 REVIEW key_policy-9-{'x' * 60}" in lines


@pytest.mark.parametrize(("callers", "window", "said"), [
    (20, {}, False), (21, {}, True), (21, {"around": "2026-05-18T07:00", "minutes": 60}, False),
])  # fmt: skip
def test_a_report_of_many_callers_says_how_to_see_one_failed_call(callers, window, said):
    report = audit(*(row(user_name=f"user-{one}") for one in range(callers)), **window)
    line = "NARROW  Only the calls around one failed call, for example:"
    lines = lines_of(report)
    assert (line in lines) == said
    if said:
        option = lines[lines.index(line) + 1].strip()
        assert option == "--around 2026-05-18T07:00:34Z"
        assert f"<code>{option}</code>" in report.to_html()


@pytest.mark.parametrize(("callers", "shown"), [(10, 10), (11, 10), (30, 10)])
def test_callers_with_two_lines_each_are_ten(callers, shown):
    keys = [KEY_CELL.replace("1234abcd", f"{n:08}") for n in range(callers)]
    rows = [row(user_name=f"u{n:02}", resources=key) for n, key in enumerate(keys)]
    lines = lines_of(audit(*rows))
    assert sum(line.startswith("u") and "(IAM user)" in line for line in lines) == shown
    more = callers - shown
    said = [line for line in lines if " more caller" in line]
    calls = "1 denied call" if more == 1 else f"{more} denied calls"
    noun = "caller" if more == 1 else "callers"
    text = f"{more} more {noun} with {calls}: --format csv or json lists all."
    assert said == ([text] if more else [])


@pytest.mark.parametrize(
    ("files", "most"),
    [
        (["event_history.csv"], 105),
        (["event_history.csv", "event_history.json", "key_policy.json"], 130),
    ],
)
@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_sample_fits_a_few_screens(files, most, width):
    export, *others = (SAMPLES / name for name in files)
    report = ebs_kms_audit.audit(
        export, records=others[0] if others else None, key_policies=others[1] if others else None
    )
    assert len(lines_of(report, width=width)) <= most


# On demand


def test_details_hold_evidence_caveats_and_each_evidence_word_once():
    report = report_of(policy_step())
    short, long = render(report), render(report, details=True)
    (finding,) = report.findings
    assert finding.id not in short
    for part in (
        f"FINDING {finding.id}",
        "Denied calls",
        "What the input cannot show",
        "limited_view",
    ):
        assert part in long
    assert long.count("  derived: another event proves it.") == 1


def test_one_finding_is_shown_completely_and_alone():
    report = audit(row(), row(user_name="bob"))
    first, second = report.findings
    text = render(report, finding=first.id)
    assert text.startswith(f"FINDING {first.id}: ")
    assert second.id not in text


def test_an_unknown_finding_gets_the_nearest_id():
    report = audit(row())
    id = report.findings[0].id
    with pytest.raises(UsageError, match=f"The nearest id is {id}"):
        render(report, finding=id[:-1] + "x")


# Widths, colours, hostile text


@pytest.mark.parametrize(("asked", "width"), [(10, 60), (60, 60), (80, 80), (120, 120), (500, 120)])
def test_prose_fits_the_terminal_from_60_to_120_columns(asked, width):
    report = report_of(policy_step())
    lines = lines_of(report, width=asked, details=True)
    assert (
        max(len(line) for line in lines if not re.match(r'[{} "]|.*(arn:aws|ebs-kms-audit )', line))
        <= width
    )
    assert KEY_ARN in render(report, width=asked, details=True)


def test_commands_and_json_are_the_same_at_every_width():
    report = report_of(policy_step())
    pasted = {
        tuple(line for line in lines_of(report, width=width) if line.startswith(("{", "}", '  "')))
        for width in (60, 80, 120)
    }
    assert len(pasted) == 1


def test_colour_changes_no_word():
    report = report_of(safe_step())
    coloured = render(report, color=True)
    assert "\x1b[32mSAFE\x1b[0m" in coloured
    assert '\x1b[32m+  "Sid": "Allow use of the key"\x1b[0m' in coloured
    assert "\n+++ key_policy.json (changed)\n" in coloured  # the file names are no change
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render(report)


def test_no_log_field_moves_the_terminal():
    hostile = "\x1b]0;owned\x07\u202e\x9b"
    report = audit(
        row(user_name=hostile, event_name=f"Decrypt{hostile}", aws_region="us-east-1"),
        row(user_name=hostile, resources=f'[{{"resourceName":"alias/{hostile}"}}]'),
        row(error_code=hostile),
    )
    assert len(report.findings) == 1
    assert re.search(CONTROLS, render(report, details=True)) is None
    assert re.search(CONTROLS, report.to_json()) is None


def test_rows_set_aside_are_counted_and_in_the_details_named():
    report = audit(row(), row(event_time="noon"))
    assert (
        "\nREAD    2 rows, 1 set aside; 1 KMS row, 0 of them read-only; 07:00:34 UTC.\n"
        in render(report)
    )
    assert "<StringIO> line 3: its Event time is no time" in re.sub(
        r"\s+", " ", render(report, details=True)
    )
