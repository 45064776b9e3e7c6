"""Which denials make a finding, their order, and the id of the finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ebs_kms_audit.context.history import ContextCollector
from ebs_kms_audit.diagnosis.grouping import group_denials, shared_identity
from ebs_kms_audit.model import Denial, PrincipalKind
from tests.diagnosis.made import PLAIN, UNKNOWN_KEY
from tests.incidents import USER

# --- which denials make a finding


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, principal=replace(PLAIN.principal, arn=USER)),
        replace(PLAIN, key=replace(PLAIN.key, id="5678abcd-12ab-34cd-56ef-1234567890ab")),
        replace(PLAIN, event=replace(PLAIN.event, account="444455556666")),
        replace(PLAIN, event=replace(PLAIN.event, region="eu-west-1")),
    ],
)
def test_denials_of_two_findings(other):
    assert shared_identity(PLAIN) != shared_identity(other)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, ebs_traffic=False),  # the key is known
        replace(PLAIN, principal=replace(PLAIN.principal, user_name="run-2")),
        replace(PLAIN, principal=replace(PLAIN.principal, kind=PrincipalKind.USER)),
        replace(PLAIN, key=replace(PLAIN.key, arn=None, alias="alias/app")),
        replace(PLAIN, event=replace(PLAIN.event, name="Encrypt", error_code="x")),
    ],
)
def test_denials_of_one_finding(other):
    assert shared_identity(PLAIN) == shared_identity(other)


UNNAMED = replace(PLAIN, principal=replace(PLAIN.principal, arn=None))


def test_without_a_key_ebs_traffic_is_a_finding_of_its_own():
    assert shared_identity(UNKNOWN_KEY) != shared_identity(replace(UNKNOWN_KEY, ebs_traffic=False))


def test_without_an_arn_the_kind_and_the_name_are_the_caller():
    for principal in (
        replace(UNNAMED.principal, kind=PrincipalKind.USER),
        replace(UNNAMED.principal, user_name="run-2"),
        replace(UNNAMED.principal, user_name=None),
    ):
        assert shared_identity(UNNAMED) != shared_identity(replace(UNNAMED, principal=principal))


def test_a_key_by_its_alias_alone():
    alone = replace(UNKNOWN_KEY, key=replace(UNKNOWN_KEY.key, alias="alias/app"))
    other = replace(UNKNOWN_KEY, key=replace(UNKNOWN_KEY.key, alias="alias/other"))
    assert len({shared_identity(one) for one in (UNKNOWN_KEY, alone, other)}) == 3


def at(minutes: int | None, **fields: Any) -> Denial:
    start = PLAIN.event.time
    time = None if minutes is None else start + timedelta(minutes=minutes)
    return replace(PLAIN, event=replace(PLAIN.event, time=time, **fields))


def grouped(*denials: Denial):
    return group_denials(denials, ContextCollector())


def test_denials_are_in_order_of_time_then_of_file_and_line():
    made = [
        at(None, event_id="no time"),
        at(2, event_id="late"),
        at(1, event_id="b 1", file="b", line=1),
        at(1, event_id="a 10", file="a", line=10),
        at(1, event_id="a 9", file="a", line=9),
        at(0, event_id="first"),
    ]
    (group,) = grouped(*made)
    assert [one.event.event_id for one in group.denials] == [
        "first", "a 9", "a 10", "b 1", "late", "no time",
    ]  # fmt: skip


# --- the id of a finding: the same in each run, whatever else the log holds


def ids(*denials: Denial) -> list[str]:
    return [group.id for group in grouped(*denials)]


def test_the_id_is_that_of_the_earliest_event():
    (alone,) = ids(at(0, event_id="first"))
    assert alone == "F-9271ee57"  # as gzip writes it: printf first | gzip
    assert ids(at(1, event_id="second"), at(0, event_id="first")) == [alone]
    assert ids(at(0, event_id="other")) != [alone]


def test_without_an_event_id_the_file_name_the_time_and_the_event_name_make_the_id():
    made = at(0, event_id=None, file="folder/a.csv", line=2)
    (alone,) = ids(made)
    assert ids(replace(made, event=replace(made.event, line=7, file="elsewhere/a.csv"))) == [alone]
    for fields in ({"file": "b.csv"}, {"name": "Encrypt"}, {"time": None},
                   {"time": made.event.time + timedelta(seconds=1)}):  # fmt: skip
        assert ids(replace(made, event=replace(made.event, **fields))) != [alone]


def test_two_findings_with_the_same_event_have_different_ids():
    twin = replace(PLAIN, principal=replace(PLAIN.principal, arn=USER))
    third = replace(PLAIN, principal=replace(PLAIN.principal, arn=f"{USER}2"))
    first, second, last = ids(PLAIN, twin, third)
    assert len({first, second, last}) == 3
    assert ids(PLAIN, twin, third) == [first, second, last]
    assert ids(PLAIN) == [first]
    role = replace(PLAIN.principal, arn=USER)
    alike = [at(0, event_id="plumless"), replace(at(1, event_id="buckeroo"), principal=role)]
    assert len({*ids(*alike)}) == 2  # the CRC-32 of both is 4ddb0c25


def test_denials_know_their_times_and_how_many_are_of_each_kind():
    (group,) = grouped(
        at(None),
        at(3),
        at(2, name="Encrypt"),
        at(0),
        at(1, name="Encrypt"),
    )
    denials, start = group.denials, PLAIN.event.seconds
    assert denials.times == (start, start + 60, start + 120, start + 180)
    assert denials.kind_at == (0, 1, 1, 0, 0)
    assert denials.counts == (3, 2)
    assert denials.last_times == {0: start + 180, 1: start + 120}


def test_a_time_without_a_zone_is_compared_as_utc():
    naive = replace(PLAIN.event, time=PLAIN.event.time.replace(tzinfo=None))
    assert naive.seconds == PLAIN.event.seconds
    assert replace(PLAIN.event, time=None).seconds == 0
