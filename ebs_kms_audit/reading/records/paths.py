"""JSONPath expressions → their steps. A walk over the steps is quick.

Most expressions are plain names and `[*]`. jsonpath-ng parses any other; it is imported for these
only, because that takes longer than reading a small file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

Steps = tuple[str | None, ...]

_PLAIN = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\*\])+")
_STEP = re.compile(r"\.(\w+)|\[\*\]")


@cache
def steps_of(path: str) -> Steps:
    """Return the steps of a path: the name of a member, or None for every element of a list."""
    if _PLAIN.fullmatch(path):
        return tuple(name or None for name in _STEP.findall(path))
    from jsonpath_ng import Child, Fields
    from jsonpath_ng.parser import parse

    def steps(expression: Any) -> Iterator[str | None]:
        if isinstance(expression, Child):
            yield from steps(expression.left)
            yield expression.right.fields[0] if isinstance(expression.right, Fields) else None

    return tuple(steps(parse(path)))


def found_at(value: Any, steps: Steps) -> Iterator[Any]:
    """Yield what is at the end of the steps."""
    if not steps:
        yield value
    elif steps[0] is None:
        for element in value if isinstance(value, list) else ():
            yield from found_at(element, steps[1:])
    elif isinstance(value, dict) and steps[0] in value:
        yield from found_at(value[steps[0]], steps[1:])
