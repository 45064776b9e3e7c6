"""A text of JSON → its strings and brackets, 64 bytes at a time, with numpy.

Each kind of character is a row of bits. A few operations on these tell which quotes begin a string,
and how many brackets are open at a place.
"""

from __future__ import annotations

import numpy as np

from ebs_kms_audit.reading.bits import WORD, Array, between, bits_in, ends_set, packed

_ONE = np.uint64(1)
# In ASCII, the two kinds of brackets differ in this bit.
_BRACKET_BIT = 0x20
_DEEP = 150


class Structure:
    """The structure of the first `size` bytes of a text that begins outside strings and brackets.

    strings  the quotes that begin a string
    quotes   the quotes that begin or end a string
    opening  the brackets and braces that open a list or an object
    closing  the brackets and braces that close one
    """

    def __init__(self, text: bytes, size: int) -> None:
        content = np.frombuffer(text, np.uint8, size)
        whole = np.zeros(size + -size % WORD, dtype=bool)
        marks = whole[:size]
        self.quotes = quotes_in(text, content, whole)
        inside = between(self.quotes)
        outside = ~inside
        self.strings = self.quotes & inside
        brackets = content | _BRACKET_BIT
        np.equal(brackets, ord("{"), out=marks)
        self.opening = packed(whole) & outside
        np.equal(brackets, ord("}"), out=marks)
        self.closing = packed(whole) & outside
        opened = bits_in(self.opening).astype(np.int8) - bits_in(self.closing).astype(np.int8)
        self._depths = np.cumsum(opened, dtype=np.int64)  # after each number
        self._ends_inside = ends_set(inside)

    def is_whole(self) -> bool:
        """Return whether each string and each bracket is closed at the end."""
        return not self._ends_inside and bool(self._depths[-1] == 0)

    def deep(self) -> Array:
        """Return places that are inside many brackets: one at least where a decoder may not follow.

        A decoder follows more than `_DEEP` + `WORD` brackets.
        """
        return (np.flatnonzero(self._depths > _DEEP) + 1) * WORD

    def depth(self, places: Array) -> Array:
        """Return how many brackets are open before each place."""
        words = places // WORD
        before = (_ONE << (places % WORD).astype(np.uint64)) - _ONE
        found: Array = np.where(words > 0, self._depths[words - 1], 0)
        found += bits_in(self.opening[words] & before)
        found -= bits_in(self.closing[words] & before)
        return found


def quotes_in(text: bytes, content: Array, whole: Array) -> Array:
    """Return the quotes that begin or end a string, as bits.

    `content` has the bytes at the beginning of the text, and `whole` is as long in whole words; it
    is overwritten.
    """
    size = len(content)
    marks = whole[:size]
    np.equal(content, ord('"'), out=marks)
    if text.find(b"\\", 0, size) != -1:
        escaped = _escaped(np.flatnonzero(content == ord("\\")))
        marks[escaped[escaped < size]] = False
    return packed(whole)


def _escaped(slashes: Array) -> Array:
    """Return the places after an odd number of backslashes."""
    first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)  # of each run of them
    lengths = np.diff(first, append=len(slashes))
    found: Array = (slashes[first] + lengths)[lengths % 2 == 1]
    return found
