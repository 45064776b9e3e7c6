"""Events that a finding lists. Those of a large export are parsed when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any, Protocol, overload

from ebs_kms_audit.model.event import Event
from ebs_kms_audit.model.made_sequence import MadeSequence

Summary = tuple[str, str | None, str | None, str | None]
"""What a list shows of an event: its name, error code, Event ID and User name."""


class Rows(Protocol):
    """Rows that are in memory as text. They have a time."""

    @property
    def have_zone(self) -> bool:
        """Whether the time zone is known."""

    def event(self, line: int) -> Event:
        """Return the event of the row at a line."""

    def summary(self, line: int) -> Summary:
        """Return what a list shows of the event of the row at a line. No event is made."""


Listed = tuple[float, str, int, Event | Rows]
"""The time in seconds since 1970, the file and the line of an event; and the event or its rows."""
in_order: Callable[[Listed], Any] = itemgetter(0, 1, 2)
"""The key to sort what is listed: time, file, line."""


def listed(event: Event) -> Listed:
    """Return an event to list."""
    return event.seconds, event.file, event.line, event


def event_of(listed: Listed) -> Event:
    """Return an event that is listed."""
    _, _, line, found = listed
    return found if isinstance(found, Event) else found.event(line)


class EventList(MadeSequence[Event]):
    """An immutable list of events. It equals a tuple of the same events.

    A report lists tens of thousands of events, and its text shows a few of them.

    entries  what is listed, in order
    """

    __slots__ = ("entries",)

    def __init__(self, listed: Iterable[Listed] = ()) -> None:
        self.entries = tuple(listed)

    @classmethod
    def of(cls, events: Iterable[Event]) -> EventList:
        """Return a list of these events."""
        return cls(map(listed, events))

    @classmethod
    def last_of(cls, lists: Iterable[EventList], most: int) -> EventList:
        """Return the last events of several lists that are in order, each event once."""
        last = (one for events in lists for one in events.entries[-most:])
        once = {_identity(one): one for one in last}
        return cls.last(once.values(), most)

    @classmethod
    def last(cls, listed: Iterable[Listed], most: int) -> EventList:
        """Return the last events, in order of time, file and line."""
        return cls(sorted(listed, key=in_order)[-most:])

    def lists(self, one: Listed) -> bool:
        """Return whether an event is in the list, which is in order of time."""
        entries = self.entries
        return bool(entries) and entries[-1][0] >= one[0] and one in entries

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Event]:
        return map(event_of, self.entries)

    @overload
    def __getitem__(self, at: int) -> Event: ...
    @overload
    def __getitem__(self, at: slice) -> EventList: ...
    def __getitem__(self, at: int | slice) -> Event | EventList:
        if isinstance(at, slice):
            return EventList(self.entries[at])
        return event_of(self.entries[at])

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to copy and to pickle the list: as events that are parsed."""
        return EventList.of, (tuple(self),)


def _identity(one: Listed) -> object:
    """Return what is equal if the same event is listed, also if it is another object."""
    time, file, line, found = one
    return time, file, line, found.event_id if isinstance(found, Event) else id(found)


NO_EVENTS = EventList()
