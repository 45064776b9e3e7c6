"""A list of events, some of which are parsed when they are first used, equals a tuple of them."""

import pytest

from ebs_kms_audit.model import Event, EventList


def event(line):
    return Event(file="export.csv", line=line, time=None, name="RetireGrant", source=None)


class Rows:
    def __init__(self):
        self.parsed = []

    def event(self, line):
        self.parsed.append(line)
        return event(line)


def event_list(rows, *lines):
    """Return a list of these lines; the second is an event."""
    return EventList(
        (0, "export.csv", line, rows if number != 1 else EVENTS[line - 1])
        for number, line in enumerate(lines)
    )


EVENTS = tuple(map(event, (1, 2, 3)))
LISTED = event_list(Rows(), 1, 2, 3)


def test_a_list_is_like_a_tuple():
    assert tuple(LISTED) == EVENTS
    assert LISTED == EVENTS
    assert event_list(Rows(), 1, 2, 3) == LISTED
    assert hash(LISTED) == hash(EVENTS)
    assert repr(LISTED) == repr(EVENTS)
    assert len(LISTED) == 3
    assert LISTED[-1] == EVENTS[2]
    assert EVENTS[1] in LISTED
    assert list(reversed(LISTED)) == [*reversed(EVENTS)]


@pytest.mark.parametrize("at", [slice(None), slice(-2, None), slice(1, 1), slice(5, 9)])
def test_a_part_is_a_list(at):
    assert isinstance(LISTED[at], EventList)
    assert LISTED[at] == EVENTS[at]


@pytest.mark.parametrize("other", [(), EVENTS[:2], EVENTS[::-1], EventList(), None, "abc"])
def test_a_list_differs_from_others(other):
    assert other != LISTED


def test_only_what_is_used_is_parsed():
    rows = Rows()
    listed = event_list(rows, 1, 2, 3)[1:]
    assert len(listed) == 2
    assert [one.line for one in listed] == [2, 3]
    assert rows.parsed == [3]


@pytest.mark.parametrize(("most", "lines"), [(1, [3]), (2, [2, 3]), (5, [9, 1, 2, 3])])
def test_the_last_are_in_order_of_time_file_and_line(most, lines):
    listed = [(5, "b", 3, Rows()), (5, "a", 2, Rows()), (5, "a", 1, Rows()), (4, "c", 9, Rows())]
    assert [one.line for one in EventList.last(listed, most)] == lines


def test_the_last_of_several_lists_are_each_listed_once():
    rows = Rows()
    lists = [event_list(rows, 1, 2), event_list(rows, 1), EventList.of(EVENTS[1:]), EventList()]
    assert [one.line for one in EventList.last_of(lists, 2)] == [2, 3]
    assert [one.line for one in EventList.last_of(lists[:2], 3)] == [1, 2]
    assert EventList.last_of([], 2) == ()
    copies = [EventList.of([event(1)]), EventList.of([event(1)]), EventList.of([event(2)])]
    assert EventList.last_of(copies, 3) == EVENTS[:2]  # as in a redacted report
