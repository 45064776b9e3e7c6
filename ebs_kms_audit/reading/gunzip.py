"""Blocks of a gzip file → blocks of its content.

With the package isal, which is optional (`[fast]`), a file that can be read again is unpacked in
less than half the time. Of a damaged file, isal returns some bytes less than zlib: zlib then reads
the file again, so that the content is the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

MOST_PACKED = 1032
"""How many times as large a content can be as its gzip file. Source: zlib, "Technical Details"."""
WRONG_CHECKSUM = "the content of the gzip file does not match its checksum"
"""Why a content ends that is whole, or up to the end of a member. It can be altered."""
_WRONG_CHECKS = ("incorrect data check", "incorrect length check")  # of zlib
_ISIZE = 4  # bytes, at the end of a member
_UNPACKED = 1 << 20  # a larger block than those that are read from disk: that is quicker


class GzipError(Exception):
    """Raised by blocks if the gzip file is damaged or cut short; the content before it is good."""


def expected_size(path: str, size: int) -> int:
    """Return how large the content of a gzip file of a size is, if it has one member; 0 if unknown.

    Source: RFC 1952, "Member format": ISIZE is the size modulo 2^32.
    """
    with suppress(OSError), open(path, "rb") as file:  # noqa: PTH123
        file.seek(max(0, size - _ISIZE))
        return min(int.from_bytes(file.read(_ISIZE), "little"), size * MOST_PACKED)
    return 0


def gunzipped(
    blocks: Iterator[bytes], again: Callable[[], Iterator[bytes]] | None = None
) -> Iterator[bytes]:
    """Unpack one gzip member after another. `again` returns the blocks a second time.

    Raises GzipError after what precedes the damage.
    """
    fast = _isal() if again else None
    if fast is None or again is None:
        yield from _by_zlib(blocks)
        return
    size = 0
    try:
        for block in _by(fast, blocks):
            size += len(block)
            yield block
    except (fast.error, GzipError):
        for block in _by_zlib(again()):
            if rest := block[size:]:
                yield rest
            size -= min(size, len(block))


def gunzipped_member(packed: bytes, limit: int) -> bytes | None:
    """Return the content of a gzip file; None if it exceeds a limit, or the file is damaged.

    None also if it has several members.
    """
    module = _isal() or zlib
    unpack = module.decompressobj(31)
    try:
        content: bytes = unpack.decompress(packed, limit)
    except module.error:
        return None
    return content if unpack.eof and not unpack.unused_data else None


def _by_zlib(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack with zlib. Where it fails, go byte by byte up to the damage."""
    given: list[tuple[Any, bytes]] = []
    try:
        yield from _by(zlib, blocks, given)
    except zlib.error as error:
        ((unpack, packed),) = given
        with suppress(zlib.error):
            for place in range(len(packed)):
                if block := unpack.decompress(packed[place : place + 1]):
                    yield block
        whole = str(error).endswith(_WRONG_CHECKS)
        raise GzipError(WRONG_CHECKSUM if whole else "the gzip file is damaged") from error


def _by(
    module: Any, blocks: Iterator[bytes], given: list[tuple[Any, bytes]] | None = None
) -> Iterator[bytes]:
    """Unpack with a module that has the functions of zlib. Its errors are raised.

    `given` holds what unpacks and what it is given, as they are before each step.
    """
    unpack = module.decompressobj(31)
    for packed in blocks:
        rest = packed
        while rest:
            if unpack.eof:  # another member follows, or padding
                rest = rest.lstrip(b"\x00")
                unpack = module.decompressobj(31) if rest else unpack
                continue
            if given is not None:
                given[:] = [(unpack.copy(), rest)]
            if block := unpack.decompress(rest, _UNPACKED):
                yield block
            rest = unpack.unconsumed_tail or unpack.unused_data
    if not unpack.eof:
        raise GzipError("the gzip file is cut short")


def _isal() -> Any:
    """Return the module of isal that has the functions of zlib; None if it is not installed."""
    try:
        from isal import isal_zlib
    except ImportError:
        return None
    return isal_zlib
