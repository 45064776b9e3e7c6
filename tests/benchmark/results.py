"""The runs of each contestant on each input, kept in a JSON file from one benchmark to the next."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.benchmark.measure import Run, best


class Input(NamedTuple):
    """What is measured: an input of a kind, with a mix, of a size in MB."""

    kind: str
    mix: str
    size: float

    @property
    def title(self) -> str:
        """The input in words."""
        name = {
            "export": f"Export, {self.mix}",
            "packed export": f"One .csv.gz, {self.mix}",
            "logs": f"Trail logs, {self.mix}, many files",
            "log file": f"Trail log, {self.mix}, one .json.gz",
        }[self.kind]
        size = f"{self.size / 1000:g} GB" if self.size >= 1000 else f"{self.size:g} MB"
        return f"{name}, {size}" + ("" if self.kind == "export" else " unpacked")


@dataclass(kw_only=True)
class Result:
    """What was measured on one input."""

    events: int
    """Rows or records of the input."""
    denied: int
    """Denied KMS events of the input: the right answer."""
    runs: dict[str, list[Run]] = field(default_factory=dict)
    """All runs by contestant."""
    absent: dict[str, str] = field(default_factory=dict)
    """Contestants that did not take part, and what is not installed."""

    def best(self, *contestants: str) -> Run | None:
        """Return the best run of the quickest of the contestants with the right answer."""
        found = [
            best(runs)
            for name in contestants
            if (runs := self.runs.get(name)) and not any(run.failed for run in runs)
        ]
        return min(found, key=lambda run: run.wall, default=None)


def load(path: Path | None) -> dict[Input, Result]:
    """Return the results in the file, if it exists."""
    if path is None or not path.exists():
        return {}
    return {
        Input(*entry["input"]): Result(
            events=entry["events"],
            denied=entry["denied"],
            runs={name: [Run(**run) for run in runs] for name, runs in entry["runs"].items()},
            absent=entry["absent"],
        )
        for entry in json.loads(path.read_text(encoding="utf-8"))
    }


def save(path: Path, results: dict[Input, Result]) -> None:
    """Write the results to the file."""
    entries = [{"input": list(key), **asdict(result)} for key, result in results.items()]
    path.write_text(json.dumps(entries, indent=1), encoding="utf-8")
