"""Rows with quoted cells by the vectorised reader."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from ebs_kms_audit import audit
from ebs_kms_audit.reading import Reading
from tests.exports import ACCOUNT, HEADER, access_key, denied, row
from tests.reading.exports.test_large import (
    DENIED,
    EC2,
    FIELDS,
    KMS,
    LONG_TERM,
    S3,
    line,
    report,
)


@pytest.mark.parametrize(
    "quoted",
    [(), HEADER, [name for name in HEADER if name != "Recipient Account Id"], ["Event time"],
     ["AWS access key"], ["Error code", "Resources"]],
    ids=["none", "all", "all texts", "times", "access keys", "empty cells"],
)  # fmt: skip
def test_rows_with_quoted_cells_are_only_counted(
    tiny: Any, tmp_path: Path, quoted: Collection[str]
) -> None:
    """PowerShell's Export-Csv quotes all cells, and R's write.csv all texts."""
    path = tmp_path / "export.csv"
    decrypt = KMS | {"event_name": "Decrypt"}
    rows = [line(row(**one), quoted) for one in [S3, S3 | LONG_TERM, EC2, decrypt] * 20]
    path.write_text("\n".join([",".join(HEADER), *rows]))
    tiny((50_000, 400_000))
    reading = Reading(str(path))
    assert list(reading.read()) == []
    assert sum(count for _, count in reading.counted) == 40


@pytest.mark.parametrize("first", range(len(HEADER)))
def test_the_report_does_not_depend_on_quotes(tiny: Any, tmp_path: Path, first: int) -> None:
    """Each column is the last one in one of the files: a row that begins with a quote is next."""
    header = [*HEADER[first:], *HEADER[:first]]
    path = tmp_path / "export.csv"
    rows = [denied(**one) for one in DENIED] + [row(**one) for one in FIELDS]
    rows = [
        one | {"Event time": f"2026-05-18T07:{at // 20:02}:{at % 20:02}Z"}
        for at, one in enumerate(rows)
    ]

    def write(*quoted: Collection[str]) -> None:
        lines = [line(one, quoted[at % len(quoted)], header) for at, one in enumerate(rows)]
        path.write_text("\n".join([",".join(header), *lines]), newline="", encoding="utf-8")

    write(())
    tiny(None)
    expected = report(path)
    for quoted in ([()], [header], [(), header], [header[::2], header[1::2]]):
        write(*quoted)
        for sizes in (None, (1_500, 4_000)):
            tiny(sizes)
            assert report(path) == expected


@pytest.mark.parametrize("quoted", [(), HEADER])
def test_a_long_term_key_in_quotes(tiny: Any, tmp_path: Path, quoted: Collection[str]) -> None:
    path = tmp_path / "export.csv"
    by_bob = denied("bob", aws_access_key=access_key("ASIA", ACCOUNT, "bob"))
    rows = [by_bob, row(**S3 | LONG_TERM | {"user_name": "bob"})]
    path.write_text("\n".join([",".join(HEADER), *(line(one, quoted) for one in rows)]))
    tiny((64, 4_000))
    assert audit(path).findings[0].principal.arn == f"arn:aws:iam::{ACCOUNT}:user/bob"


@pytest.mark.parametrize(
    "missing", [name for name in HEADER if name not in ("Event name", "Error code")]
)
def test_quotes_are_not_those_of_a_missing_column(tiny: Any, tmp_path: Path, missing: str) -> None:
    """Scripts leave columns out and quote all cells: 40 calls of each kind are 40 events."""
    header = [name for name in HEADER if name != missing]
    kinds: list[dict[str, str]] = [
        KMS | {"event_name": "Decrypt", "error_code": "ThrottlingException"},
        KMS | {"event_name": "Decrypt", "error_code": "DisabledException"} | LONG_TERM,
        KMS | {"event_name": "RevokeGrant", "user_name": "carol"}, EC2, S3 | LONG_TERM,
        KMS | {"event_name": "Decrypt", "error_code": "AccessDenied"},
    ]  # fmt: skip
    rows = [
        row(**one, event_id=f"{kind}-{at}", request_id=f"{kind}-{at}")
        | {"Event time": f"2026-05-18T07:00:{at:02}Z"}
        for at in range(40)
        for kind, one in enumerate(kinds)
    ]
    path = tmp_path / "export.csv"
    lines = [",".join(header), *(line(one, header, header) for one in rows)]
    path.write_text("\n".join(lines), newline="", encoding="utf-8")
    tiny(None)
    expected = report(path)
    assert [one["count"] for one in expected["other_errors"]] == [40, 40]
    assert expected["coverage"]["denials"] == 40
    for sizes in ((700, 900), (3_000, 9_000), (200_000, 400_000)):
        tiny(sizes)
        assert report(path) == expected
