"""Writes exports and trail logs of any size: the same bytes in each run, with known answers.

An export has the layout of a real one: 16 columns, newest row first, no newline after the last row,
quoted user agents with commas, Resources as JSON.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from tests.benchmark.events import LOG_MIX, MIXES, Source
from tests.benchmark.records import line, row
from tests.make_samples import ACCOUNT, HEADER

MB = 1_000_000
_VERSION = 2  # of the generated content: files of another version are not used again
_STEP = 200  # rows that are written at a time


@dataclass(frozen=True)
class Made:
    """A generated input: its path, size in bytes, number of events, and of denied KMS events."""

    path: str
    size: int
    events: int
    denied: int


def make_export(folder: Path, size: float, mix: str = "typical") -> Made:
    """Write an export of `size` MB to the folder, unless it exists already."""
    target = folder / f"export-{size:g}MB-{mix}-v{_VERSION}.csv"
    return _once(target, lambda: _write_export(target, int(size * MB), Source(MIXES[mix])))


def make_logs(folder: Path, size: float) -> Made:
    """Write the log files of a trail, `size` MB before compression, unless they exist already."""
    target = folder / f"logs-{size:g}MB-v{_VERSION}"
    return _once(target, lambda: _write_logs(target, int(size * MB), Source(LOG_MIX)))


def _once(target: Path, write: Callable[[], Made]) -> Made:
    facts = target.with_name(
        f"{target.name}.facts"
    )  # written last: without it the input is incomplete
    if facts.exists():
        return Made(**json.loads(facts.read_text(encoding="utf-8")) | {"path": str(target)})
    target.parent.mkdir(parents=True, exist_ok=True)
    made = write()
    facts.write_text(json.dumps(asdict(made)), encoding="utf-8")
    return made


def _write_export(target: Path, size: int, source: Source) -> Made:
    written = events = denied = 0
    stream = iter(source)
    with target.open("w", encoding="utf-8", newline="") as file:
        written += file.write(",".join(HEADER))
        while written < size:
            rows = []
            for event in islice(stream, min(_STEP, (size - written) // 500 + 1)):
                rows.append(row(event, source.new_id))
                events += 1
                denied += event.denied
            written += file.write("\n" + "\n".join(rows))
    return Made(str(target), written, events, denied)


def _write_logs(target: Path, size: int, source: Source) -> Made:
    written = events = denied = number = 0
    stream = iter(source)
    folder = target / "AWSLogs" / ACCOUNT / "CloudTrail" / "us-east-1"
    while written < size:
        # Most files of a trail are small, and a few are large.
        length = (12, 12, 12, 12, 12, 12, 12, 100, 100, 800)[number % 10]
        happened = list(islice(stream, length))
        events += length
        denied += sum(event.denied for event in happened)
        records = ",".join(line(event, source.new_id) for event in happened)
        text = f'{{"Records":[{records}]}}'.encode()
        day = happened[0].time[:10].replace("-", "/")
        file = folder / day / f"{ACCOUNT}_CloudTrail_us-east-1_{number:06d}.json.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(text, compresslevel=6, mtime=0))
        written += len(text)
        number += 1
    return Made(str(target), written, events, denied)
