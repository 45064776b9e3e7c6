"""Events that a finding lists. Those of a large export are parsed when they are first used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, overload

from ebs_kms_audit.model.event import Event


class Unparsed(Protocol):
    """A row that is in memory as text."""

    @property
    def order(self) -> tuple[int, str, int]:
        """The time in seconds since 1970, the file and the line."""

    @property
    def event(self) -> Event:
        """The event of the row. It is parsed once."""


class EventList(Sequence[Event]):
    """An immutable list of events. It equals a tuple of the same events.

    A report lists tens of thousands of events, and its text shows a few of them.
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[Event | Unparsed] = ()) -> None:
        self._entries = tuple(entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Event]:
        return map(parsed, self._entries)

    @overload
    def __getitem__(self, at: int) -> Event: ...
    @overload
    def __getitem__(self, at: slice) -> EventList: ...
    def __getitem__(self, at: int | slice) -> Event | EventList:
        if isinstance(at, slice):
            return EventList(self._entries[at])
        return parsed(self._entries[at])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (EventList, tuple)):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def parsed(entry: Event | Unparsed) -> Event:
    """Return an event itself, or the event of a row."""
    return entry if isinstance(entry, Event) else entry.event
