"""Tables in Markdown, which are easy to read in a terminal too."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmark.contestants import CONTESTANTS, Contestant
from tests.benchmark.measure import Run, best
from tests.benchmark.results import Input, Result
from tests.benchmark.targets import REFERENCES

_PACKAGES = ("duckdb", "polars", "pandas", "pyarrow", "numpy", "orjson", "isal")


def heading() -> str:
    """Return a line on the date, the machine, and the versions."""
    versions = []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {os.cpu_count()} CPUs ({_processor()}), "
        f"{_memory()}, Python {platform.python_version()}, {', '.join(versions)}."
    )


def _processor() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB of memory"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def aligned(title: str, rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table with a title. The first row is the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "| " + " | ".join("-" * max(3, width) for width in widths) + " |"
    return "\n".join([f"### {title}", "", texts[0], rule, *texts[1:]])


def table(key: Input, result: Result) -> str:
    """Return the table of an input. The quickest of its references is 1 in the ratios."""
    contestants = CONTESTANTS[key.kind]
    names = REFERENCES[key.kind]
    reference = result.best(*names)
    rows = [("", "wall s", "CPU s", "peak MB", "ratio", "answer")]
    for name, contestant in contestants.items():
        if name in result.absent:
            rows.append((contestant.title, "", "", "", "", f"not installed: {result.absent[name]}"))
        elif runs := result.runs.get(name):
            rows.append(_cells(contestant, best(runs), reference, result.denied))
    events = "rows" if "export" in key.kind else "records"
    return aligned(f"{key.title}: {result.events:,} {events}, {result.denied:,} denied", rows)


def _cells(contestant: Contestant, run: Run, reference: Run | None, denied: int) -> tuple[str, ...]:
    return (
        contestant.title,
        f"{run.wall:.2f}",
        f"{run.cpu:.2f}",
        f"{run.peak:.0f}",
        f"{run.wall / reference.wall:.2f}" if reference else "",
        _verdict(contestant, run, denied),
    )


def _verdict(contestant: Contestant, run: Run, denied: int) -> str:
    if run.failed:
        return f"**failed**: {run.answer[:60].replace('|', '/')}"
    if contestant.limit:
        return "none: a part of the work"
    if run.answer != str(denied):
        return f"**wrong**: {run.answer} instead of {denied}"
    return run.answer
