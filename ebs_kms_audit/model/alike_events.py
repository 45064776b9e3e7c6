"""Events of one kind, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, NamedTuple

from ebs_kms_audit.aws.callers import source_kind
from ebs_kms_audit.model.event import Event, EventKind


class EventColumns(NamedTuple):
    """In what events of one kind differ: a column for each, with an entry for each event.

    lines        the line
    seconds      the time in seconds since 1970; 0 without a time
    user_names   the User name; all have one, or none has
    source_ips   the Source IP address, or None
    user_agents  the User agent, or None
    event_ids    the Event ID, or None
    request_ids  the Request ID, or None
    access_keys  the access key id, or None
    """

    lines: Sequence[int]
    seconds: Sequence[float]
    user_names: Sequence[str | None]
    source_ips: Sequence[str | None]
    user_agents: Sequence[str | None]
    event_ids: Sequence[str | None]
    request_ids: Sequence[str | None]
    access_keys: Sequence[str | None]


class AlikeEvents:
    """Events that differ in line, time and what `EventColumns` holds only, as columns.

    All come from one service, or all from IP addresses. A log has tens of thousands of denied
    events of a few thousand kinds. What the events of a kind share is looked at once. An event is
    made when it is asked for.

    first    the first event
    columns  in what the events differ
    """

    __slots__ = ("_kind", "columns", "first")

    def __init__(self, first: Event, kind: EventKind | None, columns: EventColumns) -> None:
        self.first = first
        self._kind = kind
        self.columns = columns

    @classmethod
    def of(cls, event: Event) -> AlikeEvents:
        """Return one event, which may be without a time."""
        columns: Any = ((one,) for one in _own(event))
        return cls(event, None, EventColumns(*columns))

    @classmethod
    def of_each_kind(cls, events: Iterable[Event | AlikeEvents]) -> list[AlikeEvents]:
        """Return events by their kinds, those of a kind in order of their lines.

        A record is a kind by itself, and so is a row without a time, or with a part of a second.
        Events in columns stay as they are.
        """
        rows: dict[object, list[Event]] = {}
        found: list[AlikeEvents | list[Event]] = []
        for event in events:
            if isinstance(event, AlikeEvents):
                found.append(event)
            elif not _is_plain_row(event):
                found.append(cls.of(event))
            else:
                named = event.user_name is not None
                kind = (
                    _shared(event), named, source_kind(event.source_ip), id(event.resources),
                    event.time and event.time.tzinfo,
                )  # fmt: skip
                alike = rows.get(kind)
                if alike is None:
                    alike = rows[kind] = []
                    found.append(alike)
                alike.append(event)
        return [one if isinstance(one, AlikeEvents) else cls._of_kind(one) for one in found]

    @classmethod
    def _of_kind(cls, events: list[Event]) -> AlikeEvents:
        events.sort(key=_line)  # a large file is not read in order
        first = events[0]
        if len(events) == 1:
            return cls.of(first)
        return cls(first, EventKind(first), EventColumns(*zip(*map(_own, events), strict=True)))

    def __len__(self) -> int:
        return len(self.columns.lines)

    def __iter__(self) -> Iterator[Event]:
        return map(self.event, range(len(self)))

    def event(self, at: int) -> Event:
        """Return the event at a place."""
        if self._kind is None or not at:
            return self.first
        lines, _, names, *columns = self.columns
        own = [column[at] for column in columns]
        return self._kind.event(lines[at], self.time(at), names[at], own)

    def with_account(self, account: str | None) -> AlikeEvents:
        """Return the events with their account, which a spreadsheet damaged."""
        first = replace(self.first, account=account)
        kind = self._kind and EventKind(replace(self._kind.first, account=account))
        return AlikeEvents(first, kind, self.columns)

    def time(self, at: int) -> datetime | None:
        """Return the time of the event at a place."""
        if self._kind is None or not at:
            return self.first.time
        time = datetime.fromtimestamp(self.columns.seconds[at], UTC)
        return time if self.have_zone else time.replace(tzinfo=None)

    @property
    def have_zone(self) -> bool:
        """Whether the time zone of the events is known. It is that of the first one."""
        return self.first.time is not None and self.first.time.tzinfo is not None

    @property
    def have_one_name(self) -> bool:
        """Whether all events have the same User name."""
        names = self.columns.user_names
        return names.count(names[0]) == len(names)

    def reference(self, at: int) -> str:
        """Return the reference of the event at a place."""
        return self.columns.event_ids[at] or self.event(at).reference

    def at(self, places: Sequence[int]) -> AlikeEvents:
        """Return the events at some places."""
        columns: Any = (tuple([column[at] for at in places]) for column in self.columns)
        return AlikeEvents(self.event(places[0]), self._kind, EventColumns(*columns))


def _is_plain_row(event: Event) -> bool:
    time = event.time
    return (
        event.identity is None
        and event.record is None
        and event.line > 0
        and time is not None
        and time.tzinfo in (UTC, None)
        and not time.microsecond
    )


_line = attrgetter("line")
_own = attrgetter(
    "line", "seconds", "user_name", "source_ip", "user_agent", "event_id", "request_id",
    "access_key",
)  # fmt: skip
_shared = attrgetter(
    "file", "name", "source", "source_inferred", "region", "error_code", "read_only", "account",
    "account_cell", "error_message", "policy", "grant",
)  # fmt: skip
