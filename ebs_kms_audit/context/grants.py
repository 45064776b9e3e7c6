"""Grants as evidence: the grant of an instance, and the grants of a caller on a key.

A grant comes from the output of `aws kms list-grants`, which shows the grants that exist when it is
run, or from a CreateGrant record. RevokeGrant and RetireGrant records end one.

Sources: AWS KMS Developer Guide, "Grants in AWS KMS"; EBS User Guide, "How Amazon EBS encryption
works": EC2 makes a grant for aws:ec2-infrastructure and the instance when a volume is attached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ebs_kms_audit.identify import is_kms
from ebs_kms_audit.model import Denial, Event, PrincipalKind
from ebs_kms_audit.reading.related import time_of
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import Grant

_KEPT = 20_000
_SHOWN = 5
_ENDS = frozenset({"RevokeGrant", "RetireGrant"})
_INFRASTRUCTURE = "aws:ec2-infrastructure"
_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantTrace:
    """A grant on the denied key, and its history.

    grant   the grant
    made    the CreateGrant event; None if the grant is known from list-grants only
    ended   the RevokeGrant or RetireGrant event; None if the input shows none
    listed  whether the output of list-grants contains it
    """

    grant: Grant
    made: Event | None = None
    ended: Event | None = None
    listed: bool = False


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
            if grant.id and len(self._ended) < _KEPT:
                self._ended[grant.id] = event
        elif event.name == "CreateGrant":
            known = self._traces.get(grant.id)
            if known is None and len(self._traces) >= _KEPT:
                self.overflowed = True
            else:
                made = replace(event, grant=None)
                self._traces[grant.id or object()] = (
                    replace(known, made=made) if known else GrantTrace(grant=grant, made=made)
                )

    def is_listed(self, key_id: str | None) -> bool:
        """Return whether the output of list-grants was given for a key."""
        return key_id in self._listed_keys

    def of(self, denial: Denial) -> tuple[GrantTrace, ...]:
        """Return the last 5 grants on the denied key that give the caller the denied action.

        For aws:ec2-infrastructure, these are the grants of the instance. The constraints of a grant
        are not evaluated.
        """
        if denial.key.id is None:
            return ()
        found = [
            trace
            for trace in self._by_grantee.get(_caller(denial), ())
            if trace.grant.key_id == denial.key.id and _allows(trace.grant, denial)
        ]
        found.sort(key=_made_at)
        return tuple(found[-_SHOWN:])

    @cached_property
    def _by_grantee(self) -> dict[str, list[GrantTrace]]:
        found: dict[str, list[GrantTrace]] = {}
        for trace in self._traces.values():
            ended = self._ended.get(trace.grant.id or "")
            found.setdefault(_grantee(trace.grant), []).append(replace(trace, ended=ended))
        return found


def existed(trace: GrantTrace, denial: Denial) -> bool | None:
    """Return whether a grant existed at the time of a denial; None if unknown."""
    time = denial.event.time
    if time is None or time.tzinfo is None:
        return None
    now = order_of(time)
    created = trace.made.time if trace.made else trace.grant.created
    if trace.ended and trace.ended.time and order_of(trace.ended.time) <= now:
        return False
    if created is None or created.tzinfo is None:
        return None
    return order_of(created) <= now


def _caller(denial: Denial) -> str:
    """Return the grantee for a caller: its ARN, or the instance id."""
    principal = denial.principal
    if principal.kind is PrincipalKind.INFRASTRUCTURE:
        return principal.session_name or denial.event.user_name or ""
    return principal.arn or ""


def _grantee(grant: Grant) -> str:
    """Return the instance id for a grant to aws:ec2-infrastructure, or the grantee."""
    grantee = grant.grantee or ""
    instance = _INSTANCE.search(grantee) if _INFRASTRUCTURE in grantee else None
    return instance[0] if instance else grantee


def _allows(grant: Grant, denial: Denial) -> bool:
    """Return whether a grant allows the denied action. A grant without known operations does."""
    actions = {action.partition(":")[2] for action in denial.iam_actions}
    return not grant.operations or not actions or bool(actions & set(grant.operations))


def _made_at(trace: GrantTrace) -> float:
    if trace.made:
        return time_of(trace.made)
    return order_of(trace.grant.created).timestamp() if trace.grant.created else 0.0
