"""A list of events, some of which are parsed when they are first used, equals a tuple of them."""

from dataclasses import dataclass

import pytest

from ebs_kms_audit.model import Event, EventList


def event(line):
    return Event(file="export.csv", line=line, time=None, name="RetireGrant", source=None)


@dataclass
class Row:
    line: int
    parsed: int = 0

    @property
    def order(self):
        return 0, "export.csv", self.line

    @property
    def event(self):
        self.parsed += 1
        return event(self.line)


EVENTS = tuple(map(event, (1, 2, 3)))
LISTS = [
    EventList(EVENTS),
    EventList([Row(1), EVENTS[1], Row(3)]),
    EventList(row for row in map(Row, (1, 2, 3))),
]


@pytest.mark.parametrize("listed", LISTS)
def test_a_list_is_like_a_tuple(listed):
    assert tuple(listed) == EVENTS
    assert listed == EVENTS
    assert listed == LISTS[0]
    assert hash(listed) == hash(EVENTS)
    assert repr(listed) == repr(EVENTS)
    assert len(listed) == 3
    assert listed[-1] == EVENTS[2]
    assert EVENTS[1] in listed
    assert list(reversed(listed)) == [*reversed(EVENTS)]


@pytest.mark.parametrize("at", [slice(None), slice(-2, None), slice(1, 1), slice(5, 9)])
def test_a_part_is_a_list(at):
    part = LISTS[1][at]
    assert isinstance(part, EventList)
    assert part == EVENTS[at]


@pytest.mark.parametrize("other", [(), EVENTS[:2], EVENTS[::-1], EventList(), None, "abc"])
def test_a_list_differs_from_others(other):
    assert LISTS[1] != other


def test_only_what_is_used_is_parsed():
    rows = [Row(1), Row(2), Row(3)]
    listed = EventList(rows)
    assert len(listed[1:]) == 2
    assert listed[1:][0].line == 2
    assert [row.parsed for row in rows] == [0, 1, 0]
