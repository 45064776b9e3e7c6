"""The structure of a JSON text is what a reader finds that looks at one character after another."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ebs_kms_audit.reading.bits import WORD, moved, packed, places_of
from ebs_kms_audit.reading.records.structure import Structure

VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text('ab"\\{}[],:é', max_size=90),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text('a"\\{', max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


def structure_of(text):
    return Structure(text + b'"}\\', len(text))  # what follows does not count


def plainly(text):
    """Return the quotes that begin a string, all quotes, the brackets, and the depth of each place.

    RFC 8259, "Strings": a backslash escapes the character after it.
    """
    strings, quotes, opening, closing, depths = [], [], [], [], []
    depth, inside, escaped = 0, False, False
    for place, character in enumerate(text.decode("latin-1")):
        depths.append(depth)
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quotes.append(place)
            if not inside:
                strings.append(place)
            inside = not inside
        elif not inside and character in "[{":
            opening.append(place)
            depth += 1
        elif not inside and character in "]}":
            closing.append(place)
            depth -= 1
    return strings, quotes, opening, closing, depths, not inside and depth == 0


def assert_is_found(text):
    found = structure_of(text)
    strings, quotes, opening, closing, depths, whole = plainly(text)
    assert places_of(found.strings).tolist() == strings
    assert places_of(found.quotes).tolist() == quotes
    assert places_of(found.opening).tolist() == opening
    assert places_of(found.closing).tolist() == closing
    assert found.depth(np.arange(len(text))).tolist() == depths
    assert found.is_whole() == whole


@pytest.fixture(params=["numpy 2", "numpy 1"], autouse=True, scope="module")
def version(request):
    """NumPy 2.0.0 Release Notes: bitwise_count is new."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy 1":
            patch.delattr(np, "bitwise_count", raising=False)
        yield


@given(st.lists(VALUES, min_size=1, max_size=5))
@example(['"' * 64, "\\" * 63, ["\\" * 64 + '"'], {"}": "]"}])
def test_strings_and_brackets_are_found(values):
    assert_is_found(b"".join(json.dumps(one, ensure_ascii=False).encode() for one in values))


@pytest.mark.parametrize("length", [0, 61, 62, 63, 64, 65, 127, 128])
@pytest.mark.parametrize("part", ['"', '\\"', '\\\\"', "{", "]", '"{"', '["'])
def test_at_the_ends_of_words(length, part):
    assert_is_found(b'"' + b"a" * length + part.encode() + b'"' + part.encode() + b"[]")


@pytest.mark.parametrize("text", [b"{}", b'["a"]', b'"}"', b"{", b'"', b"[[]", b'{"a":"}'])
def test_a_text_is_whole_if_all_is_closed(text):
    assert structure_of(text).is_whole() == plainly(text)[-1]


@given(st.lists(st.booleans(), min_size=1, max_size=200), st.integers(1, 63))
def test_bits_can_be_moved_to_the_front(marks, count):
    marks += [False] * (-len(marks) % WORD)
    bits = packed(np.array(marks))
    assert places_of(bits).tolist() == [place for place, mark in enumerate(marks) if mark]
    expected = [place - count for place, mark in enumerate(marks) if mark and place >= count]
    assert places_of(moved(bits, count)).tolist() == expected
