"""Hashes of cells, of many rows at once. Equal cells have equal hashes.

Different cells have different hashes but for a chance of about 1 in 2^64: the factors are random
in each process, so that nobody can choose cells with the same hash.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ebs_kms_audit.reading.bits import Array

_MOST_WORDS = 64
_SHIFT = np.uint64(32)


def _random(count: int) -> Array:
    numbers: Array = np.frombuffer(os.urandom(8 * count), dtype=np.uint64) | np.uint64(1)
    return numbers


_WORD_FACTORS = _random(_MOST_WORDS)
_LENGTH_FACTOR, _LAST_FACTOR = _random(2)
LONGEST = 8 * _MOST_WORDS
"""The longest span with a hash, in bytes. Longer spans get the hash 0."""
PAD = LONGEST + 8
"""How many bytes more a buffer has after its last span: `hash_spans` reads so far, or less."""
_MASKS = np.full(2 * LONGEST + 1, 2**64 - 1, dtype=np.uint64)
"""At `LONGEST` + n: the mask of the first n bytes of a word: of none if n < 0, of all if n > 7."""
_MASKS[: LONGEST + 8] = [0] * LONGEST + [(1 << 8 * size) - 1 for size in range(8)]


def words_of(buffer: bytes | bytearray) -> Array:
    """Return the eight bytes from each place on, as one number each."""
    words: Array = np.ndarray((len(buffer) - 7,), "<u8", buffer, 0, (1,))
    return words


def hash_spans(buffer: bytes | bytearray, start: Array, end: Array) -> Array:
    """Return the hash of the bytes from `start` to `end`, for each pair.

    Spans longer than `LONGEST` get the hash 0. Of each span, as many words are read as the
    longest one has, so the buffer needs up to `PAD` bytes after the last span.

    The hash is a sum over the words of a span, each multiplied by a random factor of its place.
    """
    size = end - start
    found: Array = size.astype(np.uint64) * _LENGTH_FACTOR
    longest = int(size.max(initial=0))
    count = min(_MOST_WORDS, -(-longest // 8))
    if not count:
        return found
    if longest > LONGEST:
        size = np.minimum(size, LONGEST)
    # One copy of all words of a span is quicker than a copy for each word.
    spans: Array = np.ndarray((len(buffer) - 8 * count + 1,), f"V{8 * count}", buffer, 0, (1,))
    words = np.ascontiguousarray(spans[start].view("<u8").reshape(-1, count).T)
    for number in range(int(size.min()) // 8, count):
        # The words before this one have 8 * number bytes. It keeps the bytes that are left.
        words[number] &= _MASKS[LONGEST - 8 * number :][size]
    words *= _WORD_FACTORS[:count, np.newaxis]
    words ^= words >> _SHIFT
    found += np.add.reduce(words, axis=0) * _LAST_FACTOR
    found ^= found >> _SHIFT
    if longest > LONGEST:
        found[end - start > LONGEST] = 0
    return found


def hash_texts(texts: Sequence[str]) -> Array:
    """Return the hashes that cells with these texts have."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([0, *map(len, encoded)])
    buffer = bytearray(b"".join(encoded) + bytes(PAD))
    return hash_spans(buffer, ends[:-1], ends[1:])


def mixed(one: Array, other: Array) -> Array:
    """Return one hash of two. Their order matters."""
    found: Array = (one ^ (other >> np.uint64(29))) * _LAST_FACTOR + other
    return found
