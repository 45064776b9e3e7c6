"""Each denied event once: rows, the records of the same events, and duplicates.

Source: CloudTrail User Guide, "CloudTrail record contents" (eventID identifies an event).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ebs_kms_audit.identify.denied_events import DeniedEvents, Disagreement
from ebs_kms_audit.model import Identity, RecordRef, Window
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
