"""Blocks of bytes → lines of text; ordinary lines are passed over, a block at a time.

For UTF-8 whose lines end at LF. Whether a line is ordinary is told by the line alone, so a block
needs nothing of the one before it, and several processes can look at the blocks of a large file.
Whether a line is a row, or goes on with an earlier one, only `rows` knows: it asks to pass over
lines where a row has ended.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from ebs_kms_audit.reading.exports.prefilter import RowPrefilter
from ebs_kms_audit.reading.sources import BLOCK, PlainFile, opened

_MARGIN = 1 << 13  # for the line that goes on behind a block
_NEITHER_QUOTE_NOR_LF = bytes(set(range(256)) - set(b'"\n'))


class Block(NamedTuple):
    """Whole lines, and where of these begin that must be read, if that was found already."""

    lines: bytes
    asked: Sequence[int] | None = None


class Scan:
    """An iterator over lines, each with its line end, that can `pass_over` some."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = iter(blocks)
        self._block = b""
        self._at = 0
        self._asked: Iterator[int] | None = None  # where lines begin that must be read
        self._stop = -1  # the one of these that was come to last

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._at == len(self._block) and not self._read_on():
            raise StopIteration
        line = self._line()
        self._at += len(line)
        return _text(line)

    def pass_over(self, ordinary: RowPrefilter) -> tuple[int, str]:
        """Go to the next row that must be read; return the number of the rows before it.

        With it goes the line of the last of them. A row begins here.
        """
        count, last = 0, b""
        while self._at < len(self._block) or self._read_on():
            stop = self._next_asked(ordinary)
            if stop > self._at:
                count += self._block.count(b"\n", self._at, stop)
                last = self._block[_start_of_line(self._block, stop - 1) : stop]
                self._at = stop
            if stop < len(self._block):
                line = self._line() if ordinary.has_holder(self._block, stop) else b""
                if not line or line.count(b'"') % 2 or not ordinary.is_known_holder(line):
                    break
                count, last = count + 1, line
                self._at += len(line)
        return count, _text(last) if count else ""

    def at_end(self) -> bool:
        """Tell whether there is no line left."""
        return self._at == len(self._block) and not self._read_on()

    def _line(self) -> bytes:
        """Return the line that begins here."""
        return self._block[self._at : self._block.find(b"\n", self._at) + 1 or len(self._block)]

    def _read_on(self) -> bool:
        self._block, asked = b"", None
        while not self._block and (block := next(self._blocks, None)):
            self._block, asked = block
        self._at, self._stop = 0, -1
        self._asked = None if asked is None else iter(asked)
        return bool(self._block)

    def _next_asked(self, ordinary: RowPrefilter) -> int:
        if self._asked is None:
            self._asked = iter(lines_to_read(self._block, ordinary))
        while self._stop < self._at:
            self._stop = next(self._asked, len(self._block))
        return self._stop


def lines_to_read(block: bytes, ordinary: RowPrefilter) -> list[int]:
    """Return where the lines of a block begin that can't be passed over, in order."""
    asked = {*ordinary.others(block), *_odd_lines(block)}
    if not block.endswith(b"\n"):
        asked.add(_start_of_line(block, len(block)))
    return sorted(asked)


def _odd_lines(block: bytes) -> Iterator[int]:
    """Yield where lines begin that have an odd number of quotes."""
    # Of the quotes of a line, two by two taken away, one is left where their number is odd.
    quotes = block.translate(None, _NEITHER_QUOTE_NOR_LF).replace(b'""', b"")
    if b'"' in quotes:
        starts = accumulate((len(line) + 1 for line in block.split(b"\n")), initial=0)
        yield from (
            start for start, quote in zip(starts, quotes.split(b"\n"), strict=False) if quote
        )


def _start_of_line(block: bytes, at: int) -> int:
    """Return where the line begins that a place is in."""
    return block.rfind(b"\n", 0, at) + 1


def whole_lines(blocks: Iterable[bytes]) -> Iterator[Block]:
    """Cut blocks behind their last line end; what is left at the end has none."""
    rest: list[bytes] = []
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield Block(b"".join([*rest, block[:end]]))
            rest = []
        if end < len(block):
            rest.append(block[end:])
    if rest:
        yield Block(b"".join(rest))


def blocks_of(
    file: PlainFile, ordinary: RowPrefilter, helpers: int, check_length: Callable[[int], None]
) -> Generator[Block]:
    """Yield a file as blocks; other processes help to find what must be read.

    `check_length` raises where a line is too long to be one. Raises InputError where the file
    can't be opened.
    """
    from ebs_kms_audit.reading.processes import in_order

    with opened(file.path) as content:
        handle = content.fileno()

        def block(number: int) -> bytes:
            return _lines_begun(handle, number * BLOCK, (number + 1) * BLOCK, check_length)

        def work(number: int) -> list[int]:
            return lines_to_read(block(number), ordinary)

        for number, asked in enumerate(in_order(work, -(-file.size // BLOCK), helpers)):
            yield Block(block(number), asked)


def _lines_begun(file: int, start: int, end: int, check_length: Callable[[int], None]) -> bytes:
    """Return the lines that begin in a range of bytes, whole."""
    before = max(0, start - 1)  # a line begins behind the end of another
    data = os.pread(file, end - before + _MARGIN, before)
    begin = data.find(b"\n", 0, end - 1 - before) + 1 if start else 0
    if start and not begin:
        return b""
    while (last := data.find(b"\n", end - 1 - before)) == -1:
        more = os.pread(file, len(data), before + len(data))
        if not more:
            break
        data += more
        check_length(len(data) - (end - before))
    return data[begin : last + 1 or None]


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
