"""Marks of the bytes of a block as bits, 64 in a number: few operations for many bytes.

Bit n of a number stands for byte n of 64. So "before" is a lower bit.
Method: G. Langdale and D. Lemire, "Parsing Gigabytes of JSON per Second".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

WORD = 64
"""How many bytes a number stands for. The length of a block is a multiple of it."""
_ONE, _LAST = np.uint64(1), np.uint64(WORD - 1)
_BITS_IN_BYTE = np.array([byte.bit_count() for byte in range(256)], dtype=np.uint8)


def packed(marks: Array) -> Array:
    """Return one bit for each truth value."""
    return np.packbits(marks, bitorder="little").view("<u8")


def unpacked(bits: Array) -> Array:
    """Return one truth value for each bit."""
    return np.unpackbits(bits.view(np.uint8), bitorder="little").view(np.bool_)


def moved(bits: Array, count: int) -> Array:
    """Return bits with those in front that come `count` places later, from 1 to 63."""
    found: Array = bits >> np.uint64(count)
    found[:-1] |= bits[1:] << np.uint64(WORD - count)
    return found


def moved_back(bits: Array) -> Array:
    """Return bits with those at each place that come one place earlier."""
    found: Array = bits << np.uint64(1)
    found[1:] |= bits[:-1] >> _LAST
    return found


def between(quotes: Array) -> Array:
    """Return which bytes are between two quotes; the first of the two is, and the second is not."""
    found = quotes.copy()
    # After these six steps, each bit is the exclusive or of all bits of its number up to it.
    for count in (1, 2, 4, 8, 16, 32):
        found ^= found << np.uint64(count)
    odd = np.bitwise_xor.accumulate(found >> _LAST)
    found[1:] ^= np.uint64(0) - odd[:-1]  # all bits of a number turn after an odd count of quotes
    return found


def ends_set(bits: Array) -> bool:
    """Return whether the last bit is set."""
    return bool(bits[-1] >> _LAST)


def places_of(bits: Array) -> Array:
    """Return the places of the bits that are set. Quick where they are few."""
    words = np.flatnonzero(bits != 0)
    left = bits[words]
    found = [np.zeros(0, dtype=np.intp)]
    while len(words):  # once for each bit of a number
        others = left & (left - _ONE)  # without the lowest bit that is set
        found.append(words * WORD + bits_in((left ^ others) - _ONE))
        several = np.flatnonzero(others)
        words, left = words[several], others[several]
    places = np.concatenate(found)
    places.sort(kind="stable")
    return places


def bits_in(words: Array) -> Array:
    """Return how many bits are set in each number."""
    if hasattr(np, "bitwise_count"):
        found: Array = np.bitwise_count(words)
    else:  # numpy 1
        found = _BITS_IN_BYTE[words.view(np.uint8)].reshape(-1, 8).sum(axis=1, dtype=np.uint8)
    return found
