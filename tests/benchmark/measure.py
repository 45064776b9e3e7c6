"""Runs a contestant in a process of its own: time, memory and answer.

The peak memory is the larger of two figures: the highest sum over the process and its children,
and the peak of one of them according to the kernel. Both are sampled every 10 ms. This needs Linux.
The kernel's figure for an ended process is of no use: it counts the memory of this process too.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread
from typing import IO

from tests.benchmark.contestants import Contestant

_MB = 1_000_000


@dataclass(frozen=True)
class Run:
    """One run: time in seconds, peak memory in MB, and the answer, or the error if it failed."""

    wall: float
    cpu: float
    peak: float
    answer: str
    failed: bool


def missing(contestant: Contestant) -> list[str]:
    """Return the modules and programs that a contestant needs and that are not installed."""
    return [
        name
        for name in contestant.needs
        if importlib.util.find_spec(name) is None and shutil.which(name) is None
    ]


def run(contestant: Contestant, path: str) -> Run:
    """Run a contestant once on an input."""
    with TemporaryFile() as out, TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(contestant.command(path), stdout=out, stderr=errors)
        ended = Event()
        watch = _Watch(process.pid, ended)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        ended.set()
        watch.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        failed = contestant.failed(process.returncode)
        answer = _text(errors).splitlines()[-1:] if failed else [contestant.answer(_text(out))]
    return Run(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=watch.peak / _MB,
        answer="".join(answer),
        failed=failed,
    )


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").strip()


def best(runs: Iterable[Run]) -> Run:
    """Return the least wall time and CPU time of several runs, and the highest peak."""
    runs = list(runs)
    fastest = min(runs, key=lambda one: one.wall)
    return Run(
        wall=fastest.wall,
        cpu=min(one.cpu for one in runs),
        peak=max(one.peak for one in runs),
        answer=fastest.answer,
        failed=any(one.failed for one in runs),
    )


class _Watch(Thread):
    """Samples the memory of a process and its children until the event is set."""

    def __init__(self, pid: int, ended: Event) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = ended
        self.peak = 0

    def run(self) -> None:
        while not self._ended.wait(0.01):
            memory = [_memory(one) for one in _family(self._pid)]
            self.peak = max(self.peak, sum(now for now, _ in memory), *(most for _, most in memory))


def _family(pid: int) -> list[int]:
    found = [pid]
    for one in found:  # children are appended in the loop
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:  # the process has ended
            continue
    return found


def _memory(pid: int) -> tuple[int, int]:
    """Return the memory of a process in bytes: now, and at most since its program began."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:  # the process has ended
        return 0, 0
    fields = dict(line.split(":", 1) for line in status.splitlines())
    now, most = (int(fields.get(name, "0").split()[0]) for name in ("VmRSS", "VmHWM"))
    return now * 1024, most * 1024
