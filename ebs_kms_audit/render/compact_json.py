"""JSON for pasting: several lines, but a list or an object that fits on one line is on one line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_WIDTH = 110
_ALWAYS_SPREAD = ("Effect", "Statement")  # a statement or a policy is read member by member


def compact(value: Any) -> str:
    """Return a value as JSON in ASCII, as few lines as 110 columns allow."""
    return _written(value, "", 0)


def as_list_items(values: Iterable[Any]) -> str:
    """Return the values as items of a list, for pasting into an existing list."""
    return ",\n".join(compact(value) for value in values)


def _written(value: Any, indent: str, used: int) -> str:
    """Write a value into a line of which the indent and `used` further columns are taken."""
    flat = json.dumps(value)
    if not isinstance(value, dict | list) or not value:
        return flat
    fits = len(indent) + used + len(flat) <= _WIDTH
    if fits and not (isinstance(value, dict) and any(name in value for name in _ALWAYS_SPREAD)):
        return flat
    inner = indent + "  "
    if isinstance(value, dict) and len(value) == 1:  # its brackets need no lines of their own
        (name, member), *_ = value.items()
        return f"{{{json.dumps(name)}: {_written(member, indent, used + len(name) + 5)}}}"
    if isinstance(value, dict):
        names = [f"{json.dumps(name)}: " for name in value]
        lines = [
            name + _written(member, inner, len(name) + 1)
            for name, member in zip(names, value.values(), strict=True)
        ]
        return "{\n" + ",\n".join(inner + line for line in lines) + f"\n{indent}}}"
    lines = [_written(item, inner, 1) for item in value]
    return "[\n" + ",\n".join(inner + line for line in lines) + f"\n{indent}]"
