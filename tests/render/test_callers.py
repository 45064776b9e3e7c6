"""The callers that a report shows, their order, and one sentence about several of them."""

from dataclasses import replace

import pytest

from ebs_kms_audit import Cause, CauseId, Evidence
from ebs_kms_audit.render.answer import answer_of
from tests.render.made import KEY_CELL
from tests.rows import SESSION, audit, row

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:user/zoe"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
ALL = ("CreateGrant", "Decrypt", "Encrypt")


def denied(calls):
    """Return a row for each User name and second."""
    return [row(user_name=name, event_time=f"2026-05-18T07:00:{at:02}Z") for name, at in calls]


@pytest.mark.parametrize(
    ("calls", "order"),
    [
        pytest.param([("a", 1), ("b", 3), ("c", 2)], ["b", "c", "a"], id="the latest first"),
        pytest.param(
            [("a", 2), ("b", 1), ("b", 2), ("c", 2)], ["b", "a", "c"], id="then the most calls"
        ),
        pytest.param([("c", 1), ("a", 1), ("b", 1)], ["a", "b", "c"], id="then by name"),
    ],
)
def test_callers_are_in_order(calls, order):
    callers = answer_of(audit(*denied(calls))).callers
    assert [caller.name for caller in callers] == order
    assert [callers[at].name for at in range(len(callers))] == order


def test_the_calls_of_callers_that_are_not_shown_are_counted():
    calls = [(f"user-{number:02}", at) for number in range(25) for at in (number, 30 + number)]
    text = audit(*denied(calls)).to_text()
    assert "user-05" in text
    assert "user-04" not in text.partition("CALLER")[2].partition("STEP")[0]
    assert "5 more callers with 10 denied calls: --format csv or json lists all." in text


def keys(number):
    """Return a cell with the ARN of a key."""
    return KEY_CELL.replace("1234abcd", f"{number:08}")


@pytest.mark.parametrize(
    ("callers", "said"),
    [
        # The last rows are of callers that no row above has.
        ([(f"user-{n}", 0) for n in range(22)], "2 more callers with 2 denied calls"),
        ([*((f"user-{n}", 0) for n in range(20)), ("zed", 0), ("zed", 1)],
         "1 more caller with 2 denied calls"),
        ([("alice", n) for n in range(22)],
         "2 more rows with 2 denied calls (a caller can have several)"),
        ([*(("alice", n) for n in range(20)), ("alice", 20), ("zed", 0)],
         "2 more rows with 2 denied calls (a caller can have several)"),
        ([("alice", n) for n in range(20)], ""),
    ],
)  # fmt: skip
def test_a_caller_with_several_keys_is_counted_once(callers, said):
    rows = [
        row(user_name=name, resources=keys(key), event_time=f"2026-05-18T07:00:{59 - at:02}Z")
        for at, (name, key) in enumerate(callers)
    ]
    report = audit(*rows)
    assert answer_of(report).callers.rest(20) == said
    for text in (report.to_html(), report.to_markdown().replace("`", "")):
        assert f"{said}: " in text if said else " more row" not in text


@pytest.mark.parametrize(
    ("callers", "of_both", "said"),
    [
        (4, 0, ()),
        (4, 1, ("1 caller is counted more than once, because its denied calls have different "
                "causes.",)),
        (4, 2, ("2 callers are counted more than once, because their denied calls have different "
                "causes.",)),
        (3, 2, ()),  # each cause names its callers
    ],
)  # fmt: skip
def test_that_several_causes_count_one_caller_is_said(callers, of_both, said):
    rows = [row(user_name=f"u{n}", resources=keys(0), event_id=f"a{n}") for n in range(callers)]
    rows += [row(user_name=f"u{n}", resources=keys(1), event_id=f"b{n}") for n in range(of_both)]
    rows += [row(user_name="zed", resources=keys(1), event_id="b")]
    report = audit(*rows)
    other = Cause(id=CauseId.EXPLICIT_DENY, text="A Deny applies.", evidence=Evidence.UNKNOWN)
    findings = [
        replace(one, cause=other) if one.key.id.startswith("00000001") else one
        for one in report.findings
    ]
    assert answer_of(replace(report, findings=tuple(findings))).context == said


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["alice"], "allows alice to call kms:CreateGrant, kms:Decrypt and kms:Encrypt."),
        (["alice", "bob"], "allows bob and alice to call 3 actions."),
        (["al", "all", "b", "c"], "allows 4 callers to call 3 actions."),
    ],
)
def test_one_sentence_is_about_all_callers_of_a_cause(names, sentence):
    rows = [row(user_name=name, event_name=event) for name in names for event in ALL]
    rows += [row(user_name=names[-1])]  # the caller with the most denied calls is first
    (why,) = answer_of(audit(*rows, key_policies=POLICY)).whys
    assert why.text == f"No statement in the key policy {sentence} (inferred)"


@pytest.mark.parametrize(
    ("calls", "note"),
    [
        ([("alice", "Decrypt", "18T07:10:00")], "Decrypt succeeded later (07:10:00)"),
        ([("alice", "Decrypt", "19T06:00:00")],
         "Decrypt succeeded later (05-19 06:00:00)"),
        # CreateGrant was denied after Decrypt had succeeded
        ([("alice", "Decrypt", "18T07:00:50")], "Decrypt succeeded later (07:00:50)"),
        ([("alice", "Decrypt", "18T07:10:00"), ("alice", "CreateGrant", "18T07:12:00")],
         "CreateGrant succeeded later (07:12:00)"),
        ([("alice", "Decrypt", "18T07:00:10")], ""),
        ([("bob", "Decrypt", "18T07:10:00")], ""),
    ],
)  # fmt: skip
def test_the_operation_that_succeeded_later_is_named(calls, note):
    denials = [
        row(event_name="Decrypt", event_time="2026-05-18T07:00:34Z"),
        row(event_name="CreateGrant", event_time="2026-05-18T07:05:00Z"),
    ]
    later = [
        row(user_name=name, event_name=event, event_time=f"2026-05-{at}Z", error_code="")
        for name, event, at in calls
    ]
    (caller,) = answer_of(audit(*denials, *later)).callers
    assert caller.note.removeprefix("step 1").removeprefix("; ") == note


def test_each_operation_that_succeeded_later_is_named():
    """The row is about two instances, which were denied different operations."""
    calls = [("i-0123456789abcdef0", "Decrypt"), ("i-0123456789abcdef1", "CreateGrant")]
    denials = [row(user_name=name, event_name=event, aws_access_key=SESSION)
               for name, event in calls]  # fmt: skip
    later = [one | {"Error code": "", "Event time": f"2026-05-18T08:0{at}:00Z"}
             for at, one in enumerate(denials)]  # fmt: skip
    (caller,) = answer_of(audit(*denials, *later)).callers
    assert caller.note == "step 1; CreateGrant and Decrypt succeeded later (08:01:00)"
