"""The memory of the blocks that are read."""

from __future__ import annotations

_LARGEST = 30 << 20


def keep_freed_memory() -> None:
    """Let the C library keep the memory of freed blocks, instead of asking the system each time.

    It keeps blocks up to the size of the largest block that was freed, and at most 32 MiB.
    Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    bytes(_LARGEST)
