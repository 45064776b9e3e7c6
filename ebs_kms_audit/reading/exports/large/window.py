"""The bytes of a large export: a block at a time for numpy, or lines for the plain reader."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

from ebs_kms_audit.reading.hashing import PAD

BLOCK = 1 << 21
"""How many bytes are read at once."""
_MORE = 1 << 16
"""Bytes for an unfinished row: before a block, and after the last row that matters."""
_LF = 10


class ByteWindow:
    """A part of a file: `buffer[begin:end]`. It starts at a row, and moves on through the file.

    The buffer has `PAD` bytes more before and after the part, because what reads the bytes around a
    cell must stay inside.

    read       fills a buffer and returns how many bytes it wrote; 0 at the end of the file
    offset     where `begin` is in the file
    line       the number of the line that starts at `begin`, counted from 0 where the window began
    buffer     the buffer of an earlier window, or None
    cut_short  returns why the file ends too early, once its end was read
    decode     returns the text of a line
    """

    def __init__(
        self,
        read: Callable[[memoryview], int],
        offset: int,
        buffer: bytearray | None = None,
        *,
        cut_short: Callable[[], str | None],
        decode: Callable[[bytes | bytearray], str],
    ) -> None:
        self._read = read
        self.cut_short = cut_short
        self.decode = decode
        self._block = block = BLOCK
        self._more = more = min(_MORE, block)
        self._ended = False
        size = PAD + more + block + more + PAD
        self.buffer = buffer if buffer and len(buffer) >= size else bytearray(size)
        self.begin = self.end = PAD + more
        self.offset = offset
        self.line = 0

    def extend(self, stop: int | None = None) -> bool:
        """Read one block more after the bytes that are left; return False at the end of the file.

        If rows that begin at `stop` or later do not matter, less is read. A last line without a
        line end gets one, but not in a file that is cut short.
        """
        wanted = self._block
        if stop is not None:
            before = stop - self.offset - (self.end - self.begin)
            wanted = min(wanted, max(before, 0)) + self._more
        # The bytes that are left are moved to where the new ones start.
        left = self.buffer[self.begin : self.end]
        start = PAD + max(self._more, len(left))
        room = start - len(left)
        if len(self.buffer) < start + wanted + PAD:
            self.buffer = bytearray(start + wanted + PAD)
        self.buffer[room:start] = left
        with memoryview(self.buffer) as view:
            size = self._read(view[start : start + wanted])
        self.begin, self.end = room, start + size
        unended = not size and left and left[-1] != _LF and not self._ended
        if unended and not self.cut_short():
            self._ended = True
            self.buffer[self.end] = _LF
            self.end += 1
            return True
        return size > 0

    def move(self, place: int, lines: int) -> None:
        """Go on to a place in the buffer, so many lines further."""
        self.offset += place - self.begin
        self.line += lines
        self.begin = place


class WindowLines:
    """The lines of a window as text, for the plain reader. `stop` moves the window after them.

    `check_length` raises InputError where a line is too long for any row.

    cut           the number of the last line if the file is cut short within it, or None
    first_needed  returns the number of the first line that is still needed
    """

    def __init__(self, window: ByteWindow, check_length: Callable[[int], None]) -> None:
        self._window = window
        self._check_length = check_length
        # Where the lines that were yielded start, and the next one, after `begin` of the window.
        self._starts = array("q", [0])
        self.cut: int | None = None
        self.first_needed: Callable[[], int] = lambda: window.line

    def __iter__(self) -> Iterator[str]:
        window = self._window
        while True:
            start = window.begin + self._starts[-1]
            end = window.buffer.find(b"\n", start, window.end) + 1
            if not end:
                self._check_length(window.end - start)
                self.stop(self.first_needed())
                if window.extend():
                    continue
                start, end = window.begin + self._starts[-1], window.end
                if start == end:
                    return
                if window.cut_short():
                    self.cut = window.line + len(self._starts) - 1
            self._starts.append(end - window.begin)
            yield window.decode(window.buffer[start:end])

    def offset_of(self, line: int) -> int:
        """Return where a line starts in the file, one of those that were yielded or the next."""
        return self._window.offset + self._starts[line - self._window.line]

    def stop(self, line: int) -> None:
        """Move the window to this line: the lines before it are not needed any more."""
        count = line - self._window.line
        moved = self._starts[count]
        self._window.move(self._window.begin + moved, count)
        self._starts = array("q", (start - moved for start in self._starts[count:]))
