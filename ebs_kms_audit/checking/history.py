"""Events → past calls on one key: who called what, how often, and with which result.

Calls that no policy can tell apart are one entry with a count, so that memory grows with the
number of different callers and not with the length of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ebs_kms_audit.aws.callers import probing_service, service_behind
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.context.policy_history import KeyPolicyHistory, PolicyHistory
from ebs_kms_audit.identify import (
    EvidenceIndex,
    Overrides,
    is_denied,
    is_kms,
    key_names,
    may_be_of_another_service,
    resolve,
)
from ebs_kms_audit.model import Denial, Event, Grant
from ebs_kms_audit.policy import requests_of
from ebs_kms_audit.reading.timestamps import order_of

_BY_KEY_POLICY = (StatementKind.USAGE, StatementKind.GRANTS, StatementKind.ADMINISTRATION)
_SAMPLES = 5
_Shape = tuple[object, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PastCall:
    """Past calls of one kind by one caller, with one result.

    call        one of them, resolved: caller, key, actions, and whether a service called
    denied      whether they were denied; else they succeeded
    count       how many there are
    first_seen  the time of the first; None where no time is known
    last_seen   the time of the last; None where no time is known
    event_ids   the ids of the first few
    """

    call: Denial
    denied: bool
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    event_ids: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class _Group:
    sample: Event
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    event_ids: tuple[str, ...] = ()

    def add(self, event: Event) -> None:
        self.count += 1
        if event.event_id and len(self.event_ids) < _SAMPLES:
            self.event_ids = (*self.event_ids, event.event_id)
        if event.time is None:
            return
        self.first = min(self.first or event.time, event.time, key=order_of)
        self.last = max(self.last or event.time, event.time, key=order_of)


class CallHistory:
    """Collects the KMS calls of all inputs. Add every event, then ask for the calls."""

    def __init__(self, given: Overrides) -> None:
        self._given = given
        self._groups: dict[_Shape, _Group] = {}
        self._rows: dict[object, _Shape | None] = {}
        self._witnesses = EvidenceIndex()
        self._policies = PolicyHistory()
        self._grants: list[Grant] = []
        self.not_judged: Counter[str] = Counter()
        """Why calls cannot be judged, with their numbers."""

    def add(self, event: Event) -> None:
        """Take in an event that matters."""
        self._witnesses.add(event)
        self._policies.add(event)
        if event.grant and not event.error_code and event.name == "CreateGrant":
            self._grants.append(event.grant)
        if not is_kms(event) or kms_action(event.name).kind not in _BY_KEY_POLICY:
            return
        uid, shape = event.uid, None if event.identity else _shape(event)
        if uid in self._rows:
            self._again(event, uid)
            return
        self._rows[uid] = shape
        self._count(event)

    def _again(self, event: Event, uid: object) -> None:
        """Take in a second form of an event: its record counts instead of its row."""
        shape = self._rows[uid]
        if shape is None or event.identity is None:
            return
        self._groups[shape].count -= 1
        self._rows[uid] = None
        self._count(event)

    def _count(self, event: Event) -> None:
        shape = _shape(event)
        group = self._groups.get(shape)
        if group is None:
            group = self._groups[shape] = _Group(sample=event)
        group.add(event)

    def policies(self, key_id: str) -> KeyPolicyHistory | None:
        """Return the policies of a key that the log holds; None if it holds none."""
        for history in self._policies:
            if history.latest.key and history.latest.key.rpartition("/")[2] == key_id:
                return history
        return None

    def grants_to(self, arn: str, key_id: str) -> list[Grant]:
        """Return the grants on a key that the log shows for a caller."""
        return [grant for grant in self._grants if grant.grantee == arn and grant.key_id == key_id]

    def key_ids(self) -> set[str]:
        """Return the ids of all keys that the calls name."""
        names = {name for group in self._groups.values() for name in key_names(group.sample)}
        return {name for name in names if not name.startswith("alias/")}

    def calls(self, key_id: str) -> Iterator[PastCall]:
        """Yield the calls on a key that can be judged, and count the others."""
        for group in self._groups.values():
            if group.count and (call := self._call(group, key_id)):
                yield call

    def _call(self, group: _Group, key_id: str) -> PastCall | None:
        event = group.sample
        call = resolve(event, (), (), self._witnesses, self._given)
        if why := _not_judged(call, key_id):
            self.not_judged[why] += group.count
            return None
        return PastCall(
            call=replace(call, event=replace(event, account=call.event.account)),
            denied=is_denied(event),
            count=group.count,
            first_seen=group.first,
            last_seen=group.last,
            event_ids=group.event_ids,
        )


def _not_judged(call: Denial, key_id: str) -> str | None:
    """Return why a call cannot be judged by the policy of a key; None where it can."""
    event = call.event
    denied = is_denied(event)
    if event.error_code and not denied:
        return "failed for another reason than a missing permission"
    if denied and probing_service(event.source_ip):
        return "harmless probe of an AWS service"
    if may_be_of_another_service(event):
        return "perhaps a call of another service"
    if call.key.id is None:
        return "key unknown"
    if call.key.id != key_id:
        return "another key"
    if not requests_of(call) or not _is_known(call):
        return "caller unknown"
    return None


def _is_known(call: Denial) -> bool:
    """Return whether it is known who called, as far as a policy can tell callers apart."""
    return bool(requests_of(call)[0].principal)


def _shape(event: Event) -> _Shape:
    """Return what calls have in common that no policy can tell apart."""
    identity = event.identity
    who: Iterable[object] = (
        (identity.arn, identity.issuer_arn, identity.type)
        if identity
        else (event.user_name, event.access_key)
    )
    service = service_behind(event.source_ip)
    return (
        *who,
        event.name,
        event.error_code,
        event.error_message if event.error_code else None,
        event.account,
        event.region,
        service,
        event.source_ip is None,
        *sorted(key_names(event)),
    )
