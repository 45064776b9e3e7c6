"""Denials as columns are like a tuple of denials, and each denial is made as it is alone."""

import pickle
from datetime import UTC, datetime

import pytest

from ebs_kms_audit.context.attempts import Ec2CallLog
from ebs_kms_audit.identify import EvidenceIndex, Overrides, Resolver, resolve
from ebs_kms_audit.model import (
    AlikeDenials,
    AlikeEvents,
    Denials,
    EventColumns,
    EventKind,
    Verdict,
)
from tests.identify.events import ACCOUNT, event, resources
from tests.sample_incident import access_key

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"


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
    names = "line seconds user_name source_ip user_agent event_id request_id access_key".split()
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


SESSIONS = ("one", "two", "one")


def of_a_role(*lines, **fields):
    """Return the denials of sessions of one role in columns, and one of each session alone."""
    evidence = EvidenceIndex()
    for session in set(SESSIONS):
        entries = resources(("AWS::IAM::AccessKey", f"ASIA-{session}"), ("AWS::IAM::Role", ROLE))
        evidence.add(event(name="AssumeRole", source="sts.amazonaws.com", error_code=None,
                           event_id=f"assumed-{session}", resources=entries))  # fmt: skip
    time = datetime.fromtimestamp(10, UTC)
    events = [
        event(line=line, time=time, event_id=f"event-{line}", user_name=session,
              access_key=f"ASIA-{session}", **fields)
        for line, session in zip(lines, SESSIONS, strict=True)
    ]  # fmt: skip
    found = Resolver(evidence, Overrides.of()).resolve_all(
        AlikeEvents.of_each_kind(events), Ec2CallLog(())
    )
    return found, [resolve(one, (), (), evidence, Overrides.of()) for one in events]


def test_sessions_of_a_role_are_of_one_kind_and_each_denial_names_its_own():
    found, alone = of_a_role(2, 3, 4)
    assert (len(found.alike), found.kind_at, found.user_names) == (1, (0, 0, 0), ["one", "two"])
    assert list(found) == alone
    assert [one.principal.event_ids for one in found] == [
        ("assumed-one",), ("assumed-two",), ("assumed-one",),
    ]  # fmt: skip
    assert found[0].principal is not found[1].principal
    assert found[1].principal is found[1].principal


def test_the_kinds_of_sessions_have_the_caller_of_their_first_denial():
    found, (_, two, _) = of_a_role(2, 3, 4)
    assert found.at([1, 0]).kinds == (two,)


def test_sessions_of_a_role_in_several_columns_are_of_one_kind():
    one, two = of_a_role(2, 3, 4)[0], of_a_role(5, 6, 7)[0]
    found = Denials.in_order([*one.alike, *two.alike])
    assert (len(found.alike), found.kind_at) == (2, (0,) * 6)


def test_sessions_of_a_role_can_be_told_apart():
    found, alone = of_a_role(2, 3, 4)
    by_session = found.by_session()
    assert [[one.event.line for one in map(alike.denial, range(len(alike.events)))]
            for alike in by_session.alike] == [[2, 4], [3]]  # fmt: skip
    assert by_session.samples == alone[:2]
    assert by_session.kind_at == (0, 0, 1)
    assert FOUND.by_session() is FOUND


def test_sessions_keep_their_callers_with_a_verdict():
    found, alone = of_a_role(2, 3, 4)
    allowed = found.with_verdicts([Verdict.ALLOWED_NOW])
    assert [one.principal for one in allowed] == [one.principal for one in alone]
    assert {one.verdict for one in allowed} == {Verdict.ALLOWED_NOW}


def test_denials_with_a_damaged_account_are_of_one_kind():
    """Their accounts are not known: the access keys hold none, and no row shows another."""
    found, alone = of_a_role(2, 3, 4, account=None, account_cell="1.11122E+11")
    assert (len(found.alike), list(found)) == (1, alone)


def test_denials_with_one_damaged_account_id_can_be_of_two_accounts():
    """111122223333 and 111122444444 are both 1.11122E+11: the access keys of the rows decide."""
    accounts = ("111122223333", "111122444444", "111122223333")
    time = datetime.fromtimestamp(10, UTC)
    events = [
        event(line=line, time=time, event_id=f"event-{line}", account=None,
              account_cell="1.11122E+11", access_key=access_key("ASIA", account, "x"))
        for line, account in enumerate(accounts, 2)
    ]  # fmt: skip
    found = Resolver(EvidenceIndex(), Overrides.of()).resolve_all(
        AlikeEvents.of_each_kind(events), Ec2CallLog(())
    )
    by_line = {one.event.line: one.event.account for one in found}
    assert (len(found.alike), by_line) == (2, dict(enumerate(accounts, 2)))


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
