"""The work of a contestant: `work.py NAME PATH` prints the number of denied KMS events in PATH.

Each function imports what it needs, because the time of imports is measured as well.
"""

from __future__ import annotations

import sys

CODES = ("AccessDenied", "AccessDeniedException")
SOURCE = "kms.amazonaws.com"
# The columns of an export by position, for functions that read without a header.
_SOURCE_AT, _ERROR_AT, _WIDTH = 3, 8, 16
_BLOCK = 1 << 20
_WHOLE = 8 * _BLOCK  # packed files below this size are unpacked at once


def our_audit(path: str) -> int:
    """Call audit() as another program would."""
    import ebs_kms_audit

    return ebs_kms_audit.audit(path).coverage.denials


def our_audit_of_a_pipe(path: str) -> int:
    """Call audit() on a pipe."""
    from subprocess import PIPE, Popen

    import ebs_kms_audit

    with Popen(["cat", path], stdout=PIPE) as process:
        return ebs_kms_audit.audit(process.stdout).coverage.denials


def our_audit_of_a_table(path: str) -> int:
    """Read all columns as text with pandas, as in a notebook, and call audit() on the table."""
    import pandas as pd

    import ebs_kms_audit

    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return ebs_kms_audit.audit(table).coverage.denials


def our_audit_of_logs(path: str) -> int:
    """Call audit() on a folder of log files."""
    import ebs_kms_audit

    return ebs_kms_audit.audit(records=path).coverage.denials


def csv_module(path: str) -> int:
    """Read every row with the csv module."""
    import csv
    import gzip

    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return sum(
            row[_SOURCE_AT] == SOURCE and row[_ERROR_AT] in CODES for row in csv.reader(file)
        )


def pandas_default(path: str) -> int:
    """Read all columns as text with pandas' own engine."""
    import pandas as pd

    return _count_in_frame(pd.read_csv(path, dtype=str, keep_default_na=False))


def pandas_pyarrow(path: str) -> int:
    """Read with pandas' pyarrow engine."""
    import pandas as pd

    return _count_in_frame(pd.read_csv(path, dtype=str, keep_default_na=False, engine="pyarrow"))


def _count_in_frame(frame) -> int:
    found = frame[(frame["Event source"] == SOURCE) & frame["Error code"].isin(CODES)]
    return len(found)


def pyarrow_stream(path: str) -> int:
    """Read in blocks with pyarrow, with newlines in values."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        header = file.readline().rstrip("\n").split(",")
    reader = csv.open_csv(
        path,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
    )
    found = 0
    for batch in reader:
        of_kms = pc.equal(batch["Event source"], SOURCE)
        denied = pc.is_in(batch["Error code"], pa.array(CODES))
        found += batch.filter(pc.and_(of_kms, denied)).num_rows
    return found


def duckdb_csv(path: str) -> int:
    """Filter with DuckDB, all columns as text."""
    import duckdb

    rows = duckdb.sql(
        f"SELECT * FROM read_csv('{path}', all_varchar = true, header = true, delim = ',', "
        f"quote = '\"', escape = '\"') WHERE \"Event source\" = '{SOURCE}' "
        f'AND "Error code" IN {CODES}'
    )
    return len(rows.fetchall())


def polars_lazy(path: str) -> int:
    """Filter with the streaming engine of Polars, all columns as text."""
    import polars as pl

    of_kms = pl.col("Event source") == SOURCE
    denied = pl.col("Error code").is_in(CODES)
    frame = pl.scan_csv(path, infer_schema=False).filter(of_kms & denied)
    return int(frame.collect(engine="streaming").height)


def ripgrep(path: str) -> int:
    """Find lines with ripgrep and read each as a row with the csv module."""
    import csv
    import subprocess

    pattern = rf"kms\.amazonaws\.com.*({'|'.join(CODES)})"
    found = subprocess.run(
        ["rg", "--no-line-number", "--no-filename", pattern, path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return sum(
        len(row) == _WIDTH and row[_SOURCE_AT] == SOURCE and row[_ERROR_AT] in CODES
        for row in csv.reader(found.stdout.splitlines())
    )


def count_lines(path: str) -> None:
    """Count the lines, which shows the time to read the bytes."""
    import subprocess

    subprocess.run(["wc", "-l", path], check=True, capture_output=True)


def import_pandas(path: str) -> None:
    """Import pandas and do nothing else."""
    import pandas as pd

    del pd, path


def gunzip_only(path: str) -> None:
    """Unpack the files with the gzip module, and do nothing else."""
    import gzip

    for file in _packed_files(path):
        if file.stat().st_size < _WHOLE:
            gzip.decompress(file.read_bytes())
            continue
        with gzip.open(file) as unpacked:
            while unpacked.read(_BLOCK):
                pass


def zlib_only(path: str) -> None:
    """Unpack the files with zlib.decompressobj in blocks, and do nothing else."""
    import zlib

    for file in _packed_files(path):
        unpacker = zlib.decompressobj(wbits=31)
        with file.open("rb") as packed:
            while block := packed.read(_BLOCK // 8):
                while block:
                    unpacker.decompress(block, _BLOCK)
                    block = unpacker.unconsumed_tail


def gzip_and_json(path: str) -> int:
    """Unpack and decode every record with the standard library."""
    import gzip
    import json

    files = _packed_files(path)
    return sum(_count_in_log(json.loads(gzip.decompress(file.read_bytes()))) for file in files)


def gzip_and_orjson(path: str) -> int:
    """Unpack, and decode every record with orjson."""
    import gzip

    import orjson

    files = _packed_files(path)
    return sum(_count_in_log(orjson.loads(gzip.decompress(file.read_bytes()))) for file in files)


def _count_in_log(log: dict) -> int:
    return sum(
        record["eventSource"] == SOURCE and record.get("errorCode") in CODES
        for record in log["Records"]
    )


def _packed_files(path: str):
    from pathlib import Path

    return [Path(path)] if path.endswith(".gz") else Path(path).rglob("*.json.gz")


def duckdb_logs(path: str) -> int:
    """Filter with DuckDB. Only the fields that are needed are declared."""
    import duckdb

    files = path if path.endswith(".gz") else f"{path}/**/*.json.gz"
    fields = "eventSource VARCHAR, errorCode VARCHAR"
    rows = duckdb.sql(
        f"SELECT * FROM (SELECT unnest(Records) AS r FROM read_json('{files}', "
        f"columns = {{Records: 'STRUCT({fields})[]'}}, maximum_object_size = 1000000000)) "
        f"WHERE r.eventSource = '{SOURCE}' AND r.errorCode IN {CODES}"
    )
    return len(rows.fetchall())


if __name__ == "__main__":
    _, name, path = sys.argv
    print(globals()[name](path))
