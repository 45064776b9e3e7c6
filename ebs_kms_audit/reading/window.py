"""`around=` → the span of time that an audit looks at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import TimeReader, order_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import Window

_DEFAULT_MINUTES = 15
# A day as `date.fromisoformat` reads it, and a zone.
_DAY = r"([\dW]+(?:-[\dW]+)*?)\s*\(?(?:Z|UTC|GMT)?([+-]\d\d:?\d\d)?\)?"
_TIME_OF_DAY = r"(\d{1,2}):(\d\d)(?::(\d\d))?\s*(?:Z|UTC)?"
_EXAMPLES = "Examples: 2026-05-18T07:00:00Z, 07:00, 2026-05-18"


def window_around(around: str | date | None, minutes: float | None) -> Window | None:
    """Return the window of that many minutes (15) before and after a time; None without a time.

    Text is ISO 8601 or a time as the CloudTrail console shows it. A date is the whole day. What has
    no zone is in UTC. Raises UsageError for a text that is not a time, for minutes that are not a
    positive number, and for a date with minutes.
    """
    if around is None:
        return None
    midnight = _midnight(around)
    if midnight is not None and minutes is not None:
        raise UsageError(f"around: {around} is the whole day. Give a time, or leave out minutes")
    minutes = _DEFAULT_MINUTES if minutes is None else minutes
    if not 0 < minutes <= 366 * 24 * 60:
        raise UsageError(f"minutes: {minutes} is out of range. Give minutes, for example 15")
    from ebs_kms_audit.model import Window

    try:
        if midnight is not None:
            start = midnight.astimezone(UTC)
            return Window(start=start, end=start + (timedelta(days=1) - timedelta.resolution))
        moment = around if isinstance(around, datetime) else _parsed(str(around))
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        span = timedelta(minutes=minutes)
        return Window(start=moment - span, end=moment + span)
    except OverflowError as error:
        raise UsageError(f"around: {around} is out of range") from error


def _midnight(around: str | date) -> datetime | None:
    """Return the begin of a day; None for a text or an object that names a time."""
    if isinstance(around, datetime):
        return None
    if isinstance(around, date):
        return datetime.combine(around, time(), tzinfo=UTC)
    if not (match := re.fullmatch(_DAY, around.strip())):
        return None
    try:
        day = date.fromisoformat(match[1])
        return datetime.fromisoformat(f"{day}T00:00:00{match[2] or '+00:00'}")
    except ValueError:
        return None


def time_of_day(around: str | date | None) -> time | None:
    """Return the time of a text such as `09:00`, which names no day; None for anything else.

    Raises UsageError for an hour, minute or second that no clock has.
    """
    match = re.fullmatch(_TIME_OF_DAY, around.strip()) if isinstance(around, str) else None
    if match is None:
        return None
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError as error:
        raise UsageError(f"around: {around} is not a time of day. {_EXAMPLES}") from error


def on_the_only_day(moment: time, files: Iterable[InputStats]) -> datetime:
    """Return the time on the day of the newest row, in UTC.

    Raises UsageError if the rows are of more than one day, or if none has a time.
    """
    times = [order_of(one) for file in files for one in (file.first, file.last) if one]
    if not times:
        raise UsageError(f"around: no row has a time, so the day is unknown. {_EXAMPLES}")
    first, last = min(times), max(times)
    if first.date() != last.date():
        raise UsageError(
            f"around: the input spans {first:%Y-%m-%d} to {last:%Y-%m-%d}. Give the day too: "
            f"{last:%Y-%m-%d}T{moment:%H:%M:%S}Z"
        )
    return datetime.combine(last.date(), moment, tzinfo=UTC)


def _parsed(text: str) -> datetime:
    text = text.strip()
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        reader = TimeReader()
        found = reader.read(text)
    if found is None or reader.guessed_order:
        raise UsageError(f"around: {text!r} is not a time. {_EXAMPLES}")
    return found
