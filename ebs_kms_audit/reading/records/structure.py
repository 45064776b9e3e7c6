"""A block of JSON → its strings and brackets, 64 bytes at a time, with numpy.

Each kind of character is a row of bits, one for each byte, 64 in a number. A few operations on
these numbers tell which quotes begin a string, and how many brackets are open at a place.
Method: G. Langdale and D. Lemire, "Parsing Gigabytes of JSON per Second".
"""

from __future__ import annotations

import numpy as np

from ebs_kms_audit.reading.exports.hashing import Array

WORD = 64
_ONE = np.uint64(1)
_LAST = np.uint64(WORD - 1)
# In ASCII, the two kinds of brackets differ in this bit.
_BRACKET_BIT = 0x20
_BITS_IN_BYTE = np.array([byte.bit_count() for byte in range(256)], dtype=np.uint8)


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
        inside = _inside(self.quotes)
        outside = ~inside
        self.strings = self.quotes & inside
        brackets = content | _BRACKET_BIT
        self.opening = packed(brackets == ord("{")) & outside
        self.closing = packed(brackets == ord("}")) & outside
        self._opened = np.cumsum(_bits_in(self.opening), dtype=np.int64)
        self._closed = np.cumsum(_bits_in(self.closing), dtype=np.int64)
        self._ends_inside = bool(inside[-1] >> _LAST)

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


def packed(marks: Array) -> Array:
    """Return one bit for each truth value."""
    return np.packbits(marks, bitorder="little").view("<u8")


def moved(bits: Array, count: int) -> Array:
    """Return bits with those in front that come `count` places later, from 1 to 63."""
    found: Array = bits >> np.uint64(count)
    found[:-1] |= bits[1:] << np.uint64(WORD - count)
    return found


def places_of(bits: Array) -> Array:
    """Return the places of the bits that are set."""
    words = np.flatnonzero(bits != 0)
    each = np.unpackbits(bits[words].view(np.uint8), bitorder="little")
    inside = np.flatnonzero(each.view(np.bool_))
    found: Array = words[inside // WORD] * WORD + inside % WORD
    return found


def _escaped(slashes: Array) -> Array:
    """Return the places after an odd number of backslashes."""
    first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)  # of each run of them
    lengths = np.diff(first, append=len(slashes))
    found: Array = (slashes[first] + lengths)[lengths % 2 == 1]
    return found


def _inside(quotes: Array) -> Array:
    """Return which bytes are in a string; its first quote is, and its last quote is not."""
    found = quotes.copy()
    for count in (1, 2, 4, 8, 16, 32):
        found ^= found << np.uint64(count)
    odd = np.bitwise_xor.accumulate(found >> _LAST)
    found[1:] ^= np.uint64(0) - odd[:-1]
    return found


def _before(bits: Array, counted: Array, places: Array) -> Array:
    """Return how many bits are set before each place; `counted` says how many up to each word."""
    words = places // WORD
    rest = bits[words] & ((_ONE << (places % WORD).astype(np.uint64)) - _ONE)
    found: Array = np.where(words > 0, counted[words - 1], 0) + _bits_in(rest)
    return found


def _bits_in(words: Array) -> Array:
    """Return how many bits are set in each word."""
    if hasattr(np, "bitwise_count"):
        found: Array = np.bitwise_count(words)
    else:  # numpy 1
        found = _BITS_IN_BYTE[words.view(np.uint8)].reshape(-1, 8).sum(axis=1)
    return found
