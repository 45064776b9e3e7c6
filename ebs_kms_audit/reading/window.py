"""`around=` → the span of time that an audit looks at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Window


def window_around(around: str | datetime | None, minutes: float) -> Window | None:
    """Return the window of that many minutes before and after a time; None without a time.

    Text is ISO 8601; a time without a zone is taken as UTC. Raises UsageError for what is no time
    and for minutes that are no positive number.
    """
    if around is None:
        return None
    if not 0 < minutes <= 366 * 24 * 60:
        raise UsageError(f"minutes: {minutes} is out of range; give minutes, 15 for example")
    time = around if isinstance(around, datetime) else _parse(around)
    try:
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        span = timedelta(minutes=minutes)
        return Window(start=time - span, end=time + span)
    except OverflowError as error:
        raise UsageError(f"around: {around} is out of range") from error


def _parse(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError as error:
        raise UsageError(
            f"around: {text!r} is no time; write it like 2026-05-18T07:00:00Z"
        ) from error
