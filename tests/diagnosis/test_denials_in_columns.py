"""Denials as columns are like a tuple of denials, and each denial is made as it is alone."""

import pickle
from datetime import UTC, datetime

import pytest

from ebs_kms_audit.identify import EvidenceIndex, Overrides, resolve
from ebs_kms_audit.model import (
    AlikeDenials,
    AlikeEvents,
    Denials,
    EventColumns,
    EventKind,
    Verdict,
)
from tests.identify.events import event


def denial(**fields):
    return resolve(event(**fields), (), (), EvidenceIndex(), Overrides.of())


def alike(*rows, **fields):
    """Return denials in columns, of lines and seconds."""
    events = [
        event(
            line=line,
            time=datetime.fromtimestamp(seconds, UTC),
            event_id=f"event-{line}",
            request_id=f"request-{line}",
            access_key=f"ASIA{line}",
            **fields,
        )
        for line, seconds in rows
    ]
    names = "line seconds source_ip user_agent event_id request_id access_key".split()
    columns = EventColumns(*([getattr(one, name) for one in events] for name in names))
    made = [resolve(one, (), (), EvidenceIndex(), Overrides.of()) for one in events]
    return AlikeDenials(made[0], AlikeEvents(events[0], EventKind(events[0]), columns)), made


BY_ALICE, ALICE = alike((2, 30), (4, 20), (7, 10))
BY_BOB, BOB = alike((3, 25), (9, 10), user_name="bob")
IN_TIME = [ALICE[2], BOB[1], ALICE[1], BOB[0], ALICE[0]]
FOUND = Denials.in_order([BY_ALICE, BY_BOB])


def same(one, other):
    """Return whether denials are equal, but for the Event ID that shows the caller."""
    return [(d.event, d.principal.arn, d.verdict) for d in one] == [
        (d.event, d.principal.arn, d.verdict) for d in other
    ]


def test_denials_are_in_order_of_time_and_line():
    assert same(FOUND, IN_TIME)
    assert FOUND.times == (10, 10, 20, 25, 30)
    assert (FOUND.first_time, FOUND.last_time) == (ALICE[2].event.time, ALICE[0].event.time)
    assert FOUND.references == ["event-7", "event-9", "event-4", "event-3", "event-2"]


def test_denials_without_a_time_are_last():
    untimed = denial(time=None, line=1)
    found = Denials.in_order([AlikeDenials.of(untimed), BY_BOB])
    assert found[-1] is untimed
    assert found.times == (10, 25)
    assert found.last_time == BOB[0].event.time


def test_denials_are_by_line_in_each_file():
    other = denial(file="b.csv", line=1)
    found = Denials([BY_BOB, AlikeDenials.of(other), BY_ALICE]).by_line()
    assert [one.event.line for one in found] == [2, 3, 4, 7, 9, 1]


def test_denials_know_their_kinds():
    assert FOUND.kind_at == (0, 1, 0, 1, 0)
    assert FOUND.first_at == (0, 1)
    assert FOUND.counts == (3, 2)
    assert [one.event.user_name for one in FOUND.kinds] == ["alice", "bob"]
    assert FOUND.last_times == {0: 30, 1: 25}
    assert [one.event.user_name for one in FOUND.last_of_kinds] == ["bob", "alice"]
    assert [one.event.user_name for one in FOUND.samples] == ["alice", "bob"]


@pytest.mark.parametrize(
    "at", [slice(None), slice(1, 3), slice(-2, None), slice(9, 12), slice(None, None, -1)]
)
def test_a_part_is_of_denials_too(at):
    assert isinstance(FOUND[at], Denials)
    assert same(FOUND[at], IN_TIME[at])


def test_denials_are_chosen_by_place_and_by_kind():
    assert same(FOUND.at([3, 0]), [BOB[0], ALICE[2]])
    assert same(FOUND.of_kinds({1}), [BOB[1], BOB[0]])
    assert FOUND.of_kinds({1}).kind_at == (0, 0)


def test_denials_are_joined_one_sequence_after_the_other():
    joined = Denials.joined([FOUND[3:], Denials.of([BOB[1]]), FOUND[:1]])
    assert same(joined, [BOB[0], ALICE[0], BOB[1], ALICE[2]])


def test_all_denials_of_several_sequences_are_joined():
    joined = Denials.joined([Denials([BY_ALICE]), Denials(), Denials([BY_BOB])])
    assert same(joined, [*ALICE, *BOB])
    assert (len(joined), joined.kind_at, joined.first_at) == (5, (0, 0, 0, 1, 1), (0, 3))
    assert [one.event.user_name for one in joined.samples] == ["alice", "bob"]
    assert same(Denials.joined([joined, FOUND[:1]]), [*ALICE, *BOB, ALICE[2]])


def test_denials_that_differ_in_what_they_call_with_are_of_one_kind():
    """The User agent and the address decide nothing. The event name, the error and a service do."""
    fields = [
        {}, {"user_agent": "aws-cli"}, {"name": "Decrypt"}, {"user_agent": "boto3"},
        {"error_code": "AccessDeniedException"}, {"source_ip": "192.0.2.7"},
        {"source_ip": "2001:db8::7"}, {"source_ip": "AWS Internal"}, {"source_ip": None},
        {"source_ip": "198.51.100.256"},
    ]  # fmt: skip
    found = Denials([alike((line, 10), **one)[0] for line, one in enumerate(fields, 1)])
    assert found.kind_at == (0, 0, 1, 0, 2, 3, 3, 4, 5, 6)
    assert found.first_at == (0, 2, 4, 5, 7, 8, 9)
    assert [one.event.line for one in found.kinds] == [1, 3, 5, 6, 8, 9, 10]


def test_each_kind_has_its_verdict():
    missing, allowed = Verdict.MISSING_ALLOW, Verdict.ALLOWED_NOW
    found = FOUND.with_verdicts([missing, allowed])
    assert [one.verdict for one in found] == [missing, allowed, missing, allowed, missing]
    assert {one.verdict for one in FOUND} == {Verdict.NOT_JUDGED}


def test_denials_equal_a_tuple_of_the_same():
    assert Denials.of(IN_TIME) == tuple(IN_TIME)
    assert Denials.of(IN_TIME) != tuple(IN_TIME[1:])
    assert Denials.of(IN_TIME) != "x"
    assert hash(Denials.of(IN_TIME)) == hash(tuple(IN_TIME))
    assert repr(Denials.of(IN_TIME)) == repr(tuple(IN_TIME))
    assert Denials.of(FOUND) is FOUND
    assert Denials() == ()


def test_denials_can_be_pickled():
    assert pickle.loads(pickle.dumps(FOUND)) == FOUND
