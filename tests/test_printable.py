"""What is invisible in a text of an input is written as an escape."""

import sys
import unicodedata

import pytest

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.printable import escape_lines, escape_unprintable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("alice", "alice"),
        ("Zoë 你好 …–", "Zoë 你好 …–"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x7f\x85\x9b31m", "\\x7f\\x85\\x9b31m"),  # C1: next line, control sequence introducer
        ("\u202eecila\u2066", "\\u202eecila\\u2066"),
        ("\u200b\u200d\u2060\ufeff\u00ad", "\\u200b\\u200d\\u2060\\ufeff\\xad"),
        ("\u2028\u2029\u00a0\u3000", "\\u2028\\u2029\\xa0\\u3000"),
        ("\u115f\u3164\uffa0\u2800\ufe0f", "\\u115f\\u3164\\uffa0\\u2800\\ufe0f"),
        ("\udc80\U000e0041\U000e0101", "\\udc80\\U000e0041\\U000e0101"),
    ],
)
def test_invisible_characters_are_written_as_escapes(text, shown):
    assert escape_unprintable(text) == shown


def test_no_control_format_or_separator_character_is_left():
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    left = {unicodedata.category(c) for c in escape_unprintable(every)} & {
        "Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"
    }  # fmt: skip
    assert not left
    assert {c for c in escape_unprintable(every) if unicodedata.category(c) == "Zs"} == {" "}


def test_a_text_of_several_lines_keeps_its_line_feeds_only():
    assert escape_lines("+ a\r\n- \x1bb\n") == "+ a\\r\n- \\x1bb\n"


def test_an_error_has_one_line_for_each_sentence():
    error = InputError("a\nebs-kms-audit: 0 denials.csv: no such file", "b.csv: empty")
    assert str(error).split("\n") == [
        "a\\nebs-kms-audit: 0 denials.csv: no such file",
        "b.csv: empty",
    ]
