"""Wildcards against regular expressions, over every short pattern and text.

Source: IAM User Guide, "IAM JSON policy elements: Resource": `*` is any text, also none, and `?` is
one character.
"""

from __future__ import annotations

import re
from itertools import product

import pytest

from ebs_kms_audit.policy.wildcards import literal, matches, pattern_of, split_arn

PATTERNS = ["".join(letters) for size in range(4) for letters in product("ab*?", repeat=size)]
TEXTS = ["".join(letters) for size in range(7) for letters in product("abc", repeat=size)]


def texts_of(pattern):
    """Return the texts of up to six letters that fit a pattern."""
    regex = re.compile(pattern.replace("*", ".*").replace("?", "."))
    return frozenset(filter(regex.fullmatch, TEXTS))


FITTING = {pattern: texts_of(pattern) for pattern in PATTERNS}


def test_a_text_fits_a_pattern_as_a_regular_expression():
    for pattern in PATTERNS:
        read = pattern_of(pattern)
        assert {text for text in TEXTS if matches(read, text)} == FITTING[pattern], pattern
        assert {text for text in TEXTS if matches(read, literal(text))} == FITTING[pattern]


def test_a_text_that_is_known_in_part_fits_never_always_or_perhaps():
    for pattern, value in product(PATTERNS, repeat=2):
        result = matches(pattern_of(pattern), pattern_of(value))
        possible = FITTING[value]
        assert (result is False) is not (possible & FITTING[pattern]), (pattern, value)
        if result is True:
            assert possible <= FITTING[pattern], (pattern, value)
        if possible <= FITTING[pattern] and "*" not in value:
            assert result is True, (pattern, value)


@pytest.mark.parametrize(
    ("pattern", "value"), [("*", "*"), ("a*", "a*"), ("a*", "ab*"), ("*b", "*ab"), ("*", "a?*")]
)
def test_every_text_of_a_part_fits_a_wider_pattern(pattern, value):
    assert matches(pattern_of(pattern), pattern_of(value)) is True


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a:b:c:d:e:f", ["a", "b", "c", "d", "e", "f"]),
        ("a:b:c:d:e:f:g:h", ["a", "b", "c", "d", "e", "f:g:h"]),
        (":::::", ["", "", "", "", "", ""]),
        ("a:b:c:d:e", None),
        ("", None),
    ],
)
def test_the_six_parts_of_an_arn(text, parts):
    assert split_arn(literal(text)) == (parts and [literal(part) for part in parts])


def test_several_asterisks_are_one_and_no_wildcard_is_a_plain_text():
    assert pattern_of("a***b") == pattern_of("a*b")
    assert pattern_of("ab") == ("a", "b")
    assert literal("a*?") == ("a", "*", "?")
    assert matches(literal("a*"), "ab") is False
