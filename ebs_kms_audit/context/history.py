"""The EC2 calls of the denials, the changes before them, and the successes after them.

Only events of a few kinds are kept, up to a fixed number. If there are more, the input is read a
second time, and only the events that belong to a denial are kept.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.ebs_operations import (
    VOLUME_WORKFLOW,
    Workflow,
    workflow_of,
)
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.aws.relevance import relevance
from ebs_kms_audit.context.ec2_calls import Ec2CallBuffer
from ebs_kms_audit.context.grants import GrantTrace
from ebs_kms_audit.context.key_changes import ChangeLog, is_change
from ebs_kms_audit.context.key_errors import KeyErrors
from ebs_kms_audit.context.successes import SuccessLog, is_success
from ebs_kms_audit.identify import is_denied, is_kms, key_names
from ebs_kms_audit.model import Denial, Event, PrincipalKind
from ebs_kms_audit.reading.related import (
    Caller,
    RelatedEvents,
    caller_of,
    callers_of,
    is_near,
    time_of,
)

if TYPE_CHECKING:
    from ebs_kms_audit.reading.exports.changes import ChangeRows
    from ebs_kms_audit.reading.exports.successes import SuccessRows

_KEPT = 20_000
_SAME_MINUTE = 60.0
_NOT_THE_CALLER = frozenset({PrincipalKind.INFRASTRUCTURE, PrincipalKind.SERVICE})
_SUCCESSES = (StatementKind.USAGE, StatementKind.GRANTS)


@dataclass(frozen=True, kw_only=True, slots=True)
class NextCall:
    """A permission that the operation needs next.

    action     the IAM action (`kms:CreateGrant`)
    operation  the operation that needs it
    source     the page of AWS's documentation
    """

    action: str
    operation: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The events near the denials of one finding, in order of time.

    attempts              the EC2 calls of the same caller within five minutes of a denial, or with
                          the same Request ID
    changes               the last 20 changes to the key or to the caller's role in the 24 hours
                          before the first denial, or the last change if there is none; if the
                          key is unknown, changes to all keys in the account and Region
    changes_count         the number of these changes, including those not listed
    policy_changes_after  changes to the key policy after the last denial
    later_success         the last success of a denied call by the same caller after the last
                          denial, or None; a success can mean that the cause is fixed
    key_errors            calls that failed because of the state of the same key, within an hour
    grants                grants on the key that give the caller a denied action
    grants_listed         whether the output of list-grants was given for the key
    allowed               permissions that the same caller used successfully
    next_calls            permissions that the operations need in addition to the denied ones
    """

    attempts: tuple[Event, ...] = ()
    changes: tuple[Event, ...] = ()
    changes_count: int = 0
    policy_changes_after: tuple[Event, ...] = ()
    later_success: Event | None = None
    key_errors: tuple[Event, ...] = ()
    grants: tuple[GrantTrace, ...] = ()
    grants_listed: bool = False
    allowed: tuple[str, ...] = ()
    next_calls: tuple[NextCall, ...] = ()


class _Index:
    """The EC2 calls by caller and by Request ID."""

    def __init__(self) -> None:
        self.ec2_calls: dict[Caller, list[Event]] = {}
        self.by_request: dict[str, list[Event]] = {}
        self.with_keys: dict[Caller, list[Event]] = {}
        """EC2 calls that name a key, in order of time. Equal time and keys: kept once."""

    def add_ec2_calls(self, ec2_calls: Iterable[Event]) -> None:
        seen = set()
        for event in ec2_calls:
            caller, keys = caller_of(event), key_names(event)
            self.ec2_calls.setdefault(caller, []).append(event)
            if event.request_id:
                self.by_request.setdefault(event.request_id, []).append(event)
            same = caller, event.time, frozenset(keys)
            if keys and event.time and same not in seen:
                seen.add(same)
                self.with_keys.setdefault(caller, []).append(event)
        for events in self.with_keys.values():
            events.sort(key=time_of)


class ContextCollector:
    """Collects the events that can belong to a denial.

    Without `related`, all such events are kept, up to a limit. With `related`, only events that
    belong to these denials are kept.
    """

    def __init__(self, related: RelatedEvents | None = None) -> None:
        self._ec2_calls = Ec2CallBuffer(related)
        self._changes = ChangeLog()
        self._key_errors = KeyErrors()
        self._successes = SuccessLog(related)

    @property
    def overflowed(self) -> bool:
        """Whether some events were not kept because there are too many."""
        parts = (self._ec2_calls, self._changes, self._key_errors, self._successes)
        return any(part.overflowed for part in parts)

    def add(self, event: Event) -> None:
        """Add an event that an audit needs."""
        found = relevance(event.source, event.name)
        if (found.key_change or found.role_change) and is_change(event):
            self._changes.add(event)
        if found.ec2_call:
            self._ec2_calls.add(event)
        elif is_kms(event):
            if is_denied(event):
                self._ec2_calls.add_denied(event)
            elif is_success(event):
                self._successes.add(event)
            else:
                self._key_errors.add(event)

    def add_changes(self, changes: Sequence[ChangeRows]) -> None:
        """Add the changes of large exports, after all events."""
        self._changes.add_rows(changes)

    def add_successes(self, successes: Sequence[SuccessRows]) -> None:
        """Add the successes of large exports."""
        self._successes.add_rows(successes)

    def siblings(self, event: Event) -> list[Event]:
        """Return the EC2 calls with the same Request ID."""
        return self._index.by_request.get(event.request_id or "", [])

    def calls_with_key(self, event: Event) -> list[Event]:
        """Return the EC2 calls that name a key, made by the same caller within a minute.

        If the calls name several keys, only the calls for the first two keys are returned, because
        the key of the event is then unknown.
        """
        made = self._index.with_keys.get(caller_of(event))
        if made is None or event.time is None:
            return []
        time = time_of(event)
        first = bisect_left(made, time - _SAME_MINUTE, key=time_of)
        end = bisect_right(made, time + _SAME_MINUTE, key=time_of)
        found: list[Event] = []
        keys: set[str] = set()
        for number in range(first, end):
            found.append(made[number])
            keys |= {key for key in key_names(made[number]) if not key.startswith("alias/")}
            if len(keys) > 1:
                break
        return found

    def of(self, denials: Sequence[Denial]) -> History:
        """Return the history of the denials of one principal."""
        callers = {caller for denial in denials for caller in callers_of(denial.event)}
        times = sorted(time_of(denial.event) for denial in denials if denial.event.time)
        ec2_calls = self._ec2_calls_near(denials, callers, times)
        successes = self._successes.of(denials)
        denied = {action for denial in denials for action in denial.iam_actions}
        allowed = {a for name in successes.names for a in kms_action(name).iam_actions} - denied
        changes: tuple[Event, ...] = ()
        policy_changes: tuple[Event, ...] = ()
        changes_count = 0
        if times:
            changes, changes_count = self._changes.before(denials[0], times[0])
            policy_changes = self._changes.policy_changes_after(denials[0], times[-1])
        return History(
            attempts=tuple(ec2_calls),
            changes=changes,
            changes_count=changes_count,
            policy_changes_after=policy_changes,
            key_errors=self._key_errors.near(denials),
            later_success=successes.later,
            allowed=tuple(sorted(allowed)),
            next_calls=_next_calls(ec2_calls, denials, denied | allowed),
        )

    def _ec2_calls_near(
        self, denials: Sequence[Denial], callers: set[Caller], times: Sequence[float]
    ) -> list[Event]:
        """Return the EC2 calls near the denials, and those with the same Request ID.

        `times` are the times of the denials, sorted.
        """
        if not self._index.ec2_calls:
            return []
        requests = {denial.event.request_id for denial in denials if denial.event.request_id}
        same_request = [e for r in requests for e in self._index.by_request.get(r, [])]
        of_callers = [event for c in callers for event in self._index.ec2_calls.get(c, [])]
        near = [event for event in of_callers if event.time and is_near(time_of(event), times)]
        found = {id(event): event for event in (*same_request, *near)}
        return sorted(found.values(), key=_order)

    @cached_property
    def _index(self) -> _Index:
        index = _Index()
        index.add_ec2_calls(self._ec2_calls)
        return index


def _order(event: Event) -> tuple[float, str, int]:
    """Return the sort key: time, file, line."""
    return time_of(event), event.file, event.line


def _next_calls(
    ec2_calls: Sequence[Event], denials: Sequence[Denial], known: set[str]
) -> tuple[NextCall, ...]:
    """Return the permissions that the EC2 operations need and that are not in `known`.

    Creating and attaching a volume is always included.
    """
    principal = denials[0].principal
    if principal.kind in _NOT_THE_CALLER or not any(denial.ebs_traffic for denial in denials):
        return ()
    seen = [workflow_of(event.name) for event in ec2_calls]
    workflows: list[Workflow] = [one for one in dict.fromkeys(seen) if one] + [VOLUME_WORKFLOW]
    calls: dict[str, NextCall] = {}
    for workflow in workflows:
        for action in workflow.actions:
            if not _covered(action, known):
                call = NextCall(action=action, operation=workflow.operation, source=workflow.source)
                calls.setdefault(action, call)
    return tuple(calls.values())


def _covered(action: str, known: set[str]) -> bool:
    prefix = action.removesuffix("*")
    return action in known or (prefix != action and any(one.startswith(prefix) for one in known))
