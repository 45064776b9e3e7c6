"""The helper processes and the progress meter of an audit."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ebs_kms_audit.reading.sources import Source

if TYPE_CHECKING:
    from ebs_kms_audit.progress import Meter

_T = TypeVar("_T")
_MOST_APART = 48  # units: the results of as many units wait in memory


class Workers:
    """The helper processes and the progress meter of one audit. Both are optional.

    reported  how many bytes were reported as read
    """

    def __init__(self, processes: int | None = 1, meter: Meter | None = None) -> None:
        self._processes = processes
        self._process = os.getpid()
        self.meter = meter
        self.reported = 0.0

    def helpers(self) -> int:
        """Return the number of helper processes that can be started now."""
        if self._processes == 1:
            return 0
        from ebs_kms_audit.reading.processes import helper_count

        return helper_count(self._processes)

    def in_order(self, work: Callable[[int], Any], count: int, expected: int = 0) -> Generator[Any]:
        """Yield `work(0)`, `work(1)`, … up to a count. Helper processes can do a part.

        What the work returns must go through `marshal`. `expected` is about how many units there
        are, if going on from one unit to the next is quicker: if they are not too many, this
        process does the first ones, and the helpers the others.
        """
        helpers = self.helpers() if count > 1 else 0
        if not helpers:
            return (work(number) for number in range(count))
        from ebs_kms_audit.reading.processes import in_order

        first = expected // (1 + helpers)
        return in_order(work, count, helpers, first if first <= _MOST_APART else 0)

    @contextmanager
    def numpy_in_one_thread(self) -> Iterator[None]:
        """Keep numpy from starting threads while it is imported, where processes may be started.

        A process with threads cannot be forked safely.
        """
        name = "OPENBLAS_NUM_THREADS"
        if self._processes == 1 or "numpy" in sys.modules or name in os.environ:
            yield
            return
        os.environ[name] = "1"
        try:
            yield
        finally:
            del os.environ[name]

    def counted(self, parts: Iterable[_T], size: Callable[[_T], float]) -> Iterator[_T]:
        """Yield the parts, and report the size of each to the meter."""
        for part in parts:
            yield part
            self.count(size(part))

    def count(self, size: float) -> None:
        """Report so many bytes as read; a helper reports nothing."""
        if os.getpid() == self._process:
            self.reported += size
            if self.meter:
                self.meter.count(size)

    def report_whole(self, size: int, since: float) -> None:
        """Report a file of a size as read, of which helpers read a part.

        `since` is what was `reported` before.
        """
        self.count(max(0, size - (self.reported - since)))

    def watched(self, source: Source) -> Source:
        """Return a source that reports the bytes read to the meter."""
        blocks = source.blocks
        if self.meter is None or blocks is None:
            return source

        def watched() -> Iterator[Any]:
            return self.counted(blocks(), lambda block: len(block) * source.scale)

        return source._replace(blocks=watched)
