"""Units of work → their results, in order; other processes do a part of them.

They are forked, and so begin with all that the work needs. That is safe in a process with one
thread, on Linux, and done in no other. Whoever is free takes the next unit that nobody has taken;
should two take the same, one of the results is dropped.
"""

from __future__ import annotations

import gc
import marshal
import mmap
import os
import select
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from struct import Struct
from typing import Any

_MOST = 3  # beside this one, which puts the results together and is soon what all wait for
_AHEAD = 64  # how far this process goes on while it waits: it holds the results of these units
_FREE, _TAKEN = b"\0", 1
_HEAD = Struct("=II")  # the number of a unit, and the length of its result


def others(processes: int | None) -> int:
    """Return how many processes may help, of so many in all; None stands for one a CPU."""
    if sys.platform != "linux" or len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        return 0
    cpus = len(os.sched_getaffinity(0))
    return min(_MOST, (cpus if processes is None else processes) - 1)


def in_order(work: Callable[[int], Any], count: int, helpers: int) -> Generator[Any]:
    """Yield `work(0)`, `work(1)`, … up to a count.

    What the work returns has to go through `marshal`. What it raises is raised here, in its turn.
    """
    taken = mmap.mmap(-1, count)
    taken[0] = _TAKEN
    crew: dict[int, int] = {}  # the end of the pipe that is read → the process that writes to it
    try:
        for _ in range(min(helpers, count - 1)):
            with suppress(OSError):  # no more processes: then without
                crew.update([_start(work, taken, crew)])
        found = {0: work(0)}
        for number in range(count):
            while number not in found:
                _find(number, found, work, taken, crew)
            yield found.pop(number)
    finally:
        for pipe, process in crew.items():
            _end(pipe, process)
        taken.close()


def _find(
    number: int,
    found: dict[int, Any],
    work: Callable[[int], Any],
    taken: mmap.mmap,
    crew: dict[int, int],
) -> None:
    """Come closer to the result of a unit: do it, receive one, or do another while it is done."""
    free = taken.find(_FREE, number, number + _AHEAD)
    if free != number and _receive(number, found, crew, wait=free == -1):
        return
    mine = number if free == -1 else free  # the process that had taken it has ended
    taken[mine] = _TAKEN
    found[mine] = work(mine)


def _receive(number: int, found: dict[int, Any], crew: dict[int, int], *, wait: bool) -> bool:
    """Take one result from each process that has one; tell whether there was any."""
    poll = select.poll()  # select itself knows no pipe whose number is above 1023
    for pipe in crew:
        poll.register(pipe, select.POLLIN)
    ready = poll.poll(None if wait and crew else 0)
    for pipe, _ in ready:
        head = _read(pipe, _HEAD.size)
        unit, length = _HEAD.unpack(head) if head else (0, 0)
        result = _read(pipe, length) if head else None
        if result is None:
            _end(pipe, crew.pop(pipe))
        elif unit >= number:
            found[unit] = marshal.loads(result)
    return bool(ready)


def _start(work: Callable[[int], Any], taken: mmap.mmap, crew: dict[int, int]) -> tuple[int, int]:
    ours, theirs = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        raise
    if process:
        os.close(theirs)
        return ours, process
    try:  # from here on in the other process, of which nothing may come back
        gc.disable()  # what this process was given is not its own to clean up
        for pipe in (ours, *crew):  # or it would not see that the one who reads them has ended
            os.close(pipe)
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        _help(work, taken, theirs)
    finally:
        os._exit(0)


def _help(work: Callable[[int], Any], taken: mmap.mmap, pipe: int) -> None:
    number = 0
    while (number := taken.find(_FREE, number)) != -1:
        taken[number] = _TAKEN
        result = marshal.dumps(work(number))
        message = memoryview(_HEAD.pack(number, len(result)) + result)
        while message:
            message = message[os.write(pipe, message) :]


def _read(pipe: int, length: int) -> bytes | None:
    """Read so many bytes from a process; None where it ended before."""
    parts = []
    while length:
        part = os.read(pipe, length)
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _end(pipe: int, process: int) -> None:
    os.close(pipe)
    with suppress(OSError):  # it may have ended, and someone else may have seen that
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
