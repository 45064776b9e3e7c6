"""The KMS calls that succeeded: what a caller may do, and whether a denied call worked later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.callers import is_aws_internal, service_behind
from ebs_kms_audit.aws.kms_actions import EBS_KINDS, kms_action
from ebs_kms_audit.identify import is_kms, key_names
from ebs_kms_audit.model import Denials, Event, Listed, event_of, listed
from ebs_kms_audit.reading.related import (
    Caller,
    RelatedEvents,
    caller_of,
    callers_in,
    callers_of,
)

if TYPE_CHECKING:
    from ebs_kms_audit.reading.exports.large.successes import SuccessRow, SuccessRows

_KEPT = 20_000
_NO_NAMES: frozenset[str] = frozenset()  # one for all callers without a success


class Successes(NamedTuple):
    """What the callers of some denials did successfully, with a key that can be the denied one.

    names  the Event names
    later  the last success of a denied call after its last denial, or None
    """

    names: Collection[str]
    later: Event | None


class _Success(NamedTuple):
    """A success that can be the last one of its caller: an event, or a row of a large export.

    time   in seconds since 1970
    file   the file
    line   the line in the file
    found  the event, or the rows of a large export and the row
    """

    time: float
    file: str
    line: int
    found: Event | tuple[SuccessRows, SuccessRow]

    def listed(self) -> Listed:
        """Return the success to list."""
        if isinstance(self.found, Event):
            return listed(self.found)
        rows, row = self.found
        return rows.listed(row)


class _Alike(NamedTuple):
    """The successes of one caller with the same issuer and the same keys.

    issuer    the role or user of the caller, or None
    internal  whether AWS made the calls itself
    keys      the keys that the events name
    last      the last success of each operation
    """

    issuer: str | None
    internal: bool
    keys: AbstractSet[str]
    last: dict[str, _Success]


_Kind = tuple[str | None, bool, frozenset[str]]
"""The issuer, `internal` and the keys of alike successes."""


class SuccessLog:
    """The successes of all callers. Add all of them before a lookup.

    With `related`, only those of the callers of these denials are kept. Of successes of one caller
    with one operation, service and key, the last is kept, and at most 20,000 in total.
    """

    def __init__(self, related: RelatedEvents | None = None) -> None:
        self._callers = None if related is None else related.callers.keys()
        self._events: dict[tuple[object, ...], Event] = {}
        self._rows: Sequence[SuccessRows] = ()
        self._by_caller: dict[Caller, list[_Alike]] = {}
        self._shared: dict[int, tuple[Event, str, frozenset[str]]] = {}
        self.overflowed = False

    def add(self, event: Event) -> None:
        """Add a success."""
        if self._callers is not None and self._callers.isdisjoint(callers_of(event)):
            return
        key = alike(event)
        known = self._events.get(key)
        if known is None and len(self._events) >= _KEPT:
            self.overflowed = True
        elif known is None or _latest_first(listed(event)) < _latest_first(listed(known)):
            self._events[key] = event

    def add_rows(self, rows: Sequence[SuccessRows]) -> None:
        """Add the successes of large exports."""
        self._rows = rows

    def of_each(self, groups: Iterable[Denials]) -> list[Successes]:
        """Return for each group of denials what the callers did successfully."""
        found = [self._of(denials) for denials in groups]  # all are listed before one is read
        return [Successes(names, event_of(later) if later else None) for names, later in found]

    def _of(self, denials: Denials) -> tuple[AbstractSet[str], Listed | None]:
        """Return the fields of `Successes`, but the later success as a finding lists it."""
        kinds = denials.kinds
        callers = {caller for one in denials.alike for caller in callers_in(one.events)}
        successes = [one for caller in callers for one in self._of_caller(caller)]
        if not successes:
            return _NO_NAMES, None
        calls = _Calls(
            {(_issuer(d.event), is_aws_internal(d.event.source_ip), d.key.id) for d in kinds}
        )
        denied = _last_times(denials)
        names: set[str] = set()
        later: list[_Success] = []
        for one in successes:
            if calls.include(one.issuer, one.internal, one.keys):
                names.update(one.last)
                both = denied.keys() & one.last.keys()
                later += [one.last[name] for name in both if one.last[name].time > denied[name]]
        return names, min(later, key=_latest_first).listed() if later else None

    def _of_caller(self, caller: Caller) -> list[_Alike]:
        """Return the successes of a caller."""
        found = self._by_caller.get(caller)
        if found is None:
            by_kind: dict[_Kind, dict[str, _Success]] = {}
            for event in self._events_of.get(caller, ()):
                kind = _issuer(event), is_aws_internal(event.source_ip), frozenset(key_names(event))
                success = _Success(event.seconds, event.file, event.line, event)
                _keep_last(by_kind.setdefault(kind, {}), event.name, success)
            for rows in self._rows:
                file = rows.file
                for row in rows.of(caller):
                    name, keys = self._name_and_keys(row.alike)
                    success = _Success(row.time, file, row.line, (rows, row))
                    _keep_last(by_kind.setdefault((None, row.internal, keys), {}), name, success)
            found = [_Alike(*kind, last) for kind, last in by_kind.items()]
            if found:
                self._by_caller[caller] = found
        return found

    def _name_and_keys(self, alike: Event) -> tuple[str, frozenset[str]]:
        """Return the Event name and the keys of an event that many rows share."""
        found = self._shared.get(id(alike))
        if found is None:  # the event is kept, because its id must not become that of another
            found = self._shared[id(alike)] = alike, alike.name, frozenset(key_names(alike))
        return found[1:]

    @cached_property
    def _events_of(self) -> dict[Caller, list[Event]]:
        """The events of each caller."""
        found: dict[Caller, list[Event]] = {}
        for event in self._events.values():
            for caller in callers_of(event):
                found.setdefault(caller, []).append(event)
        return found


def _keep_last(last: dict[str, _Success], name: str, success: _Success) -> None:
    """Keep a success if it is the last one of its operation."""
    known = last.get(name)
    if known is None or _latest_first(success) < _latest_first(known):
        last[name] = success


def _last_times(denials: Denials) -> dict[str, float]:
    """Return when each operation was denied last, in seconds.

    If a denial of an operation has no time, no call is known to be later: the result is infinite.
    """
    denied: dict[str, float] = {}
    for number, time in denials.last_times.items():
        name = denials.kinds[number].event.name
        denied[name] = max(time, denied.get(name, time))
    if len(denials.times) < len(denials):
        denied |= {denial.event.name: inf for denial in denials[len(denials.times) :]}
    return denied


def is_success(event: Event) -> bool:
    """Return whether an event is a successful KMS call, with a time, of a kind that EBS needs."""
    of_kms = is_kms(event) and not event.error_code and event.time is not None
    return of_kms and kms_action(event.name).kind in EBS_KINDS


def alike(event: Event) -> tuple[object, ...]:
    """Return the fields that equivalent successes share. Only the last of them is kept."""
    return (
        caller_of(event), event.name, _issuer(event), service_behind(event.source_ip),
        *sorted(key_names(event)),
    )  # fmt: skip


class _Calls:
    """The denied calls of a finding: each is an issuer, whether AWS made it itself, and a key id.

    The role of an instance and aws:ec2-infrastructure have the same session name. They differ in
    the issuer, and in whether the Source IP address is `AWS Internal`.
    """

    def __init__(self, calls: Iterable[tuple[str | None, bool, str | None]]) -> None:
        self._calls = calls
        self._keys: dict[tuple[str | None, bool], set[str | None]] = {}

    def include(self, issuer: str | None, internal: bool, keys: AbstractSet[str]) -> bool:
        """Return whether a success has the caller and the key of a call. `keys` are those named."""
        of_calls = self._keys.get((issuer, internal))
        if of_calls is None:
            of_calls = self._keys[issuer, internal] = {
                key_id
                for of_issuer, made_internally, key_id in self._calls
                if made_internally == internal
                and (issuer is None or of_issuer is None or issuer == of_issuer)
            }
        if None in of_calls or not of_calls:
            return bool(of_calls)
        return not keys or not keys.isdisjoint(of_calls)


def _issuer(event: Event) -> str | None:
    """Return the ARN of the role or the user of the caller; None for a row."""
    identity = event.identity
    return (identity.issuer_arn or identity.arn) if identity else None


def _latest_first(success: Listed | _Success) -> tuple[float, str, int]:
    """Return the sort key: the last success first; at equal times, the first row."""
    time, file, line, _ = success
    return -time, file, line
