"""Units of work → their results, in order. Helper processes do a part of the units.

Helpers are forked, so that they have all data of this process. Forking is safe on Linux in a
process with one thread. In other cases, no helper is started. A free process takes the next free
unit. If two processes take the same unit, one result is dropped.
"""

from __future__ import annotations

import gc
import marshal
import mmap
import os
import select
import signal
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from struct import Struct
from typing import Any

_MOST = 3  # more helpers do not help, because this process collects all results
_AHEAD = 64  # units: this process does not work further ahead than this while it waits
_PIPE = 1 << 20  # bytes: a result fits, so that a helper goes on while this process works
_PATIENCE = 10_000  # milliseconds: a helper that this process waits for longer may be stopped
_FREE, _TAKEN = b"\0", 1
_HEAD = Struct("=II")  # the number of a unit, and the length of its result


def helper_count(processes: int | None) -> int:
    """Return the number of helpers for a total number of processes. None means one per CPU."""
    if sys.platform != "linux" or len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        return 0
    cpus = len(os.sched_getaffinity(0))
    return min(_MOST, (cpus if processes is None else processes) - 1)


def in_order(
    work: Callable[[int], Any], count: int, helpers: int, first: int = 0
) -> Generator[Any]:
    """Yield `work(0)`, `work(1)`, … up to a count.

    `marshal` must accept the results. An error of `work` is raised when its result is due. Helpers
    begin with the unit `first`, and this process does those before it, if it is not 0. They end
    where there is no more work: the result is None.
    """
    taken = mmap.mmap(-1, count)
    taken[0] = _TAKEN
    crew: dict[int, int] = {}  # the pipe from each helper → its process id
    try:
        for _ in range(min(helpers, count - 1)):
            with suppress(OSError):  # the limit of processes is reached
                crew.update([_start(work, taken, crew, first)])
        found = {0: work(0)}
        for number in range(count):
            _receive(number, found, crew, wait=False)  # so that no helper waits with a result
            while number not in found:
                _find(number, found, work, taken, crew, first)
            yield found.pop(number)
    finally:
        _end_all(crew)
        taken.close()


def _find(
    number: int,
    found: dict[int, Any],
    work: Callable[[int], Any],
    taken: mmap.mmap,
    crew: dict[int, int],
    first: int,
) -> None:
    """Do a unit or receive results. The result of unit `number` is needed next."""
    of_helpers = 0 < first <= number
    free = -1 if of_helpers else taken.find(_FREE, number, number + _AHEAD)
    if _receive(number, found, crew, wait=free == -1) and free != number:
        return
    if free == -1:  # the helpers have ended, or are stopped
        _end_all(crew)
        free = number
    taken[free] = _TAKEN
    found[free] = work(free)


def _receive(number: int, found: dict[int, Any], crew: dict[int, int], *, wait: bool) -> bool:
    """Receive a result from each helper that has one. Return whether there was one.

    With `wait`, wait for the first one.
    """
    ready = _ready(crew, _PATIENCE if wait and crew else 0)
    for pipe in ready:
        head = _read(pipe, _HEAD.size)
        unit, length = _HEAD.unpack(head) if head else (0, 0)
        result = _read(pipe, length) if head else None
        if result is None:
            _end(pipe, crew.pop(pipe))
        elif unit >= number:
            found[unit] = marshal.loads(result)
    return bool(ready)


def _ready(pipes: Iterable[int], wait: int) -> list[int]:
    """Return the pipes with something to read. Wait for the first so many milliseconds."""
    poll = select.poll()  # select.select() does not accept file descriptors above 1023
    for pipe in pipes:
        poll.register(pipe, select.POLLIN)
    return [pipe for pipe, _ in poll.poll(wait)]


def _start(
    work: Callable[[int], Any], taken: mmap.mmap, crew: dict[int, int], first: int
) -> tuple[int, int]:
    import fcntl  # Windows has no such module

    ours, theirs = os.pipe()
    with suppress(OSError):  # the limit of all pipes of a user is reached
        fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, _PIPE)
    try:
        process = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        raise
    if process:
        os.close(theirs)
        return ours, process
    try:  # in the helper, which must not return from this function
        gc.disable()  # the objects belong to the parent process
        for pipe in (ours, *crew):  # otherwise the helper does not notice the end of the parent
            os.close(pipe)
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        _help(work, taken, theirs, first)
    finally:
        os._exit(0)


def _help(work: Callable[[int], Any], taken: mmap.mmap, pipe: int, first: int) -> None:
    number = first
    found: Any = ()
    while found is not None and (number := taken.find(_FREE, number)) != -1:
        taken[number] = _TAKEN
        found = work(number)
        result = marshal.dumps(found)
        message = memoryview(_HEAD.pack(number, len(result)) + result)
        while message:
            message = message[os.write(pipe, message) :]


def _read(pipe: int, length: int) -> bytes | None:
    """Read a number of bytes from a helper; None if it ended early, or is stopped."""
    parts = []
    while length:
        part = os.read(pipe, length) if _ready([pipe], _PATIENCE) else b""
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _end_all(crew: dict[int, int]) -> None:
    while crew:
        _end(*crew.popitem())


def _end(pipe: int, process: int) -> None:
    os.close(pipe)
    with suppress(OSError):  # it can have ended already
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
