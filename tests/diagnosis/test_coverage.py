"""The figures of Coverage, KMS errors that are not denials, and the notes on the inputs.

Sources: AWS KMS Developer Guide, "Key states of AWS KMS keys": a call on a disabled key fails with
DisabledException, and the message holds the ARN of the key. CloudTrail User Guide, "Working with
CloudTrail event history": read-only events. The other rules are those of `Coverage`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

import ebs_kms_audit
from ebs_kms_audit.diagnosis.coverage import CoverageCounter
from ebs_kms_audit.identify import DeniedEvents, EvidenceIndex
from ebs_kms_audit.model import Coverage, Denials, Event, Resource, Window
from tests.records import KEY_ARN, KEY_ID, audit, record
from tests.rows import HEADER, export, row
from tests.rows import audit as audit_rows

OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")
SEVEN = "2026-05-18T07:00:00Z"


def time(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-05-18T{text}").replace(tzinfo=UTC)


def disabled(key, **fields):
    error = {"errorCode": "DisabledException", "errorMessage": f"{key} is disabled."}
    return record(eventName="Decrypt", **error, **fields)


# --- the figures

DECRYPT = {"event_name": "Decrypt", "read_only": "true", "error_code": ""}
ATTACH = {"event_source": "ec2.amazonaws.com", "event_name": "AttachVolume", "error_code": ""}
NOT_RELEVANT = {"event_source": "s3.amazonaws.com", "event_name": "GetObject", "error_code": ""}
FIGURES = ("rows_read", "events", "kms_rows", "read_only_rows", "ec2_rows", "denials")


def figures(coverage: Coverage) -> tuple[int, ...]:
    return tuple(getattr(coverage, name) for name in FIGURES)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row()], (1, 1, 1, 0, 0, 1)),
        ([row(**DECRYPT)], (1, 1, 1, 1, 0, 0)),
        ([row(**DECRYPT), row(**DECRYPT)], (2, 2, 2, 2, 0, 0)),
        ([row(**ATTACH), row(**ATTACH)], (2, 2, 0, 0, 2, 0)),
        # a read-only event of EC2 is not a read-only event of KMS
        ([row(**ATTACH | {"read_only": "true"})], (1, 1, 0, 0, 1, 0)),
        ([row(**NOT_RELEVANT)], (1, 1, 0, 0, 0, 0)),
        ([row(), row(**DECRYPT), row(**ATTACH), row(**NOT_RELEVANT)], (4, 4, 2, 1, 1, 1)),
        # a blank Read-only cell: the operation decides, and its cell wins where there is one
        ([row(**DECRYPT | {"read_only": ""})], (1, 1, 1, 1, 0, 0)),
        ([row(**DECRYPT | {"read_only": "false"})], (1, 1, 1, 0, 0, 0)),
        ([row(error_code="", read_only="")], (1, 1, 1, 0, 0, 0)),
        ([row(error_code="", read_only="true")], (1, 1, 1, 1, 0, 0)),
        # a disabled key is not a denial
        ([row(error_code="DisabledException")], (1, 1, 1, 0, 0, 0)),
    ],
)
def test_how_many_rows_there_are_of_each_kind(rows, expected):
    assert figures(audit_rows(*rows).coverage) == expected


def test_a_row_that_cannot_be_read_is_set_aside_and_the_counts_add_up():
    coverage = audit_rows(row(), row(event_name=""), row(event_id="event-0")).coverage
    assert figures(coverage) == (3, 2, 2, 0, 0, 1)
    assert (coverage.rows_set_aside, coverage.duplicate_denials) == (1, 1)


def test_regions_accounts_and_times_are_those_of_the_relevant_rows():
    coverage = audit_rows(
        row(aws_region="us-west-2", event_time="2026-05-18T07:00:00Z"),
        row(**ATTACH, aws_region="eu-west-1", recipient_account_id="444455556666"),
        row(**ATTACH, aws_region="", recipient_account_id=""),
        row(**NOT_RELEVANT, aws_region="sa-east-1", recipient_account_id="777788889999",
            event_time="2026-05-18T09:00:00Z"),
        # it names a user and nothing that an audit counts
        row(event_source="iam.amazonaws.com", event_name="CreateUser", error_code="",
            aws_region="us-east-1", recipient_account_id="888899990000"),
    ).coverage  # fmt: skip
    assert coverage.regions == ("eu-west-1", "us-west-2")
    assert coverage.accounts == ("111122223333", "444455556666")
    # the times are those of all rows
    assert (coverage.first_event, coverage.last_event) == (time("07:00:00"), time("09:00:00"))


def test_the_times_of_two_inputs_are_one_span(tmp_path):
    early, late = tmp_path / "early.csv", tmp_path / "late.csv"
    early.write_text(export(row(event_time="2026-05-18T06:00:00Z")).read(), encoding="utf-8")
    late.write_text(export(row(event_time="2026-05-18T08:00:00Z")).read(), encoding="utf-8")
    coverage = ebs_kms_audit.audit([late, early]).coverage
    assert (coverage.first_event, coverage.last_event) == (time("06:00:00"), time("08:00:00"))
    assert [(one.name, one.rows_read) for one in coverage.files] == [
        (str(late), 1),
        (str(early), 1),
    ]


def test_an_input_without_a_time_has_no_span():
    header = [name for name in HEADER if name != "Event time"]
    coverage = audit_rows(row(), header=header).coverage
    assert (coverage.denials, coverage.first_event, coverage.last_event) == (1, None, None)


# --- the window: 07:00 and a minute around it, both ends included


@pytest.mark.parametrize(
    ("rows", "shows"),
    [
        ([DECRYPT | {"event_time": "2026-05-18T06:59:00Z"}], True),
        ([DECRYPT | {"event_time": "2026-05-18T07:01:00Z"}], True),
        ([DECRYPT | {"event_time": "2026-05-18T06:58:59Z"}], False),
        ([DECRYPT | {"event_time": "2026-05-18T07:01:01Z"}], False),
        ([DECRYPT | {"event_time": "2026-05-18 12:00:00"}], True),  # the zone is unknown
        ([{"event_time": SEVEN}], False),  # CreateGrant is not read-only
        ([ATTACH | {"read_only": "true", "event_time": SEVEN}], False),
        ([DECRYPT | {"event_time": "2026-05-18T05:00:00Z"}, {"event_time": SEVEN}], False),
    ],
)
def test_whether_the_window_can_show_denials(rows, shows):
    coverage = audit_rows(*(row(**cells) for cells in rows), around=SEVEN, minutes=1).coverage
    assert coverage.shows_denials is shows
    assert (coverage.window.start, coverage.window.end) == (time("06:59:00"), time("07:01:00"))


def test_the_time_span_is_that_of_all_rows_whatever_the_window_is():
    times = ["2026-05-18T05:00:00Z", SEVEN, "2026-05-18T09:00:00Z"]
    coverage = audit_rows(*(row(event_time=at) for at in times), around=SEVEN, minutes=1).coverage
    assert (coverage.first_event, coverage.last_event) == (time("05:00:00"), time("09:00:00"))
    assert (coverage.denials, coverage.denials_outside_window) == (1, 2)


def test_without_a_window_a_read_only_event_of_any_time_shows_denials():
    coverage = audit_rows(row(**DECRYPT)).coverage
    assert (coverage.window, coverage.shows_denials) == (None, True)
    assert not audit_rows(row()).coverage.shows_denials


# --- errors that are not denials


def errors(*rows: dict[str, str], **options) -> list[tuple[str, str, int]]:
    found = audit_rows(*rows, **options).other_errors
    return [(one.error_code, one.event_name, one.count) for one in found]


STATE = {"event_name": "Decrypt", "error_code": "DisabledException"}


def test_errors_are_counted_by_code_operation_account_and_region():
    assert errors(
        row(**STATE),
        row(**STATE),
        row(**STATE | {"event_name": "Encrypt"}),
        row(**STATE | {"error_code": "NotFoundException"}),
        row(**STATE, aws_region="eu-west-1"),
        row(**STATE, recipient_account_id="444455556666"),
        row(),
    ) == [
        ("DisabledException", "Decrypt", 2),
        ("DisabledException", "Encrypt", 1),
        ("NotFoundException", "Decrypt", 1),
        ("DisabledException", "Decrypt", 1),
        ("DisabledException", "Decrypt", 1),
    ]


def test_errors_outside_the_window_are_not_counted():
    times = ("06:58:59", "06:59:00", "07:01:00", "07:01:01")
    rows = [row(**STATE, event_time=f"2026-05-18T{one}Z") for one in times]
    (error,) = audit_rows(*rows, around=SEVEN, minutes=1).other_errors
    assert (error.count, error.first_seen, error.last_seen) == (
        2, time("06:59:00"), time("07:01:00")
    )  # fmt: skip


def test_the_same_event_is_one_error_and_events_without_an_id_are_each_one():
    same = row(**STATE, event_id="event-9")
    assert errors(same, same, row(**STATE)) == [("DisabledException", "Decrypt", 2)]
    header = [name for name in HEADER if name != "Event ID"]
    (error,) = audit_rows(row(**STATE), row(**STATE), header=header).other_errors
    assert error.count == 2


def test_the_times_of_an_error_are_the_earliest_and_the_latest():
    times = ("07:02:00", "07:00:00", "07:03:00", "07:01:00")
    (error,) = audit_rows(
        *(row(**STATE, event_time=f"2026-05-18T{one}Z") for one in times)
    ).other_errors
    assert (error.count, error.first_seen, error.last_seen) == (
        4, time("07:00:00"), time("07:03:00")
    )  # fmt: skip
    header = [name for name in HEADER if name != "Event time"]
    (once,) = audit_rows(row(**STATE), header=header).other_errors
    assert (once.count, once.first_seen, once.last_seen) == (1, None, None)


def test_an_error_that_may_be_of_another_service_is_not_counted():
    # Without the Event source column a CreateKey can be of another service.
    header = [name for name in HEADER if name != "Event source"]
    failed = row(event_name="CreateKey", error_code="LimitExceededException")
    assert audit_rows(failed, row(), header=header).other_errors == ()
    (error,) = audit_rows(failed, row()).other_errors
    assert (error.error_code, error.count) == ("LimitExceededException", 1)


def test_at_most_20_keys_of_an_error_are_listed():
    keys = [KEY_ARN.replace("1234abcd", f"{number:08x}") for number in range(21)]
    (error,) = audit(
        *(disabled(key, eventID=f"event-{at}") for at, key in enumerate(keys))
    ).other_errors
    assert (error.count, error.keys) == (21, tuple(keys[:20]))
    (error,) = audit(disabled(keys[0], resources=[{"ARN": key} for key in keys])).other_errors
    assert (error.count, error.keys) == (1, tuple(keys[:20]))


def test_a_key_that_is_named_by_its_id_alone_is_listed_by_its_id():
    named = json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": KEY_ID}])
    (error,) = audit_rows(row(**STATE, resources=named)).other_errors
    assert error.keys == (KEY_ID,)


def test_errors_of_two_keys_are_one_entry_and_two_steps():
    report = audit(
        record(),
        disabled(KEY_ARN, eventID="event-1"),
        disabled(OTHER_KEY, eventID="event-2"),
        disabled(OTHER_KEY, eventID="event-3"),
    )
    (error,) = report.other_errors
    assert (error.error_code, error.count) == ("DisabledException", 3)
    assert error.keys == (KEY_ARN, OTHER_KEY)
    steps = {step.target: step for step in report.plan if step.kind == "key_state"}
    assert set(steps) == {KEY_ARN, OTHER_KEY}
    assert steps[OTHER_KEY].commands.apply == (
        f"aws kms enable-key --region us-east-1 --key-id {OTHER_KEY}\n"
    )
    assert (steps[OTHER_KEY].account, steps[OTHER_KEY].findings) == ("111122223333", ())


def test_a_row_and_its_record_are_one_error_with_the_key_of_the_record():
    rows = export(row(event_name="Decrypt", error_code="DisabledException", event_id="event-9"))
    report = audit(disabled(OTHER_KEY, eventID="event-9"), rows=rows)
    assert [(error.keys, error.count) for error in report.other_errors] == [((OTHER_KEY,), 1)]


def test_a_row_without_account_and_region_is_the_error_of_its_record():
    header = [name for name in HEADER if name not in ("AWS region", "Recipient Account Id")]
    failed = {"event_name": "Decrypt", "error_code": "DisabledException", "event_id": "event-9"}
    report = audit(disabled(KEY_ARN, eventID="event-9"), rows=export(row(**failed), header=header))
    assert [(one.account, one.region, one.count) for one in report.other_errors] == [
        ("111122223333", "us-east-1", 1)
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_event_with_two_error_codes_is_one_error_in_any_order(order):
    rows = [row(**STATE | {"error_code": code}, event_id="event-9") for code in ("Zeta", "Alpha")]
    assert errors(*(rows[at] for at in order)) == [("Alpha", "Decrypt", 1)]


def test_a_row_alone_does_not_name_the_key_and_the_step_has_no_command():
    rows = export(row(event_name="Decrypt", error_code="DisabledException"), row())
    report = audit(rows=rows)
    assert [error.keys for error in report.other_errors] == [()]
    (step,) = [step for step in report.plan if step.kind == "key_state"]
    assert (step.target, step.commands.apply) == (None, "")


# --- counters of several processes


def event(name: str, **fields) -> Event:
    values = {"source": "kms.amazonaws.com", "time": time("07:00:00"), "region": "us-east-1"}
    return Event(file="a.csv", line=1, name=name, **(values | fields))


KEY_OF_EVENT = (Resource(type="AWS::KMS::Key", name=KEY_ARN),)
EVENTS = [
    event("Decrypt", read_only=True, account="111122223333"),
    event("Decrypt", read_only=True, time=time("09:00:00"), region="eu-west-1"),
    event("CreateGrant", read_only=False, source_inferred=True),
    event("DescribeKey", resources=KEY_OF_EVENT, account_cell="4.44456E+11"),
    event("AttachVolume", source="ec2.amazonaws.com", account="444455556666"),
    event("AttachVolume", source="ec2.amazonaws.com", account="444455556666"),
    event("GetObject", source="s3.amazonaws.com", account="777788889999"),
]
WINDOW = Window(start=time("06:59:00"), end=time("07:01:00"))


def facts_of(counter):
    return counter.result(
        (), DeniedEvents(None), Denials(), EvidenceIndex(), surroundings_incomplete=False
    )


def counted(*events: Event) -> CoverageCounter:
    counter = CoverageCounter(WINDOW)
    for one in events:
        counter.add(one)
    return counter


def test_a_counter_counts_what_matters():
    facts = facts_of(counted(*EVENTS))
    coverage = facts.coverage
    assert (coverage.kms_rows, coverage.read_only_rows, coverage.ec2_rows) == (4, 3, 2)
    assert coverage.regions == ("eu-west-1", "us-east-1")
    assert coverage.accounts == ("111122223333", "444455556666")
    assert coverage.shows_denials
    assert (facts.source_inferred, facts.repaired_accounts, facts.unknown_accounts) == (True, 0, 1)
    assert counted(*EVENTS).keys_seen.spellings == {KEY_ARN}


@pytest.mark.parametrize("split", range(len(EVENTS) + 1))
def test_two_counters_merged_count_what_one_counts(split):
    first, second = counted(*EVENTS[:split]), counted(*EVENTS[split:])
    first.merge(second)
    assert facts_of(first) == facts_of(counted(*EVENTS))
    assert first.keys_seen.spellings == {KEY_ARN}


def test_events_of_one_kind_are_added_at_once():
    counter = CoverageCounter(WINDOW)
    for one in EVENTS:
        counter.add(one, 7)
    coverage = facts_of(counter).coverage
    assert (coverage.kms_rows, coverage.read_only_rows, coverage.ec2_rows) == (28, 21, 14)
    outside = CoverageCounter(WINDOW)
    outside.add(EVENTS[1], 7)
    assert not facts_of(outside).coverage.shows_denials
