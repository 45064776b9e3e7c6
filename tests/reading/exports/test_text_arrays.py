"""Columns of every type are written as text by Arrow, with the report that Python's text has.

The plain reader is the judge: it reads the cells as Python objects.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebs_kms_audit import audit
from ebs_kms_audit.reading.tables import texts_in
from ebs_kms_audit.reading.text_arrays import text_array
from tests.exports import ACCOUNT, HEADER, denied, export, row

HOSTILE = st.text(st.sampled_from('ab",\r\n\t\0\x1f +:Z\u00a0\u2028é山'), max_size=5)
CELLS = {
    "User name": HOSTILE | st.just("alice"),
    "Event time": HOSTILE | st.sampled_from(["2026-05-18 07:00:34+00:00", "2026-05-18T07:00:34Z"]),
    "Event name": HOSTILE | st.just("Decrypt"),
    "Resources": HOSTILE | st.just('[{"resourceName":"a, b"}]'),
    "Event category": HOSTILE,
}


def arrow(columns: dict[str, list[str]], kind: Any) -> pa.Table:
    return pa.table({name: pa.array(cells).cast(kind) for name, cells in columns.items()})


def dictionary(columns: dict[str, list[str]]) -> pa.Table:
    return pa.table({name: pa.array(cells).dictionary_encode() for name, cells in columns.items()})


def in_chunks(columns: dict[str, list[str]]) -> pa.Table:
    whole = arrow(columns, pa.string())
    return pa.concat_tables([whole.slice(0, 1), whole.slice(1, 2), whole.slice(3)])


TABLES: dict[str, Callable[[dict[str, list[str]]], Any]] = {
    "string": lambda columns: arrow(columns, pa.string()),
    "large_string": lambda columns: arrow(columns, pa.large_string()),
    "dictionary": dictionary,
    "chunks": in_chunks,
    "objects": lambda columns: pd.DataFrame(columns, dtype=object),
    "categories": lambda columns: pd.DataFrame(columns, dtype="category"),
    "pandas string": lambda columns: pd.DataFrame(columns, dtype="string[pyarrow]"),
}


@pytest.mark.parametrize("kind", TABLES)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cells=st.lists(st.fixed_dictionaries(CELLS), min_size=4, max_size=8))
def test_hostile_cells_of_every_type_of_column(
    tiny: Any, kind: str, cells: list[dict[str, str]]
) -> None:
    rows = [denied() | one for one in cells] + [row(), denied("bob")]
    columns = {name: [one[name] for one in rows] for name in HEADER}
    tiny(None)
    expected = audit(TABLES[kind](columns)).to_dict()
    of_file = audit(io.BytesIO(export(*rows).encode())).to_dict()
    tiny((700, 900))
    found = audit(TABLES[kind](columns)).to_dict()
    assert found == expected
    denials = [sum(one["count"] for one in report["findings"]) for report in (found, of_file)]
    assert denials[0] == denials[1] > 0


SECOND = datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["a", None, "é"]), ["a", None, "é"]),
        (pa.array(["x", "a", "b"]).slice(1), ["a", "b"]),
        (pa.array([12345678901, None]), ["12345678901", None]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.nulls(2), [None, None]),
        (pa.array([SECOND, None], pa.timestamp("us", "UTC")), ["2026-05-18T07:00:34Z", None]),
        (pa.array([SECOND], pa.timestamp("ns", "Europe/Berlin")), ["2026-05-18T07:00:34Z"]),
        (pa.array([SECOND], pa.timestamp("s")), ["2026-05-18T07:00:34"]),
        (pa.array([-62135596800], pa.timestamp("s")), ["0001-01-01T00:00:00"]),
        (pa.array([253402300799], pa.timestamp("s")), ["9999-12-31T23:59:59"]),
        (pd.Series([12345678901, 2]), ["12345678901", "2"]),
        (pd.Series(["a", None, float("nan")], dtype=object), ["a", None, None]),
    ],
)
def test_arrow_writes_the_text(column: Any, expected: list[str | None]) -> None:
    found = text_array(column)
    assert found is not None
    assert found.to_pylist() == expected
    assert texts_in(column) == [text or "" for text in expected]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.5]),
        pa.array([b"a"]),
        pa.array([["a"]]),
        pa.array([b"\xff"]).view(pa.string()),
        pa.array([-62135596801], pa.timestamp("s")),  # the year 0
        pa.array([253402300800], pa.timestamp("s")),  # the year 10000
        pa.array([2**62], pa.timestamp("s")),
        pa.array([500], pa.timestamp("ms")),
        pd.Series(["a", 1], dtype=object),
        pd.Series(["\ud800"], dtype=object),
        pd.Series([1.5]),
    ],
)
def test_python_writes_the_text_of_other_cells(column: Any) -> None:
    assert text_array(column) is None


def test_times_of_a_parquet_file_are_read_without_pandas(tmp_path: Path) -> None:
    frame = pd.read_csv(
        io.StringIO(export(*(make() for _ in range(3_000) for make in (denied, row)))), dtype=str
    )
    frame["Event time"] = pd.to_datetime(frame["Event time"])
    frame["Recipient Account Id"] = int(ACCOUNT)
    for rows in (2, 6_000):  # read by the plain reader, and by the vectorised reader
        path = tmp_path / f"{rows}.parquet"
        pa.parquet.write_table(pa.Table.from_pandas(frame.head(rows)), path)
        code = "import sys, ebs_kms_audit as kms; report = kms.audit(sys.argv[1]); "
        code += "print(report.coverage.denials, 'pandas' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [str(rows // 2), "False"]
