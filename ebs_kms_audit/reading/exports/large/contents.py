"""The bytes of a large export.

A file on disk, also a gzip file, is read from any place on. Any other content (a stream, a member
of an archive, a table, an encoding other than UTF-8) is read once, from its beginning to its end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.gunzip import MOST_PACKED, expected_size
from ebs_kms_audit.reading.seekable import SeekableContent
from ebs_kms_audit.reading.sources import PlainFile, Source

_SEARCHED = 1 << 16  # bytes: for the line end before a range


def decoded(line: bytes | bytearray) -> str:
    """Return the text of a line of a file."""
    return line.decode("utf-8", "backslashreplace")


def decoded_text(line: bytes | bytearray) -> str:
    """Return the text of a line of a content that was given as text, which any character can be."""
    return line.decode("utf-8", "surrogatepass")


class SequentialContent(NamedTuple):
    """Content that is read once. It begins with the first row.

    read       fills a buffer, and returns how many bytes that are
    cut_short  returns why the content ends too early, once its end was read
    decode     returns the text of a line
    """

    read: Callable[[memoryview], int]
    cut_short: Callable[[], str | None]
    decode: Callable[[bytes | bytearray], str]


class PlainContent:
    """The content of an open file. `most` is its size in bytes."""

    cut_short = None
    unpacked_size = 0
    counts_reading = False

    def __init__(self, handle: int, most: int) -> None:
        self._handle = handle
        self.most = most

    def reading(self, offset: int) -> Callable[[memoryview], int]:
        """Return what fills buffers from an offset on, and returns how many bytes that are."""
        at = offset

        def read(buffer: memoryview) -> int:
            nonlocal at
            size = os.preadv(self._handle, [buffer], at)
            at += size
            return size

        return read


class PackedContent:
    """The content of a gzip file, which each process unpacks.

    most            how many bytes it has at most
    unpacked_size   about how many bytes it has
    counts_reading  whether the source reports what is read to the progress meter
    """

    counts_reading = True

    def __init__(self, source: Source, file: PlainFile) -> None:
        self._source = source
        self._lines = Lines(source.name, iter(()))
        self._content = SeekableContent(self._open)
        self.most = file.size * MOST_PACKED
        self.unpacked_size = expected_size(file.path, file.size)

    @property
    def cut_short(self) -> str | None:
        """Why the content ends too early, once its end was read."""
        return self._lines.cut_short

    def _open(self) -> Iterator[bytes]:
        assert self._source.blocks is not None, "a packed file has blocks"
        self._lines = Lines(self._source.name, self._source.blocks(), again=self._source.again)
        blocks = self._lines.raw()
        assert blocks is not None, "open_large read its head"
        return blocks

    def reading(self, offset: int) -> Callable[[memoryview], int]:
        """Return what fills buffers from an offset on, and returns how many bytes that are."""
        return filling(self._content.blocks_from(offset))


def filling(blocks: Iterator[bytes]) -> Callable[[memoryview], int]:
    """Return what fills buffers with blocks, and returns how many bytes that are."""
    rest = memoryview(b"")
    blocks = filter(None, blocks)

    def read(buffer: memoryview) -> int:
        nonlocal rest
        size = 0
        while size < len(buffer):
            rest = rest or memoryview(next(blocks, b""))
            if not rest:
                break
            part = rest[: len(buffer) - size]
            buffer[size : size + len(part)] = part
            rest = rest[len(part) :]
            size += len(part)
        return size

    return read


def row_start(reading: Callable[[int], Callable[[memoryview], int]], offset: int) -> int | None:
    """Return where the first line begins at an offset or after it; the offset if none is near.

    None if the content ends before the offset.
    """
    before = bytearray(_SEARCHED)
    if not reading(offset - 1)(memoryview(before)):
        return None
    found = before.find(b"\n")
    return offset + found if found != -1 else offset
