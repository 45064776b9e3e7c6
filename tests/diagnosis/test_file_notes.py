"""The notes on an input, and what the inputs add up to."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from ebs_kms_audit.diagnosis.coverage import CoverageCounter
from ebs_kms_audit.identify import DeniedEvents, EvidenceIndex
from ebs_kms_audit.model import Denials, SetAside
from ebs_kms_audit.reading import InputStats
from ebs_kms_audit.reading.stats import UNKNOWN_ENVELOPE
from tests.rows import HEADER, row
from tests.rows import audit as audit_rows

# --- the notes on an input


def inputs(*files: InputStats):
    """Return the facts of inputs without events."""
    counter = CoverageCounter(None)
    return counter.result(
        files, DeniedEvents(None), Denials(), EvidenceIndex(), surroundings_incomplete=False
    )


def stats(name: str = "a.csv", **figures) -> InputStats:
    made = InputStats(name)
    assert figures.keys() <= vars(made).keys()
    vars(made).update(figures)
    return made


FILE = {"file": "a.csv"}
NOTES = [
    ({}, []),
    ({"rows": 3, "set_aside_count": 1}, []),
    ({"error": "no rights"}, [("input_not_read", {"problem": "no rights"})]),
    # of an input that is not read, nothing else is known
    ({"error": "no rights", "size_changed": True}, [("input_not_read", {"problem": "no rights"})]),
    ({"skipped": "it is a picture"}, [("files_skipped", {"problem": "it is a picture"})]),
    ({"skipped": "it is a picture", "size_changed": True},
     [("files_skipped", {"problem": "it is a picture"})]),
    ({"size_changed": True}, [("input_changed", FILE)]),
    ({"envelopes": Counter({UNKNOWN_ENVELOPE: 2, "SQS": 1})},
     [("unknown_envelope", FILE | {"count": 2})]),
    ({"envelopes": Counter({"SQS": 1})}, []),
    ({"unknown_columns": ("x", "y")}, [("columns_unknown", FILE | {"columns": "x, y"})]),
    ({"cut_short": "the end is missing", "rows": 7},
     [("input_cut_short", FILE | {"problem": "the end is missing", "rows": 7})]),
    ({"cut_short": "the content of the gzip file does not match its checksum", "rows": 7},
     [("input_altered", FILE | {"rows": 7,
       "problem": "the content of the gzip file does not match its checksum"})]),
    ({"unreadable": {"Resources": [2, 9], "AWS region": [3]}},
     [("cells_unreadable", FILE | {"column": "Resources", "where": "at line 2, 9"}),
      ("cells_unreadable", FILE | {"column": "AWS region", "where": "at line 3"})]),
    ({"times_without_zone": True}, [("times_without_zone", FILE)]),
    ({"guessed_dates": True}, [("date_order_guessed", FILE)]),
    ({"missing": ("who called", "the key")},
     [("columns_missing", FILE | {"columns": "who called, the key"})]),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), NOTES)
def test_the_notes_on_an_input(fields, expected):
    notes = inputs(stats(**fields)).file_notes
    assert [(note.kind, note.file, note.values) for note in notes] == [
        (kind, "a.csv", values) for kind, values in expected
    ]


def test_the_notes_of_several_inputs_are_in_their_order():
    both = inputs(stats("b.csv", size_changed=True), stats(guessed_dates=True))
    assert [(note.kind, note.file) for note in both.file_notes] == [
        ("input_changed", "b.csv"),
        ("date_order_guessed", "a.csv"),
    ]


# The lines with an unreadable cell; a cluster does not know the numbers, which are 0.
@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ([2], "at line 2"),
        ([2, 3, 4, 5, 6], "at line 2, 3, 4, 5, 6"),
        ([2, 3, 4, 5, 6, 7], "at line 2, 3, 4, 5, 6 and 1 more"),
        (list(range(2, 1241)), "at line 2, 3, 4, 5, 6 and 1,234 more"),
        ([0], "in 1 row"),
        ([0] * 1234, "in 1,234 rows"),
    ],
)
def test_where_cells_cannot_be_read(lines, where):
    (note,) = inputs(stats(unreadable={"Resources": lines})).file_notes
    assert note.values["where"] == where


# The columns that show who called, when, where and for which account.
@pytest.mark.parametrize(
    ("column", "is_noted"),
    [
        ("User name", True),
        ("AWS access key", True),
        ("Event time", True),
        ("AWS region", True),
        ("Source IP address", True),
        ("Recipient Account Id", True),
        ("Event source", True),
        ("User agent", False),
        ("Resources", False),
        ("Request ID", False),
        ("Event ID", False),
        ("Read-only", False),
        ("Event type", False),
        ("Event category", False),
    ],
)
def test_the_missing_columns_that_matter(column, is_noted):
    report = audit_rows(row(), header=[name for name in HEADER if name != column])
    texts = [one.text for one in report.caveats if one.id == "columns_missing"]
    assert len(texts) == is_noted
    if is_noted:
        assert texts[0].startswith(f"<StringIO>: the columns {column} are missing.")


def test_which_inputs_hold_events_and_which_are_exports():
    def of(*forms):
        facts = inputs(*(stats(form=form, recognized_as="x") for form in forms))
        return facts.has_events, facts.has_exports

    assert of() == (False, False)
    assert of("other") == (False, False)
    assert of("other", "records") == (True, False)
    assert of("query result") == (True, False)
    assert of("export", "other") == (True, True)
    assert of("export", "records") == (True, True)


def test_the_rows_of_all_inputs_are_added_and_a_skipped_one_is_not_listed():
    facts = inputs(
        stats(rows=5, set_aside_count=2, set_aside=[SetAside(file="a.csv", line=2, reason="x")]),
        stats("b.csv", rows=1, set_aside_count=1,
              set_aside=[SetAside(file="b.csv", line=3, reason="y")]),
        stats("c.png", skipped="it is a picture"),
        stats("d.csv", error="no rights"),
    )  # fmt: skip
    coverage = facts.coverage
    assert (coverage.rows_read, coverage.events, coverage.rows_set_aside) == (6, 3, 3)
    assert [one.name for one in coverage.files] == ["a.csv", "b.csv", "d.csv"]
    assert [(one.file, one.line) for one in facts.set_aside] == [("a.csv", 2), ("b.csv", 3)]


def test_the_span_of_inputs_with_and_without_a_zone():
    seven, eight = (datetime(2026, 5, 18, hour, tzinfo=UTC) for hour in (7, 8))
    naive = datetime(2026, 5, 18, 6)  # without a zone a time is compared as UTC
    coverage = inputs(
        stats(first=seven, last=eight),
        stats("b.csv", first=naive, last=naive),
        stats("c.csv"),
    ).coverage
    assert (coverage.first_event, coverage.last_event) == (naive, eight)
