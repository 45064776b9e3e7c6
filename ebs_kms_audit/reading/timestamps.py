"""Event time cells → datetime: in UTC if the cell has a zone, otherwise naive.

The console writes ISO 8601 with Z. In 2019 and 2020 it wrote the local time of the browser, without
a zone. Spreadsheets write both in the format of their country.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

_CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:\.\d+)?)?"
_HALF = r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
_ZONE = r"(?:\s*\(?(?P<zone>Z|UTC|GMT)?(?P<offset>[+-]\d\d:?\d\d)?\)?)?"
# Patterns for `re`, which caches compiled patterns. An unchanged export needs none of them.
_NUMERIC = (
    rf"(?P<a>\d{{1,4}})(?P<mark>[./-])(?P<b>\d{{1,2}})(?P=mark)(?P<c>\d{{1,4}})"
    rf"(?:,?\s+|T){_CLOCK}{_HALF}{_ZONE}"
)
_WORDED = (
    r"(?P<month>[A-Z][a-z]{2})[a-z]*\.? (?P<day>\d{1,2}), (?P<year>\d{4}),? "
    rf"{_CLOCK}{_HALF}{_ZONE}"
)
_SERIAL = r"[45]\d{4}[.,]\d+"
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_SPREADSHEET_EPOCH = datetime(1899, 12, 30)


class TimeReader:
    """Reads the Event time cells of one file.

    In `5/6/2026` the order of day and month is unknown. The other cells of the file decide. If they
    do not, the first number is the month (in a file with semicolons the day), and `guessed_order`
    is then True.
    """

    def __init__(self, sample: Iterable[str] = (), *, day_first_by_default: bool = False) -> None:
        firsts, seconds = [0], [0]
        for cell in sample:
            if cell[:4].isdecimal():  # the year comes first
                continue
            match = re.fullmatch(_NUMERIC, cell.strip())
            if match and len(match["a"]) < 3:
                firsts.append(int(match["a"]))
                seconds.append(int(match["b"]))
        self._certain = max(firsts) > 12 or max(seconds) > 12
        self._day_first = max(firsts) > 12 or (not self._certain and day_first_by_default)
        self.guessed_order = False

    def read(self, cell: str) -> datetime | None:
        """Return the time; None if the cell holds no time."""
        text = cell.strip()
        try:
            if len(text) >= 16 and text[4] == "-":
                return _in_utc(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            pass
        try:
            return self._read_other(text)
        except (ValueError, OverflowError):
            return None

    def _read_other(self, text: str) -> datetime | None:
        if match := re.fullmatch(_WORDED, text):
            month = _MONTHS.index(match["month"]) + 1
            return _at(match, int(match["year"]), month, int(match["day"]))
        if match := re.fullmatch(_NUMERIC, text):
            return _at(match, *self._date(match))
        if re.fullmatch(_SERIAL, text):
            days = float(text.replace(",", "."))
            return _SPREADSHEET_EPOCH + timedelta(seconds=round(days * 86400))
        return None

    def _date(self, match: re.Match[str]) -> tuple[int, int, int]:
        a, b, c = int(match["a"]), int(match["b"]), int(match["c"])
        if len(match["a"]) == 4:
            return a, b, c
        year = c + 2000 if len(match["c"]) == 2 else c
        if match["mark"] == "." or a > 12:
            return year, b, a
        if b > 12:
            return year, a, b
        self.guessed_order = self.guessed_order or not self._certain
        return (year, b, a) if self._day_first else (year, a, b)


def _at(match: re.Match[str], year: int, month: int, day: int) -> datetime:
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    time = datetime(year, month, day, hour, int(match["minute"]), int(match["second"] or 0))
    if match["offset"]:
        sign = -1 if match["offset"][0] == "-" else 1
        hours, minutes = int(match["offset"][1:3]), int(match["offset"][-2:])
        time -= sign * timedelta(hours=hours, minutes=minutes)
    return time.replace(tzinfo=UTC) if match["zone"] or match["offset"] else time


def _in_utc(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo not in (None, UTC) else time


def time_in(seconds: float, zone: timezone | None) -> datetime:
    """Return a time by its seconds since 1970, in UTC or without a zone, as `Event.seconds` has."""
    time = datetime.fromtimestamp(seconds, UTC)
    return time if zone is UTC else time.replace(tzinfo=zone)


def order_of(time: datetime) -> datetime:
    """Return a key to sort by: a time without a zone counts as UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)
