"""A text as a person pasted it → one line of plain words.

What only wraps a message is removed: JSON escapes, HTML, colors of a terminal, quotes, the frame
that Terraform draws, line breaks. Each pass takes time linear in the length of the text.
"""

from __future__ import annotations

import re

# Bounded: `int()` rejects numbers of more than 4,300 digits.
_HTML = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});?")
# A whole run of backslashes is one match, so no run is looked at twice.
_ESCAPE = re.compile(r"\\+(?:u00([0-9a-fA-F]{2})|([nrt])|([\"'/]))?")
_COLOR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_TAG = re.compile(r"</?[A-Za-z]{1,40}/?>")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\"'`“”‘’«»]")  # and quotes
_SPACE = re.compile("[\\s\u2500-\u257f]+")  # and box drawing


def plain(text: str) -> str:
    """Return the words of a text without what wraps them."""
    for _ in range(2):  # HTML inside HTML
        if "&" in text:
            text = _HTML.sub(_character, text)
    text = _COLOR.sub("", text)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    text = _TAG.sub(" ", text)
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()


def _character(match: re.Match[str]) -> str:
    from html import unescape

    return unescape(match[0])


def _unescaped(match: re.Match[str]) -> str:
    code, white, mark = match.groups()
    if code:
        return chr(int(code, 16))
    if white:
        return " "
    return mark or match[0]
