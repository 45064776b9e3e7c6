"""CloudTrail JSON → records, one at a time; a damaged record costs itself, not the file.

Shapes: the console's Download JSON and trail log files (`{"Records": […]}`), the output of
`aws cloudtrail lookup-events` (`{"Events": [{"CloudTrailEvent": "…"}]}`), a JSON list, JSON lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_LIST = re.compile(
    r'\s*(?:\{\s*(?:"\w+"\s*:\s*(?:"[^"]*"|null)\s*,\s*)*"(?:Records|Events)"\s*:\s*)?\['
)
_NEXT = re.compile(r"[\s,]*")
# Within a JSON string the quotes would be escaped: this begins a record wherever it stands.
_RECORD_START = re.compile(r'\{\s*"(?:eventVersion|EventId|awsRegion|eventID|userIdentity)"\s*:')
_decoder = json.JSONDecoder()


class Record(NamedTuple):
    """One record: its number in the file, from 1, and, where it can't be read, the reason."""

    number: int
    content: dict[str, Any]
    fault: str | None = None


def looks_like_json(text: str) -> bool:
    """Tell whether a text begins as JSON does."""
    return text.lstrip()[:1] in ("{", "[")


def read_records(text: str) -> Iterator[Record]:
    """Yield every record of a file's text, in order."""
    start = _LIST.match(text)
    position = start.end() if start else 0
    number = 0
    while True:
        position = _NEXT.match(text, position).end()  # type: ignore[union-attr]
        if position >= len(text) or (start and text[position] == "]"):
            return
        number += 1
        try:
            content, position = _decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            after = _RECORD_START.search(text, position + 1)
            cut = after is None and "Unterminated" in str(error)
            yield Record(number, {}, "the file ends within it" if cut else "it is no valid JSON")
            if after is None:
                return
            position = after.start()
            continue
        yield _record(number, content)


def _record(number: int, content: Any) -> Record:
    if isinstance(content, dict) and isinstance(content.get("CloudTrailEvent"), str):
        try:
            content = json.loads(content["CloudTrailEvent"])
        except (ValueError, RecursionError):
            return Record(number, {}, "its CloudTrailEvent is no valid JSON")
    if not isinstance(content, dict) or not isinstance(content.get("eventName"), str):
        return Record(number, {}, "it is no CloudTrail record: it has no eventName")
    return Record(number, content)
