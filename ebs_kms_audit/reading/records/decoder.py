"""JSON text → CloudTrail records, one at a time; a damaged record affects only itself.

The text is one JSON value or several, one after the other: with line breaks, commas or nothing
between them, or each after the time of a log line. It comes in pieces, cut anywhere. No more of it
is held than a record needs: of a large object, each element of its lists is read by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from ebs_kms_audit.reading.document_kinds import KEY_POLICY
from ebs_kms_audit.reading.formats import foreign_json
from ebs_kms_audit.reading.records.envelopes import NOT_A_RECORD, Found, Unpacker, is_record

LIST = re.compile(
    r'\s*(?:\{\s*(?:"\w+"\s*:\s*(?:"[^"]*"|null)\s*,\s*)*"(?:Records|Events)"\s*:\s*)?\['
)
_BETWEEN = re.compile(r"(?:[\s,]++|\d{4}-\d\d-\d\d[T ][0-9:.,]+Z?(?=[ \t]+[\[{]))*+")
# The name of a policy follows its text in the output of get-key-policy --output text.
_POLICY_NAME = re.compile(r"(?:[ \t]+[\w-]+\s*\Z)?")
_SPACE = re.compile(r"\s*")
_COMMAS = re.compile(r"[\s,]*")
# In a JSON string the quotes are escaped: this begins an object. After a colon or an opening
# bracket it is inside another one.
_RECORD_START = re.compile(
    r'(?<=[,\s}\]])(?<!: )\{\s*"(?:eventVersion|EventId|awsRegion|eventID|userIdentity)"\s*:'
)
_RECORD_MEMBERS = frozenset(
    {
        "eventVersion", "userIdentity", "eventName", "eventID", "eventTime", "eventSource",
        "awsRegion", "errorCode", "errorMessage", "requestParameters", "responseElements",
        "additionalEventData", "EventId",
    }
)  # fmt: skip
_LOOKED_BEHIND = 2  # by that pattern
_LONGEST_START = 1024  # including white space
LONGEST_RECORD = 4 << 20  # CloudTrail's own limit is 256 KB
_LONGEST_WORD = 16  # the longest token outside quotes: a number, a keyword
_LONGEST_KNOWN_INT = 400
_DEEPEST_PART = 8
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?P<closed>"?)|[\[\]{}]', re.DOTALL)
_AFTER_A_VALUE = frozenset(",{}[]0123456789")
_REST_OF_OBJECT = re.compile(r'\s*(?:,\s*"|\})')
_GIVE_UP = 16 << 20
_KEPT_BESIDE, _LONGEST_BESIDE = 100, 1000  # of the members beside a large one
_NOT_JSON = "it is not valid JSON"
_ENDS_WITHIN = "the file ends within it"
_TOO_LONG = f"it is longer than {LONGEST_RECORD >> 20} MiB, which no record is"


def _int(digits: str) -> int | float:
    """Return an integer. Python rejects one of more than 4,300 digits; no field has such a one."""
    return int(digits) if len(digits) <= _LONGEST_KNOWN_INT else float(digits)


decode_json = json.JSONDecoder(parse_int=_int)


class Record(NamedTuple):
    """One record or document of a file.

    number    its number in the file, from 1; of a document, that of the record before it
    content   its members
    fault     why it cannot be read; None if it can
    document  the kind of a document that is not a record; None for a record
    envelopes the names of the envelopes around it, the outermost first
    foreign   what it is, if it is recognized and not read
    """

    number: int
    content: dict[str, Any]
    fault: str | None = None
    document: str | None = None
    envelopes: tuple[str, ...] = ()
    foreign: str | None = None


def read_records(pieces: Iterable[str], unpacker: Unpacker | None = None) -> Iterator[Record]:
    """Yield the records in a text, in order. The first piece holds how it begins."""
    text = Text(pieces, unpacker)
    text.extend()
    start = None if text.unpacker.record_path else LIST.match(text.held)
    if start:
        text.position = start.end()
    yield from records_after(text, 0, listed=start is not None)


def record_of(number: int, content: Any) -> Record:
    """Return what was decoded as a record."""
    if isinstance(content, dict) and is_record(content) and foreign_json(content) is None:
        return Record(number, content)
    return _record(number, next(Unpacker().found(content)))


def _record(number: int, found: Found) -> Record:
    return Record(
        number, found.content, found.fault, found.document, found.envelopes, found.foreign
    )


def records_after(text: Text, number: int, *, listed: bool) -> Iterator[Record]:
    """Yield the records after a place in a text; `number` is that of the last record before it.

    The place is between two values, of a list if `listed`.
    """
    while text.skip(_BETWEEN):
        if text.held[text.position] in "]}":
            text.position += 1
            if listed:
                text.leave_object()
                listed = False
            continue
        for found in _read_value(text, lambda value: value):
            number += found.document is None
            yield _record(number, found)
            if found.document == KEY_POLICY:
                text.skip(_POLICY_NAME)


def _read_value(
    text: Text, wrap: Callable[[Any], Any], depth: int = 0, *, member: bool = False
) -> Iterator[Found]:
    """Read the value that begins here: whole, or in parts if it is too long for a record.

    `wrap` puts a part into the objects around it, by which the envelope is recognized. A `member`
    of a large object need not be a record.
    """
    try:
        value = text.decode()
    except _TooLongError:
        if text.held[text.position] in "{[" and depth < _DEEPEST_PART:
            yield from _read_parts(text, wrap, depth)
        else:
            yield from _failed(text, _TOO_LONG)
    except RecursionError:
        yield from _failed(text, "it is nested too deep")
    except ValueError as error:
        fault = _cut_short(error) or _NOT_JSON
        if text.held[text.position] in "{[" and depth < _DEEPEST_PART:
            yield from _read_parts(text, wrap, depth, fault)
        else:
            yield from _failed(text, fault)
    else:
        written = text.held[text.began : text.position]
        for found in text.unpacker.found(wrap(value)):
            if found.document == KEY_POLICY:
                policy = written if found.content is value else json.dumps(found.content)
                yield found._replace(content={"text": policy})
            elif not (member and found.fault == NOT_A_RECORD):
                yield found


def _cut_short(error: ValueError) -> str | None:
    return _ENDS_WITHIN if "Unterminated" in str(error) else None


def _failed(text: Text, fault: str, open_brackets: int = 0) -> Iterator[Found]:
    """Go on after a value that cannot be read, or after the object that is open.

    The objects in a request are the choice of a caller, so none of them may be read as a record:
    reading goes on where the value ends by its brackets. If damage hides the end, it goes on at the
    next record.
    """
    bracketed = open_brackets or text.held[text.position] in "{["
    if not (bracketed and text.skip_value(open_brackets)):
        more = text.find(_RECORD_START)
        if more and fault == _ENDS_WITHIN:
            fault = _NOT_JSON
        text.end_is_reported = not more
    yield Found({}, fault=fault)


def _read_parts(
    text: Text, wrap: Callable[[Any], Any], depth: int, fault: str = _TOO_LONG
) -> Iterator[Found]:
    """Read an object or list in parts, each member or element by itself.

    It is too long, or damaged: `fault` says which. A record is never read in parts.
    """
    is_object = text.held[text.position] == "{"
    text.position += 1
    beside: dict[str, Any] = {}
    while text.skip(_COMMAS):
        if text.held[text.position] in "]}":
            text.position += 1
            return
        if not is_object:
            yield from _read_value(text, lambda value: wrap([value]), depth + 1)
            continue
        name = text.name()
        if name in _RECORD_MEMBERS:
            if fault == _TOO_LONG:
                text.skip_value(1, long=True)
                yield Found({}, fault=fault)
            else:
                yield from _failed(text, fault, 1)
            return
        if name is None or not text.skip(_SPACE):
            yield from _failed(text, fault if fault == _ENDS_WITHIN else _NOT_JSON, 1)
            return
        if text.held[text.position] in "{[":
            around = partial(_around, wrap, beside, name)
            yield from _read_value(text, around, depth + 1, member=True)
            continue
        try:
            value = text.decode()
        except (ValueError, RecursionError):
            yield from _failed(text, fault if fault == _ENDS_WITHIN else _NOT_JSON, 1)
            return
        if len(beside) < _KEPT_BESIDE and len(str(value)) < _LONGEST_BESIDE:
            beside[name] = value
    if not text.end_is_reported:
        text.end_is_reported = True
        yield Found({}, fault=_ENDS_WITHIN)


def _around(wrap: Callable[[Any], Any], beside: dict[str, Any], name: str, value: Any) -> Any:
    return wrap({**beside, name: value})


class _TooLongError(ValueError):
    """A value is longer than the limit."""


class Text:
    """Text that comes in pieces: the part that is `held`, and the `position` there.

    `began` is where the value begins that was decoded last. `end_is_reported` says whether it is
    reported that the text ends within a value.
    """

    def __init__(self, pieces: Iterable[str], unpacker: Unpacker | None = None) -> None:
        self._pieces = iter(pieces)
        self.unpacker = unpacker or Unpacker()
        self.held = ""
        self.position = 0
        self.began = 0
        self._looked_for_ends = 0  # in vain, in characters: damage may hide the end of each value
        self.end_is_reported = False

    def extend(self) -> bool:
        """Hold one piece more, and drop what is before the position; False at the end."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self.held, self.position = self.held[self.position :] + piece, 0
        return True

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Go to the end of a pattern that may be empty; return whether there is text after it."""
        while True:
            match = pattern.match(self.held, self.position)
            self.position = match.end() if match else self.position
            if len(self.held) - self.position > _LONGEST_START or (
                self.position < len(self.held) and self.held[self.position] in '{}[]":'
            ):
                return True
            if not self.extend():
                return self.position < len(self.held)

    def decode(self) -> Any:
        """Decode the JSON value that begins here.

        Raises _TooLongError if it is longer than a record, ValueError if it is not valid JSON, and
        RecursionError if it is nested too deep. The position is then where it began.
        """
        while True:
            try:
                content, end = decode_json.raw_decode(self.held, self.position)
            except json.JSONDecodeError as error:
                if not self._may_be_cut(error):
                    raise
                length = len(self.held) - self.position
                if length > LONGEST_RECORD:
                    raise _TooLongError from error
                if not self.extend():
                    raise
                # Twice the length each time: what is decoded again and again stays in proportion.
                while len(self.held) < 2 * length and self.extend():
                    pass
            else:
                goes_on = isinstance(content, (int, float)) and end == len(self.held)
                if end - self.position > LONGEST_RECORD:
                    raise _TooLongError
                if not (goes_on and self.extend()):
                    self.began, self.position = self.position, end
                    return content

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Return whether more text could make it valid JSON."""
        return error.pos > len(self.held) - _LONGEST_WORD or "Unterminated" in error.msg

    def name(self) -> str | None:
        """Read the name of a member and its colon; None if there is none."""
        if self.held[self.position] != '"':
            return None
        try:
            name = self.decode()
        except ValueError:
            return None
        if not self.skip(_SPACE) or self.held[self.position] != ":":
            return None
        self.position += 1
        return str(name)

    def leave_object(self) -> None:
        """Skip the rest of the object around a list, if there is one."""
        if not self.skip(_SPACE) or self.held[self.position] not in ",}":
            return
        if _REST_OF_OBJECT.match(self.held, self.position):
            self.skip_value(1)

    def skip_value(self, open_brackets: int = 0, *, long: bool = False) -> bool:
        """Go to the end of the object or list that begins here, or is open, by its brackets.

        Return False if no end is found, or if a bracket closes one of the other kind: an end is
        missing. The position is then where it was; of a `long` value it is at the end of the text.
        """
        if self._looked_for_ends > _GIVE_UP:
            return False
        at, passed = self.position, 0
        to_close = bytearray(b"}" * open_brackets)
        while True:
            end = len(self.held)
            for token in _TOKEN.finditer(self.held, at):
                if token["closed"] == "":  # the string goes on in the next piece
                    end = token.start()
                    break
                if token[0] in "[{":
                    to_close += b"]" if token[0] == "[" else b"}"
                elif token[0] in "]}":
                    if to_close and chr(to_close.pop()) != token[0]:
                        self._looked_for_ends += token.end() - self.position
                        return False
                    if not to_close:
                        return self._ends_at(token.end())
            at = end
            if long:
                passed += at - self.position
                self.position = at
            elif len(self.held) - self.position > LONGEST_RECORD:
                break
            start = self.position
            if passed > _GIVE_UP or not self.extend():
                break
            at -= start
        self._looked_for_ends += len(self.held) - self.position
        return False

    def _ends_at(self, at: int) -> bool:
        """Go to a place if a value can end there: before another value, or before a bracket."""
        while True:
            space = _SPACE.match(self.held, at)
            after = space.end() if space else at
            if after < len(self.held):
                break
            start = self.position
            if not self.extend():
                break
            at -= start
        if after < len(self.held) and self.held[after] not in _AFTER_A_VALUE:
            return False
        self.position = at
        return True

    def find(self, pattern: re.Pattern[str]) -> bool:
        """Go to the next place after this one where a pattern begins; return whether it does."""
        start, passed = self.position + 1, 0
        while (found := pattern.search(self.held, start)) is None:
            begun = self.held.rfind("{", max(start, len(self.held) - _LONGEST_START))
            again = begun if begun != -1 else len(self.held)
            passed += again - self.position
            self.position = max(again - _LOOKED_BEHIND, self.position)
            start = again - self.position
            if passed > _GIVE_UP or not self.extend():
                self.held, self.position, self._pieces = "", 0, iter(())
                return False
        self.position = found.start()
        return True
