"""Large exports that a spreadsheet saved: the vectorised reader gives the report of the plain one.

A spreadsheet writes account ids as 1.11122E+11, and times in the form of a country, without a
zone. The plain reader is the judge.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ebs_kms_audit import audit
from ebs_kms_audit.reading.exports.large.range_reader import RangeReader
from tests.exports import ACCOUNT, access_key, caveats, denied, export, row
from tests.reading.exports.test_large import CHECKS, ENDS, FILES, OTHER, S3, Lines, export_of, line

ROUNDS_ALIKE = "111122444444"
TIME = re.compile(r"2026-05-18T07:(\d\d):(\d\d)Z")
TIMES = {
    "console": r"2026-05-18T07:\1:\2Z",
    "JavaScript": r"2026-05-18T07:\1:\2.000Z",
    "offset": r"2026-05-18T09:\1:\2+02:00",
    "offset without seconds": r"2026-05-18T12:\1+05:30",
    "offset with seconds": r"2026-05-18T12:\1:\2+05:30:15",
    "no such second": r"2026-05-18T07:\1:9\2",
    "three digits": r"2026-05-18 07:\1:\g<2>0",
    "points": r"18.05.2026 07.\1.\2",
    "with words": r'"May 18, 2026, 07:\1:\2 AM (UTC+00:00)"',
    "space": r"2026-05-18 07:\1:\2",
    "no seconds": r"18/05/2026 07:\1",
    "month first": r"5/18/2026 7:\1:\2 AM",
    "guessed": r"5/6/2026 7:\1",
    "2019": r'"2026-05-18, 07:\1:\2 AM"',
    "serial": r"46160.3\1\2",
    "1960": r"1960-05-18 07:\1:\2",
}


def saved(text: str, form: str, first: int, damaged: int) -> str:
    """Write the times of lines from `first` on in a form; damage account ids from `damaged` on."""
    lines = text.split("\n")
    for number, one in enumerate(lines):
        if number >= first:
            lines[number] = one = TIME.sub(TIMES[form], one)
        if number >= damaged:
            for account in (ACCOUNT, OTHER, ROUNDS_ALIKE):
                for old in (f",{account},", f',"{account}",'):
                    one = one.replace(old, f",{account[0]}.{account[1:3]}E+11,")
            lines[number] = one
    return "\n".join(lines)


MALLORY = line(denied("mallory"))
TWICE: Lines = [
    (one, None) for one in (line(row(**S3)), line(row(**S3)), MALLORY, line(row()), MALLORY)
]
"""Two rows of one event: with `first` at 5, the second one has no zone."""

SOURCES: dict[str, Callable[[Path, str], Any]] = {
    "file": lambda path, _: path,
    "stream": lambda _, text: io.BytesIO(text.encode()),
}


@CHECKS
@given(
    lines=FILES,
    end=ENDS,
    sizes=st.tuples(st.integers(64, 3000), st.integers(64, 5000)),
    form=st.sampled_from([*TIMES]),
    first=st.integers(0, 6),
    damaged=st.integers(0, 6),
    source=st.sampled_from([*SOURCES]),
    window_of=st.sampled_from([None, None, "2026-05-18T07:03:00Z"]),
)
@example(lines=TWICE, end="\n", sizes=(64, 64), form="space", first=5, damaged=0, source="file",
         window_of="2026-05-18T07:03:00Z")  # fmt: skip
def test_the_report_is_that_of_the_plain_reader(
    tiny: Any, tmp_path_factory: Any, lines: Lines, end: str, sizes: tuple[int, int], form: str,
    first: int, damaged: int, source: str, window_of: str | None,
) -> None:  # fmt: skip
    text = saved(export_of(lines, end), form, first, damaged)
    path = tmp_path_factory.mktemp("large") / "export.csv"
    path.write_text(text, newline="", encoding="utf-8")
    options: dict[str, Any] = {"around": window_of, "minutes": 2} if window_of else {}
    tiny(None)
    expected = audit(SOURCES[source](path, text), **options).to_dict()
    tiny(sizes)
    assert audit(SOURCES[source](path, text), **options).to_dict() == expected


KEY_OF = {account: access_key("ASIA", account, "x") for account in (ACCOUNT, ROUNDS_ALIKE)}
DAMAGED = {"recipient_account_id": "1.11122E+11"}
DECRYPT = {"event_source": "kms.amazonaws.com", "event_name": "Decrypt"}
NO_KEY = denied("AutoScaling", aws_access_key="", **DAMAGED)


def shown_by(account: str, **cells: str) -> dict[str, str]:
    """Return a row with an access key of an account."""
    return row(**DECRYPT | {"aws_access_key": KEY_OF[account]} | cells)


ROLES = '[{"resourceType":"AWS::IAM::Role","resourceName":"arn:aws:iam::111122223333:role/r"}]'
LONG_TERM = shown_by(ACCOUNT, aws_access_key=access_key("AKIA", ACCOUNT, "x"), **DAMAGED)
# Rows beside a denial with a damaged account id and no access key, and the account of its finding:
# the one with more than half of the votes of the relevant rows (see `AccountVotes`).
SHOWN: dict[str, tuple[list[dict[str, str]], str | None]] = {
    "nothing": ([], None),
    "a relevant row": ([shown_by(ACCOUNT, **DAMAGED)], ACCOUNT),
    "a relevant row, quoted and with spaces": (
        [shown_by(ACCOUNT, aws_access_key=f" {KEY_OF[ACCOUNT]} ", **DAMAGED)], ACCOUNT),
    "two of three rows": (
        [shown_by(ROUNDS_ALIKE, **DAMAGED), *[shown_by(ACCOUNT, **DAMAGED)] * 2], ACCOUNT),
    "one of two rows": (
        [shown_by(ROUNDS_ALIKE, **DAMAGED), shown_by(ACCOUNT, **DAMAGED)], None),
    "rows that are not relevant": (
        [row(**S3 | DAMAGED | {"aws_access_key": KEY_OF[ACCOUNT]})] * 3, None),
    "a long-term key of such a row": ([row(**S3 | DAMAGED | {
        "aws_access_key": LONG_TERM["AWS access key"]})], ACCOUNT),
    "a long-term key counts once": (
        [LONG_TERM] * 9 + [shown_by(ROUNDS_ALIKE, **DAMAGED)] * 2, ROUNDS_ALIKE),
    "ARNs": ([row(**DECRYPT | {"aws_access_key": "", "resources": ROLES} | DAMAGED)], ACCOUNT),
    "each ARN": (
        [row(**DECRYPT | {"aws_access_key": "", "resources": ROLES} | DAMAGED)] * 2
        + [shown_by(ROUNDS_ALIKE, **DAMAGED)], ACCOUNT),
    "long texts": (
        [row(**DECRYPT | {"resources": ROLES.replace("role/r", "role/" + "r" * 700)} | DAMAGED,
             aws_access_key="A" * 700)] * 2 + [shown_by(ROUNDS_ALIKE, **DAMAGED)], ACCOUNT),
}  # fmt: skip


@pytest.mark.parametrize("first", [0, 600], ids=["damaged from the start", "damaged later"])
@pytest.mark.parametrize("sizes", [None, (300, 700), (100_000, 200_000)])
@pytest.mark.parametrize(("rows", "account"), SHOWN.values(), ids=SHOWN)
def test_a_damaged_account_id_is_repaired_from_the_rows_of_the_whole_file(
    tiny: Any, tmp_path: Path, rows: list[dict[str, str]], account: str | None,
    sizes: tuple[int, int] | None, first: int,
) -> None:  # fmt: skip
    path = tmp_path / "export.csv"
    plain = row(**S3 | {"aws_access_key": ""})
    path.write_text(export(*[plain] * first, *rows, NO_KEY))
    tiny(sizes)
    report = audit(path).to_dict()
    assert [one["account"] for one in report["findings"]] == [account]
    assert report["coverage"]["accounts"] == ([account] if account else [])
    repaired = "Repaired: 1 id. Unknown: 0 ids." if account else "Repaired: 0 ids. Unknown: 1 id."
    assert repaired in caveats(report)["account_id_damaged"]


@pytest.mark.parametrize(
    "form", ["console", "space", "no seconds", "month first", "2019", "serial"]
)
def test_the_plain_reader_is_not_asked(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Damaged ids and times of one form are read by the vectorised reader alone."""
    path = tmp_path / "export.csv"
    rows = [row(**S3), shown_by(ACCOUNT), NO_KEY] * 40
    path.write_text(saved(export(*rows, final_newline=True), form, 0, 0))
    tiny(None)
    expected = audit(path).to_dict()
    asked: list[int] = []
    monkeypatch.setattr(RangeReader, "_read_plainly", lambda *_: asked.append(1))
    tiny((1_500, 4_000))
    assert audit(path).to_dict() == expected
    assert not asked
    assert expected["findings"][0]["account"] == ACCOUNT


THROTTLED = DECRYPT | {"error_code": "ThrottlingException"}


@pytest.mark.parametrize("sizes", [None, (300, 700), (100_000, 200_000)])
@pytest.mark.parametrize(
    ("form", "count", "last"),
    [("console", 2, "2026-05-18T07:01:00Z"), ("space", 5, "2026-05-18T07:12:00")],
)
def test_a_failed_call_without_a_zone_is_in_every_window(
    tiny: Any, tmp_path: Path, sizes: tuple[int, int] | None, form: str, count: int, last: str
) -> None:
    """Two calls are at the time of the window, and three after it."""
    path = tmp_path / "export.csv"
    calls = [
        row(**THROTTLED, event_time=f"2026-05-18T07:{m}:00Z") for m in ("00", "01", 10, 11, 12)
    ]
    path.write_text(saved(export(*calls, denied(), final_newline=True), form, 0, 99))
    tiny(sizes)
    (error,) = audit(path, around="2026-05-18T07:00:00Z", minutes=2).other_errors
    found = error.count, error.last_seen and error.last_seen.isoformat().replace("+00:00", "Z")
    assert found == (count, last)


def test_the_time_of_a_failed_call_is_the_one_with_a_zone(tiny: Any, tmp_path: Path) -> None:
    call = row(**THROTTLED)
    for name, form in (("1.csv", "space"), ("2.csv", "console")):
        (tmp_path / name).write_text(saved(export(call, denied()), form, 0, 99))
    for sizes in (None, (300, 700)):
        tiny(sizes)
        (error,) = audit(tmp_path).other_errors
        assert error.count == 1
        assert error.first_seen == error.last_seen == datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC)


def test_a_change_with_spaces_around_its_event_id_is_one_event(tiny: Any, tmp_path: Path) -> None:
    cells = {"event_source": "kms.amazonaws.com", "event_name": "RetireGrant"}
    for name, event_id in (("1.csv", "one"), ("2.csv", " one")):
        change = row(**cells, event_id=event_id)
        (tmp_path / name).write_text(export(change, denied(event_time="2026-05-18T07:01:00Z")))
    for sizes in (None, (300, 700)):
        tiny(sizes)
        assert audit(tmp_path).to_dict()["findings"][0]["history"]["changes_count"] == 1
