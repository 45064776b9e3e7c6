"""Text from an input → text that a terminal, a log or an editor shows as it is.

Log fields, policies and file names come from others. A control character in them can move a
terminal or forge a line; a bidirectional or zero-width character can hide what a text says.
"""

from __future__ import annotations

import re

# Characters without ink that `str.isprintable` takes for printable: fillers, joiners, selectors.
# Source: Unicode 16.0, DerivedCoreProperties, Default_Ignorable_Code_Point; and U+2800.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def escape_unprintable(text: str) -> str:
    r"""Return the text with each invisible character written as an escape, in one line.

    Escaped are control characters (C0 and C1), line breaks, bidirectional and zero-width
    characters, spaces other than U+0020, lone surrogates, and characters without ink.

    >>> escape_unprintable("a\nb\u202e")
    'a\\nb\\u202e'
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escaped(c) for c in text)
    if text.isascii():
        return text
    return _INVISIBLE.sub(lambda found: _escaped(found[0]), text)


def escape_lines(text: str) -> str:
    """Return a text of several lines with each line escaped; only its line feeds stay."""
    return "\n".join(map(escape_unprintable, text.split("\n")))


def _escaped(character: str) -> str:
    return ascii(character)[1:-1]
