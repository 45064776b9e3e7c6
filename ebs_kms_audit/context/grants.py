"""Grants as evidence: the grant of an instance, and the grants of a caller on a key.

A grant comes from the output of `aws kms list-grants`, which shows the grants that exist when it is
run, or from a CreateGrant record. RevokeGrant and RetireGrant records end one.

Sources: AWS KMS Developer Guide, "Grants in AWS KMS"; EBS User Guide, "How Amazon EBS encryption
works": EC2 makes a grant for aws:ec2-infrastructure and the instance when a volume is attached.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.identify import is_kms
from ebs_kms_audit.model import Denial, Denials, Event, PrincipalKind
from ebs_kms_audit.reading.related import time_of
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import Grant
    from ebs_kms_audit.reading.records.kept import KeptRecords

_KEPT = 20_000
_SHOWN = 5
_ENDS = frozenset({"RevokeGrant", "RetireGrant"})
_INFRASTRUCTURE = "aws:ec2-infrastructure"
_ANY = "any operation"  # of a denial that does not name its action
_INSTANCE = r"\bi-[0-9a-f]{8,17}\b"


class GrantTrace(NamedTuple):
    """A grant on the denied key, and its history.

    grant    the grant
    made     the CreateGrant event; None if the grant is known from list-grants only
    ended    the RevokeGrant or RetireGrant event; None if the input shows none
    listed   whether the output of list-grants contains it
    existed  whether it existed at a denial of an action that it allows; None if unknown
    """

    grant: Grant
    made: Event | None = None
    ended: Event | None = None
    listed: bool = False
    existed: bool | None = None


class GrantLog:
    """Collects grants and the events that create and end them. Add all of them before a lookup."""

    def __init__(self, listed: Iterable[Grant] = ()) -> None:
        self._traces: dict[object, GrantTrace] = {}
        self._ended: dict[str, Event] = {}
        self._listed_keys: set[str] = set()
        self.overflowed = False
        self.add_listed(listed)

    def add_listed(self, grants: Iterable[Grant]) -> None:
        """Add the grants in the output of list-grants."""
        for grant in grants:
            if grant.key_id:
                self._listed_keys.add(grant.key_id)
            known = self._traces.get(grant.id)
            made = known.made if known else None
            self._traces[grant.id or object()] = GrantTrace(grant=grant, made=made, listed=True)

    def add(self, event: Event) -> None:
        """Add an event that an audit needs. A failed call is ignored."""
        grant = event.grant
        if grant is None or event.error_code or not is_kms(event):
            return
        if event.name in _ENDS:
            if grant.id and len(self._ended) >= _KEPT:
                self.overflowed = True
            elif grant.id:
                self._ended[grant.id] = _later(event, self._ended.get(grant.id))
        elif event.name == "CreateGrant":
            known = self._traces.get(grant.id)
            if known is None and len(self._traces) >= _KEPT:
                self.overflowed = True
            elif known is None or _later(event, known.made) is event:
                trace = known if known and known.listed else GrantTrace(grant=grant)
                self._traces[grant.id or object()] = trace._replace(made=replace(event, grant=None))

    def add_records(self, records: KeptRecords, denials: Denials) -> None:
        """Add the grants that concern denials, of those in logs that were not decoded."""
        owners = {(_caller(kind), kind.key.id) for kind in denials.kinds if kind.key.id}
        for event in records.grants(owners):
            self.add(event)
        ids = {trace.grant.id for trace in self._traces.values() if trace.grant.id}
        for event in records.ends(ids):
            self.add(event)

    def is_listed(self, denials: Denials) -> bool:
        """Return whether the output of list-grants was given for the denied key."""
        return bool(self._listed_keys) and denials.best_key.id in self._listed_keys

    def of(self, denials: Denials) -> tuple[GrantTrace, ...]:
        """Return the last 5 grants on the denied key that give the caller a denied action.

        A grant that existed at such a denial, or may have existed, comes before later ones that did
        not. For aws:ec2-infrastructure, these are the grants of the instance. The constraints of a
        grant are not evaluated.
        """
        if not self._by_owner:
            return ()
        owners = dict.fromkeys((_caller(kind), kind.key.id) for kind in denials.kinds)
        traces = [trace for owner in owners for trace in self._by_owner.get(owner, ())]
        if not traces:
            return ()
        denied = _Denied(denials)
        found = [
            trace._replace(existed=denied.existed(trace))
            for trace in traces
            if denied.is_allowed_by(trace.grant)
        ]
        found.sort(key=lambda trace: (trace.existed is not False, _made_at(trace)))
        return tuple(sorted(found[-_SHOWN:], key=_made_at))

    @cached_property
    def _by_owner(self) -> dict[tuple[str, str | None], list[GrantTrace]]:
        """The grants by grantee and key."""
        found: dict[tuple[str, str | None], list[GrantTrace]] = {}
        for trace in self._traces.values():
            if trace.grant.key_id:
                ended = self._ended.get(trace.grant.id or "")
                owner = _grantee(trace.grant), trace.grant.key_id
                found.setdefault(owner, []).append(trace._replace(ended=ended))
        return found


def _later(event: Event, other: Event | None) -> Event:
    """Return the later one of two events that create or end one grant.

    They are not added in order: those that were decoded when they were read are added first.
    """
    return event if other is None or _order(event) >= _order(other) else other


def _order(event: Event) -> tuple[float, str, int]:
    return event.seconds, event.file, event.line


class _Denied:
    """The denied operations of a finding, and when each was denied."""

    def __init__(self, denials: Denials) -> None:
        operations = [
            {action.partition(":")[2] for action in kind.iam_actions} or {_ANY}
            for kind in denials.kinds
        ]
        times_of_kinds = [kind.event.time for kind in denials.kinds]
        has_zone = [time is not None and time.tzinfo is not None for time in times_of_kinds]
        self._times: dict[str, list[float]] = {}
        self._at_unknown_times: set[str] = set()
        for kind, time in zip_longest(denials.kind_at, denials.times):
            for operation in operations[kind]:
                times = self._times.setdefault(operation, [])
                if time is not None and has_zone[kind]:
                    times.append(time)
                else:
                    self._at_unknown_times.add(operation)

    def is_allowed_by(self, grant: Grant) -> bool:
        """Return whether a grant allows a denied operation. One without known operations does."""
        return next(self._allowed_by(grant), None) is not None

    def existed(self, trace: GrantTrace) -> bool | None:
        """Return whether a grant existed when an operation that it allows was denied."""
        created = trace.made.time if trace.made else trace.grant.created
        is_known = created is not None and created.tzinfo is not None
        begin = order_of(created).timestamp() if created and is_known else -inf
        end = trace.ended.seconds if trace.ended and trace.ended.time else inf
        unknown = False
        for operation in self._allowed_by(trace.grant):
            times = self._times[operation]
            at = bisect_left(times, begin)
            if at < len(times) and times[at] < end:
                if is_known:
                    return True
                unknown = True
            unknown |= operation in self._at_unknown_times
        return None if unknown else False

    def _allowed_by(self, grant: Grant) -> Iterator[str]:
        operations = (*grant.operations, _ANY) if grant.operations else self._times
        return (operation for operation in operations if operation in self._times)


def _caller(denial: Denial) -> str:
    """Return the grantee for a caller: its ARN, or the instance id."""
    principal = denial.principal
    if principal.kind is PrincipalKind.INFRASTRUCTURE:
        return principal.session_name or denial.event.user_name or ""
    return principal.arn or ""


def _grantee(grant: Grant) -> str:
    """Return the instance id for a grant to aws:ec2-infrastructure, or the grantee."""
    grantee = grant.grantee or ""
    instance = re.search(_INSTANCE, grantee) if _INFRASTRUCTURE in grantee else None
    return instance[0] if instance else grantee


def _made_at(trace: GrantTrace) -> float:
    if trace.made:
        return time_of(trace.made)
    return order_of(trace.grant.created).timestamp() if trace.grant.created else 0.0
