"""The KMS calls that succeeded: what a caller may do, and whether a denied call worked later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.aws.callers import is_aws_internal, service_behind
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.identify import is_kms, key_names
from ebs_kms_audit.model import Denial, Event
from ebs_kms_audit.reading.related import Caller, RelatedEvents, caller_of, callers_of, time_of

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
        self.overflowed = False

    def add(self, event: Event) -> None:
        """Add a success."""
        if self._callers is not None and self._callers.isdisjoint(callers_of(event)):
            return
        key = alike(event)
        known = self._events.get(key)
        if known is None and len(self._events) >= _KEPT:
            self.overflowed = True
        elif known is None or _latest_first(event) < _latest_first(known):
            self._events[key] = event

    def add_rows(self, rows: Sequence[SuccessRows]) -> None:
        """Add the successes of large exports."""
        self._rows = rows

    def of(self, denials: Sequence[Denial]) -> Successes:
        """Return what the callers of denials did successfully."""
        calls = {(_issuer(d.event), is_aws_internal(d.event.source_ip), d.key.id) for d in denials}
        denied: dict[str, float] = {}
        for denial in denials:
            name, time = denial.event.name, time_of(denial.event)
            denied[name] = max(time, denied.get(name, time))
        callers = {caller for denial in denials for caller in callers_of(denial.event)}
        events = [
            event
            for event in self._of_callers(callers)
            if _is_such_a_call(event, is_aws_internal(event.source_ip), calls)
        ]
        names = {event.name for event in events}
        later = min(
            (event for event in events if time_of(event) > denied.get(event.name, _NEVER)),
            key=_latest_first,
            default=None,
        )
        for rows in self._rows:
            last: SuccessRow | None = None
            for row in _rows_of(rows, callers):
                if not _is_such_a_call(row.alike, row.internal, calls):
                    continue
                names.add(row.alike.name)
                if row.time > denied.get(row.alike.name, _NEVER) and (
                    last is None or (-row.time, row.line) < (-last.time, last.line)
                ):
                    last = row
            if last is not None and (later is None or last.time >= time_of(later)):
                event = rows.event(last)
                later = event if later is None else min(later, event, key=_latest_first)
        return Successes(names, later)

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


def _rows_of(rows: SuccessRows, callers: Iterable[Caller]) -> Iterable[SuccessRow]:
    for name, account, region in callers:
        for row in rows.of(name):
            if (row.alike.account, row.alike.region) == (account, region):
                yield row


def _is_such_a_call(
    success: Event, internal: bool, calls: Iterable[tuple[str | None, bool, str | None]]
) -> bool:
    """Return whether a success has the caller and the key of a call.

    A call is an issuer, whether AWS made it itself, and a key id. The role of an instance and
    aws:ec2-infrastructure have the same session name. They differ in the issuer, and in whether the
    Source IP address is `AWS Internal`.
    """
    issuer, named = _issuer(success), key_names(success)
    return any(
        made_internally == internal
        and (issuer is None or of_issuer is None or issuer == of_issuer)
        and (not key_id or not named or key_id in named)
        for of_issuer, made_internally, key_id in calls
    )


def _issuer(event: Event) -> str | None:
    identity = event.identity
    return (identity.issuer_arn or identity.arn) if identity else None


def _latest_first(event: Event) -> tuple[float, str, int]:
    """Return the sort key: the last event first; at equal times, the first row."""
    return -time_of(event), event.file, event.line
