"""JSON-ready values → JSON text in ASCII with an indent of two spaces, in pieces.

The text is that of `json.dumps(value, indent=2)`. A report lists tens of thousands of objects that
differ in a few members: `Items` can write the other members once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as string_text
from typing import Any, NamedTuple

_AT_ONCE = 200
"""How many texts of an array are joined."""
_KINDS_KEPT = 500
_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))
_SECONDS = tuple(f":{digits}Z" for digits in _TWO_DIGITS)


class Items(NamedTuple):
    """A JSON array of objects that are made when they are written.

    values     one value for each object
    as_object  returns the object of a value; its members can be `Items`
    texts      yields the JSON texts of these objects, several in a text, where that is faster than
               making each object. A comma is before each object. All lines begin with the given
               margin, which begins with a line feed
    """

    values: Sequence[Any]
    as_object: Callable[[Any], dict[str, Any] | None]
    texts: Callable[[str], Iterator[str]] | None = None


def plain(value: Any) -> Any:
    """Return a value with each array as a new list, and each object as a new dict."""
    if isinstance(value, Items):
        return [plain(value.as_object(one)) for one in value.values]
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def pieces_of(value: Any) -> Iterator[str]:
    """Yield the JSON text of a value, which can contain `Items`, in pieces."""
    written: list[str] = []
    yield from _pieces(value, "\n", written)
    yield "".join(written)


def _pieces(value: Any, margin: str, written: list[str]) -> Iterator[str]:
    """Write a value, and yield what is written after each of the objects of an array.

    The lines of the value, but not the first, begin with the margin: a line feed and spaces.
    """
    if type(value) is Items:
        yield from _array(value, margin, written)
    elif type(value) is dict and value:
        inner = f"{margin}  "
        for start, member in zip(_starts(margin, *value), value.values(), strict=True):
            kind = type(member)
            if kind is str:
                written += (start, string_text(member))
            elif kind is Items or (kind is dict and Items in map(type, member.values())):
                written.append(start)
                yield from _pieces(member, inner, written)
            else:
                written += (start, text_of(member, inner))
        written.append(f"{margin}}}")
    else:
        written.append(text_of(value, margin))


def _array(items: Items, margin: str, written: list[str]) -> Iterator[str]:
    """Write an array, and yield what is written after each object, or between the `texts`."""
    values, as_object, texts = items
    if not values:
        written.append("[]")
        return
    inner = f"{margin}  "
    if texts:
        for number, text in enumerate(texts(inner)):
            if number:
                yield _taken(written)
                written.append(text)
            else:
                written += ("[", text[1:])  # each text begins with a comma
    else:
        for number, value in enumerate(values):
            written.append(f"{',' if number else '['}{inner}")
            yield from _pieces(as_object(value), inner, written)
            yield _taken(written)
    written.append(f"{margin}]")


def _taken(written: list[str]) -> str:
    """Return what is written, and begin again."""
    text = "".join(written)
    written.clear()
    return text


def text_of(value: Any, margin: str) -> str:
    """Return the text of a value without `Items`. Its lines but the first begin with the margin."""
    kind = type(value)
    if kind is str:
        return string_text(value)
    if value is None:
        return "null"
    if kind is list or kind is tuple:
        if not value:
            return "[]"
        inner = f"{margin}  "
        return f"[{inner}{f',{inner}'.join([text_of(one, inner) for one in value])}{margin}]"
    if kind is dict:
        if not value:
            return "{}"
        inner = f"{margin}  "
        texts = [
            string_text(one) if type(one) is str else "null" if one is None else text_of(one, inner)
            for one in value.values()
        ]
        return _form(margin, *value) % tuple(texts)
    if kind is int:
        return int.__repr__(value)
    if kind is bool:
        return "true" if value else "false"
    return json.dumps(value, indent=2).replace("\n", margin)


@lru_cache(maxsize=200, typed=True)  # most objects have the same few names
def _starts(margin: str, *names: Any) -> list[str]:
    """Return what is before the value of each member of an object."""
    texts = [string_text(one) if isinstance(one, str) else f'"{json.dumps(one)}"' for one in names]
    return [f"{',' if at else '{'}{margin}  {name}: " for at, name in enumerate(texts)]


@lru_cache(maxsize=200, typed=True)
def _form(margin: str, *names: Any) -> str:
    """Return the text of an object, for `%`, with `%s` for the value of each member."""
    starts = [start.replace("%", "%%") for start in _starts(margin, *names)]
    return f"{'%s'.join(starts)}%s{margin}}}"


def parts_of(value: dict[str, Any], margin: str, without: Sequence[str]) -> list[str]:
    """Return the text of an object in parts: the values of some members are between the parts.

    The text begins with a comma and the margin.
    """
    inner, parts = f"{margin}  ", [f",{margin}"]
    for start, (name, member) in zip(_starts(margin, *value), value.items(), strict=True):
        parts[-1] += start
        if name in without:
            parts.append("")  # the next part begins
        else:
            parts[-1] += text_of(member, inner)
    parts[-1] += f"{margin}}}"
    return parts


class KindParts:
    """The parts of the objects of each kind. Up to 500 kinds are remembered."""

    def __init__(self, without: Sequence[str]) -> None:
        """Hold the members in which the objects of a kind differ."""
        self._without = without
        self._known: dict[Hashable, list[str]] = {}

    def of(
        self, kind: Hashable, margin: str, as_object: Callable[[Any], dict[str, Any]], value: Any
    ) -> list[str]:
        """Return the parts of a kind, as `parts_of`. `value` is one of the kind."""
        key = kind, margin
        parts = self._known.get(key)
        if parts is None:
            if len(self._known) >= _KINDS_KEPT:
                self._known.clear()
            parts = self._known[key] = parts_of(as_object(value), margin, self._without)
        return parts


def alike(
    values: Sequence[Any],
    as_object: Callable[[Any], dict[str, Any] | None],
    kind: Callable[[Any], Hashable],
) -> Items:
    """Return an array in which values of a kind have the same object. Its text is made once.

    `kind` returns the kind of a value.
    """

    def texts(margin: str) -> Iterator[str]:
        made: dict[Hashable, str] = {}
        for some in chunks(values):
            kinds = [*map(kind, some)]
            for one, value in zip(kinds, some, strict=True):
                if one not in made:
                    made[one] = f",{margin}{text_of(as_object(value), margin)}"
            yield "".join([made[one] for one in kinds])

    return Items(values, as_object, texts)


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield the values in parts, each as many as are written at once."""
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))


def null_or_text(value: str | None) -> str:
    """Return the text of a string, or null."""
    return "null" if value is None else string_text(value)


def time_text(time: datetime | None) -> str | None:
    """Return ISO 8601 to the second, with `Z` only where the zone is known."""
    if time is None:
        return None
    hour = _hour_text(time.year, time.month, time.day, time.hour)
    zone = "Z" if time.tzinfo else ""
    return f"{hour}:{_TWO_DIGITS[time.minute]}:{_TWO_DIGITS[time.second]}{zone}"


def seconds_text(seconds: float, have_zone: bool) -> str:
    """Return the text of a time in seconds since 1970, with `Z` only if the zone is known."""
    whole = int(seconds)
    text = f"{_minute_text(whole // 60)}{_SECONDS[whole % 60]}"
    return text if have_zone else text[:-1]


@lru_cache(maxsize=10_000)
def _minute_text(minutes: int) -> str:
    hours, minute = divmod(minutes, 60)
    return f"{_utc_hour_text(hours)}:{_TWO_DIGITS[minute]}"


@lru_cache(maxsize=1_000)  # three times as fast as isoformat
def _hour_text(year: int, month: int, day: int, hour: int) -> str:
    return f"{year:04}-{month:02}-{day:02}T{hour:02}"


@lru_cache(maxsize=1_000)
def _utc_hour_text(hours: int) -> str:
    time = datetime.fromtimestamp(hours * 3600, UTC)
    return _hour_text(time.year, time.month, time.day, time.hour)
