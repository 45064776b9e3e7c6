"""Times in one zone; changes before a denial and other KMS errors: which are kept, in what order.

The number of changes and errors is this project's choice; each list says what it leaves out.
"""

from datetime import UTC, datetime, timedelta

import pytest

from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.answer import answer_of
from ebs_kms_audit.render.text import render
from ebs_kms_audit.render.timeline import timeline_of
from tests.records import ACCOUNT, KEY_ARN, audit, record
from tests.render.page import Page
from tests.rows import audit as audit_rows
from tests.rows import row

AT = datetime(2026, 5, 18, 7, 0, 34)
IN_UTC = AT.replace(tzinfo=UTC)
NEXT_DAY = AT + timedelta(days=1)
UNKNOWN_ZONE = ", time zone unknown"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (AT.replace(tzinfo=UTC), "2026-05-18 07:00:34 UTC"),
        (AT, "2026-05-18 07:00:34"),
        (None, "at an unknown time"),
    ],
)
def test_a_time_says_its_zone_if_it_is_known(moment, text):
    assert phrases.time(moment) == text


@pytest.mark.parametrize(
    ("first", "last", "text", "zone"),
    [
        (AT, AT, "2026-05-18 07:00:34", UNKNOWN_ZONE),
        (AT, None, "2026-05-18 07:00:34", UNKNOWN_ZONE),
        (None, AT, "2026-05-18 07:00:34", UNKNOWN_ZONE),
        (None, None, "at an unknown time", ""),
        (IN_UTC, None, "2026-05-18 07:00:34 UTC", ""),
        (IN_UTC, IN_UTC + timedelta(hours=1), "2026-05-18 07:00:34–08:00:34 UTC", ""),
        (IN_UTC, IN_UTC + timedelta(days=1),
         "2026-05-18 07:00:34 UTC – 2026-05-19 07:00:34 UTC", ""),
        (AT, AT + timedelta(hours=1), "2026-05-18 07:00:34–08:00:34", UNKNOWN_ZONE),
        (IN_UTC, AT + timedelta(hours=1),
         "2026-05-18 07:00:34 UTC – 2026-05-18 08:00:34 (time zone unknown)", ""),
        (AT, IN_UTC + timedelta(hours=1),
         "2026-05-18 07:00:34 (time zone unknown) – 2026-05-18 08:00:34 UTC", ""),
        (AT, NEXT_DAY, "2026-05-18 07:00:34 – 2026-05-19 07:00:34", UNKNOWN_ZONE),
    ],
)  # fmt: skip
def test_a_span_writes_date_and_zone_once(first, last, text, zone):
    assert phrases.span(first, last) == text
    assert phrases.unknown_zone(first, last) == zone


@pytest.mark.parametrize(
    ("moment", "day", "text"),
    [
        (AT.replace(tzinfo=UTC), NEXT_DAY, "2026-05-18 07:00:34 UTC"),
        (AT, AT + timedelta(hours=9), "07:00:34"),
        (AT, None, "2026-05-18 07:00:34"),
        (None, AT, "unknown"),
    ],
)
def test_the_time_of_day_is_enough_on_the_same_day(moment, day, text):
    assert phrases.clock(moment, day) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute"),
        (119, "1 minute"), (120, "2 minutes"), (3_599, "59 minutes"), (3_600, "1 hour"),
        (86_399, "23 hours"), (86_400, "1 day"), (172_800, "2 days"),
    ],
)  # fmt: skip
def test_how_long_before(seconds, text):
    later = AT.replace(tzinfo=UTC) if seconds % 2 else AT
    assert phrases.before(AT, later + timedelta(seconds=seconds)) == text


# CloudTrail writes UTC; other tools write an offset, or none.
@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("2026-05-18T07:00:34Z", "2026-05-18 07:00:34 UTC"),
        ("2026-05-18T09:00:34+02:00", "2026-05-18 07:00:34 UTC"),
        ("2026-05-17T23:00:34-08:00", "2026-05-18 07:00:34 UTC"),
        ("2026-05-18 07:00:34", "2026-05-18 07:00:34, time zone unknown"),
    ],
)
def test_an_offset_is_shown_as_utc_in_every_format(cell, shown):
    report = audit_rows(row(event_time=cell))
    assert shown in str(report)
    assert shown in Page(report._repr_html_()).text
    zone = "Z" if "UTC" in shown else ""
    assert report.to_dict()["findings"][0]["first_seen"] == f"2026-05-18T07:00:34{zone}"


SOME_UNKNOWN = "The time zone of some rows is unknown: their times are shown without UTC."


@pytest.mark.parametrize(
    ("denied", "later", "said"),
    [
        ("2026-05-18 07:00:34", "2026-05-18 09:00:00", "2026-05-18 07:00:34, time zone unknown"),
        # The last time is in UTC again, so that it is not marked in the span of what was read.
        ("2026-05-18T07:00:34Z", "2026-05-18 09:00:00", SOME_UNKNOWN),
        ("2026-05-18T07:00:34Z", "2026-05-18T09:00:00Z", None),
    ],
)
def test_an_unknown_time_zone_is_said_once(denied, later, said):
    last = denied.replace("07:", "10:")
    others = {"user_name": "bob", "error_code": ""}
    report = audit_rows(
        row(user_name="bob", event_time=denied),
        row(event_id="later", event_time=later, **others),
        row(event_id="last", event_time=last, **others),
    )
    for text in (report.to_text(), report.to_markdown(), Page(report._repr_html_()).text):
        words = text.partition("The input cannot show")[0].replace("`", "")
        answer = " ".join(words.partition("times_without_zone")[0].split())
        assert answer.count("time zone") == (said is not None)
        assert said is None or said in answer


@pytest.mark.parametrize("zone", ["Z", ""])
def test_the_text_of_one_finding_says_that_the_time_zone_is_unknown(zone):
    report = audit_rows(row(event_time=f"2026-05-18T07:00:34{zone}"))
    text = render(report, finding=report.findings[0].id)
    assert ("The time zone of the times is unknown." in text) == (not zone)


def change(number, minutes, **fields):
    time = datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC) - timedelta(minutes=minutes)
    who = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/carol{number}",
           "userName": f"carol{number}", "accountId": ACCOUNT}  # fmt: skip
    return record(
        **{"eventName": "PutKeyPolicy", "errorCode": "absent", "errorMessage": "absent",
           "eventID": f"change-{number}", "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
           "userIdentity": who, "resources": [{"ARN": KEY_ARN}]} | fields
    )  # fmt: skip


def test_the_latest_changes_before_the_denials_are_kept_in_order_of_time():
    shuffled = [change(n, n) for n in (5, 1, 4, 2, 6, 3)]
    report = audit(record(), *shuffled, change(9, -5))
    found = [text for text in answer_of(report).context if "carol" in text]
    assert found == [
        "carol2 changed the key policy (PutKeyPolicy, 2026-05-18 06:58:34 UTC), 2 minutes before "
        "the first denied call.",
        "carol1 changed the key policy (PutKeyPolicy, 2026-05-18 06:59:34 UTC), 1 minute before "
        "the first denied call.",
    ]


def test_one_change_that_concerns_two_findings_is_said_once():
    other = record(eventID="e2", userIdentity={"type": "IAMUser", "userName": "bob",
                   "arn": f"arn:aws:iam::{ACCOUNT}:user/bob"})  # fmt: skip
    report = audit(record(), other, change(1, 3))
    assert len(report.findings) == 2
    assert sum("carol1" in text for text in answer_of(report).context) == 1


def test_other_errors_are_listed_and_the_rest_is_counted():
    codes = [f"{name}Exception" for name in "NotFound A B C D E F".split()]
    errors = [record(errorCode=code, eventID=code) for code in codes]
    found = answer_of(audit(record(), *errors)).context
    assert len(found) == 6
    assert found[-1] == "2 more codes of other KMS errors: see --format json."


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["Decrypt"], "Decrypt failed with NotFoundException (1 call, 2026-05-18 07:00:00 UTC): "),
        (["Encrypt", "Decrypt", "Encrypt"],
         "Encrypt and Decrypt failed with NotFoundException (3 calls, "
         "2026-05-18 07:00:00–07:02:00 UTC): "),
        (["Encrypt", "Decrypt", "Sign", "Verify", "ReEncrypt"],
         "Encrypt, Decrypt, Sign and 2 more failed with NotFoundException (5 calls, "
         "2026-05-18 07:00:00–07:04:00 UTC): "),
    ],
)  # fmt: skip
def test_errors_of_one_code_are_said_once(names, said):
    errors = [
        record(eventName=name, errorCode="NotFoundException", eventID=f"e{n}",
               eventTime=f"2026-05-18T07:0{n}:00Z")
        for n, name in enumerate(names)
    ]  # fmt: skip
    (found,) = answer_of(audit(record(), *errors)).context
    assert found.startswith(said)


def test_an_error_that_a_step_names_is_not_repeated():
    errors = [
        record(eventName=name, errorCode=code, eventID=name, resources=[{"ARN": KEY_ARN}])
        for name, code in (("Decrypt", "DisabledException"), ("Encrypt", "NotFoundException"))
    ]
    report = audit(record(), *errors)
    (step,) = (step for step in report.plan if step.kind == "key_state")
    assert step.reasons == ("Decrypt failed with DisabledException.",)
    (context,) = answer_of(report).context
    assert context.startswith("Encrypt failed with NotFoundException (1 call, ")


@pytest.mark.parametrize(
    ("others", "seen"),
    [
        # On the day of the headline the time is enough.
        (["2026-05-18T06:00:00Z"], "06:00:00–07:00:34 UTC."),
        (["2026-05-19T06:00:00Z"], "2026-05-18 07:00:34 UTC – 2026-05-19 06:00:00 UTC."),
        (["2026-05-17T06:00:00Z"], "2026-05-17 06:00:00 UTC – 2026-05-18 07:00:34 UTC."),
        (["2026-05-17T06:00:00Z", "2026-05-19T06:00:00Z"],
         "2026-05-17 06:00:00 UTC – 2026-05-19 06:00:00 UTC."),
    ],
)  # fmt: skip
def test_what_was_read_has_the_date_unless_the_headline_has_it(others, seen):
    rows = [row(event_time=time, error_code="") for time in others]
    report = audit_rows(row(event_time="2026-05-18T07:00:34Z"), *rows)
    assert answer_of(report).read.rpartition("; ")[2] == seen


def test_the_timeline_keeps_the_latest_events_and_the_first_lanes():
    rows = [
        row(user_name=f"user{n // 20:02}", event_time=f"2026-05-18T0{n // 60}:{n % 60:02}:00Z")
        for n in range(280)
    ]
    events = timeline_of(audit_rows(*reversed(rows)).findings)
    assert len(events) == 200
    assert [events[0].text, events[-1].text] == [
        "CreateGrant by user04: AccessDenied", "CreateGrant by user13: AccessDenied",
    ]  # fmt: skip
    assert [one.time for one in events] == sorted(one.time for one in events)
    assert events[0].time == datetime(2026, 5, 18, 1, 20, tzinfo=UTC)

    rows = [row(user_name=f"u{n:02}", event_time=f"2026-05-18T00:{n:02}:00Z") for n in range(14)]
    lanes = [one.lane for one in timeline_of(audit_rows(*rows).findings)]
    assert lanes == [*(f"u{n:02}" for n in range(12)), "other callers", "other callers"]


def test_a_change_of_the_key_is_in_a_lane_of_its_own():
    events = timeline_of(audit(record(), change(1, 3)).findings)
    assert [(one.lane, str(one.mark), one.text) for one in events] == [
        ("key changes", "key change", "PutKeyPolicy by carol1"),
        ("deploy-7f3a", "denied KMS call", "CreateGrant by deploy-7f3a: AccessDenied"),
    ]


def test_a_change_after_the_first_denial_names_whose_denial_it_precedes():
    bob = {"type": "IAMUser", "userName": "bob", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob"}
    later = record(eventID="e2", eventTime="2026-05-18T07:10:34Z", userIdentity=bob)
    report = audit(record(), later, change(1, -5))
    assert [text for text in answer_of(report).context if "carol" in text] == [
        "carol1 changed the key policy (PutKeyPolicy, 2026-05-18 07:05:34 UTC), 5 minutes before "
        "the first denied call of bob."
    ]


@pytest.mark.parametrize(
    ("errors", "shown", "more"),
    [(1, 1, ""), (3, 3, ""), (4, 3, "1 more error"), (5, 3, "3 more errors")],
)
def test_errors_to_which_no_denial_belongs_do_not_bury_the_answer(errors, shown, more):
    """The most frequent ones are shown."""
    codes = ["Client.UnauthorizedOperation", "Client.InvalidKMSKey.InvalidState",
             "Client.CustomerKeyHasBeenRevoked", "Client.InternalError",
             "Client.InvalidKMSKey.NotFound"][-errors:]  # fmt: skip
    launches = [
        row(event_source="ec2.amazonaws.com", event_name="RunInstances", user_name=f"i-{n:017x}",
            error_code=code, event_time="2026-05-18T09:00:34Z", request_id=f"launch {code} {n}")
        for often, code in enumerate(codes)
        for n in range(len(codes) - often if errors < 5 else often + 1)
    ]  # fmt: skip
    text = " ".join(str(audit_rows(row(), *launches)).split())
    assert text.count(" ALSO ") == text.count("No denial belongs to th") == shown
    line = f"{more} to which no denial belongs: add --details."
    assert (line in text) == bool(more)


def test_a_change_is_before_the_denials_that_list_it():
    """Another Region has a later change and an earlier denial."""

    def at(time, region, **cells):
        return row(event_time=f"2026-05-18T{time}:00Z", aws_region=region, **cells)

    change = {"event_name": "RevokeGrant", "error_code": "", "user_name": "carol"}
    context = answer_of(
        audit_rows(
            at("06:00", "us-west-2", user_name="zoe"),
            at("06:50", "us-east-1", **change),
            at("06:55", "eu-west-1", **change),
            at("07:00", "eu-west-1", user_name="bob"),
            at("07:10", "us-east-1", user_name="alice"),
        )
    ).context
    assert [text.partition("UTC), ")[2] for text in context] == [
        "20 minutes before the first denied call of alice.",
        "5 minutes before the first denied call of bob.",
    ]
