"""`around=`: which texts are a time, and on which day a time of day is."""

from datetime import UTC, date, datetime

import pytest

import ebs_kms_audit
from ebs_kms_audit import UsageError
from ebs_kms_audit.model import Window
from ebs_kms_audit.reading.window import window_around
from tests.records import log, record
from tests.rows import export, row

SEVEN = datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    "around",
    [
        "2026-05-18T07:00:34Z",
        "2026-05-18T09:00:34+02:00",
        "2026-05-18 07:00:34",
        "2026-05-18 07:00:34 UTC",
        # The console's own formats: the detail page, and the list of 2020.
        "May 18, 2026, 07:00:34 (UTC+00:00)",
        "May 18, 2026, 09:00:34 (UTC+02:00)",
        "2026-05-18, 07:00:34 AM",
        " 2026-05-18T07:00:34Z ",
    ],
)
def test_a_time_is_read_as_people_copy_it(around):
    window = window_around(around, 1)
    assert window is not None
    assert window.start < SEVEN < window.end
    assert (window.start + (window.end - window.start) / 2) == SEVEN


def at(day, clock, micro=0):
    return datetime.fromisoformat(f"2026-05-{day}T{clock}Z").replace(microsecond=micro)


# A day lasts from midnight to midnight in its zone (ISO 8601, calendar dates).
@pytest.mark.parametrize(
    ("around", "start", "end"),
    [
        ("2026-05-18", at(18, "00:00:00"), at(18, "23:59:59", 999_999)),
        (" 2026-05-18 ", at(18, "00:00:00"), at(18, "23:59:59", 999_999)),
        ("2026-05-18Z", at(18, "00:00:00"), at(18, "23:59:59", 999_999)),
        ("2026-05-18 UTC", at(18, "00:00:00"), at(18, "23:59:59", 999_999)),
        ("20260518", at(18, "00:00:00"), at(18, "23:59:59", 999_999)),
        ("2026-W21-1", at(18, "00:00:00"), at(18, "23:59:59", 999_999)),
        ("2026-05-18+02:00", at(17, "22:00:00"), at(18, "21:59:59", 999_999)),
        ("2026-05-18-08:00", at(18, "08:00:00"), at(19, "07:59:59", 999_999)),
        ("2026-05-18 -0800", at(18, "08:00:00"), at(19, "07:59:59", 999_999)),
        ("2026-05-18 (UTC+02:00)", at(17, "22:00:00"), at(18, "21:59:59", 999_999)),
        (date(2026, 5, 18), at(18, "00:00:00"), at(18, "23:59:59", 999_999)),
    ],
)
def test_a_date_is_the_whole_day(around, start, end):
    assert window_around(around, None) == Window(start=start, end=end)


@pytest.mark.parametrize(
    "around",
    ["2026-05-18T00:00", datetime(2026, 5, 18), datetime(2026, 5, 18, tzinfo=UTC)],
)
def test_midnight_is_a_time(around):
    window = Window(start=at(17, "23:45:00"), end=at(18, "00:15:00"))
    assert window_around(around, None) == window_around(around, 15) == window


@pytest.mark.parametrize("around", ["2026-05-18", date(2026, 5, 18)])
def test_a_day_with_minutes_is_a_contradiction(around):
    with pytest.raises(UsageError, match=r"2026-05-18 is the whole day. Give a time, or leave out"):
        window_around(around, 15)


@pytest.mark.parametrize("around", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_of_the_calendar_are_days(around):
    window = window_around(around, None)
    assert window is not None
    assert f"{window.start.date()} {window.end.date()}" == f"{around} {around}"


@pytest.mark.parametrize("around", ["0001-01-01+02:00", "9999-12-31-02:00"])
def test_a_day_outside_of_the_calendar_is_rejected(around):
    with pytest.raises(UsageError, match="out of range"):
        window_around(around, None)


@pytest.mark.parametrize(
    "around",
    [
        "yesterday",
        "",
        "07:00",
        "5/6/2026 7:00",
        "2026-13-01",
        "2026",
        "2026-05",
        "2026-05-32",
        "2026-05-18+25:00",
    ],
)
def test_what_names_no_moment_is_rejected_with_an_example(around):
    with pytest.raises(UsageError, match=r"2026-05-18T07:00:00Z, 07:00, 2026-05-18$"):
        window_around(around, None)


def kept(tmp_path, times, around):
    path = tmp_path / "export.csv"
    path.write_text(export(*(row(event_time=time) for time in times)).read(), encoding="utf-8")
    report = ebs_kms_audit.audit(path, around=around, minutes=1)
    return [f"{d.event.time:%H:%M:%S}" for finding in report.findings for d in finding.denials]


TIMES = ["2026-05-18T06:58:59Z", "2026-05-18T06:59:00Z", "2026-05-18T07:01:00Z",
         "2026-05-18T07:01:01Z"]  # fmt: skip


@pytest.mark.parametrize("around", ["07:00", "7:00", "07:00:00", "07:00Z", "07:00 UTC"])
def test_a_time_of_day_is_on_the_day_of_the_rows(tmp_path, around):
    assert kept(tmp_path, TIMES, around) == ["06:59:00", "07:01:00"]


DAY = ["2026-05-17T23:59:59Z", "2026-05-18T00:00:00Z", "2026-05-18T12:00:00Z",
       "2026-05-18T23:59:59Z", "2026-05-19T00:00:00Z"]  # fmt: skip


@pytest.mark.parametrize("rows", [1, 30_000], ids=["plain reader", "large reader"])
def test_both_ends_of_a_day_are_in_it(tmp_path, rows):
    others = [row(event_time="2026-05-18T06:00:00Z", error_code="")] * rows
    path = tmp_path / "export.csv"
    path.write_text(export(*(row(event_time=one) for one in DAY), *others).read())
    report = ebs_kms_audit.audit(path, around="2026-05-18")
    times = [f"{d.event.time:%d %H:%M:%S}" for f in report.findings for d in f.denials]
    assert sorted(times) == ["18 00:00:00", "18 12:00:00", "18 23:59:59"]
    assert report.coverage.denials_outside_window == 2
    assert "2 more denied calls are outside 2026-05-18 00:00:00–23:59:59 UTC." in " ".join(
        str(report).split()
    )


@pytest.mark.parametrize("kind", ["export", "records"])
def test_what_is_outside_of_the_window_is_counted(tmp_path, kind):
    """Both ends belong to the window, in an export and in a log."""
    if kind == "export":
        (tmp_path / "x.csv").write_text(export(*(row(event_time=one) for one in TIMES)).read())
    else:
        records = [record(eventTime=one, eventID=one) for one in TIMES]
        (tmp_path / "x.json").write_text(log(*records).read())
    around = datetime(2026, 5, 18, 7, 0, tzinfo=UTC)
    coverage = ebs_kms_audit.audit(tmp_path, around=around, minutes=1).coverage
    assert (coverage.denials, coverage.denials_outside_window) == (2, 2)
    assert coverage.window == Window(
        start=datetime(2026, 5, 18, 6, 59, tzinfo=UTC), end=datetime(2026, 5, 18, 7, 1, tzinfo=UTC)
    )
    assert coverage.rows_read == coverage.events + coverage.rows_set_aside == 4


def test_a_time_of_day_is_an_error_if_the_rows_are_of_two_days(tmp_path):
    with pytest.raises(UsageError, match="spans 2026-05-17 to 2026-05-18") as raised:
        kept(tmp_path, [*TIMES, "2026-05-17T23:59:59Z"], "07:00")
    assert "2026-05-18T07:00:00Z" in str(raised.value)


@pytest.mark.parametrize("around", ["24:00", "12:60"])
def test_a_time_that_no_clock_has_is_an_error(tmp_path, around):
    with pytest.raises(UsageError, match="not a time of day"):
        kept(tmp_path, TIMES, around)


def test_a_time_of_day_needs_an_input_that_can_be_read_twice():
    with pytest.raises(UsageError, match="can be read only once"):
        ebs_kms_audit.audit(export(row()), around="07:00")


def test_a_time_of_day_needs_a_row_with_a_time(tmp_path):
    with pytest.raises(UsageError, match="no row has a time"):
        kept(tmp_path, ["", ""], "07:00")
