"""The callers that a report shows, their order, and one sentence about several of them."""

import pytest

from ebs_kms_audit.render.answer import answer_of
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
