"""The contestants of each kind of input: titles, commands, and what each needs."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

_WORK = Path(__file__).with_name("work.py")
_DENIED = re.compile(r"KMS denied ([\d,]+) calls?")

FORMATS = ("text", "json")
"""Formats of the report with which our command is measured."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way to count the denied KMS events of an input, in a process of its own."""

    title: str
    work: str | None = None
    """Its function in work.py. None for our own command."""
    format: str = ""
    """The format of the report of our command."""
    options: tuple[str, ...] = ()
    """Options of our command."""
    needs: tuple[str, ...] = ()
    """Modules and programs that must be installed."""
    limit: bool = False
    """Whether it does only a part of the work, which shows how fast that part can be."""

    def command(self, path: str) -> list[str]:
        """Return the command that does the work for an input."""
        if self.work is None:
            our = [sys.executable, "-m", "ebs_kms_audit", "--format", self.format]
            return [*our, *self.options, path]
        # -P: modules are not imported from the folder of the script
        return [sys.executable, "-P", str(_WORK), self.work, path]

    def answer(self, output: str) -> str:
        """Return the number of denials in the output of the command."""
        if self.work is not None:
            return output.strip()
        if self.format == "json":
            return str(json.loads(output)["coverage"]["denials"])
        found = _DENIED.search(output)
        return found[1].replace(",", "") if found else "0"

    def failed(self, status: int) -> bool:
        """Return whether the command failed. Ours exits with 1 if there are denials."""
        return status not in ((0, 1) if self.work is None else (0,))


def _ours(audit: str, *options: str) -> dict[str, Contestant]:
    commands = {
        name: Contestant(title=f"**ebs-kms-audit, {name}**", format=name, options=options)
        for name in FORMATS
    }
    return commands | {"audit": Contestant(title="**ebs_kms_audit.audit()**", work=audit)}


_POLARS = Contestant(title="Polars, streaming", work="polars_lazy", needs=("polars",))
_DUCKDB = Contestant(title="DuckDB, all varchar", work="duckdb_csv", needs=("duckdb",))
_PANDAS = Contestant(title="pandas.read_csv", work="pandas_default", needs=("pandas",))

FOR_EXPORTS = {
    **_ours("our_audit"),
    "pipe": Contestant(title="**audit() of a pipe**", work="our_audit_of_a_pipe", needs=("cat",)),
    "table": Contestant(
        title="**pandas.read_csv, audit() of its table**",
        work="our_audit_of_a_table",
        needs=("pandas",),
    ),
    "duckdb": _DUCKDB,
    "polars": _POLARS,
    "pandas": _PANDAS,
    "pandas-pyarrow": Contestant(
        title="pandas.read_csv, pyarrow engine", work="pandas_pyarrow", needs=("pandas", "pyarrow")
    ),
    "pyarrow": Contestant(title="pyarrow.csv.open_csv", work="pyarrow_stream", needs=("pyarrow",)),
    "csv": Contestant(title="csv module", work="csv_module"),
    "ripgrep": Contestant(title="ripgrep, then csv", work="ripgrep", needs=("rg",)),
    "import": Contestant(
        title="import pandas, nothing else", work="import_pandas", needs=("pandas",), limit=True
    ),
    "wc": Contestant(title="wc -l", work="count_lines", needs=("wc",), limit=True),
}
_ORJSON = Contestant(title="gzip, then orjson", work="gzip_and_orjson", needs=("orjson",))
_JSON = Contestant(title="gzip, then json", work="gzip_and_json")
_UNPACKERS = {
    "gunzip": Contestant(title="gzip module alone", work="gunzip_only", limit=True),
    "zlib": Contestant(title="zlib alone", work="zlib_only", limit=True),
}
FOR_LOGS = {
    **_ours("our_audit_of_logs", "--records"),
    "gzip-orjson": _ORJSON,
    "gzip-json": _JSON,
    "duckdb": Contestant(title="DuckDB", work="duckdb_logs", needs=("duckdb",)),
    **_UNPACKERS,
}
FOR_PACKED_EXPORTS = {
    **_ours("our_audit"),
    "duckdb": _DUCKDB,
    "polars": _POLARS,
    "pandas": _PANDAS,
    "gzip-csv": Contestant(title="gzip, then csv module", work="csv_module"),
    **_UNPACKERS,
}

CONTESTANTS = {
    "export": FOR_EXPORTS,
    "logs": FOR_LOGS,
    "log file": FOR_LOGS,
    "packed export": FOR_PACKED_EXPORTS,
}
"""The contestants by kind of input."""
