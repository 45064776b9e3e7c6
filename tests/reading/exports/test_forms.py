"""An export has the same report in every form: as a file, a stream, an archive and a table.

Where it is large, the vectorised reader reads it. The plain reader is the judge. Blocks and ranges
are tiny here, so that rows lie across every border.
"""

from __future__ import annotations

import gzip
import io
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ebs_kms_audit import audit
from ebs_kms_audit.reading import Reading
from tests.exports import ACCOUNT, denied, row
from tests.reading.exports.test_large import BAD, DENIED, FIELDS, ODD, export_of, line

SIZES = [(700, 900), (3_000, 20_000)]
ROWS = [*(denied(**cells) for cells in DENIED), *(row(**cells) for cells in FIELDS)]
ROWS += [make(**cells) for cells in ODD for make in (row, denied)]
TEXT = export_of([(line(one), None) for one in ROWS] + [(bad, None) for bad in BAD], "\n")
"""Rows of every kind."""
WITHOUT_DAMAGED_IDS = TEXT.replace("1.11122E+11", ACCOUNT).replace(",11122223333,", f",{ACCOUNT},")


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
        return FORMS[form](tmp_path, WITHOUT_DAMAGED_IDS)

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
