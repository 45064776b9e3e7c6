"""Event times in any form, of many rows at once.

The plain reader is the judge (`TimeReader`): it reads one text after the other.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.large.event_times import EventTimes
from ebs_kms_audit.reading.exports.large.index import index_rows
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.exports.rows import Row
from ebs_kms_audit.reading.hashing import PAD

HEADER = ["Event time", "Event source", "Event name", "Error code"]

AT_7 = datetime(2026, 5, 18, 7, 0, 34)
# Times that are read here, and what they are.
READ = {
    "2026-05-18T07:00:34Z": AT_7.replace(tzinfo=UTC),
    '"2026-05-18T07:00:34Z"': AT_7.replace(tzinfo=UTC),
    "2026-05-18T07:00:34.000Z": AT_7.replace(tzinfo=UTC),
    "2026-05-18T09:00:34+02:00": AT_7.replace(tzinfo=UTC),
    "2026-05-18T09:00+02:00": AT_7.replace(second=0, tzinfo=UTC),
    "2026-05-18T12:30+05:30": AT_7.replace(second=0, tzinfo=UTC),
    "2026-05-18T07:00:34+00:00": AT_7.replace(tzinfo=UTC),
    '"May 18, 2026, 09:00:34 (UTC+02:00)"': AT_7.replace(tzinfo=UTC),
    "2026-05-18 07:00:34": AT_7,
    "2026-05-18T07:00:34": AT_7,
    " 2026-05-18T07:00:34 ": AT_7,
    "18/05/2026 07:00:34": AT_7,
    "18.05.2026 07:00:34": AT_7,
    "18.5.2026 7.00.34": AT_7,
    "5/18/2026 7:00:34 AM": AT_7,
    "5/18/26 7:00:34 PM": AT_7.replace(hour=19),
    "5/18/2026 7:00": AT_7.replace(second=0),
    "46160.5": datetime(2026, 5, 18, 12),
}
# Times that are left to the plain reader, beside times with a zone.
IN_DOUBT = [
    "2026-05-18T07:00:34.123Z", "2026-05-18T07:00:60Z", "2026-05-18T07:00:99Z",
    "2026-05-18 07:00:34", "1969-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "noon", "", " ",
    "2026-05-18T07:00:3Z", "2026:05:18", "07:00:34", "x" * 60,
    "2026-05-18T07:00:34Z" + " " * 40, "2026-02-30T07:00:34Z", "2026-05-18T07:00:3éZ",
]  # fmt: skip


def read(cells: list[str], first: str) -> tuple[list[datetime], list[bool]]:
    """Read cells of a file whose first time is `first`: the times read, and which cells were."""
    settings = Settings(Layout.of_header(HEADER), ",", [Row(2, [first.strip('"'), "", "", ""])])
    times = EventTimes(settings)
    text = "".join(f"{cell},kms.amazonaws.com,Decrypt,\n" for cell in cells).encode()
    buffer = bytearray(text + bytes(PAD))
    index = index_rows(buffer, 0, len(text), len(HEADER), ord(","))
    assert len(index.delimiters) == len(cells)
    times.begin_range()
    seconds, sound = times.of_rows(buffer, index)
    zone = times.zone
    found = [
        datetime.fromtimestamp(one, UTC).replace(tzinfo=zone) for one in seconds[sound].tolist()
    ]
    return found, sound.tolist()


@pytest.mark.parametrize(("cell", "time"), READ.items(), ids=READ)
def test_times_in_any_form(cell: str, time: datetime) -> None:
    found, sound = read([cell] * 3, first=cell)
    assert (found, sound) == ([time] * 3, [True] * 3)


@pytest.mark.parametrize("cell", IN_DOUBT)
def test_times_that_are_left_to_the_plain_reader(cell: str) -> None:
    known = "2026-05-18T07:00:34Z"
    found, sound = read([known, cell, known], first=known)
    assert sound == [True, False, True]
    assert found == [READ[known]] * 2


def test_each_second_of_an_hour() -> None:
    cells = [f"18.05.2026 07:{n // 60:02}:{n % 60:02}" for n in range(3600)]
    found, sound = read(cells, first=cells[0])
    assert all(sound)
    begin = datetime(2026, 5, 18, 7)
    assert [(one - begin).total_seconds() for one in found] == list(np.arange(3600))
