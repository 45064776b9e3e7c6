"""Text from an input → text that a terminal, a log or an editor shows as it is.

Log fields, policies and file names come from others. A control character in them can move a
terminal or forge a line; a bidirectional or zero-width character can hide what a text says.
"""

from __future__ import annotations

# Characters without ink that `str.isprintable` takes for printable: fillers, joiners, selectors.
# Source: Unicode 16.0, DerivedCoreProperties, Default_Ignorable_Code_Point; and U+2800.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b\u180c\u180d\u180e\u180f"
).union(map(chr, range(0xFE00, 0xFE10)), map(chr, range(0xE0100, 0xE01F0)))


def escape_unprintable(text: str) -> str:
    r"""Return the text with each invisible character written as an escape, in one line.

    Escaped are control characters (C0 and C1), line breaks, bidirectional and zero-width
    characters, spaces other than U+0020, lone surrogates, and characters without ink.

    >>> escape_unprintable("a\nb\u202e")
    'a\\nb\\u202e'
    """
    if text.isprintable() and (text.isascii() or _INVISIBLE.isdisjoint(text)):
        return text
    return "".join(
        one if one.isprintable() and one not in _INVISIBLE else ascii(one)[1:-1] for one in text
    )


def escape_lines(text: str) -> str:
    """Return a text of several lines with each line escaped; only its line feeds stay."""
    return "\n".join(map(escape_unprintable, text.split("\n")))
