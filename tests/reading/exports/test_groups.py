"""Groups of rows: what a row is does not depend on the rows before it.

A row is judged by its cells, also where rows before it share its source and name, or its account.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ebs_kms_audit import audit
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.large import groups
from ebs_kms_audit.reading.exports.large.flags import CALL, COUNTED, DOUBT, FAILED, NEEDED
from ebs_kms_audit.reading.exports.large.groups import Groups
from ebs_kms_audit.reading.exports.large.index import index_rows
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.hashing import PAD
from tests.benchmark.generate import make_export
from tests.exports import HEADER, Row, denied, export, row, without

ACCOUNTS = ("111122223333", "444455556666", "")
REGIONS = ("us-east-1", "eu-west-1", "")
CALLS = ("DescribeInstances", "RunInstances")  # the second is relevant
COUNTED_CALL = COUNTED | CALL


def rows_of(accounts: tuple[str, ...] = ACCOUNTS, regions: tuple[str, ...] = REGIONS) -> list[Row]:
    """Return rows of each call, account and Region."""
    return [
        row(event_name=name, recipient_account_id=account, aws_region=region)
        for name, account, region in product(CALLS, accounts, regions)
    ]


KNOWN = rows_of()
HEADERS = {
    "as the console writes it": HEADER,
    "Region before the source": ["AWS region", *without("AWS region")],
    "all judged columns together": [
        *without("Event source", "Event name", "AWS region"),
        "Event source", "Event name", "AWS region",
    ],
    "account between source and name": [
        "Event source", "Recipient Account Id", "Event name",
        *without("Event source", "Event name", "Recipient Account Id"),
    ],
}  # fmt: skip
# Cells of a row, and the flags of rows that have them: of an ordinary call, and of a relevant one.
CASES: dict[str, tuple[dict[str, str], int, int]] = {
    "known": ({}, 0, COUNTED_CALL),
    "another Region": ({"aws_region": "ap-south-1"}, 0, COUNTED_CALL),
    "no known Region": ({"aws_region": "mars"}, 0, DOUBT),
    "no Region": ({"aws_region": "not a region"}, DOUBT, DOUBT),
    "another account": ({"recipient_account_id": "777788889999"}, 0, COUNTED_CALL),
    "account without zeros": ({"recipient_account_id": "1122223333"}, 0, COUNTED_CALL),
    "no account": ({"recipient_account_id": "Management"}, DOUBT, DOUBT),
    "account without digits": ({"recipient_account_id": "1.11122E+11"}, 0, COUNTED_CALL),
    "account and Region": (
        {"recipient_account_id": "1.11122E+11", "aws_region": "not a region"}, DOUBT, DOUBT,
    ),
    "account as a float": ({"recipient_account_id": "111122000000.0"}, 0, COUNTED_CALL),
    "Read-only in another language": ({"read_only": "WAHR"}, 0, COUNTED_CALL),
    "no Read-only": ({"read_only": "a b"}, DOUBT, DOUBT),
    "another category": ({"event_category": "Insight"}, 0, COUNTED_CALL),
    "no category": ({"event_category": "1"}, DOUBT, DOUBT),
    "another type": ({"event_type": "AwsServiceEvent"}, 0, COUNTED_CALL),
    "symptom": ({"error_code": "Client.UnauthorizedOperation"}, 0, COUNTED_CALL | FAILED),
    "denied": ({"error_code": "AccessDenied"}, 0, NEEDED),
    "another error": ({"error_code": "Client.InstanceLimitExceeded"}, 0, COUNTED_CALL),
    "source with spaces": ({"event_source": " ec2.amazonaws.com "}, 0, COUNTED_CALL),
    "another source": ({"event_source": "s3.amazonaws.com"}, 0, 0),
    "no name": ({"event_name": ""}, DOUBT, DOUBT),
    "long source": ({"event_source": "x" * 600}, DOUBT, DOUBT),
    "long type": ({"event_type": "x" * 600}, DOUBT, DOUBT),
}  # fmt: skip
each_case = pytest.mark.parametrize(("cells", "ordinary", "relevant"), CASES.values(), ids=CASES)
each_header = pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)


def with_cells(cells: dict[str, str]) -> list[Row]:
    """Return a row of each call, with these cells."""
    return [row(**{"event_name": name} | cells) for name in CALLS]


def flags_of(found: Groups, rows: list[Row], header: list[str]) -> list[int]:
    """Return the flags of rows that are in one block."""
    text = export(*rows, header=header, final_newline=True).partition("\n")[2].encode()
    buffer = bytearray(text + bytes(PAD))
    index = index_rows(buffer, 0, len(text), len(header), ord(","))
    of_rows = found.of_rows(buffer, index)
    found.count(of_rows.numbers)
    flags: list[int] = of_rows.flags.tolist()
    return flags


def groups_of(header: list[str]) -> Groups:
    found = Groups(Settings(Layout.of_header(header), ",", []))
    found.begin_range()
    return found


@each_header
@each_case
def test_flags_of_rows(
    header: list[str], cells: dict[str, str], ordinary: int, relevant: int
) -> None:
    found = groups_of(header)
    expected = [ordinary, relevant]
    assert flags_of(found, with_cells(cells), header) == expected
    assert flags_of(found, KNOWN, header) == [0] * 9 + [COUNTED_CALL] * 9
    assert flags_of(found, with_cells(cells), header) == expected
    assert flags_of(found, [*KNOWN, *with_cells(cells)], header)[-2:] == expected


@pytest.mark.parametrize(
    ("cell", "damaged"),
    [("1.11122E+11", True), ("1,11E+11", True), ("111122000000.0", True),
     ("111122223333", False), ("11122223333", False), ("", False)],
)  # fmt: skip
def test_groups_show_whether_account_ids_lost_digits(cell: str, damaged: bool) -> None:
    found = groups_of(HEADER)
    for expected in (damaged, damaged):  # what was judged in one range is known in the next
        found.begin_range()
        flags_of(found, [*KNOWN, row(recipient_account_id=cell)], HEADER)
        assert found.damaged is expected


@each_header
@pytest.mark.parametrize("sizes", [(600, 1_200), (200_000, 1_000_000)])
@each_case
def test_the_report_is_that_of_the_plain_reader(
    tiny: Any, tmp_path: Path, header: list[str], sizes: tuple[int, int],
    cells: dict[str, str], ordinary: int, relevant: int,
) -> None:  # fmt: skip
    path = tmp_path / "export.csv"
    made = [*KNOWN, *with_cells(cells), denied(), *with_cells(cells), denied("bob", **cells)]
    path.write_text(export(*made, header=header))
    tiny(None)
    expected = audit(path).to_dict()
    tiny(sizes)
    assert audit(path).to_dict() == expected


def test_ordinary_rows_are_judged_by_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 accounts and 10 Regions: 200 pairs of which each is counted, and 30 texts are judged."""
    parsed: list[bytes] = []
    cells = Settings.cells

    def count_and_parse(settings: Settings, line: bytes) -> list[str]:
        parsed.append(line)
        return cells(settings, line)

    monkeypatch.setattr(Settings, "cells", count_and_parse)
    accounts = tuple(f"1111222233{number:02}" for number in range(20))
    regions = tuple(f"eu-west-{number}" for number in range(10))
    found = groups_of(HEADER)
    rows = rows_of(accounts, regions)[:200]
    assert flags_of(found, rows * 2, HEADER) == [0] * 400
    assert len(parsed) == 30
    assert list(found.counted()) == []


@pytest.mark.parametrize("kept", [0, 20])
def test_groups_that_are_forgotten_are_judged_again(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    path = Path(make_export(tmp_path, 0.5).path)
    tiny(None)
    expected = audit(path).to_dict()
    monkeypatch.setattr(groups, "_KEPT", kept)
    tiny((20_000, 50_000))
    assert audit(path).to_dict() == expected


def test_more_groups_than_slots() -> None:
    """Rows of groups that share a slot are told apart by their hashes."""
    accounts = tuple(f"{number:012}" for number in range(3_000))
    relevant = rows_of(accounts, REGIONS)[9_000:]
    found = groups_of(HEADER)
    for _ in range(2):
        assert flags_of(found, relevant, HEADER) == [COUNTED_CALL] * 9_000
    assert [count for _, _, count in found.counted()] == [2] * 9_000


def test_the_text_of_a_group_is_yielded_once() -> None:
    """It is yielded for the first range with the group. Later ranges yield the count only."""
    found = groups_of(HEADER)
    runs = row(event_name="RunInstances")
    stops = row(event_name="AttachVolume")
    yielded = []
    for rows in ([runs, runs], [runs, stops], [stops]):
        found.begin_range()
        flags_of(found, rows, HEADER)
        yielded.append([(text.decode(), count) for _, text, count in found.counted()])
    run, stop = (export(one).partition("\n")[2] for one in (runs, stops))
    assert yielded == [[(run, 2)], [("", 1), (stop, 1)], [("", 1)]]
