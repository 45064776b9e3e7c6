"""Each denied event once: rows, the records of the same events, and duplicates.

Source: CloudTrail User Guide, "CloudTrail record contents" (eventID identifies an event).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ebs_kms_audit.identify.denied_events import DeniedEvents, Disagreement
from ebs_kms_audit.model import AlikeEvents, Event, Identity, RecordRef, Window
from tests.identify.events import event

TIME = datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC)
ROLE = Identity(type="AssumedRole")


def record(**fields):
    return event(**{"file": "b.json", "line": 7, "identity": ROLE} | fields)


def denied(*events, window=None):
    found = DeniedEvents(window)
    for one in events:
        found.add(one)
    return found


# The events, the files of the events that are kept, and the number of duplicates.
CASES = {
    "a denial": ([event()], ["a.csv"], 0),
    "a successful call": ([event(error_code=None)], [], 0),
    "another error": ([event(error_code="DisabledException")], [], 0),
    "the same row twice": ([event(), event(file="c.csv")], ["a.csv"], 1),
    "the same row three times": ([event(), event(), event()], ["a.csv"], 2),
    "two events": ([event(), event(event_id="event-1", file="c.csv")], ["a.csv", "c.csv"], 0),
    "rows without an Event ID": (
        [event(event_id=None), event(event_id=None, line=3)], ["a.csv", "a.csv"], 0),
    "a denial and a successful row": ([event(), event(error_code=None)], ["a.csv"], 0),
    "a record after the row": ([event(), record()], ["a.csv"], 0),
    "a record before the row": ([record(), event()], ["b.json"], 1),
    "the same record twice": ([record(), record(file="d.json")], ["b.json"], 1),
    "a row with more fields": ([event(account=None), event(file="c.csv")], ["c.csv"], 1),
    "a row with fewer fields": ([event(), event(file="c.csv", region=None)], ["a.csv"], 1),
    "a record with fewer fields": ([event(), record(region=None), event(file="c.csv")],
                                   ["a.csv"], 1),
    "a record that was not denied": ([event(), record(error_code=None)], [], 0),
}  # fmt: skip


@pytest.mark.parametrize(("events", "files", "duplicates"), CASES.values(), ids=CASES)
def test_each_denial_is_kept_once(events, files, duplicates):
    found = denied(*events)
    assert [one.file for one in found] == files
    assert (len(found), found.duplicates, found.outside) == (len(files), duplicates, 0)


def test_the_fields_of_the_record_are_used_in_the_place_of_the_row():
    (found,) = denied(event(), record(error_message="User: x", user_name="deploy-7f3a"))
    assert (found.error_message, found.user_name, found.identity) == (
        "User: x",
        "deploy-7f3a",
        ROLE,
    )
    assert (found.file, found.line) == ("a.csv", 2)
    assert found.record == RecordRef(file="b.json", number=7)


def test_the_record_of_a_row_is_replaced_by_no_other():
    found = denied(event(), record(), record(file="d.json"))
    assert [one.record for one in found] == [RecordRef(file="b.json", number=7)]
    assert found.duplicates == 1


@pytest.mark.parametrize(
    ("row", "of_record", "columns"),
    [
        ({}, {}, None),
        ({}, {"name": "Decrypt"}, ("Event name",)),
        ({}, {"error_code": "AccessDeniedException"}, ("Error code",)),
        ({}, {"region": "eu-west-1"}, ("AWS region",)),
        ({}, {"user_name": "bob"}, ("User name",)),
        ({}, {"account": "444455556666"}, ("Recipient Account Id",)),
        ({}, {"time": TIME + timedelta(seconds=1)}, ("Event time",)),
        ({}, {"region": "eu-west-1", "user_name": "bob"}, ("AWS region", "User name")),
        ({}, {"user_name": None}, ("User name",)),
        ({}, {"source_ip": "198.51.100.7"}, None),  # the console may show it in another form
        # An absent column or an empty cell is not a difference.
        ({"user_name": None}, {}, None),
        ({"region": None}, {}, None),
        ({"account": None}, {}, None),
        ({"time": None}, {}, None),
        ({"time": TIME.replace(tzinfo=None)}, {}, None),  # its zone is not known
        ({"event_id": "event-0", "user_name": None}, {"region": "eu-west-1"}, ("AWS region",)),
    ],
)
def test_the_columns_in_which_the_row_differs(row, of_record, columns):
    found = denied(event(**row), record(**of_record))
    expected = [] if columns is None else [Disagreement("event-0", columns)]
    assert found.disagreements == expected


def test_a_row_and_a_record_without_an_event_id_are_compared_by_place():
    found = denied(
        event(event_id=None), record(event_id=None, file="a.csv", line=2, name="Decrypt")
    )
    assert found.disagreements == [Disagreement("", ("Event name",))]


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (None, 1, 0),
        (Window(start=TIME, end=TIME), 1, 0),
        (Window(start=TIME + timedelta(seconds=1), end=TIME + timedelta(hours=1)), 0, 1),
        (Window(start=TIME - timedelta(hours=1), end=TIME - timedelta(seconds=1)), 0, 1),
    ],
)
def test_denials_outside_the_window_are_counted_once(window, inside, outside):
    found = denied(event(), event(), window=window)
    assert (len(found), found.outside) == (inside, outside)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_denial_with_two_times_counts_where_one_is_in_the_window(order):
    """One of two rows of an event can have no zone: such a time is in every window."""
    window = Window(start=TIME + timedelta(hours=1), end=TIME + timedelta(hours=2))
    rows = event(line=4), event(line=6, time=TIME.replace(tzinfo=None))
    found = denied(*(rows[at] for at in order), window=window)
    assert [one.line for one in found] == [6]
    assert (len(found), found.outside, found.duplicates) == (1, 0, 1)


def columns(*events):
    """Return rows of one kind as columns."""
    (found,) = AlikeEvents.of_each_kind(events)
    return found


def row(line, **fields):
    time = TIME + timedelta(seconds=line)
    return event(**{"line": line, "event_id": f"event-{line}", "time": time} | fields)


KEPT = columns(row(2), row(4), row(6))

# What is added to three rows in columns, the lines that are kept, and the number of duplicates.
ADDED = {
    "another kind": (columns(row(3, name="Decrypt"), row(5, name="Decrypt")), [2, 3, 4, 5, 6], 0),
    "a row of another file": (event(file="c.csv", event_id="event-4"), [2, 4, 6], 1),
    "rows of another file": (columns(row(4, file="c.csv"), row(6, file="c.csv")), [2, 4, 6], 2),
    "a row before them": (event(line=1, event_id="event-4"), [1, 2, 6], 1),
    "a row after them": (event(line=9, event_id="event-4"), [2, 4, 6], 1),
    "rows before and after them": (
        columns(row(1, name="Decrypt", event_id="event-4"),
                row(9, name="Decrypt", event_id="event-6")), [1, 2, 6], 2),
    "rows without an Event ID": (
        columns(row(7, event_id=None), row(8, event_id=None)), [2, 4, 6, 7, 8], 0),
    "a record": (record(event_id="event-4"), [2, 4, 6], 0),
    "a record that was not denied": (record(event_id="event-4", error_code=None), [2, 6], 0),
}  # fmt: skip


@pytest.mark.parametrize(("added", "lines", "duplicates"), ADDED.values(), ids=ADDED)
def test_rows_in_columns_are_kept_once(added, lines, duplicates):
    found = DeniedEvents(None)
    found.add_alike(KEPT)
    (found.add if isinstance(added, Event) else found.add_alike)(added)
    assert sorted(one.line for one in found) == lines
    assert sorted(one.line for alike in found.alike() for one in alike) == lines
    assert (len(found), found.duplicates) == (len(lines), duplicates)


def test_rows_in_columns_are_kept_in_the_window_only():
    found = DeniedEvents(Window(start=TIME, end=TIME + timedelta(seconds=4)))
    found.add_alike(KEPT)
    assert ([one.line for one in found], found.outside) == ([2, 4], 1)


def test_rows_become_columns_by_their_kinds():
    rows = [
        row(4, access_key="ASIA2"),
        row(3, user_name="bob"),
        row(2),
        row(5, user_name="bob", request_id="request-5"),
        row(6, user_agent="aws-cli"),
        row(7, source_ip="198.51.100.7"),
        row(8, source_ip="2001:db8::7", user_agent="boto3"),
        row(9, source_ip="AWS Internal"),
        row(10, source_ip=None),
        row(11, user_name=None),
        row(12, user_name=None),
    ]
    found = AlikeEvents.of_each_kind(rows)
    assert [[one.line for one in alike] for alike in found] == [
        [2, 3, 4, 5, 6], [7, 8], [9], [10], [11, 12],
    ]  # fmt: skip
    assert sorted((one for alike in found for one in alike), key=lambda one: one.line) == sorted(
        rows, key=lambda one: one.line
    )
    assert [alike.reference(1) for alike in found[:2]] == ["event-3", "event-8"]
    assert [alike.have_one_name for alike in found] == [False, True, True, True, True]


@pytest.mark.parametrize(
    "fields",
    [
        {"identity": ROLE},
        {"record": RecordRef(file="b.json", number=7)},
        {"time": None},
        {"time": TIME + timedelta(microseconds=1)},
        {"line": 0},
    ],
)
def test_an_event_that_columns_cannot_hold_is_a_kind_by_itself(fields):
    events = [event(event_id=f"event-{number}", **fields) for number in range(2)]
    assert [list(alike) for alike in AlikeEvents.of_each_kind(events)] == [[one] for one in events]


def test_rows_without_a_time_zone_are_columns_of_their_own():
    """2026-05-18 07:00:34 without a zone is compared as UTC, and is not in UTC."""
    naive = TIME.replace(tzinfo=None)
    rows = [
        row(2, time=TIME), row(3, time=naive), row(4, time=TIME + timedelta(seconds=1)),
        row(5, time=naive + timedelta(seconds=1)),
    ]  # fmt: skip
    found = AlikeEvents.of_each_kind(rows)
    assert [alike.have_zone for alike in found] == [True, False]
    assert [list(alike) for alike in found] == [rows[::2], rows[1::2]]
    assert [alike.time(1) for alike in found] == [rows[2].time, rows[3].time]
