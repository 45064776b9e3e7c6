"""JsonText: the place of each value, for any JSON document."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ebs_kms_audit.checking.json_text import JsonText, Lines, Place
from ebs_kms_audit.policy.statement import child_path

TEXT = st.text(max_size=6)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)


def paths(value, path="$"):
    """Yield each part of a value with its JSON path."""
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from paths(member, child_path(path, name))
    elif isinstance(value, list):
        for at, entry in enumerate(value):
            yield from paths(entry, f"{path}[{at}]")


@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_each_part_is_at_its_place(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = JsonText.parse(f" {text}\n")
    assert (found.value, found.repeated) == (value, ())
    parts = dict(paths(value))
    assert set(found.places) == set(parts)
    for path, part in parts.items():
        place = found.place(path)
        assert json.loads(found.text[place.start : place.end]) == part


@given(VALUES, st.booleans())
def test_each_part_of_a_string_is_at_its_place_in_the_file(value, ascii_only):
    inner = json.dumps(value, indent=1, ensure_ascii=ascii_only)
    text = json.dumps({"Policy": inner}, ensure_ascii=ascii_only)
    found = JsonText.parse(text).inner("$.Policy")
    assert found.value == value
    for path, part in paths(value):
        place = found.place(path)
        assert json.loads(json.loads(f'"{text[place.start : place.end]}"')) == part


@given(st.text(alphabet="a\n", max_size=20), st.data())
def test_lines_and_columns_name_the_offset(text, data):
    at = data.draw(st.integers(0, len(text)))
    line, column, *_ = Lines(text).region(Place(at, at))
    assert sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1 == at
