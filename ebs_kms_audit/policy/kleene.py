"""Three-valued logic: True, False, and None for what is not known.

>>> all_of([True, None]), all_of([False, None])
(None, False)
"""

from __future__ import annotations

from collections.abc import Iterable


def all_of(values: Iterable[bool | None]) -> bool | None:
    """Return False if one is False, else None if one is None, else True."""
    result: bool | None = True
    for value in values:
        if value is False:
            return False
        if value is None:
            result = None
    return result


def any_of(values: Iterable[bool | None]) -> bool | None:
    """Return True if one is True, else None if one is None, else False."""
    result: bool | None = False
    for value in values:
        if value is True:
            return True
        if value is None:
            result = None
    return result


def opposite(value: bool | None) -> bool | None:
    """Return the other truth value; None for None."""
    return None if value is None else not value
