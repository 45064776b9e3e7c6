"""Denials in an order, and their kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cached_property
from itertools import chain, repeat
from operator import attrgetter
from typing import NamedTuple, overload

from ebs_kms_audit.aws.callers import source_kind
from ebs_kms_audit.model.alike_events import AlikeEvents
from ebs_kms_audit.model.denial import Denial, Verdict
from ebs_kms_audit.model.made_sequence import MadeSequence
from ebs_kms_audit.model.principal import KeyRef, Principal

_of_principal = attrgetter(*(one.name for one in fields(Principal) if one.name != "event_ids"))
_of_role = attrgetter("arn", "kind", "evidence", "why")
_of_key = attrgetter(*(one.name for one in fields(KeyRef)))


class AlikeDenials:
    """The denials of alike events. They have the same caller, key, message and verdict.

    The caller is a user, one session, or a role in any of its sessions.

    sample  the denial of the first event
    events  the events
    proofs  the Event ID of the event that shows the role of each session, or None; empty if the
            caller is not a role of which an event shows the sessions
    """

    __slots__ = ("_sessions", "events", "proofs", "sample")

    def __init__(
        self, sample: Denial, events: AlikeEvents, proofs: Sequence[str | None] = ()
    ) -> None:
        self.sample = sample
        self.events = events
        self.proofs = proofs
        self._sessions: dict[tuple[str | None, str | None], Denial] = {}

    @classmethod
    def of(cls, denial: Denial) -> AlikeDenials:
        """Return one denial."""
        return cls(denial, AlikeEvents.of(denial.event))

    def denial(self, at: int) -> Denial:
        """Return the denial of the event at a place."""
        if not at:
            return self.sample
        event = self.events.event(at)
        if not self.proofs:
            return self.sample.of_event(event)
        session = event.user_name, self.proofs[at]
        known = self._sessions.get(session)
        if known is None:  # kept, so that the denials of a session share their caller
            known = self._sessions[session] = self.sample.of_session(event, self.proofs[at])
        return known.of_event(event)

    def of_kind(self, at: int) -> Denial:
        """Return the denial at a place, or one with the same caller."""
        return self.denial(at) if self.proofs else self.sample

    def with_verdict(self, verdict: Verdict) -> AlikeDenials:
        """Return the denials with a verdict."""
        if verdict is self.sample.verdict:
            return self
        return AlikeDenials(self.sample.with_verdict(verdict), self.events, self.proofs)

    def by_session(self) -> list[AlikeDenials]:
        """Return the denials of each session of a role."""
        if not self.proofs:
            return [self]
        places: dict[tuple[str | None, str | None], list[int]] = {}
        for at, session in enumerate(zip(self.events.columns.user_names, self.proofs, strict=True)):
            places.setdefault(session, []).append(at)
        return [AlikeDenials(self.denial(at[0]), self.events.at(at)) for at in places.values()]


Place = tuple[int, int]


class _Kinds(NamedTuple):
    """The kinds of some denials: those of `Denials.kind_at`, `first_at` and `kinds`."""

    at: tuple[int, ...]
    first: tuple[int, ...]
    samples: tuple[Denial, ...]


class Denials(MadeSequence[Denial]):
    """An immutable sequence of denials that knows their kinds. It equals a tuple of the same.

    Denials of one kind have the same caller, key, actions, error code, message, account and Region,
    and the same verdict. All come from one service, or all from IP addresses. They differ in time,
    line, address, User agent, ids and access key.
    An audit judges each kind once, because a log can have 40,000 denials of a few kinds. A denial
    is made when it is asked for: two requests for one denial can return two equal objects.
    """

    def __init__(
        self, alike: Sequence[AlikeDenials] = (), places: Sequence[Place] | None = None
    ) -> None:
        """Hold alike denials one after the other, or those at some places."""
        self.alike = tuple(alike)
        """The denials by what they share. Some of them can be without a place here."""
        if places is not None:
            self.places = tuple(places)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where each denial is: the number of its alike denials, and its place among them."""
        sizes = enumerate(len(one.events) for one in self.alike)
        return tuple([(number, at) for number, size in sizes for at in range(size)])

    @property
    def _lacks_places(self) -> bool:
        """Whether no places are made: these are all alike denials, one after the other."""
        return "places" not in self.__dict__

    @classmethod
    def of(cls, denials: Iterable[Denial]) -> Denials:
        """Return denials in their order; themselves if their kinds are known."""
        return denials if isinstance(denials, Denials) else cls([*map(AlikeDenials.of, denials)])

    @classmethod
    def in_order(cls, alike: Sequence[AlikeDenials]) -> Denials:
        """Return denials in order of time, file and line. Those without a time are last."""
        if len(alike) == 1 and len(alike[0].events) == 1:
            return cls(alike)
        timed: list[tuple[float, str, int, Place]] = []
        untimed: list[tuple[float, str, int, Place]] = []
        for number, denials in enumerate(alike):
            first, columns = denials.events.first, denials.events.columns
            places = zip(repeat(number), range(len(columns.lines)))
            keyed = untimed if first.time is None else timed
            keyed += zip(columns.seconds, repeat(first.file), columns.lines, places)
        timed.sort()
        untimed.sort()
        found = cls(alike, [one[3] for one in chain(timed, untimed)])
        found.times = tuple([one[0] for one in timed])
        return found

    def by_line(self) -> Denials:
        """Return the denials by file and line. Files are in the order of their first denials."""
        files = {one.events.first.file: None for one in self.alike}
        numbers = {file: number for number, file in enumerate(files)}

        def key(place: Place) -> tuple[int, int]:
            events = self.alike[place[0]].events
            return numbers[events.first.file], events.columns.lines[place[1]]

        return Denials(self.alike, sorted(self.places, key=key))

    @classmethod
    def joined(cls, several: Iterable[Denials]) -> Denials:
        """Return the denials of several sequences, one sequence after the other."""
        parts = [denials for denials in several if denials]
        alike = [one for denials in parts for one in denials.alike]
        if all(denials._lacks_places for denials in parts):  # noqa: SLF001  # of this class
            return cls(alike)
        places: list[Place] = []
        before = 0
        for denials in parts:
            places += [(before + number, at) for number, at in denials.places]
            before += len(denials.alike)
        return cls(alike, places)

    def at(self, places: Iterable[int]) -> Denials:
        """Return the denials at some places."""
        return Denials(self.alike, [*map(self.places.__getitem__, places)])

    def of_kinds(self, kinds: Collection[int]) -> Denials:
        """Return the denials of some kinds, by their numbers."""
        return self.at(at for at, kind in enumerate(self.kind_at) if kind in kinds)

    def with_verdicts(self, verdicts: Sequence[Verdict]) -> Denials:
        """Return the denials with the verdict of each kind."""
        of_alike = dict(zip((number for number, _ in self.places), self.kind_at, strict=True))
        return Denials(
            [
                one.with_verdict(verdicts[of_alike[number]]) if number in of_alike else one
                for number, one in enumerate(self.alike)
            ],
            self.places,
        )

    @property
    def best_key(self) -> KeyRef:
        """The fullest spelling of the key."""
        keys = (denial.key for denial in self.kinds)
        return max(keys, key=lambda key: (key.arn is not None, key.id is not None, key.known))

    def each(self) -> Iterator[tuple[AlikeDenials, int]]:
        """Yield each denial as its alike denials and the place among them. No denial is made."""
        alike = self.alike
        return ((alike[number], at) for number, at in self.places)

    @cached_property
    def _kinds(self) -> _Kinds:
        if len(self.alike) == 1 and self._lacks_places:
            return _Kinds((0,) * len(self), (0,), (self.alike[0].of_kind(0),))
        numbers = [number for number, _ in self.places]
        alike = dict.fromkeys(numbers)
        are_roles = [bool(self.alike[number].proofs) for number in alike]
        samples = [self.alike[number].sample for number in alike]
        kinds = (
            range(len(alike)) if _are_of_different_calls(samples) else _kinds_of(samples, are_roles)
        )
        of_alike = dict(zip(alike, kinds, strict=True))
        first: list[int] = []
        at = 0
        for number, kind in of_alike.items():
            at = numbers.index(number, at)
            if kind == len(first):
                first.append(at)
        return _Kinds(
            at=tuple(map(of_alike.__getitem__, numbers)),
            first=tuple(first),
            samples=tuple(
                [self.alike[self.places[at][0]].of_kind(self.places[at][1]) for at in first]
            ),
        )

    @property
    def kind_at(self) -> tuple[int, ...]:
        """The number of the kind of each denial. Kinds are numbered in order, from 0."""
        return self._kinds.at

    @property
    def first_at(self) -> tuple[int, ...]:
        """The place of the first denial of each kind."""
        return self._kinds.first

    @property
    def kinds(self) -> tuple[Denial, ...]:
        """A denial of each kind, in order. Others of the kind can be earlier."""
        return self._kinds.samples

    @cached_property
    def times(self) -> tuple[float, ...]:
        """The times of the denials that have one, in seconds since 1970; naive times are in UTC."""
        timed = [one for one in self.each() if one[0].events.first.time is not None]
        return tuple([one.events.columns.seconds[at] for one, at in timed])

    @property
    def last_times(self) -> dict[int, float]:
        """The last time of the denials of each kind, if they have one, by the number of the kind.

        The denials are in order of time, and those without a time are last.
        """
        return dict(zip(self.kind_at, self.times, strict=False))

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """The number of denials of each kind."""
        return tuple(Counter(self.kind_at).values())

    @cached_property
    def first_time(self) -> datetime | None:
        """The time of the first denial that has one."""
        return self._first_time(self.places)

    @cached_property
    def last_time(self) -> datetime | None:
        """The time of the last denial that has one."""
        return self._first_time(reversed(self.places))

    def _first_time(self, places: Iterable[Place]) -> datetime | None:
        for number, at in places:
            if (time := self.alike[number].events.time(at)) is not None:
                return time
        return None

    @property
    def last_of_kinds(self) -> list[Denial]:
        """A denial of each kind; the kind of the last denial is last."""
        last = {kind: at for at, kind in enumerate(self.kind_at)}
        return [self.kinds[kind] for kind in sorted(last, key=last.__getitem__)]

    @property
    def samples(self) -> list[Denial]:
        """At least one denial of each kind."""
        if self._lacks_places:
            return [one.sample for one in self.alike]
        return [self.alike[one].sample for one in dict.fromkeys(one for one, _ in self.places)]

    @property
    def user_names(self) -> list[str | None]:
        """The User names, each once; those of principals that messages name where there is none."""
        names = [
            [name or one.sample.principal.user_name for name in one.events.columns.user_names]
            for one in self.alike
        ]
        return list(dict.fromkeys([names[number][at] for number, at in self.places]))

    def by_session(self) -> Denials:
        """Return all alike denials, those of each session of a role by themselves."""
        if not any(one.proofs for one in self.alike):
            return self
        return Denials([session for one in self.alike for session in one.by_session()])

    @property
    def references(self) -> list[str]:
        """The reference of the event of each denial."""
        alike = self.alike
        event_ids = [one.events.columns.event_ids for one in alike]
        return [
            event_ids[number][at] or alike[number].events.reference(at)
            for number, at in self.places
        ]

    def __len__(self) -> int:
        if self._lacks_places:
            return sum(len(one.events) for one in self.alike)
        return len(self.places)

    def __iter__(self) -> Iterator[Denial]:
        return (one.denial(at) for one, at in self.each())

    @overload
    def __getitem__(self, at: int) -> Denial: ...
    @overload
    def __getitem__(self, at: slice) -> Denials: ...
    def __getitem__(self, at: int | slice) -> Denial | Denials:
        if isinstance(at, slice):
            return Denials(self.alike, self.places[at])
        number, place = self.places[at]
        return self.alike[number].denial(place)


def _are_of_different_calls(denials: Sequence[Denial]) -> bool:
    """Return whether no two denials have the same event name, error code and kind of source."""
    events = [one.event for one in denials]
    calls = {(one.name, one.error_code, source_kind(one.source_ip)) for one in events}
    return len(calls) == len(denials)


def _kinds_of(denials: Sequence[Denial], are_roles: Sequence[bool]) -> list[int]:
    """Return the number of the kind of each denial. Sessions of a role are of one kind."""
    by_identity: dict[Hashable, int] = {}
    by_content: dict[Hashable, int] = {}
    numbers: list[int] = []
    for denial, is_role in zip(denials, are_roles, strict=True):
        event, caller = denial.event, denial.event.identity
        rest = (
            event.name, event.error_code, source_kind(event.source_ip),
            None if is_role else event.user_name,
            event.region, event.account, event.error_message is None, denial.credential_account,
            denial.ebs_traffic, denial.via_service, denial.via_known, denial.iam_actions,
            event.account_cell, caller and (caller.issuer_arn or caller.arn),
        )  # fmt: skip
        identity = (id(denial.principal), id(denial.key), id(denial.message), *rest,
                    id(denial.verdict), id(denial.statement_kind))  # fmt: skip
        kind = by_identity.get(identity)
        if kind is None:
            content = (*_content(denial, is_role=is_role), *rest)
            kind = by_identity[identity] = by_content.setdefault(content, len(by_content))
        numbers.append(kind)
    return numbers


def _content(denial: Denial, *, is_role: bool) -> tuple[object, ...]:
    """Return the caller, the key, the message and the rest, without ids of single events."""
    principal, message = denial.principal, denial.message
    return (
        _of_role(principal) if is_role else _of_principal(principal),
        _of_key(denial.key),
        message and replace(message, authorization_id=None),
        id(denial.verdict),
        id(denial.statement_kind),
    )
