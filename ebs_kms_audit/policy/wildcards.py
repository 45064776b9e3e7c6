"""Patterns with `*` and `?`, as IAM has them: nothing else is special (fnmatch's `[` is not).

A pattern is a tuple of characters and the two wildcards ANY and ONE. Some values are known only
in part, and a pattern describes them as well: the ARN of a role, because a session ARN does not
show the path. `matches` is then True if every such value fits, False if none does, else None.

Source: IAM User Guide, "IAM JSON policy elements: Resource" (wildcards), "… Condition operators".
"""

from __future__ import annotations

import re
from typing import Final

from ebs_kms_audit.aws.caching import cached_if_short

ANY: Final = 0
ONE: Final = 1

Pattern = tuple[str | int, ...]
_STARS = re.compile(r"\*{2,}")


@cached_if_short(1024)
def pattern_of(text: str) -> Pattern:
    """Read a text in which `*` and `?` are wildcards."""
    if "*" not in text and "?" not in text:
        return literal(text)
    wildcards: dict[str, str | int] = {"*": ANY, "?": ONE}
    return tuple(wildcards.get(character, character) for character in _STARS.sub("*", text))


def literal(text: str) -> Pattern:
    """Return the pattern that only this text fits."""
    return tuple(text)


def matches(pattern: Pattern, value: str | Pattern) -> bool | None:
    """Return whether a value fits a pattern; a value known in part is itself a pattern."""
    if _covers(pattern, value):
        return True
    if isinstance(value, str) or not (ANY in value or ONE in value):
        return False
    return None if _overlap(pattern, value) else False


def split_arn(value: Pattern) -> list[Pattern] | None:
    """Split a pattern at its first five colons into the parts of an ARN; None with fewer."""
    parts: list[Pattern] = []
    start = 0
    for at, token in enumerate(value):
        if token == ":" and len(parts) < 5:
            parts.append(value[start:at])
            start = at + 1
    parts.append(value[start:])
    return parts if len(parts) == 6 else None


def _covers(pattern: Pattern, value: str | Pattern) -> bool:
    """Return whether the pattern fits every text of the value.

    Goes through both once; on a mismatch it goes back to the last ANY and lets it take one more.
    """
    at = here = 0
    back: tuple[int, int] | None = None
    while here < len(value):
        token = pattern[at] if at < len(pattern) else None
        if token == ANY:
            back = (at, here)
            at += 1
        elif token == value[here] or (token == ONE and value[here] != ANY):
            at += 1
            here += 1
        elif back is not None:
            back = (back[0], back[1] + 1)
            at, here = back[0] + 1, back[1]
        else:
            return False
    return all(token == ANY for token in pattern[at:])


def _overlap(one: Pattern, other: Pattern) -> bool:
    """Return whether some text fits both patterns."""
    # Row by row: fits[j] says whether one[i:] and other[j:] have a text in common.
    fits = [True] * (len(other) + 1)
    for j in reversed(range(len(other))):
        fits[j] = other[j] == ANY and fits[j + 1]
    for token in reversed(one):
        above = fits
        fits = [False] * (len(other) + 1)
        fits[-1] = token == ANY and above[-1]
        for j in reversed(range(len(other))):
            if token == ANY:
                fits[j] = above[j] or fits[j + 1]
            elif other[j] == ANY:
                fits[j] = fits[j + 1] or above[j]
            else:
                same = token == other[j] or token == ONE or other[j] == ONE
                fits[j] = same and above[j + 1]
    return fits[0]
