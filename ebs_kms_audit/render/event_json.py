"""Events that findings list → JSON. An event that several findings list is written once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ebs_kms_audit.aws.ebs_operations import ec2_error_meaning
from ebs_kms_audit.model import Event, EventList, Listed, event_of
from ebs_kms_audit.render.json_text import (
    Items,
    KindParts,
    null_or_text,
    seconds_text,
    text_of,
    time_text,
)

_OWN = ("event_id", "event_time", "user_name", "line")
"""The members in which events of one kind differ."""
_KEPT_EVENTS = 40_000
"""How many events are remembered."""


class EventsJson:
    """Writes the events of one report, while it exists."""

    def __init__(self) -> None:
        self._parts = KindParts(_OWN)
        self._known: dict[str, dict[tuple[int, int], str]] = {}

    def array(self, events: EventList) -> Items:
        """Return events as an array. Most rows of a large export are written without an event."""
        entries = events.entries
        return Items(entries, _listed_dict, partial(self._texts, entries))

    def _texts(self, entries: tuple[Listed, ...], margin: str) -> Iterator[str]:
        """Yield the text of all events, as in `Items`. A finding lists few."""
        known = self._known.setdefault(margin, {})
        if len(known) >= _KEPT_EVENTS:
            known.clear()
        _, _, lines, found = zip(*entries, strict=True)
        places = [*zip(lines, map(id, found), strict=True)]
        texts = [*map(known.get, places)]
        if None in texts:
            for at, text in enumerate(texts):
                if text is None:
                    texts[at] = known[places[at]] = self._text(entries[at], margin)
        yield "".join(filter(None, texts))  # there is no None any more

    def _text(self, one: Listed, margin: str) -> str:
        """Return the text of an event after a comma and the margin."""
        seconds, file, line, found = one
        if isinstance(found, Event):
            return f",{margin}{text_of(event_dict(found), margin)}"
        time = seconds_text(seconds, found.have_zone)
        name, code, event_id, user_name = found.summary(line)
        kind = name, code, file
        start, to_time, to_user, to_line, end = self._parts.of(kind, margin, _listed_dict, one)
        return (
            f'{start}{null_or_text(event_id)}{to_time}"{time}"'
            f"{to_user}{null_or_text(user_name)}{to_line}{line}{end}"
        )


def _listed_dict(one: Listed) -> dict[str, Any]:
    return event_dict(event_of(one))


def event_dict(event: Event) -> dict[str, Any]:
    """Return what a finding shows of an event as JSON-ready values."""
    code = event.error_code
    return {
        "event_id": event.event_id,
        "event_time": time_text(event.time),
        "event_name": event.name,
        "user_name": event.user_name,
        "error_code": code,
        "meaning": code and ec2_error_meaning(code),
        "file": event.file,
        "line": event.line,
    }
