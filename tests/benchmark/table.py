"""What was measured → tables in Markdown, which read well in a terminal too."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.benchmark.contestants import Contestant
from tests.benchmark.measure import Run

_HEADER = ("", "wall s", "CPU s", "peak MB", "time to ours", "answer")


@dataclass(frozen=True)
class Line:
    """One contestant's result, or why it did not take part."""

    contestant: Contestant
    run: Run | None
    absent: str = ""


def heading() -> str:
    """Return a line on when and where this was measured."""
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} CPUs, {platform.machine()}, "
        f"Python {platform.python_version()}. Times move from machine to machine: compare within "
        "a table only."
    )


def table(title: str, lines: Sequence[Line], expected: int) -> str:
    """Return a table. The first line is ours: the others' times are put in proportion to it."""
    ours = next((line.run.wall for line in lines if line.run), 1.0)
    rows = [_HEADER, *(_cells(line, ours, expected) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "| " + " | ".join("-" * max(3, width) for width in widths) + " |"
    return "\n".join([f"### {title}", "", texts[0], rule, *texts[1:]])


def _cells(line: Line, ours: float, expected: int) -> tuple[str, ...]:
    title = line.contestant.title
    if line.run is None:
        return (title, "", "", "", "", f"not installed: {line.absent}")
    run = line.run
    return (
        title,
        f"{run.wall:.2f}",
        f"{run.cpu:.2f}",
        f"{run.peak:.0f}",
        f"{run.wall / ours:.2f}",
        _verdict(line.contestant, run, expected),
    )


def _verdict(contestant: Contestant, run: Run, expected: int) -> str:
    if run.failed:
        return f"**failed**: {run.answer[:60].replace('|', '/')}"
    if contestant.limit:
        return "no answer: the limit"
    if run.answer != str(expected):
        return f"**wrong**: {run.answer} where there are {expected}"
    return run.answer
