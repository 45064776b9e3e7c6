"""Who takes part: what the table calls each, how it is started, and what it must have."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

_WORK = Path(__file__).with_name("work.py")


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way to count the denied KMS events of an input, in a process of its own.

    `work` is its function in work.py; without one it is our command itself, given `options`.
    `limit` marks what does a part of the work only, and shows how fast that can be.
    """

    title: str
    work: str | None = None
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    limit: bool = False

    def command(self, path: str) -> list[str]:
        """Return the command that does it for an input."""
        if self.work is None:
            our = [sys.executable, "-m", "ebs_kms_audit", "--format", "json"]
            return [*our, *self.options, path]
        # -P: the folder of a script is no place to import from
        return [sys.executable, "-P", str(_WORK), self.work, path]

    def answer(self, output: str) -> str:
        """Take the count out of what the command printed."""
        if self.work is None:
            return str(json.loads(output)["coverage"]["denials"])
        return output.strip()

    def failed(self, status: int) -> bool:
        """Return whether the command failed: ours says with 1 that it found denials."""
        return status not in ((0, 1) if self.work is None else (0,))


FOR_EXPORTS = {
    "command": Contestant(title="**ebs-kms-audit, the whole command**"),
    "audit": Contestant(title="**ebs_kms_audit.audit()**", work="our_audit"),
    "csv": Contestant(title="csv module", work="csv_module"),
    "pandas": Contestant(title="pandas.read_csv", work="pandas_default", needs=("pandas",)),
    "pandas-pyarrow": Contestant(
        title="pandas.read_csv, pyarrow engine", work="pandas_pyarrow", needs=("pandas", "pyarrow")
    ),
    "pyarrow": Contestant(title="pyarrow.csv.open_csv", work="pyarrow_stream", needs=("pyarrow",)),
    "duckdb": Contestant(title="DuckDB, all varchar", work="duckdb_csv", needs=("duckdb",)),
    "polars": Contestant(title="Polars lazy", work="polars_lazy", needs=("polars",)),
    "ripgrep": Contestant(title="ripgrep, then csv", work="ripgrep", needs=("rg",)),
    "wc": Contestant(title="wc -l", work="count_lines", needs=("wc",), limit=True),
}
FOR_LOGS = {
    "command": Contestant(title="**ebs-kms-audit, the whole command**", options=("--records",)),
    "audit": Contestant(title="**ebs_kms_audit.audit()**", work="our_audit_of_logs"),
    "json": Contestant(title="gzip + json", work="gzip_and_json"),
    "orjson": Contestant(title="gzip + orjson", work="gzip_and_orjson", needs=("orjson",)),
    "duckdb": Contestant(title="DuckDB", work="duckdb_logs", needs=("duckdb",)),
    "gunzip": Contestant(title="gunzip only", work="gunzip_only", limit=True),
}
