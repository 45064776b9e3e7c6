"""An export has the same report in every form: as a file, a stream, an archive and a table.

Where it is large, the vectorised reader reads it. The plain reader is the judge. Blocks and ranges
are tiny here, so that rows lie across every border.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from ebs_kms_audit import InputError, audit
from ebs_kms_audit.reading import Reading, exports
from ebs_kms_audit.reading.exports.large import kept
from tests.exports import ACCOUNT, access_key, denied, export, row
from tests.reading.exports.test_large import BAD, DENIED, EC2, FIELDS, ODD, export_of, line

SIZES = [(700, 900), (3_000, 20_000)]
ROWS = [*(denied(**cells) for cells in DENIED), *(row(**cells) for cells in FIELDS)]
ROWS += [make(**cells) for cells in ODD for make in (row, denied)]
TEXT = export_of([(line(one), None) for one in ROWS] + [(bad, None) for bad in BAD], "\n")
"""Rows of every kind."""
WITHOUT_LOST_DIGITS = TEXT.replace("1.11122E+11", ACCOUNT)
"""Some account ids have lost a leading zero, which is known. Each form is read by one reader."""


def zipped(*members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(members):
            archive.writestr(f"{number}.csv", data)
    return content.getvalue()


def file_of(folder: Path, data: bytes) -> Path:
    path = folder / "export"
    path.write_bytes(data)
    return path


def pipe_of(folder: Path, data: bytes) -> Any:
    """Return the end of a pipe. A thread writes the data."""
    there, here = os.pipe()

    def write() -> None:
        with os.fdopen(here, "wb") as pipe:
            pipe.write(data)

    threading.Thread(target=write).start()
    return os.fdopen(there, "rb")


class Slow(io.BytesIO):
    """A stream that returns few bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 100, 100))


FORMS: dict[str, Callable[[Path, str], Any]] = {
    "stream": lambda _, text: io.BytesIO(text.encode()),
    "text stream": lambda _, text: io.StringIO(text, newline=""),
    "slow stream": lambda _, text: Slow(text.encode()),
    "open file": lambda folder, text: file_of(folder, text.encode()).open("rb"),
    "pipe": lambda folder, text: pipe_of(folder, text.encode()),
    "stream of gzip": lambda _, text: io.BytesIO(gzip.compress(text.encode())),
    "stream with a byte-order mark": lambda _, text: io.BytesIO(text.encode("utf-8-sig")),
    "stream with CRLF": lambda _, text: io.BytesIO(text.replace("\n", "\r\n").encode()),
    "zip": lambda folder, text: file_of(folder, zipped(text.encode())),
    "zip of gzip": lambda folder, text: file_of(folder, zipped(gzip.compress(text.encode()))),
    "zip of UTF-16": lambda folder, text: file_of(folder, zipped(text.encode("utf-16"))),
    "stream of zip": lambda _, text: io.BytesIO(zipped(text.encode())),
    "UTF-16": lambda folder, text: file_of(folder, text.encode("utf-16")),
    "UTF-16, big-endian": lambda folder, text: file_of(
        folder, b"\xfe\xff" + text.encode("utf-16-be")
    ),
    "UTF-32": lambda folder, text: file_of(folder, text.encode("utf-32")),
    "gzip of UTF-16": lambda folder, text: file_of(folder, gzip.compress(text.encode("utf-16"))),
}


def report(given: Any) -> dict[str, Any]:
    """Return the report on an input, and close it."""
    try:
        return audit(given).to_dict()
    finally:
        if hasattr(given, "close"):
            given.close()


def large_exports(given: Any) -> int:
    """Return how many exports of an input the vectorised reader reads."""
    reading = Reading(given)
    for _ in reading.read():
        pass
    count = len(reading.calls())
    reading.release()
    if hasattr(given, "close"):
        given.close()
    return count


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_a_file_has_the_report_of_the_plain_reader(
    tiny: Any, tmp_path: Path, form: str, sizes: tuple[int, int]
) -> None:
    def made() -> Any:
        return FORMS[form](tmp_path, WITHOUT_LOST_DIGITS)

    tiny(None)
    expected = report(made())
    tiny(sizes)
    assert report(made()) == expected
    assert large_exports(made()) == 1


@pytest.mark.parametrize("form", FORMS)
def test_rows_with_damaged_account_ids_are_repaired_in_each_form(
    tiny: Any, tmp_path: Path, form: str
) -> None:
    tiny(None)
    expected = report(FORMS[form](tmp_path, TEXT))
    tiny(SIZES[0])
    assert report(FORMS[form](tmp_path, TEXT)) == expected


def frame_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


class ReadOnce:
    """Any library's Arrow stream. It can be read once, and its batches are small."""

    def __init__(self, table: pa.Table) -> None:
        self._reader = table.to_reader(max_chunksize=7)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._reader.__arrow_c_stream__(requested_schema)


def parquet_of(folder: Path, frame: pd.DataFrame) -> Path:
    path = folder / "export.parquet"
    pa.parquet.write_table(arrow_of(frame), path, row_group_size=50)
    return path


def arrow_of(frame: pd.DataFrame) -> pa.Table:
    return pa.table({name: pa.array(frame[name].tolist(), pa.string()) for name in frame})


@pytest.mark.parametrize("form", ["stream", "zip", "UTF-16", "gzip of UTF-16"])
@pytest.mark.parametrize(
    "before",
    ["Report\n", "\xe9\n", "x" * 9_000 + "\n", "x" * 30_000 + "\n"],
    ids=["a title", "not ASCII", "9,000 bytes", "30,000 bytes"],
)
def test_lines_before_the_header_are_no_rows(
    tiny: Any, tmp_path: Path, form: str, before: str
) -> None:
    text = before + export(row(), denied())
    tiny(SIZES[0])
    coverage = audit(FORMS[form](tmp_path, text)).coverage
    assert (coverage.rows_read, coverage.rows_set_aside, coverage.denials) == (2, 0, 1)


TABLES: dict[str, Callable[[Path, pd.DataFrame], Any]] = {
    "DataFrame": lambda _, frame: frame,
    "missing values": lambda _, frame: frame.replace("", None),
    "an index": lambda _, frame: frame.set_axis([9] * len(frame), axis="index"),
    "categories": lambda _, frame: frame.astype(
        {"Event name": "category", "User name": "category"}
    ),
    "texts of Arrow": lambda _, frame: frame.astype("string[pyarrow]"),
    "a column twice": lambda _, frame: pd.concat([frame, frame[["User name"]]], axis=1),
    "Arrow table": lambda _, frame: arrow_of(frame),
    "Arrow stream": lambda _, frame: ReadOnce(arrow_of(frame)),
    "Parquet": parquet_of,
}
REGULAR = frame_of(export(*[row(), denied(), denied("bob"), row(**EC2)] * 150))


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("form", TABLES)
def test_each_form_of_a_table_has_the_report_of_the_plain_reader(
    tiny: Any, tmp_path: Path, form: str, sizes: tuple[int, int]
) -> None:
    frame = frame_of(export(*ROWS)).replace("1.11122E+11", ACCOUNT)
    tiny(None)
    expected = report(TABLES[form](tmp_path, frame))
    tiny(sizes)
    assert report(TABLES[form](tmp_path, frame)) == expected
    assert large_exports(TABLES[form](tmp_path, frame)) == 1


ODD_CELLS = {
    "line feed": "a\nb",
    "CRLF": "a\r\nb",
    "CR": "\r",
    "line feed alone": "\n",
    "lone surrogate": "\ud800",
    "mark of a line feed": "\udc1bn",
    "mark of a mark": "\udc1bm\n\udc1b",
    "NUL": "x\0y",
    "very long": "y" * 150_000,
    "quotes and commas": '"a", "b",',
    "line separator": "a\u2028b\x1c",
    "list": ["a\n", 1],
    "dict": {"a": "b\n"},
    "bytes": b"\xff\n",
    "int": 3,
    "float": 2.5,
    "missing": None,
    "bool": True,
    "time": pd.Timestamp("2026-05-18T07:00:00.5Z"),
}


@pytest.mark.parametrize("column", ["User agent", "Event time", "Event name", "Resources"])
@pytest.mark.parametrize("name", ODD_CELLS)
def test_an_odd_cell_of_a_table_is_read_by_the_plain_reader(
    tiny: Any, name: str, column: str
) -> None:
    """The number of a row does not depend on line feeds in cells. Here row 402 has no time."""
    frame = REGULAR.astype(object).copy()
    cells = frame[column].tolist()
    cells[400] = cells[598] = ODD_CELLS[name]
    frame[column] = pd.Series(cells, dtype=object)
    frame.loc[401, "Event time"] = "noon"
    tiny(None)
    expected = report(frame)
    tiny(SIZES[1])
    found = report(frame)
    assert found == expected
    assert 402 in [one["line"] for one in found["set_aside"]]
    assert large_exports(frame) == 1


@pytest.mark.parametrize("cell", ["", None, " ", "\n", float("nan")])
def test_an_empty_row_of_a_table_is_set_aside(tiny: Any, cell: Any) -> None:
    """In a file it is a blank line, which is no row. In a table it has a number."""
    frame = REGULAR.astype(object).copy()
    frame.loc[400] = [cell] * frame.shape[1]
    tiny(None)
    expected = report(frame)
    tiny(SIZES[1])
    found = report(frame)
    assert found == expected
    assert [(one["line"], one["reason"]) for one in found["set_aside"]] == [
        (401, "it has no Event name")
    ]


@pytest.mark.parametrize("form", ["stream", "zip", "DataFrame", "Arrow stream"])
@pytest.mark.parametrize(
    ("make", "rows", "large"),
    [(row, 400, 0), (row, 4_000, 1), (denied, 100, 0), (denied, 1_000, 1)],
    ids=["few", "many", "few denied", "many denied"],
)
def test_a_large_input_is_read_by_the_vectorised_reader(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str, make: Any, rows: int, large: int
) -> None:
    """A row that is needed counts as four others. numpy is imported already."""
    monkeypatch.setattr(exports, "LARGE", 8 * 200_000)  # bytes; it counts as large from an eighth
    text = export(*[make()] * rows)
    forms: dict[str, Callable[[Path, Any], Any]] = {**FORMS, **TABLES}
    assert large_exports(forms[form](tmp_path, frame_of(text) if form in TABLES else text)) == large


@pytest.mark.parametrize("sizes", [None, *SIZES])
def test_a_table_without_rows_is_read(tiny: Any, sizes: tuple[int, int] | None) -> None:
    tiny(sizes)
    assert report(REGULAR.head(0))["coverage"]["rows_read"] == 0


@pytest.mark.parametrize("sizes", [None, SIZES[0]])
def test_tables_and_streams_are_read_one_after_the_other(
    tiny: Any, sizes: tuple[int, int] | None
) -> None:
    text = export(denied("carol"), *[row()] * 20)
    tiny(sizes)
    coverage = audit(
        [REGULAR, frame_of(text), io.BytesIO(text.encode()), zip_stream(text)]
    ).coverage
    assert coverage.rows_read == len(REGULAR) + 4 * 21
    assert [one.rows_read for one in coverage.files] == [600, 21, 21, 21, 21]


def zip_stream(text: str) -> io.BytesIO:
    return io.BytesIO(zipped(text.encode(), text.encode()))


DAMAGED = denied(aws_access_key="", recipient_account_id="1.11122E+11", event_id="damaged")
VOTES = [denied(aws_access_key=access_key("ASIA", ACCOUNT, "x")) for _ in range(600)]


@pytest.mark.parametrize("sizes", [None, SIZES[1]])
@pytest.mark.parametrize("form", ["DataFrame", "Parquet", "zip", "UTF-16"])
def test_an_account_id_is_repaired_from_all_rows_of_an_input_that_is_read_again(
    tiny: Any, tmp_path: Path, form: str, sizes: tuple[int, int] | None
) -> None:
    """The damaged id is after the rows that decide which reader is used."""
    text = export(*VOTES, DAMAGED)
    given = (
        TABLES[form](tmp_path, frame_of(text)) if form in TABLES else FORMS[form](tmp_path, text)
    )
    tiny(sizes)
    (damaged,) = (
        one.account
        for one in audit(given).findings
        if "damaged" in [d.event.event_id for d in one.denials]
    )
    assert damaged == ACCOUNT


CUT = {
    "a gzip stream": lambda data: io.BytesIO(gzip.compress(data)[:-3_000]),
    "a gzip file": lambda data: gzip.compress(data)[:-3_000],
    "within the last row": lambda data: io.BytesIO(data[:-37]),
}


@pytest.mark.parametrize("name", CUT)
def test_a_content_that_is_cut_short_has_the_report_of_the_plain_reader(
    tiny: Any, tmp_path: Path, name: str
) -> None:
    agents = [f"agent/{number * 7919 % 1000}" for number in range(800)]
    data = export(*[row(user_agent=agent) for agent in agents], denied()).encode()

    def made() -> Any:
        content = CUT[name](data)
        return file_of(tmp_path, content) if isinstance(content, bytes) else content

    tiny(None)
    expected = report(made())
    tiny(SIZES[1])
    assert report(made()) == expected
    assert expected["coverage"]["rows_read"] > 0


@pytest.mark.parametrize("lazy", [False, True])
def test_a_report_lists_the_rows_of_a_stream_that_is_gone(tiny: Any, lazy: bool) -> None:
    calls = [row(**EC2, event_id=f"call {number}") for number in range(5)]
    stream = io.BytesIO(export(denied(), *calls).encode())
    tiny(SIZES[0])
    given = audit(stream, lazy=lazy)
    stream.close()
    listed = given.findings[0].history.attempts.listed
    assert {one.event_id for one in listed} == {f"call {number}" for number in range(5)}


def test_many_texts_are_kept_in_a_temporary_file(
    tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_IN_MEMORY", 1_000)
    tiny(None)
    expected = report(io.BytesIO(WITHOUT_LOST_DIGITS.encode()))
    tiny(SIZES[0])
    assert report(io.BytesIO(WITHOUT_LOST_DIGITS.encode())) == expected


def test_a_temporary_file_that_cannot_be_written_is_an_error_of_the_input(
    tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_IN_MEMORY", 1)
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    tiny(SIZES[0])
    with pytest.raises(InputError, match=r"temporary folder cannot be written: .*; set TMPDIR"):
        audit(io.BytesIO(export(denied(), row(**EC2)).encode()))
