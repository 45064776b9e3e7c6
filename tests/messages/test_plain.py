"""A pasted text becomes one line: what is removed, what is decoded, and what stays.

Source: RFC 8259 (JSON escapes), the HTML standard (character references), ECMA-48 (colors).
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.messages.plain import plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", "a b"),
        ("  a \t\r\n b\u00a0 ", "a b"),
        ("\x1b[1;31mred\x1b[0m text", "red text"),
        ("a<br>b<br/>c</p>d", "a b c d"),
        ("a<b c", "a<b c"),  # not a tag
        ("a &lt;b&gt; c", "a c"),
        ("&#58;&#x3A;&#X3a&#58", "::::"),
        ("&amp;lt;x", "<x"),
        ("&amp;amp;lt;x", "&lt;x"),  # two levels are decoded
        ("?a=b&region=x&amp;copy=y", "?a=b&region=x&copy=y"),
        ("&#1234567;", "\ufffd"),
        ("&#12345678;", "\ufffd8;"),  # seven digits are enough for every character
        (r"a\nb\rc\td", "a b c d"),
        (r"\u003d\\u003D", "=="),
        (r"\"x\" \'y\' \/", "x y /"),
        (r"\\\\n", ""),
        (r"\z\\", r"\z\\"),
        ("‘a’ “b” «c» `d` 'e' \"f\"", "a b c d e f"),
        ("\ufeffa\u200b\u00adb\u2060", "ab"),
        ("╷\n│ Error\n╵", "Error"),
    ],
)
def test_the_plain_text(text, expected):
    assert plain(text) == expected
