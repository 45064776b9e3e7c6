"""The text for the terminal: order, density, widths, colours, and what is never wrapped."""

import json
import re
from dataclasses import replace

import pytest

import ebs_kms_audit
from ebs_kms_audit import Cause, CauseId, Evidence
from ebs_kms_audit.render.text import render
from tests.make_samples import SAMPLES
from tests.render.made import (
    DIFF,
    GET_JSON,
    KEY_CELL,
    NO_STATEMENT,
    STATEMENTS,
    policy_step,
    report_of,
    safe_step,
)
from tests.render.text import lines_of, part
from tests.rows import SESSION, audit, row

# The order


def test_the_parts_are_in_the_order_of_a_readers_questions():
    text = render(report_of(policy_step()))
    order = [
        "KMS denied 1 call by 1 caller",
        "WHY ",
        "SETTLE ",
        "CALLER",
        "STEP 1",
        "READ ",
        "MORE ",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_first_line_says_how_many_calls_to_whom_on_which_key_and_when():
    text = " ".join(lines_of(report_of())[:2])
    assert text == (
        "KMS denied 1 call by 1 caller on key 1234abcd-12ab-34cd-56ef-1234567890ab, "
        "2026-05-18 07:00:34 UTC (us-east-1, account 111122223333)."
    )


def test_an_unknown_key_is_said_right_after_the_headline():
    lines = lines_of(audit(row()))
    assert lines[:3] == [
        "KMS denied 1 call by 1 caller, 2026-05-18 07:00:34 UTC (us-east-1, account",
        "111122223333).",
        "The input does not name the key. Everything below assumes that it is one key.",
    ]


@pytest.mark.parametrize(
    ("cells", "which"),
    [
        ({}, "one key"),
        ({"user_name": "bob"}, "one key"),
        ({"aws_region": "eu-west-1"}, "one key in each account and Region"),
        ({"recipient_account_id": "444455556666"}, "one key in each account and Region"),
    ],
)
def test_an_unknown_key_is_assumed_to_be_one_for_each_account_and_region(cells, which):
    text = " ".join(render(audit(row(), row(**cells))).split())
    assert f"Everything below assumes that it is {which}. " in text


def test_a_view_that_hides_denials_is_said_before_the_causes():
    hidden, seen = row(event_name="CreateGrant"), row(event_name="Decrypt", read_only="true")
    text = re.sub(r"\s+", " ", render(audit(hidden)))
    assert 0 < text.index("The input has no read-only KMS event.") < text.index("WHY")
    assert "The input has no read-only KMS event." not in render(audit(hidden, seen))


@pytest.mark.parametrize(
    ("keys", "words"),
    [(("1234", "5678"), " on 2 keys,"), (("1234", ""), " on 1 known key and unknown keys,")],
)
def test_several_keys_are_counted(keys, words):
    cells = [KEY_CELL.replace("1234abcd", f"{key}abcd") if key else "[]" for key in keys]
    assert words in " ".join(lines_of(audit(*(row(resources=cell) for cell in cells)))[:2])


@pytest.mark.parametrize(
    ("number", "last"),
    [
        (3, "This speaks against it: event-3: it succeeded."),
        # A line on one more fact is as long as the fact.
        (4, "This speaks against it: event-4: it succeeded."),
        (5, "2 more facts against it: see --format json."),
        (900, "897 more facts against it: see --format json."),
    ],
)
def test_what_speaks_against_a_cause_stays_short(number, last):
    against = tuple(f"event-{one}: it succeeded" for one in range(1, number + 1))
    lines = lines_of(report_of(cause=replace(NO_STATEMENT, contradicted_by=against)))
    listed = [line.strip() for line in lines if "against it: " in line]
    assert listed[0] == "This speaks against it: event-1: it succeeded."
    assert listed[-1] == last
    assert len(listed) == min(number, 4)


def test_the_cause_is_one_sentence_with_its_evidence_and_what_speaks_against_it():
    assert (
        part(render(report_of()), "WHY", "SETTLE")
        == """\
WHY     No statement in the key policy allows alice to call kms:CreateGrant.
        (derived)
        This speaks against it: event-9: the same call succeeded.
"""
    )


def test_a_cause_that_several_callers_share_is_said_once():
    report = audit(row(), row(user_name="bob"), row(user_name="carl", aws_access_key=SESSION))
    cause = Cause(id=CauseId.UNKNOWN, text="Nobody knows.", evidence=Evidence.UNKNOWN)
    other = replace(cause, id=CauseId.EXPLICIT_DENY, text="A Deny applies.")
    findings = [
        replace(finding, cause=other if finding.principal.user_name == "carl" else cause)
        for finding in report.findings
    ]
    text = render(replace(report, findings=tuple(findings)))
    assert part(text, "WHY", "CALLER").rstrip() == (
        "WHY     bob and alice (2 calls): Nobody knows.\n        carl (1 call): A Deny applies."
    )


def test_a_cause_that_explains_some_denied_actions_of_a_caller_is_said_once():
    address = {"source_ip_address": "198.51.100.7"}
    direct = {"event_name": "CreateGrant", **address}
    report = audit(
        row(user_name="alice", **direct), row(user_name="bob", **direct),
        row(user_name="bob", event_name="Decrypt", **address),
        row(user_name="carl", event_name="RevokeGrant", **address), row(user_name="carl", **direct),
    )  # fmt: skip
    text = " ".join(render(report).split())
    assert text.count("directly") == 1
    assert (
        "bob, carl and alice called kms:CreateGrant and kms:RevokeGrant directly, and the grants "
        "statement allows it only to AWS services (kms:GrantIsForAWSResource)."
    ) in text


@pytest.mark.parametrize(
    ("contradicted", "said"),
    [
        (0, ""),
        (1, "This speaks against it: event-0: it succeeded."),
        (2, "For 2 of 4 callers, this speaks against it: event-0: it succeeded. "
            "1 more fact against it: see --format json."),
        (4, "For all 4 callers, this speaks against it: event-0: it succeeded. "
            "3 more facts against it: see --format json."),
    ],
)  # fmt: skip
def test_of_what_speaks_against_a_cause_for_some_callers_the_first_fact_is_said(contradicted, said):
    report = audit(*(row(user_name=f"user-{number}") for number in range(4)))
    cause = Cause(id=CauseId.UNKNOWN, text="Nobody knows.", evidence=Evidence.UNKNOWN)
    facts = [(f"event-{one}: it succeeded",) if one < contradicted else () for one in range(4)]
    findings = [
        replace(finding, cause=replace(cause, contradicted_by=against))
        for finding, against in zip(report.findings, facts, strict=True)
    ]
    text = " ".join(render(replace(report, findings=tuple(findings))).split())
    assert text.partition("Nobody knows. ")[2].partition("CALLER")[0].strip() == said


def test_the_sessions_of_one_role_are_one_caller_of_a_cause():
    role = "arn:aws:iam::111122223333:role/ci/deploy"
    names = [f"run-{number}" for number in range(5)]
    rows = [
        row(user_name=name, aws_access_key=SESSION) for name in (*names, "ann", "bob", "cy", "dan")
    ]
    report = audit(*rows, principals=dict.fromkeys(names, role))
    other = Cause(id=CauseId.EXPLICIT_DENY, text="A Deny applies.", evidence=Evidence.UNKNOWN)
    findings = [
        replace(finding, cause=other) if finding.principal.user_name == "dan" else finding
        for finding in report.findings
    ]
    text = " ".join(render(replace(report, findings=tuple(findings))).split())
    assert text.startswith("KMS denied 9 calls by 5 callers")
    assert "WHY 4 callers (8 calls): The input does not show" in text


@pytest.mark.parametrize("name", ["e", "kms", "poli"])
def test_a_caller_named_like_a_part_of_a_word_shares_the_sentence(name):
    report = audit(*(row(user_name=one, aws_access_key=SESSION) for one in (name, "bob")))
    assert len(report.findings) == 2
    assert render(report).count("The input does not show which policy denied") == 1


def test_the_next_evidence_is_one_command_at_the_left_margin():
    lines = lines_of(report_of())
    assert lines.count(GET_JSON.command) == 1


def test_without_next_evidence_there_is_no_such_line():
    without = render(report_of(cause=replace(NO_STATEMENT, next_evidence=())))
    settle = part(render(report_of()), "SETTLE", "CALLER")
    assert without == render(report_of()).replace(settle, "\n")


# Nothing denied


def test_no_denial_is_not_all_is_well():
    lines = lines_of(audit(row(error_code="")))
    assert " ".join(lines[:2]) == (
        "No KMS call was denied in 1 event, 2026-05-18 07:00:34 UTC. This does not prove that KMS "
        "allowed the call that you look for."
    )
    assert "(read_only_hidden)" in render(audit(row(error_code="")))


def test_a_symptom_without_a_denial_is_the_answer():
    report = ebs_kms_audit.audit(messages="Client.InternalError: Client error on launch")
    text = re.sub(r"\s+", " ", render(report))
    begin, _, rest = text.partition(" WHY ")
    assert begin == (
        "1 error points to a KMS key. No KMS call was denied in the input. This does not prove "
        "that KMS allowed the call that you look for."
    )
    assert rest.partition("kms:CreateGrant. ")[2].startswith("(client_error_on_launch) ")
    assert rest.partition(" SETTLE ")[2].rstrip() == (
        "Get the KMS events of the 15 minutes around the error, in the Region of the volume: "
        "CloudTrail, Event history, filter Event source = kms.amazonaws.com, Download JSON. aws "
        "cloudtrail lookup-events --region REGION --lookup-attributes "
        "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com --start-time START --end-time "
        "END READ The given text: no rows. MORE --details -o report.html (or .md) ebs-kms-audit "
        "explain client_error_on_launch"
    )


def test_a_denial_of_another_service_does_not_point_to_a_key():
    user = "arn:aws:iam::111122223333:user/alice"
    message = f"User: {user} is not authorized to perform: ec2:CreateVolume on resource: *"
    text = re.sub(r"\s+", " ", render(ebs_kms_audit.audit(messages=message)))
    assert text.startswith("1 call of another service was denied. No KMS call was denied in the")
    assert text.partition(" WHY ")[2].startswith(
        f"CreateVolume by {user} was denied. The caller lacks a permission that is not a KMS "
    )
    both = [message, "Client.InternalError: Client error on launch"]
    text = re.sub(r"\s+", " ", render(ebs_kms_audit.audit(messages=both)))
    assert text.startswith(
        "1 error points to a KMS key. 1 call of another service was denied. No KMS call was denied"
    )


def test_a_window_without_denials_says_where_they_are():
    report = audit(row(), around="2026-05-18T06:00", minutes=15)
    text = render(report)
    assert (
        text.partition("\n\nWHY ")[0]
        == """\
No KMS call was denied in the window 2026-05-18 05:45:00–06:15:00 UTC. This does
not prove that KMS allowed the call that you look for.
1 more denied call is outside 2026-05-18 05:45:00–06:15:00 UTC. To include them,
leave out --around, or give a time with more --minutes."""
    )
    assert "SETTLE" not in text


def test_denials_outside_the_window_are_in_the_answer():
    report = audit(row(), row(event_time="2026-05-18T09:00:00Z"), around="2026-05-18T07:00")
    assert "1 more denied call is outside 2026-05-18 06:45:00–07:15:00 UTC." in " ".join(
        lines_of(report)[:5]
    )


# Callers


def test_the_shown_steps_are_numbered_without_a_gap_and_the_alternative_last():
    names = ("event_history.csv", "event_history.json", "key_policy.json")
    report = ebs_kms_audit.audit([SAMPLES / name for name in names])
    text = render(report)
    assert re.findall(r"^STEP (\d+)", text, re.MULTILINE) == ["1", "2"]
    assert (
        "\nOR      Instead of the key policy, attach an IAM policy to the callers: step 3" in text
    )
    details = render(report, details=True)
    assert re.findall(r"^STEP (\d+)", details, re.MULTILINE) == ["1", "2", "3"]
    assert "MORE    --details" in text
    assert "--details" not in details


def test_callers_are_newest_first_with_what_how_often_and_when():
    rows = [
        row(event_name="Decrypt"), row(event_name="Decrypt"), row(),
        row(user_name="bob", event_time="2026-05-18T07:05:00Z"),
    ]  # fmt: skip
    lines = lines_of(audit(*rows), width=100)
    start = next(number for number, line in enumerate(lines) if line.startswith("CALLER"))
    assert [re.split(r"  +", line) for line in lines[start : start + 3]] == [
        ["CALLER", "DENIED", "CALLS", "LAST"],
        ["bob", "IAM user", "CreateGrant", "1", "07:05:00", "step 1"],
        ["alice", "IAM user", "Decrypt +1", "3", "07:00:34", "step 1"],
    ]


def test_many_sessions_of_one_role_are_one_line():
    role = "arn:aws:iam::111122223333:role/ci/deploy"
    names = [f"run-{number}" for number in range(30)]
    report = audit(
        *(row(user_name=name, aws_access_key=SESSION) for name in names),
        principals=dict.fromkeys(names, role),
    )
    lines = [line for line in lines_of(report, width=100) if "30 sessions" in line]
    assert len(lines) == 1
    assert lines[0].startswith("ci/deploy  IAM role, 30 sessions  CreateGrant")


def test_many_instances_are_one_line():
    rows = (
        row(user_name=f"i-{number:017x}", aws_access_key=SESSION, event_name="Decrypt",
            source_ip_address="AWS Internal")
        for number in range(40)
    )  # fmt: skip
    assert sum("EC2 infrastructure" in line for line in lines_of(audit(*rows), width=100)) == 1


@pytest.mark.parametrize(("ids", "note"), [("a", "step 1"), ("abc", "steps 1, 2 and 3")])
def test_a_caller_row_names_its_steps(ids, note):
    report = report_of(*(policy_step(id=one) for one in ids))
    (line,) = [line for line in lines_of(report, width=100) if line.startswith("alice")]
    assert line.endswith(f"  {note}")


# The plan


def test_a_step_without_a_policy_gives_the_statements_as_json_at_the_left_margin():
    text = render(report_of(policy_step()))
    pasted = text[text.index("\n{\n") : text.index("\n}\n\n") + 3]
    assert json.loads(f"[{pasted}]") == list(STATEMENTS)


def test_a_step_says_why_it_needs_review_whom_it_leaves_out_and_what_comes_after():
    text = render(report_of(policy_step()))
    step, _, rest = text.partition("\nSTEP 1  ")[2].partition("\n{\n")
    assert (
        step
        == """\
Add two statements to the key policy.
        REVIEW: The ARN of alice is inferred.
        Left out: deploy-7f3a. The input shows only the session name. To find
        the ARN:
aws iam list-roles
"""
    )
    assert (
        rest.partition("\n}\n\n")[2]
        == """\
        Console: Open the KMS console. Choose the key.
        Then: Attach the volume again.

READ    1 row, 0 set aside; 1 KMS row, 0 of them read-only; 07:00:34 UTC.
WORDS   derived: another event proves it; inferred: a rule of thumb.
MORE    --details   -o report.html (or .md)   ebs-kms-audit explain no_statement
"""
    )


def test_a_step_on_a_known_policy_gives_the_diff():
    text = render(report_of(safe_step()))
    assert text.partition("\nSTEP 1")[2] == (
        f"  Add two statements to the key policy.\n        SAFE\n\n{DIFF}\n"
        """\
        Console: Choose the key.
        Scripts to apply, verify and undo it: add --plan DIR.
        Then: Attach the volume again.

READ    1 row, 0 set aside; 1 KMS row, 0 of them read-only; 07:00:34 UTC.
WORDS   derived: another event proves it.
MORE    --details   -o report.html (or .md)   ebs-kms-audit explain no_statement
"""
    )


def test_an_alternative_is_in_the_details_alone():
    other = policy_step(
        id="iam_policy-1", text="Attach an IAM policy.", alternative_to="key_policy-1234abcd"
    )
    report = report_of(policy_step(), other)
    assert "STEP 2" not in render(report)
    assert "OR      Attach an IAM policy: step 2 instead of step 1." in render(report)
    assert "STEP 2  Attach an IAM policy." in render(report, details=True)


def test_a_step_for_a_caller_who_is_no_single_user_or_role_says_which():
    text = render(audit(row(user_name="deploy-7f3a", aws_access_key=SESSION)), width=200)
    assert " key. Whether deploy-7f3a is a single user or role is not known. The key\n" in text
