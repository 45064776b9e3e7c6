"""Cells with structure → JSON values: JSON, or the form in which Athena and Lake print a struct.

Athena prints `{type=IAMUser, arn=arn:…, sessioncontext={sessionissuer={arn=arn:…}}}`, without
quotes. A value ends at a comma that precedes the name of a member, or where its struct ends.
"""

from __future__ import annotations

import json
import re
from typing import Any

_DEEPEST = 20
_NAME = re.compile(r"\s*(\w+)=")
_SEPARATOR = re.compile(r",\s+(?=\w+=)")
_STOP = re.compile(r",\s+(?=\w+=)|[}\]]")


def parse_cell(value: Any) -> Any:
    """Return the JSON value in a cell; None for an empty one. A value that is no text is returned.

    Raises ValueError if the text is neither JSON nor a struct.
    """
    if not isinstance(value, str):
        return dict(value) if _is_pairs(value) else value
    text = value.strip()
    if text in ("", "null", "NULL", "-"):
        return None
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    except ValueError:
        if text[0] not in "{[":
            if text.startswith("arn:"):
                return text
            raise
    parsed, end = _value(text, 0, 0)
    if text[end:].strip():
        raise ValueError("text after the struct")
    return parsed


def _is_pairs(value: Any) -> bool:
    """Return whether it is a map as pyarrow returns it: a list of pairs."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value)
    )


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    """Return the value that begins at a place, and the place after it."""
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if text[at : at + 1] == "{":
        return _struct(text, at + 1, depth)
    if text[at : at + 1] == "[":
        return _array(text, at + 1, depth)
    stop = _STOP.search(text, at)
    end = stop.start() if stop else len(text)
    word = text[at:end].strip()
    return (None if word == "null" else word), end


def _struct(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    while name := _NAME.match(text, at):
        members[name[1]], at = _value(text, name.end(), depth + 1)
        if separator := _SEPARATOR.match(text, at):
            at = separator.end()
    return members, _closed(text, at, "}")


def _array(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    elements: list[Any] = []
    while text[at : at + 1] not in ("]", ""):
        element, end = _value(text, at, depth + 1)
        if end == at:
            raise ValueError("an array is not closed")
        elements.append(element)
        at = end
        while text[at : at + 1] in (",", " "):
            at += 1
    return elements, _closed(text, at, "]")


def _closed(text: str, at: int, bracket: str) -> int:
    while text[at : at + 1].isspace():
        at += 1
    if text[at : at + 1] != bracket:
        raise ValueError(f"a {bracket} is missing")
    return at + 1
