"""The steps of a path are those that jsonpath-ng finds."""

import pytest
from jsonpath_ng import Child, Fields, parse  # type: ignore[attr-defined]

from ebs_kms_audit.reading.records.envelopes import ENVELOPES
from ebs_kms_audit.reading.records.fields import _PATHS
from ebs_kms_audit.reading.records.paths import found_at, steps_of


def by_jsonpath(expression):
    if isinstance(expression, Child):
        last = expression.right
        return (*by_jsonpath(expression.left), last.fields[0] if type(last) is Fields else None)
    return ()


@pytest.mark.parametrize("path", sorted({*_PATHS.values(), *(path for _, path in ENVELOPES)}))
def test_each_path_has_the_steps_of_jsonpath(path):
    assert steps_of(path) == by_jsonpath(parse(path))


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$.a", ("a",)),
        ("$._raw", ("_raw",)),
        ("$.a[*].b2[*]", ("a", None, "b2", None)),
        ("$['@message']", ("@message",)),
        ("$.a.'b c'", ("a", "b c")),
    ],
)
def test_steps_are_names_and_elements(path, steps):
    """RFC 9535, "Overview": `.name` is a member, and `[*]` selects every element."""
    assert steps_of(path) == by_jsonpath(parse(path)) == steps


def test_a_walk_skips_what_has_another_shape():
    value = {"a": [{"b": 1}, {"c": 2}, 3, {"b": [4]}]}
    assert list(found_at(value, steps_of("$.a[*].b"))) == [1, [4]]
    assert list(found_at(value, steps_of("$.a.b"))) == []
    assert list(found_at([value], steps_of("$.a[*]"))) == []
