r"""Output of `aws cloudtrail lookup-events` → the text of the record in each event.

    {"Events": [{"EventId": "…", …, "CloudTrailEvent": "{\"eventVersion\":\"1.11\",…}"}, …]}

The record is JSON in a string. Here the string is unescaped, and nothing is decoded.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_S = rb"[ \t\r\n]*+"
_PLAIN = rb'[^"\\\x00-\x1f]*+'
_TEXT = rb'"' + _PLAIN + rb'(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})' + _PLAIN + rb')*+"'
_COMMA, _COLON = _S + rb"," + _S, _S + rb":" + _S


def _several(one: bytes, opening: bytes, closing: bytes) -> bytes:
    """Return the pattern of a list or an object."""
    inside = rb"(?:" + one + rb"(?:" + _COMMA + one + rb")*+" + _S + rb")?+"
    return opening + _S + inside + closing


_RESOURCE = _several(_TEXT + _COLON + _TEXT, rb"\{", rb"\}")
_VALUE = rb"(?:" + _TEXT + rb"|true|false|null|[1-9][0-9]{0,12}(?:\.[0-9]{1,6})?|"
_VALUE += _several(_RESOURCE, rb"\[", rb"\]") + rb")"
_NAMES = rb'"(?:EventId|EventName|ReadOnly|AccessKeyId|EventTime|EventSource|Username|Resources)"'
_MEMBER = _NAMES + _COLON + _VALUE
_BEFORE = re.compile(
    rb"[ \t\r\n,]*+(\{" + _S + rb"(?:" + _MEMBER + _COMMA + rb')*+"CloudTrailEvent"'
    + _COLON + rb'")(?=\{\\"eventVersion\\":)'
)  # fmt: skip
_END = b'}"'  # in a string, a quote follows a backslash
_AFTER = re.compile(rb'\}"(?:' + _COMMA + _MEMBER + rb")*+" + _S + rb"\}")


class LookedUp(NamedTuple):
    """An event in a text.

    begin, end  where it begins and ends
    record      the text of its record; empty if that is not plain, so that it must be decoded
    """

    begin: int
    end: int
    record: bytes


def event_at(text: bytes, at: int) -> LookedUp | None:
    """Return the event after a place between two; None if it is not written as the AWS CLI does.

    It is valid JSON if its string of a record is.
    """
    before = _BEFORE.match(text, at)
    if before is None:
        return None
    begin, inside = before.span(1)
    end = text.find(_END, inside)
    after = _AFTER.match(text, end) if end != -1 else None
    if after is None or not _is_utf8(text[begin : after.end()]):
        return None
    return LookedUp(begin, after.end(), _unescaped(text[inside : end + 1]))


def _is_utf8(text: bytes) -> bool:
    try:
        return text.isascii() or bool(text.decode())
    except ValueError:
        return False


def _unescaped(string: bytes) -> bytes:
    """Return what a string of JSON stands for; an empty text if it is not valid."""
    found = string.translate(None, b"\\")
    if found.count(b'"') == len(string) - len(found):  # each backslash is before a quote
        return found
    try:
        return str(json.loads(b'"%b"' % string)).encode()
    except ValueError:  # a lone surrogate too
        return b""
