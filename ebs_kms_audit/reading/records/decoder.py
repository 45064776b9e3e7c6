"""CloudTrail JSON → records, one at a time; a damaged record costs itself, not the file.

Shapes: the console's Download JSON and trail log files (`{"Records": […]}`), the output of
`aws cloudtrail lookup-events` (`{"Events": [{"CloudTrailEvent": "…"}]}`), a JSON list, JSON lines.
What comes in are pieces of text, cut anywhere; no more of it is held than a record needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

LIST = re.compile(
    r'\s*(?:\{\s*(?:"\w+"\s*:\s*(?:"[^"]*"|null)\s*,\s*)*"(?:Records|Events)"\s*:\s*)?\['
)
_BETWEEN = re.compile(r"[\s,]*")
# Within a JSON string the quotes would be escaped: this begins a record wherever it stands.
_RECORD_START = re.compile(r'\{\s*"(?:eventVersion|EventId|awsRegion|eventID|userIdentity)"\s*:')
_LONGEST_START = 1024  # with the space in it
LONGEST_RECORD = 4 << 20  # CloudTrail's own limit is 256 KB
_LONGEST_WORD = 16  # of what is not in quotes: a number, a keyword
_decoder = json.JSONDecoder()


class Record(NamedTuple):
    """One record: its number in the file, from 1, and, where it can't be read, the reason."""

    number: int
    content: dict[str, Any]
    fault: str | None = None


def looks_like_json(text: str) -> bool:
    """Tell whether a text begins as JSON does."""
    return text.lstrip()[:1] in ("{", "[")


def read_records(pieces: Iterable[str]) -> Iterator[Record]:
    """Yield every record of a file's text, in order. The first piece holds how the file begins."""
    text = Text(pieces)
    text.extend()
    start = LIST.match(text.held)
    if start:
        text.position = start.end()
    yield from records_after(text, 0, listed=start is not None)


def records_after(text: Text, number: int, *, listed: bool) -> Iterator[Record]:
    """Yield the records from a place between two of them on; `number` is that of the last one."""
    while text.skip(_BETWEEN):
        if listed and text.held[text.position] == "]":
            break
        number += 1
        try:
            content = text.decode()
        except (ValueError, RecursionError) as error:
            more = text.find(_RECORD_START)
            cut = not more and "Unterminated" in str(error)
            yield Record(number, {}, "the file ends within it" if cut else _fault(error))
        else:
            yield record_of(number, content)
    text.drain()


def _fault(error: Exception) -> str:
    if isinstance(error, _TooLongError):
        return f"it is longer than {LONGEST_RECORD >> 20} MiB, as no record is"
    return "it is no valid JSON"


def record_of(number: int, content: Any) -> Record:
    """Return what was decoded as a record; one of lookup-events holds it as a text."""
    if isinstance(content, dict) and isinstance(content.get("CloudTrailEvent"), str):
        try:
            content = json.loads(content["CloudTrailEvent"])
        except (ValueError, RecursionError):
            return Record(number, {}, "its CloudTrailEvent is no valid JSON")
    if not isinstance(content, dict) or not isinstance(content.get("eventName"), str):
        return Record(number, {}, "it is no CloudTrail record: it has no eventName")
    return Record(number, content)


class _TooLongError(ValueError):
    """A value goes on for longer than a record can."""


class Text:
    """Text that comes in pieces: what is `held` of it, and the `position` there."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self.held = ""
        self.position = 0

    def extend(self) -> bool:
        """Hold one piece more, and nothing of what is behind; tell whether there was one."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self.held, self.position = self.held[self.position :] + piece, 0
        return True

    def drain(self) -> None:
        """Take what is left: only at its end does a packed file show that it is whole."""
        self.held, self.position = "", 0
        for _ in self._pieces:
            pass

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Go on behind a pattern that may be empty; tell whether anything is there."""
        while True:
            match = pattern.match(self.held, self.position)
            self.position = match.end() if match else self.position
            if self.position < len(self.held):
                return True
            if not self.extend():
                return False

    def decode(self) -> Any:
        """Decode the JSON value that begins here. Raises ValueError or RecursionError."""
        while True:
            try:
                content, end = _decoder.raw_decode(self.held, self.position)
            except json.JSONDecodeError as error:
                if not self._may_be_cut(error):
                    raise
                if len(self.held) - self.position > LONGEST_RECORD:
                    raise _TooLongError from error
                if not self.extend():
                    raise
            else:
                goes_on = isinstance(content, (int, float)) and end == len(self.held)
                if not (goes_on and self.extend()):
                    self.position = end
                    return content

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Tell whether more text could mend what is no valid JSON."""
        return error.pos > len(self.held) - _LONGEST_WORD or "Unterminated" in error.msg

    def find(self, pattern: re.Pattern[str]) -> bool:
        """Go to the next place, behind this one, where a pattern begins; tell whether it does."""
        start = self.position + 1
        while (found := pattern.search(self.held, start)) is None:
            begun = self.held.rfind("{", max(start, len(self.held) - _LONGEST_START))
            self.position, start = begun if begun != -1 else len(self.held), 0
            if not self.extend():
                self.position = len(self.held)
                return False
        self.position = found.start()
        return True
