"""A pasted text → one line of plain text.

JSON escapes, HTML, terminal colors, quotes, the frame that Terraform draws and line breaks are
removed. Each pass takes linear time.
"""

from __future__ import annotations

import re

# The number of digits is limited, because `int()` rejects more than 4,300 digits. A name ends with
# a semicolon: `&region=` in a URL is not `&reg;`.
_HTML = r"&(?:#\d{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z]{2,8};)"
# A run of backslashes is one match, so that the time is linear.
_ESCAPE = r"\\+(?:u00([0-9a-fA-F]{2})|([nrt])|([\"'/]))?"
_COLOR = r"\x1b\[[0-9;]{0,20}[A-Za-z]"
_TAG = r"</?[A-Za-z]{1,40}/?>"
_INVISIBLE = "[\u00ad\u200b-\u200f\u2060\ufeff\"'`“”‘’«»]"  # and quotes
_SPACE = "[\\s\u2500-\u257f]+"  # and box drawing


def plain(text: str) -> str:
    """Return a text without escapes, HTML, colors, quotes, frames and repeated spaces."""
    for _ in range(2):  # HTML inside HTML
        if "&" in text:
            text = re.sub(_HTML, _character, text)
    text = re.sub(_COLOR, "", text)
    if "\\" in text:
        text = re.sub(_ESCAPE, _unescaped, text)
    text = re.sub(_TAG, " ", text)
    return re.sub(_SPACE, " ", re.sub(_INVISIBLE, "", text)).strip()


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
