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


class Workers:
    """The helper processes and the progress meter of one audit. Both are optional."""

    def __init__(self, processes: int | None = 1, meter: Meter | None = None) -> None:
        self._processes = processes
        self._process = os.getpid()
        self.meter = meter

    def helpers(self) -> int:
        """Return the number of helper processes that can be started now."""
        if self._processes == 1:
            return 0
        from ebs_kms_audit.reading.processes import helper_count

        return helper_count(self._processes)

    def in_order(self, work: Callable[[int], Any], count: int) -> Generator[Any]:
        """Yield `work(0)`, `work(1)`, … up to a count. Helper processes can do a part.

        What the work returns must go through `marshal`.
        """
        helpers = self.helpers() if count > 1 else 0
        if not helpers:
            return (work(number) for number in range(count))
        from ebs_kms_audit.reading.processes import in_order

        return in_order(work, count, helpers)

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
        """Yield the parts, and report the size of each to the meter; a helper reports nothing."""
        for part in parts:
            yield part
            if self.meter and os.getpid() == self._process:
                self.meter.count(size(part))

    def watched(self, source: Source) -> Source:
        """Return a source that reports the bytes read to the meter."""
        blocks = source.blocks
        if self.meter is None or blocks is None:
            return source

        def watched() -> Iterator[Any]:
            return self.counted(blocks(), lambda block: len(block) * source.scale)

        return source._replace(blocks=watched)
