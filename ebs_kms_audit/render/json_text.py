"""JSON-ready values → JSON text in ASCII with an indent of two spaces, in pieces.

The text is that of `json.dumps(value, indent=2)`. A report lists tens of thousands of objects that
differ in a few members. `Items` encodes the other members once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

_PIECE = 100_000
"""The length from which on a piece is yielded."""
_AT_ONCE = 200
"""How many texts of alike objects are joined."""
_KEPT = 500
"""How many kinds of objects are remembered."""
_ONE_A_LINE = json.JSONEncoder(separators=("\n", ":"))


class Alike(NamedTuple):
    """How objects are alike that differ in few members.

    split  returns a value that is equal for objects that are equal in all other members, and the
           values of the members in which objects of one kind differ; these are no objects or arrays
    names  the names of these members, in their order
    """

    split: Callable[[Any], tuple[Hashable, tuple[Any, ...]]]
    names: tuple[str, ...] = ()


class Items(NamedTuple):
    """A JSON array of objects that are made when they are written.

    values     one value for each object
    as_object  returns the object of a value; its members can be `Items`
    alike      how objects are alike, or None; a member of alike objects is never `Items`
    """

    values: Sequence[Any]
    as_object: Callable[[Any], dict[str, Any] | None]
    alike: Alike | None = None


_WITH_ITEMS = (dict, Items)
_CONTAINERS = (dict, list, tuple)


def plain(value: Any) -> Any:
    """Return a value with its `Items` as lists."""
    if isinstance(value, Items):
        return [plain(value.as_object(one)) for one in value.values]
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return value


def pieces_of(value: Any) -> Iterator[str]:
    """Yield the JSON text of a value, which can contain `Items`, in pieces."""
    writer = _Writer()
    yield from writer.pieces(value, "\n")
    yield writer.rest()


class _Writer:
    """Writes one value, and keeps the texts of the kinds of alike objects."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._size = 0
        self._templates: dict[tuple[Alike, str], dict[Hashable, str]] = {}

    def rest(self) -> str:
        """Return what is written and not yet yielded."""
        text = "".join(self._written)
        self._written.clear()
        self._size = 0
        return text

    def pieces(self, value: Any, margin: str) -> Iterator[str]:
        """Write a value, and yield what is written where it is enough for a piece.

        The lines of the value, but not the first, begin with the margin.
        """
        if isinstance(value, Items):
            yield from self._array(value, margin)
            return
        if not isinstance(value, dict) or not value:
            self._write(_text(value, margin))
            return
        inner, text = f"{margin}  ", "{"
        separator = f",{inner}"
        for number, (name, member) in enumerate(value.items()):
            text += f"{separator if number else inner}{_name(name)}: "
            if isinstance(member, _WITH_ITEMS):
                self._write(text)
                yield from self.pieces(member, inner)
                text = ""
            else:
                text += _text(member, inner)
        self._write(f"{text}{margin}}}")

    def _write(self, text: str) -> None:
        self._written.append(text)
        self._size += len(text)

    def _array(self, items: Items, margin: str) -> Iterator[str]:
        inner, before = f"{margin}  ", "["
        if items.alike:
            for texts in self._texts(items.values, items.as_object, items.alike, inner):
                self._write(f"{before}{inner}{texts}")
                before = ","
                if self._size > _PIECE:
                    yield self.rest()
        else:
            for value in items.values:
                self._write(f"{before}{inner}")
                yield from self.pieces(items.as_object(value), inner)
                before = ","
                if self._size > _PIECE:
                    yield self.rest()
        self._write(f"{margin}]" if items.values else "[]")

    def _texts(
        self,
        values: Iterable[Any],
        as_object: Callable[[Any], dict[str, Any] | None],
        alike: Alike,
        margin: str,
    ) -> Iterator[str]:
        """Yield the texts of alike objects, some joined at once."""
        templates = self._templates.setdefault((alike, margin), {})
        split, names = alike
        rest = iter(values)
        while some := list(islice(rest, _AT_ONCE)):
            chosen: list[str] = []
            own: list[Any] = []
            for value in some:
                its_kind, its_own = split(value)
                own += its_own
                template = templates.get(its_kind)
                if template is None:
                    template = _template(as_object(value), names, margin)
                    if len(templates) >= _KEPT:
                        templates.clear()  # the objects of a kind are near each other
                    templates[its_kind] = template
                chosen.append(template)
            if names:
                own_texts = iter(_scalars(own))
                members = zip(*[own_texts] * len(names), strict=True)
                chosen = [text % values for text, values in zip(chosen, members, strict=True)]
            yield f",{margin}".join(chosen)


def _template(value: dict[str, Any] | None, names: tuple[str, ...], margin: str) -> str:
    """Return the text of an object, for `%`, with a `%s` for each member of these names."""
    if value is None or not names:
        return _text(value, margin)
    inner, parts, before = f"{margin}  ", [], "{"
    for name, member in value.items():
        text = "%s" if name in names else _literal(_text(member, inner))
        parts.append(f"{before}{inner}{_literal(_name(name))}: {text}")
        before = ","
    return f"{''.join(parts)}{margin}}}"


def _literal(text: str) -> str:
    """Return a text for `%`, which gives the same text."""
    return text.replace("%", "%%")


def _scalars(values: list[Any]) -> list[str]:
    """Return the texts of values that are no objects or arrays. No such text has a line end."""
    text: str = _ONE_A_LINE.encode(values)[1:-1]
    return text.split("\n")


def _text(value: Any, margin: str) -> str:
    """Return the text of a value without `Items`."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if not isinstance(value, _CONTAINERS):
        return _scalar(value)
    inner = f"{margin}  "
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, dict):
        members = [f"{inner}{_name(name)}: {_text(one, inner)}" for name, one in value.items()]
        return f"{{{','.join(members)}{margin}}}"
    return f"[{','.join([inner + _text(one, inner) for one in value])}{margin}]"


@lru_cache(maxsize=1_000, typed=True)  # most objects have the same few names
def _name(name: Any) -> str:
    return encode_basestring_ascii(name) if isinstance(name, str) else f'"{_scalar(name)}"'


def _scalar(value: Any) -> str:
    """Return the text of a value that is written on one line."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return int.__repr__(value) if type(value) is int else json.dumps(value)


def time_text(time: datetime | None) -> str | None:
    """Return ISO 8601 to the second, with `Z` only where the zone is known."""
    if time is None:
        return None
    hour = _hour_text(time.year, time.month, time.day, time.hour)
    zone = "Z" if time.tzinfo else ""
    return f"{hour}:{_TWO_DIGITS[time.minute]}:{_TWO_DIGITS[time.second]}{zone}"


def seconds_text(seconds: float) -> str:
    """Return the text of a time in UTC, in seconds since 1970."""
    minutes, second = divmod(int(seconds), 60)
    return f"{_minute_text(minutes)}:{_TWO_DIGITS[second]}Z"


@lru_cache(maxsize=10_000)
def _minute_text(minutes: int) -> str:
    return f"{datetime.fromtimestamp(minutes * 60, UTC):%Y-%m-%dT%H:%M}"


_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))


@lru_cache(maxsize=1_000)  # three times as fast as isoformat
def _hour_text(year: int, month: int, day: int, hour: int) -> str:
    return f"{year:04}-{month:02}-{day:02}T{hour:02}"
