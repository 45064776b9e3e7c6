"""The KMS calls that succeeded: what a caller may do, and whether a denied call worked later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.callers import is_aws_internal, service_behind
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.identify import is_kms, key_names
from ebs_kms_audit.model import Denials, Event, Listed, event_of, listed
from ebs_kms_audit.reading.related import (
    Caller,
    RelatedEvents,
    caller_of,
    callers_of,
    time_of,
)

if TYPE_CHECKING:
    from ebs_kms_audit.reading.exports.successes import SuccessRow, SuccessRows

_KEPT = 20_000
_NEVER = float("inf")
_KINDS = (StatementKind.USAGE, StatementKind.GRANTS)


class Successes(NamedTuple):
    """What the callers of some denials did successfully, with a key that can be the denied one.

    names  the Event names
    later  the last success of a denied call after its last denial, or None
    """

    names: Collection[str]
    later: Event | None


class SuccessLog:
    """The successes of all callers. Add all of them before a lookup.

    With `related`, only those of the callers of these denials are kept. Of successes of one caller
    with one operation, service and key, the last is kept, and at most 20,000 in total.
    """

    def __init__(self, related: RelatedEvents | None = None) -> None:
        self._callers = None if related is None else related.callers.keys()
        self._events: dict[tuple[object, ...], Event] = {}
        self._rows: Sequence[SuccessRows] = ()
        self._by_caller: dict[Caller, list[Event]] | None = None
        self._shared: dict[int, tuple[Event, str, AbstractSet[str]]] = {}
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
        found = [self._of(denials) for denials in groups]
        for rows in self._rows:
            rows.read_texts()
        return [Successes(names, event_of(later) if later else None) for names, later in found]

    def _of(self, denials: Denials) -> tuple[set[str], Listed | None]:
        kinds = denials.kinds
        calls = _Calls(
            {(_issuer(d.event), is_aws_internal(d.event.source_ip), d.key.id) for d in kinds}
        )
        callers = {caller for denial in kinds for caller in callers_of(denial.event)}
        denied: dict[str, float] = {}
        for number, time in denials.last_times.items():
            name = kinds[number].event.name
            denied[name] = max(time, denied.get(name, time))
        if len(denials.times) < len(denials):  # without a time: nothing is known to be later
            untimed = denials[len(denials.times) :]
            denied |= {denial.event.name: _NEVER for denial in untimed}
        names: set[str] = set()
        later: list[Listed] = []
        for event in self._of_callers(callers):
            internal = is_aws_internal(event.source_ip)
            if calls.include(_issuer(event), internal, key_names(event)):
                names.add(event.name)
                if time_of(event) > denied.get(event.name, _NEVER):
                    later.append(listed(event))
        for rows in self._rows:
            last: SuccessRow | None = None
            for row in chain.from_iterable(map(rows.of, callers)):
                name, keys = self._name_and_keys(row.alike)
                if not calls.include(None, row.internal, keys):
                    continue
                names.add(name)
                if row.time > denied.get(name, _NEVER) and (
                    last is None or (-row.time, row.line) < (-last.time, last.line)
                ):
                    last = row
            if last is not None:
                later.append(rows.listed(last))
        return names, min(later, key=_latest_first, default=None)

    def _name_and_keys(self, alike: Event) -> tuple[str, AbstractSet[str]]:
        """Return the Event name and the keys of an event that many rows share."""
        found = self._shared.get(id(alike))
        if found is None:
            found = self._shared[id(alike)] = alike, alike.name, key_names(alike)
        return found[1:]

    def _of_callers(self, callers: Iterable[Caller]) -> Iterable[Event]:
        if self._by_caller is None:
            self._by_caller = {}
            for event in self._events.values():
                for caller in callers_of(event):
                    self._by_caller.setdefault(caller, []).append(event)
        found = {id(e): e for caller in callers for e in self._by_caller.get(caller, ())}
        return found.values()


def is_success(event: Event) -> bool:
    """Return whether an event is a successful KMS call, with a time, of a kind that EBS needs."""
    of_kms = is_kms(event) and not event.error_code and event.time is not None
    return of_kms and kms_action(event.name).kind in _KINDS


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
    identity = event.identity
    return (identity.issuer_arn or identity.arn) if identity else None


def _latest_first(success: Listed) -> tuple[float, str, int]:
    """Return the sort key: the last success first; at equal times, the first row."""
    time, file, line, _ = success
    return -time, file, line
