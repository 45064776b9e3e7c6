"""Files, and other objects with `read` → blocks of bytes or text."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from ebs_kms_audit.errors import InputError

BLOCK = 1 << 18

Blocks = Iterator[bytes] | Iterator[str]


class DamagedError(Exception):
    """Raised by blocks if the archive or gzip file is damaged; the content before it is good."""


def stream_name(stream: Any) -> str:
    """Return the name of a stream for a report."""
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) else f"<{type(stream).__name__}>"


def beginning_of(path: str, size: int) -> bytes:
    """Return the first bytes of a file. A trail has many files, and this is quicker than `open`.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)


def read_blocks(stream: Any, name: str) -> Iterator[Any]:
    """Yield the content of a stream in blocks of full size, also where `read` returns less.

    Raises InputError if the stream cannot be read, DamagedError if it unpacks damaged data.
    """
    # read1 of gzip and zip members returns what precedes the damage, and then fails.
    read: Callable[[int], Any] = stream.read1 if _unpacks(stream) else stream.read
    damaged = False
    kind: type[bytes | str] | None = None
    while not damaged:
        parts, size = [], 0
        try:
            while size < BLOCK and (part := _checked(read(BLOCK - size), kind, name)):
                kind = type(part)
                parts.append(part)
                size += len(part)
        except InputError:
            raise
        except UnicodeDecodeError as error:
            raise InputError(
                f"it was opened as {error.encoding} text, but holds other bytes; open it in binary "
                "mode, or pass its path",
                source=name,
            ) from error
        except Exception as error:
            # Objects of the caller may raise anything here; it concerns this input only.
            if not _is_damage(error, stream):
                raise InputError(f"reading it failed: {error}", source=name) from error
            damaged = True
        if parts:
            empty: Any = parts[0][:0]
            yield empty.join(parts)
        elif not damaged:
            return
    raise DamagedError


class KeptBlocks:
    """The blocks of a content that can be read once. They are kept until `keep_no_more`.

    Until then, each iteration begins with the first block. After that, only one iteration goes on.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks: Iterator[Any] = iter(blocks)
        self._kept: list[Any] = []
        self._size = 0
        self._keeps = True
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[Any]:
        at = 0
        while at < len(self._kept) or self._keep_next():
            yield self._kept[at]
            at += 1
        if self._error:
            raise self._error
        yield from self._blocks

    def size(self, most: int) -> int:
        """Return the size of the content, in bytes or characters. It is read up to about `most`."""
        while self._size < most and self._keep_next():
            pass
        return self._size

    def keep_no_more(self) -> None:
        """Keep no further blocks."""
        self._keeps = False

    def _keep_next(self) -> bool:
        """Read the next block and keep it. Return False at the end, or if no more are kept."""
        if not self._keeps or self._error:
            return False
        try:
            block = next(self._blocks, None)
        except (DamagedError, InputError) as error:  # it is raised after the blocks before it
            self._error = error
            return False
        if block is None:
            return False
        self._kept.append(block)
        self._size += len(block)
        return True


def _checked(part: Any, kind: type[bytes | str] | None, name: str) -> bytes | str:
    """Return what a stream returned, as bytes or text; `kind` is what it returned before."""
    if isinstance(part, (bytearray, memoryview)):
        part = bytes(part)
    if part is None or part in (b"", ""):  # None: a stream that does not block has nothing now
        return b""
    if isinstance(part, (bytes, str)) and kind in (None, type(part)):
        return part
    raise InputError(
        f"its read() returned an object of type {type(part).__name__}; expected "
        + ("bytes or text" if kind is None else f"{kind.__name__}, as before"),
        source=name,
    )


def _is_damage(error: Exception, stream: Any) -> bool:
    """Return whether the error means that packed data is damaged."""
    if isinstance(error, (zlib.error, EOFError)):
        return True
    return _unpacks(stream) and not (isinstance(error, ValueError) and stream.closed)


def _unpacks(stream: Any) -> bool:
    """Return whether it is a file object of gzip or zipfile, without importing these."""
    return any(base.__module__ in ("gzip", "zipfile") for base in type(stream).__mro__)
