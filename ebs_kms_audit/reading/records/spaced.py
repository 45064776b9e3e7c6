"""JSON with line breaks and spaces → the same without them, as CloudTrail writes a log file."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import WORD, Array, between, bits_in, moved_back, packed, unpacked
from ebs_kms_audit.reading.records.structure import quotes_in

SPACED = re.compile(rb'\s*\{\s*"eventVersion"\s*:')
"""The beginning of a record that may be written so."""
_OTHER_SPACES = b"\t\r"
# Brackets and braces have these bits, and no character of a number or a keyword has them all.
_BRACKET_BITS, _BRACKET = 0x26, 0x7F


class Compact(NamedTuple):
    """A text without the white space between its parts.

    text  what is left
    left  one bit for each byte of the whole text: whether it is left
    """

    text: bytes
    left: Array

    def place_of(self, at: int) -> int:
        """Return where in the whole text a byte is that is left."""
        before = np.cumsum(bits_in(self.left), dtype=np.int64)
        word = int(np.searchsorted(before, at, "right"))
        inside = at - (int(before[word - 1]) if word else 0)
        return word * WORD + int(np.flatnonzero(unpacked(self.left[word : word + 1]))[inside])


def compact(text: bytes) -> Compact | None:
    """Remove the white space outside strings. The text begins there.

    White space is left after a number or a keyword: another one may follow. None if the text is in
    doubt: a control character is in a string, or is no white space.
    """
    content = np.frombuffer(text, np.uint8)
    whole = np.zeros(len(text) + -len(text) % WORD, dtype=bool)
    marks = whole[: len(text)]
    quotes = quotes_in(text, content, whole)
    inside = between(quotes)
    np.less(content, ord(" "), out=marks)
    control = packed(whole)
    if (control & inside).any():
        return None
    np.equal(content, ord("\n"), out=marks)
    spaces = packed(whole)
    if (spaces != control).any():
        for one in _OTHER_SPACES:
            np.equal(content, one, out=marks)
            spaces |= packed(whole)
        if (spaces != control).any():
            return None
    np.equal(content, ord(" "), out=marks)
    spaces |= packed(whole)
    np.equal(content | _BRACKET_BITS, _BRACKET, out=marks)
    marks |= content == ord(",")
    marks |= content == ord(":")
    word = ~(inside | spaces | quotes | packed(whole))  # a number or a keyword
    left = inside | ~spaces | moved_back(word)
    return Compact(content[unpacked(left)[: len(text)]].tobytes(), left)
