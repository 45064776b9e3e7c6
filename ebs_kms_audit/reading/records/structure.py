"""A block of JSON → its strings and brackets, 64 bytes at a time, with numpy.

Each kind of character is a row of bits. A few operations on these tell which quotes begin a string,
and how many brackets are open at a place.
"""

from __future__ import annotations

import numpy as np

from ebs_kms_audit.reading.bits import WORD, Array, between, bits_in, ends_set, packed

_ONE = np.uint64(1)
# In ASCII, the two kinds of brackets differ in this bit.
_BRACKET_BIT = 0x20


class Structure:
    """The structure of a text that begins outside a string and outside brackets.

    The length of the content is a multiple of `WORD`.

    strings  the quotes that begin a string
    quotes   the quotes that begin or end a string
    opening  the brackets and braces that open a list or an object
    closing  the brackets and braces that close one
    """

    def __init__(self, content: Array) -> None:
        quotes = content == ord('"')
        slashes = np.flatnonzero(content == ord("\\"))
        if len(slashes):
            quotes[_escaped(slashes)] = False
        self.quotes = packed(quotes)
        inside = between(self.quotes)
        outside = ~inside
        self.strings = self.quotes & inside
        brackets = content | _BRACKET_BIT
        self.opening = packed(brackets == ord("{")) & outside
        self.closing = packed(brackets == ord("}")) & outside
        self._opened = np.cumsum(bits_in(self.opening), dtype=np.int64)
        self._closed = np.cumsum(bits_in(self.closing), dtype=np.int64)
        self._ends_inside = ends_set(inside)

    def is_whole(self) -> bool:
        """Return whether each string and each bracket is closed at the end."""
        return not self._ends_inside and bool(self._opened[-1] == self._closed[-1])

    def depth(self, places: Array) -> Array:
        """Return how many brackets are open before each place."""
        found: Array = self.opened(places) - _before(self.closing, self._closed, places)
        return found

    def opened(self, places: Array) -> Array:
        """Return how many brackets were opened before each place."""
        return _before(self.opening, self._opened, places)


def _escaped(slashes: Array) -> Array:
    """Return the places after an odd number of backslashes."""
    first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)  # of each run of them
    lengths = np.diff(first, append=len(slashes))
    found: Array = (slashes[first] + lengths)[lengths % 2 == 1]
    return found


def _before(bits: Array, counted: Array, places: Array) -> Array:
    """Return how many bits are set before each place; `counted` says how many up to each word."""
    words = places // WORD
    rest = bits[words] & ((_ONE << (places % WORD).astype(np.uint64)) - _ONE)
    found: Array = np.where(words > 0, counted[words - 1], 0) + bits_in(rest)
    return found
