"""Writes exports and trail logs of any size: the same bytes in each run, with known answers.

An export has the layout of a real one: 16 columns, newest row first, no newline after the last row,
quoted user agents with commas, Resources as JSON.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from tests.benchmark.events import LOG_MIXES, MIXES, Mix, Source
from tests.benchmark.records import line, row
from tests.sample_incident import ACCOUNT, HEADER

MB = 1_000_000
_VERSION = 5  # of the generated content: files of another version are not used again
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
    return _once(target, lambda: _write_file(target, _export(int(size * MB), MIXES[mix])))


def make_packed_export(folder: Path, size: float, mix: str = "typical") -> Made:
    """Write an export as .csv.gz, `size` MB before compression, unless it exists already."""
    target = folder / f"export-{size:g}MB-{mix}-v{_VERSION}.csv.gz"
    return _once(target, lambda: _write_file(target, _export(int(size * MB), MIXES[mix])))


def make_log_file(folder: Path, size: float, mix: str = "typical") -> Made:
    """Write a log as one .json.gz, `size` MB before compression, unless it exists already."""
    target = folder / f"log-{size:g}MB-{mix}-v{_VERSION}.json.gz"
    return _once(target, lambda: _write_file(target, _log(int(size * MB), Source(LOG_MIXES[mix]))))


def make_logs(folder: Path, size: float, mix: str = "typical") -> Made:
    """Write the log files of a trail, `size` MB before compression, unless they exist already."""
    target = folder / f"logs-{size:g}MB-{mix}-v{_VERSION}"
    return _once(target, lambda: _write_logs(target, int(size * MB), Source(LOG_MIXES[mix])))


def _once(target: Path, write: Callable[[], Made]) -> Made:
    # The facts are written last. Without them the input is incomplete.
    facts = target.with_name(f"{target.name}.facts")
    if facts.exists():
        return Made(**json.loads(facts.read_text(encoding="utf-8")) | {"path": str(target)})
    target.parent.mkdir(parents=True, exist_ok=True)
    made = write()
    facts.write_text(json.dumps(asdict(made)), encoding="utf-8")
    return made


class _Step(NamedTuple):
    """A part of a file, with the number of events in it and of denied KMS events among them."""

    text: str
    events: int = 0
    denied: int = 0


def _write_file(target: Path, steps: Iterator[_Step]) -> Made:
    size = events = denied = 0
    with target.open("wb") as plain:
        file = cast("BinaryIO", plain)
        if target.suffix == ".gz":
            packed = gzip.GzipFile(filename="", fileobj=plain, mode="wb", compresslevel=6, mtime=0)
            file = cast("BinaryIO", packed)
        with file:
            for step in steps:
                size += file.write(step.text.encode())
                events += step.events
                denied += step.denied
    return Made(str(target), size, events, denied)


def _export(size: int, mix: Mix) -> Iterator[_Step]:
    source, end = Source(mix), "\r\n" if mix.spreadsheet else "\n"
    text = ",".join(HEADER)
    yield _Step(text)
    written = len(text)
    stream = iter(source)
    while written < size:
        events = list(islice(stream, min(_STEP, (size - written) // 500 + 1)))
        rows = (row(event, source.new_id, spreadsheet=mix.spreadsheet) for event in events)
        text = "".join(end + one for one in rows)
        yield _Step(text, len(events), sum(event.denied for event in events))
        written += len(text)


def _log(size: int, source: Source) -> Iterator[_Step]:
    text = '{"Records":['
    written = 0
    stream = iter(source)
    while written < size:
        events = list(islice(stream, _STEP))
        text += ",".join(line(event, source.new_id) for event in events)
        yield _Step(text, len(events), sum(event.denied for event in events))
        written += len(text)
        text = ","
    yield _Step("]}")


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
