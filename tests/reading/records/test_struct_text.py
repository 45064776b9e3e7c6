"""Cells of query results: JSON, the text of a Presto or Trino struct, and what is neither.

Source of the struct text: Amazon Athena User Guide, "Query AWS CloudTrail logs" (a struct column is
written as `{name=value, name=value}`, a list as `[value, value]`).
"""

import pytest

from ebs_kms_audit.reading.records.struct_text import parse_cell

CELLS = [
    ("", None),
    (" null ", None),
    ("NULL", None),
    ("-", None),
    ('{"a": 1}', {"a": 1}),
    ("7", 7),
    ("arn:aws:kms:us-east-1:111122223333:key/x", "arn:aws:kms:us-east-1:111122223333:key/x"),
    ("{type=IAMUser, username=alice}", {"type": "IAMUser", "username": "alice"}),
    ("{type=Role, arn=null}", {"type": "Role", "arn": None}),
    ("{a={b=1, c=2}, d=3}", {"a": {"b": "1", "c": "2"}, "d": "3"}),
    ("{text=x, y, next=1}", {"text": "x, y", "next": "1"}),
    ("{a= }", {"a": ""}),
    ("[{arn=a, type=b}, {arn=c}]", [{"arn": "a", "type": "b"}, {"arn": "c"}]),
    ("[]", []),
    ("{}", {}),
    ("{a=1 }", {"a": "1"}),
    ([("a", 1), ("b", 2)], {"a": 1, "b": 2}),
    ([], []),
    ([1, 2], [1, 2]),
    (7, 7),
]


@pytest.mark.parametrize(("cell", "value"), CELLS, ids=repr)
def test_a_cell_is_read(cell, value):
    assert parse_cell(cell) == value


DAMAGED = [
    ("text", "Expecting value"),
    ("{a=1", "a } is missing"),
    ("{a={b=1}", "a } is missing"),
    ("[{a=1}", "a ] is missing"),
    ("{a=1} more", "text after the struct"),
    ("[}", "an array is not closed"),
    ("{a=" * 200, "nested too deep"),
    ("[" * 100_000, "nested too deep"),
]


@pytest.mark.parametrize(("cell", "reason"), DAMAGED, ids=[cell[:9] for cell, _ in DAMAGED])
def test_a_damaged_cell_is_an_error(cell, reason):
    with pytest.raises(ValueError, match=reason):
        parse_cell(cell)
