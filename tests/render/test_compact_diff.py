"""The diff of a key policy in few lines: what it says stays, and it stays a unified diff."""

import difflib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebs_kms_audit.render.compact_diff import compact_diff

BEFORE = {"Version": "2012-10-17", "Statement": [{"Sid": "root", "Effect": "Allow"}]}
ADDED = {
    "Sid": "Allow use of the key",
    "Effect": "Allow",
    "Principal": {"AWS": ["arn:aws:iam::111122223333:role/" + "x" * 60, "y" * 40]},
    "Action": ["kms:Encrypt", "kms:Decrypt"],
    "Resource": "*",
    "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
}


def diff_of(before, after, context=3):
    old, new = (json.dumps(one, indent=2).splitlines() for one in (before, after))
    return "\n".join(difflib.unified_diff(old, new, "a", "b", n=context, lineterm=""))


def test_lists_and_conditions_take_one_line_each():
    after = BEFORE | {"Statement": [*BEFORE["Statement"], ADDED]}
    assert compact_diff(diff_of(BEFORE, after)).splitlines() == [
        "--- a",
        "+++ b",
        "@@ -4,6 +4,17 @@",
        "     {",
        '       "Sid": "root",',
        '       "Effect": "Allow"',
        "+    },",
        "+    {",
        '+      "Sid": "Allow use of the key",',
        '+      "Effect": "Allow",',
        '+      "Principal": {"AWS": [',
        f'+        "arn:aws:iam::111122223333:role/{"x" * 60}",',
        f'+        "{"y" * 40}"',
        "+      ]},",
        '+      "Action": ["kms:Encrypt", "kms:Decrypt"],',
        '+      "Resource": "*",',
        '+      "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}',
        "     }",
        "   ]",
        " }",
    ]


def applied(diff):
    """Return the new document of a diff with all of the document as its context."""
    lines = diff.splitlines()[3:]
    return json.loads("\n".join(line[1:] for line in lines if line[:1] in "+ "))


words = st.text(alphabet='ab[]{}", +-@', max_size=12)
values = st.recursive(
    words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3)
)


@given(before=st.dictionaries(words, values, max_size=3), after=st.dictionaries(words, values))
def test_the_new_document_and_the_line_counts_stay(before, after):
    diff = diff_of(before, after, context=1000)
    short = compact_diff(diff)
    if before == after:
        assert short == ""
        return
    assert applied(short) == after
    _, _, header, *body = short.splitlines()
    old, new = re.fullmatch(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", header).groups("1")
    assert sum(line[:1] in "- " for line in body) == int(old)
    assert sum(line[:1] in "+ " for line in body) == int(new)


@pytest.mark.parametrize("text", ["", "no diff", "--- a\n+++ b", "@@ x @@\n+["])
def test_what_is_no_diff_is_kept(text):
    assert compact_diff(text) == text


def test_later_hunks_begin_where_they_now_are():
    before = {"a": "1", **{f"k{n}": "v" for n in range(20)}, "z": "1"}
    after = before | {"a": ["1", "2"], "z": "2"}
    headers = [line for line in compact_diff(diff_of(before, after)).splitlines() if "@@" in line]
    assert headers == ["@@ -1,5 +1,5 @@", "@@ -20,5 +20,5 @@"]
