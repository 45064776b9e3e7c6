"""Collects the denied KMS events of all inputs, each event once.

A record and a row with the same Event ID are the same event. The fields of the record are used, and
the columns in which the row differs are reported. A second row or record with a known Event ID is a
duplicate; it is used if it has fields that the first lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE
from ebs_kms_audit.aws.kms_errors import DENIAL_CODES
from ebs_kms_audit.model import AlikeEvents, Event

if TYPE_CHECKING:
    from ebs_kms_audit.model import Window

_COMPARED: dict[str, Callable[[Event], object]] = {
    "Event name": lambda event: event.name,
    "Error code": lambda event: event.error_code,
    "AWS region": lambda event: event.region,
    "User name": lambda event: event.user_name,
    "Recipient Account Id": lambda event: event.account,
    "Event time": lambda event: event.time if event.time and event.time.tzinfo else None,
}


class Disagreement(NamedTuple):
    """A difference between a row and the record of the same event.

    event_id  the Event ID
    columns   the columns with different values
    """

    event_id: str
    columns: tuple[str, ...]


def is_kms(event: Event) -> bool:
    """Return whether an event is a KMS event.

    In an export without Event source, KMS events are recognized by event name.
    """
    return event.source == KMS_EVENT_SOURCE


def is_denied(event: Event) -> bool:
    """Return whether KMS denied the call because of missing permissions."""
    return event.error_code in DENIAL_CODES


class DeniedEvents:
    """The denied KMS events in the window, in the order in which they were read."""

    def __init__(self, window: Window | None) -> None:
        self._window = window
        self._found: dict[object, Event | AlikeEvents] = {}
        self._in_columns: dict[object, AlikeEvents] = {}  # by Event ID
        self._count = 0
        self._outside: set[object] = set()
        self.duplicates = 0
        self.disagreements: list[Disagreement] = []

    def __iter__(self) -> Iterator[Event]:
        for one in self._found.values():
            if isinstance(one, Event):
                yield one
            else:
                yield from one

    def __len__(self) -> int:
        return self._count

    @property
    def outside(self) -> int:
        """The number of denials outside the window."""
        return len(self._outside)

    def alike(self) -> list[AlikeEvents]:
        """Return the events as columns, by their kinds."""
        return AlikeEvents.of_each_kind(self._found.values())

    def add(self, event: Event) -> None:
        """Add a KMS event, denied or not. A record replaces the row of the same event."""
        key = event.uid
        if key in self._in_columns:
            self._make_each_event()
        known = self._found.get(key)
        if known is None:
            if is_denied(event):
                self._put(key, event)
            return
        assert isinstance(known, Event), "columns are not found by the id of an event"
        if event.identity is not None and known.identity is None:
            del self._found[key]
            self._count -= 1
            self._compare(known, event)
            if is_denied(event):
                from ebs_kms_audit.model import RecordRef  # few inputs have rows and records

                record = RecordRef(file=event.file, number=event.line)
                self._put(key, replace(event, file=known.file, line=known.line, record=record))
        elif is_denied(event):
            self.duplicates += 1
            if event.identity is None and self._holds(event) and _is_better(event, known):
                self._found[key] = event

    def add_alike(self, events: AlikeEvents) -> None:
        """Add denied events of one kind."""
        ids, file = events.columns.event_ids, events.first.file
        plain = self._window is None and None not in ids and len(set(ids)) == len(ids)
        known = self._in_columns
        if plain and known.keys().isdisjoint(ids) and self._found.keys().isdisjoint(ids):
            known.update(dict.fromkeys(ids, events))
            self._found[id(events)] = events
            self._count += len(ids)
            return
        for event in events:
            before = known.get(event.event_id)
            if before is None or before.first.file == file or _is_better(event, before.first):
                self.add(event)
            else:
                self.duplicates += 1

    def _make_each_event(self) -> None:
        """Keep events one by one: another event can replace each of them."""
        found = list(self)
        self._in_columns.clear()
        self._found = {event.uid: event for event in found}

    def _put(self, key: object, event: Event) -> None:
        if self._holds(event):
            self._found[key] = event
            self._count += 1
            if key in self._outside:  # its other row has another time
                self._outside.remove(key)
                self.duplicates += 1
        else:
            self._outside.add(key)

    def _holds(self, event: Event) -> bool:
        return self._window is None or self._window.holds(event.time)

    def _compare(self, row: Event, record: Event) -> None:
        """Record the columns in which the row differs. An empty cell is not a difference."""
        differing = tuple(
            column
            for column, value in _COMPARED.items()
            if value(row) is not None and value(row) != value(record)
        )
        if differing:
            self.disagreements.append(Disagreement(row.event_id or "", differing))


def _is_better(event: Event, known: Event) -> bool:
    """Return whether a row replaces a known one: it has more fields, or is earlier in its file.

    Columns are read after the rows between their rows.
    """
    if known.identity is not None or event.completeness != known.completeness:
        return known.identity is None and event.completeness > known.completeness
    return event.file == known.file and event.line < known.line
