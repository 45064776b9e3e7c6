"""What reading may use beside itself: other processes, and a meter that is told how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ebs_kms_audit.reading.sources import Source

if TYPE_CHECKING:
    from ebs_kms_audit.progress import Meter

_T = TypeVar("_T")


class Workers:
    """The processes and the meter of one audit. Without either, reading is all there is."""

    def __init__(self, processes: int | None = 1, meter: Meter | None = None) -> None:
        self._processes = processes
        self.meter = meter

    def helpers(self) -> int:
        """Return how many processes may help now."""
        if self._processes == 1:
            return 0
        from ebs_kms_audit.reading.processes import others

        return others(self._processes)

    def counted(self, parts: Iterable[_T], size: Callable[[_T], float]) -> Iterator[_T]:
        """Pass parts on, and tell the meter how large each was."""
        for part in parts:
            yield part
            if self.meter:
                self.meter.count(size(part))

    def watched(self, source: Source) -> Source:
        """Return a source of which the meter is told what is read."""
        blocks = source.blocks
        if self.meter is None or blocks is None:
            return source

        def watched() -> Iterator[Any]:
            return self.counted(blocks(), lambda block: len(block) * source.scale)

        return source._replace(blocks=watched)
