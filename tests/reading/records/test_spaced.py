"""White space outside strings is removed, and nothing else.

`test_scan` compares records that are written so with the reader that decodes every record.
"""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ebs_kms_audit.reading.records.index import Indexer
from ebs_kms_audit.reading.records.prefilter import RecordPrefilter
from ebs_kms_audit.reading.records.scan import RecordScan
from ebs_kms_audit.reading.records.spaced import compact
from tests.records import record

NEEDLESS = {"eventSource": "s3.amazonaws.com", "eventName": "PutObject"}
RECORDS = [record(**NEEDLESS, requestParameters=one) for one in ({"a": [1, {}]}, "{ ", [True])]
RECORDS[1:1] = [record(), record(eventSource="absent")]
SHAPES = {
    "a list": json.dumps(RECORDS),
    "indented": json.dumps({"Records": RECORDS}, indent=4),
    "with tabs": json.dumps({"Records": RECORDS}, indent="\t"),
    "with CR LF": json.dumps({"Records": RECORDS}, indent=1).replace("\n", "\r\n"),
    "lines": "\n".join(map(json.dumps, RECORDS)) + "\n{}",
    "indented, one after the other": "\n".join(json.dumps(one, indent=2) for one in RECORDS),
    "a log with line breaks": json.dumps({"Records": RECORDS}, separators=(",\n", ":")),
}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_records_that_are_not_needed_are_passed_over(monkeypatch, shape):
    monkeypatch.setattr("ebs_kms_audit.reading.records.scan._LARGE_BLOCK", 0)
    prefilter = RecordPrefilter()
    scan = RecordScan(iter([SHAPES[shape].encode()]), prefilter, indexer=Indexer(prefilter))
    found = [one.content for one in scan if one.content]
    assert found[:2] == RECORDS[1:3]
    assert scan.passed == 5 - len(found)
    assert len(found) <= 3  # the last one too, if nothing follows


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{ "a" : [ 1, 2 ] }', '{"a":[1,2 ]}'),
        ('{"a": "b c\\" d", "e": ""}', '{"a":"b c\\" d","e":""}'),
        ('{\n\t"a":\r\n  tru e\n}', '{"a":tru e\n}'),
        ("[1 2,  -  3, 1.  5, null\n\n]", "[1 2,- 3,1. 5,null\n]"),
        ('"a" "b" {} "c\\\\" [ ] "d e', '"a""b"{}"c\\\\"[]"d e'),
        ("   ", ""),
        ('{"a": "é ü"}', '{"a":"é ü"}'),
        ('{"a": "b\n"}', None),
        ('{"a": "b\t"}', None),
        ('{"a": \x0b 1}', None),
        ('{"a": \x00 1}', None),
    ],
)
def test_white_space_is_removed(text, left):
    found = compact(text.encode())
    assert (found.text.decode() if found else None) == left


TOKENS = st.sampled_from(['"a b"', '"\\""', "12", "-", "true", "e", "{", "}", "[", "]", ",", ":"])


@given(st.lists(st.tuples(TOKENS, st.text(" \n\t\r", max_size=3)), max_size=99))
@example([(" ", ""), ("x" * 62, " "), ("", " " * 70), ("{", " " * 300), ("1", "  ")])
def test_what_is_left_has_the_same_parts(parts):
    text = "".join(token + spaces for token, spaces in parts).encode()
    found = compact(text)
    assert found is not None
    places = [found.place_of(at) for at in range(len(found.text))]
    assert bytes(text[at] for at in places) == found.text
    assert places == sorted(set(places))
    assert _words(found.text) == _words(text)


def _words(text):
    """Return the words outside strings; brackets, commas and colons are words too."""
    outside = b'""'.join(text.replace(b'\\"', b"").split(b'"')[::2])
    for mark in (b"{", b"}", b"[", b"]", b",", b":", b'""'):
        outside = outside.replace(mark, b" " + mark + b" ")
    return outside.split()
