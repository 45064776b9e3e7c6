"""Rows of a large export that are only counted, by group: one event for each group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ebs_kms_audit.aws.relevance import relevance
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.large.errors import CountedErrors, ErrorGroup


class CountedRows:
    """The groups of rows that are only counted, by the hashes of the groups.

    `event_of` makes the event of a row of its line and its text.
    """

    def __init__(self, event_of: Callable[[int, str], Event]) -> None:
        self._event_of = event_of
        self._texts: dict[int, bytes] = {}
        self._counts: dict[int, int] = {}
        self._events: dict[int, Event] = {}
        self._errors: dict[int, list[ErrorGroup]] = {}

    def add(self, groups: Iterable[tuple[int, bytes, int]]) -> None:
        """Add the groups of a range: hash, text of one row, and number of rows.

        The text is empty if an earlier range has it.
        """
        for group, text, count in groups:
            if text:
                self._texts.setdefault(group, text)
            self._counts[group] = self._counts.get(group, 0) + count

    def add_errors(self, errors: Iterable[tuple[Any, ...]], first_line: int) -> None:
        """Add the failed KMS calls of a range, as the fields of `ErrorGroup`."""
        for one in map(ErrorGroup._make, errors):
            in_file = one._replace(line=first_line + one.line)
            self._errors.setdefault(one.group, []).append(in_file)

    def event(self, group: int) -> Event:
        """Return an event with all that the rows of a group have in common. It has no line."""
        event = self._events.get(group)
        if event is None:
            text = self._texts.pop(group).decode()
            event = self._events[group] = self._event_of(0, text)
        return event

    def events(self) -> list[tuple[Event, int]]:
        """Return an event of each group, and how many rows there are, without `errors`."""
        counts = self._counts.items()
        return [(self.event(one), count) for one, count in counts if one not in self._errors]

    def errors(self) -> list[CountedErrors]:
        """Return the failed KMS calls, by group."""
        return [CountedErrors.of(self.event(one), found) for one, found in self._errors.items()]

    def changes(self) -> dict[int, Event]:
        """Return an event of each group of changes to keys, by the hash of the group."""
        events = {group: self.event(group) for group in self._counts}
        return {
            group: event
            for group, event in events.items()
            if relevance(event.source, event.name).key_change
        }
