"""Content that is unpacked from its beginning on, read from any place on."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator

_HELD = 8


class SeekableContent:
    """Content in blocks. It can be read from any place on, by one reader at a time.

    The last blocks are held. To go further back, the content is opened again. Each process opens it
    for itself.
    """

    def __init__(self, open_content: Callable[[], Iterator[bytes]]) -> None:
        self._open = open_content
        self._blocks: Iterator[bytes] | None = None
        self._held: deque[tuple[int, bytes]] = deque(maxlen=_HELD)
        self._end = 0
        self._process = 0

    def blocks_from(self, offset: int) -> Iterator[bytes]:
        """Yield the content from an offset on."""
        blocks = self._blocks
        is_back = offset < (self._held[0][0] if self._held else self._end)
        if blocks is None or is_back or self._process != os.getpid():
            blocks = self._blocks = self._open()
            self._held.clear()
            self._end, self._process = 0, os.getpid()
        for begin, block in tuple(self._held):
            if offset < begin + len(block):
                yield block[max(0, offset - begin) :]
        for block in blocks:
            begin, self._end = self._end, self._end + len(block)
            self._held.append((begin, block))
            if offset < self._end:
                yield block[max(0, offset - begin) :]
