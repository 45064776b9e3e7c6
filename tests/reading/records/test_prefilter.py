"""Whether a text closes what it opens. RFC 8259: braces in a string open and close nothing."""

import pytest

from ebs_kms_audit.reading.records.prefilter import is_whole


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (b'{"a":{}}', True),
        (b'{"a":"{"}', True),
        (b'{"{":"}}"}', True),
        (rb'{"a":"\"{"}', True),
        (b'{"a":"",{"b":"}"}', False),
        (b'{"a":"{"}}', False),
        (b'{"a":"{}', False),
        (b'{"a":"{}"}"', False),
        (rb'{"a":"\\","{"}', True),
    ],
)
def test_a_text_is_whole(text, whole):
    assert is_whole(text) is whole
