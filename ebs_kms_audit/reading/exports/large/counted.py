"""Rows of a large export that are only counted, by group: one event for each group."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ebs_kms_audit.aws.relevance import relevance
from ebs_kms_audit.model import Event


class CountedRows:
    """The groups of rows that are only counted, by the hashes of the groups.

    `event_of` makes the event of a row of its line and its text.
    """

    def __init__(self, event_of: Callable[[int, str], Event]) -> None:
        self._event_of = event_of
        self._texts: dict[int, bytes] = {}
        self._counts: dict[int, int] = {}
        self._events: dict[int, Event] = {}

    def add(self, groups: Iterable[tuple[int, bytes, int]]) -> None:
        """Add the groups of a range: hash, text of one row, and number of rows.

        The text is empty if an earlier range has it.
        """
        for group, text, count in groups:
            if text:
                self._texts.setdefault(group, text)
            self._counts[group] = self._counts.get(group, 0) + count

    def event(self, group: int) -> Event:
        """Return an event with all that the rows of a group have in common. It has no line."""
        event = self._events.get(group)
        if event is None:
            text = self._texts.pop(group).decode()
            event = self._events[group] = self._event_of(0, text)
        return event

    def events(self) -> list[tuple[Event, int]]:
        """Return an event of each group, and how many rows there are."""
        return [(self.event(group), count) for group, count in self._counts.items()]

    def changes(self) -> dict[int, Event]:
        """Return an event of each group of changes to keys, by the hash of the group."""
        events = {group: self.event(group) for group in self._counts}
        return {
            group: event
            for group, event in events.items()
            if relevance(event.source, event.name).key_change
        }
