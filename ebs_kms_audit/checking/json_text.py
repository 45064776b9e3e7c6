"""JSON text → its value, and where in the text each part of the value is.

Source: RFC 8259, "The JavaScript Object Notation (JSON) Data Interchange Format".
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.policy.statement import child_path

_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(
    r"(?:true|false|null|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])",
    re.ASCII,
)
_LAST_STEP = re.compile(r"(.*)(?:\.\w+|\[\d+\]|\['.*'\]|\[\".*\"\])", re.DOTALL)


class Place(NamedTuple):
    """A part of a text: the offsets of its first character and of the one after its last."""

    start: int
    end: int


class Region(NamedTuple):
    """A part of a text by lines and columns. Both count from 1; the end is not included."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonText:
    """A JSON document with the places of its parts.

    text      the text that was read
    value     the value; of a repeated member the last one
    places    JSON path → where in the text the value at this path is
    repeated  the paths of members that their object has more than once
    end       the offset after the document
    offsets   where in the file each character of the text is, if the text is a string in a JSON
              file; None if the text is the file
    """

    text: str
    value: Any
    places: dict[str, Place]
    repeated: tuple[str, ...]
    end: int
    offsets: tuple[int, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> JsonText:
        """Read the first JSON document of a text.

        Raises InputError with line and column where the text is not JSON.
        """
        reader = _Reader(text)
        try:
            value, end = reader.read(_skip(text, 0), "$")
        except RecursionError:
            raise InputError("the JSON is nested too deeply") from None
        except ValueError as error:
            at = error.pos if isinstance(error, json.JSONDecodeError) else 0
            line, column = position(text, at)
            raise InputError(
                f"line {line}, column {column}: this is not valid JSON ({error.args[0]})"
            ) from None
        return cls(
            text=text,
            value=value,
            places=reader.places,
            repeated=tuple(reader.repeated),
            end=end,
        )

    def inner(self, path: str) -> JsonText:
        """Read the JSON document that the string at a path holds.

        Raises InputError where the string is not JSON.
        """
        offsets = _offsets(self.text, self.places[path])
        if self.offsets is not None:
            offsets = [self.offsets[at] for at in offsets]
        return replace(JsonText.parse(self.value_at(path)), offsets=tuple(offsets))

    def below(self, path: str) -> JsonText:
        """Return the value at a path as a document of its own, with the same places."""

        def relative(one: str) -> str | None:
            rest = one[len(path) :]
            return f"${rest}" if one.startswith(path) and rest[:1] in ("", ".", "[") else None

        return replace(
            self,
            value=self.value_at(path),
            places={name: place for one, place in self.places.items() if (name := relative(one))},
            repeated=tuple(name for one in self.repeated if (name := relative(one))),
            end=self.places[path].end,
        )

    def value_at(self, path: str) -> Any:
        """Return the value at a path that `places` has."""
        place = self.places[path]
        return _DECODER.raw_decode(self.text, place.start)[0]

    def place(self, path: str) -> Place:
        """Return where in the file a path is, or the nearest part around it that there is."""
        while path not in self.places:
            step = _LAST_STEP.fullmatch(path)
            path = step[1] if step else "$"
        found = self.places[path]
        if self.offsets is None:
            return found
        return Place(self.offsets[found.start], self.offsets[found.end])


class _Reader:
    """Reads values and remembers their places."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: dict[str, Place] = {}
        self.repeated: list[str] = []

    def read(self, at: int, path: str) -> tuple[Any, int]:
        """Return the value that begins at an offset, and the offset after it."""
        first = self.text[at : at + 1]
        value: Any
        if first == "{":
            value, end = self._object(at, path)
        elif first == "[":
            value, end = self._list(at, path)
        elif first == '"':
            value, end = _DECODER.raw_decode(self.text, at)
        elif scalar := _SCALAR.match(self.text, at):
            value, end = json.loads(scalar[0]), scalar.end()
        else:
            raise json.JSONDecodeError("a value is expected", self.text, at)
        self.places[path] = Place(at, end)
        return value, end

    def _object(self, at: int, path: str) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        at = _skip(self.text, at + 1)
        if self.text[at : at + 1] == "}":
            return members, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise json.JSONDecodeError("a member name in quotes is expected", self.text, at)
            name, end = _DECODER.raw_decode(self.text, at)
            colon = _skip(self.text, end)
            if self.text[colon : colon + 1] != ":":
                raise json.JSONDecodeError("a colon is expected", self.text, colon)
            where = child_path(path, name)
            value, end = self.read(_skip(self.text, colon + 1), where)
            if name in members:
                self.repeated.append(where)
            members[name] = value
            at, more = self._next(end, "}")
            if not more:
                return members, at

    def _list(self, at: int, path: str) -> tuple[list[Any], int]:
        entries: list[Any] = []
        at = _skip(self.text, at + 1)
        if self.text[at : at + 1] == "]":
            return entries, at + 1
        while True:
            value, end = self.read(at, f"{path}[{len(entries)}]")
            entries.append(value)
            at, more = self._next(end, "]")
            if not more:
                return entries, at

    def _next(self, at: int, close: str) -> tuple[int, bool]:
        """Pass over a comma or the closing bracket; return whether an entry follows."""
        at = _skip(self.text, at)
        found = self.text[at : at + 1]
        if found == close:
            return at + 1, False
        if found != ",":
            raise json.JSONDecodeError(f"a comma or {close} is expected", self.text, at)
        return _skip(self.text, at + 1), True


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _offsets(text: str, place: Place) -> list[int]:
    """Return the offset in the text of each character of the string at a place, and of its end."""
    offsets = []
    at, end = place.start + 1, place.end - 1
    while at < end:
        offsets.append(at)
        if text[at] != "\\":
            at += 1
        elif text[at + 1] != "u":
            at += 2
        else:
            pair = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..").match(text, at)
            at = pair.end() if pair else at + 6
    return [*offsets, end]


def position(text: str, at: int) -> tuple[int, int]:
    """Return the line and the column of an offset; both count from 1."""
    line = text.count("\n", 0, at)
    return line + 1, at - (text.rfind("\n", 0, at) + 1) + 1


class Lines:
    """The lines of a text, to find many positions quickly."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def region(self, place: Place) -> Region:
        """Return the lines and columns of a place."""
        return Region(*self._position(place.start), *self._position(place.end))

    def _position(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1
