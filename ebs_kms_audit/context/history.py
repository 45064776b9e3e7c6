"""The EC2 calls of the denials, the changes before them, and the successes after them.

Only events of a few kinds are kept, up to a fixed number. If there are more, the input is read a
second time, and only the events that belong to a denial are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.ebs_operations import (
    VOLUME_WORKFLOW,
    workflows_of,
)
from ebs_kms_audit.aws.kms_actions import kms_action
from ebs_kms_audit.aws.kms_errors import USABLE_AGAIN, shows_unusable
from ebs_kms_audit.aws.relevance import relevance
from ebs_kms_audit.context.attempts import NO_ATTEMPTS, Attempts, Ec2CallLog
from ebs_kms_audit.context.ec2_calls import Ec2CallBuffer
from ebs_kms_audit.context.grants import GrantTrace
from ebs_kms_audit.context.key_changes import ChangeLog, ChangesBefore, is_change
from ebs_kms_audit.context.key_errors import KeyErrors
from ebs_kms_audit.context.key_states import KeyUses, usable_from
from ebs_kms_audit.context.successes import Successes, SuccessLog, is_success
from ebs_kms_audit.identify import is_denied, is_kms
from ebs_kms_audit.model import (
    NO_EVENTS,
    AlikeEvents,
    Deferred,
    Denial,
    Denials,
    Event,
    EventList,
    PrincipalKind,
)
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import OtherError
    from ebs_kms_audit.reading.exports.large.calls import CallRows
    from ebs_kms_audit.reading.exports.large.changes import ChangeRows
    from ebs_kms_audit.reading.exports.large.successes import SuccessRows
    from ebs_kms_audit.reading.records.kept import KeptRecords

_NOT_THE_CALLER = frozenset({PrincipalKind.INFRASTRUCTURE, PrincipalKind.SERVICE})


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
                          the same Request ID: the last 20, their number, and the Event names of all
    changes               the last 20 changes to the key or to the caller's role in the 24 hours
                          before the first denial, or the last change if there is none; if the
                          key is unknown, changes to all keys in the account and Region; if nothing
                          else was changed, or for EC2 infrastructure, the last 3 retired grants
    changes_count         the number of these changes, including those not listed
    grants_retired        how many of these changes retired a grant, which services do routinely
    unusable_since        the change that leaves the key unusable, before or after the denials; None
                          if the input shows none, or if the key was enabled or used after it
    policy_changes_after  changes to the key policy after the last denial
    later_success         the last success of a denied call by the same caller after the last
                          denial, or None; a success can mean that the cause is fixed
    key_errors            calls that failed because of the state of the same key, within an hour,
                          unless the input shows that the key was enabled or used after them
    grants                the last 5 grants on the key that give the caller a denied action, those
                          first that existed at a denial
    grants_listed         whether the output of list-grants was given for the key
    allowed               permissions that the same caller used successfully
    next_calls            permissions that the operations need in addition to the denied ones
    """

    attempts: Attempts = NO_ATTEMPTS
    changes: EventList = NO_EVENTS
    changes_count: int = 0
    grants_retired: int = 0
    unusable_since: Event | None = None
    policy_changes_after: tuple[Event, ...] = ()
    later_success: Event | None = None
    key_errors: tuple[Event, ...] = ()
    grants: tuple[GrantTrace, ...] = ()
    grants_listed: bool = False
    allowed: Sequence[str] = ()
    next_calls: Sequence[NextCall] = ()


class ContextCollector:
    """Collects the events that can belong to a denial.

    Without `related`, all such events are kept, up to a limit. With `related`, only events that
    belong to these denials are kept.
    """

    def __init__(self, related: RelatedEvents | None = None) -> None:
        self._ec2_calls = Ec2CallBuffer(related)
        self._changes = ChangeLog()
        self._key_errors = KeyErrors()
        self._key_uses = KeyUses()
        self._successes = SuccessLog(related)

    @property
    def overflowed(self) -> bool:
        """Whether too many events were there to keep those that `related` would choose."""
        return self._ec2_calls.overflowed or self._successes.overflowed

    @property
    def incomplete(self) -> bool:
        """Whether some events were not kept because there are too many."""
        return self.overflowed or self._changes.overflowed or self._key_errors.overflowed

    def add(self, event: Event) -> None:
        """Add an event that an audit needs."""
        found = relevance(event.source, event.name)
        if (found.key_change or found.role_change) and is_change(event):
            self._changes.add(event)
        if found.ec2_call:
            self._ec2_calls.add(event)
        elif is_kms(event):
            if is_denied(event):
                self._ec2_calls.add_denied(AlikeEvents.of(event))
            elif is_success(event):
                self._successes.add(event)
                self._key_uses.add(event)
            else:
                self._key_errors.add(event)

    def add_alike(self, events: AlikeEvents) -> None:
        """Add failed KMS events."""
        if is_denied(events.first):
            self._ec2_calls.add_denied(events)
        else:
            self._key_errors.add_alike(events)

    def add_changes(self, changes: Sequence[ChangeRows]) -> None:
        """Add the changes of large exports, after all events."""
        self._changes.add_rows(changes)

    def add_key_errors(self, errors: Sequence[ChangeRows]) -> None:
        """Add the calls in large exports that failed because of the state of a key."""
        self._key_errors.add_rows(errors)

    def add_records(self, records: KeptRecords) -> None:
        """Add the changes and successes in logs that are not decoded, after all events."""
        self._changes.add_records(records.changes())
        self._key_uses.add_later(records.successes)

    def add_successes(self, successes: Sequence[SuccessRows]) -> None:
        """Add the successes of large exports."""
        self._successes.add_rows(successes)
        for rows in successes:
            self._key_uses.add_later(rows.latest)

    def add_calls(self, calls: Sequence[CallRows]) -> None:
        """Add the EC2 calls of large exports that were not parsed, after all events."""
        for rows in calls:
            self._ec2_calls.remove(rows.without_repeated(self._ec2_calls))
        self.ec2_calls.add_rows(calls)

    @cached_property
    def ec2_calls(self) -> Ec2CallLog:
        """The EC2 calls. Add all events before."""
        return Ec2CallLog(self._ec2_calls)

    def histories(self, groups: Sequence[Denials]) -> list[History]:
        """Return the history of each group: the denials of one principal, in order of time."""
        return list(map(self._history, groups, self._successes.of_each(groups)))

    def _history(self, denials: Denials, successes: Successes) -> History:
        times = denials.times
        attempts = self.ec2_calls.of(denials)
        allowed = Deferred(_allowed, denials, successes.names)
        changes = ChangesBefore()
        policy_changes: tuple[Event, ...] = ()
        if times:
            first = denials.kinds[0]
            changes = self._changes.before(first, times[0])
            policy_changes = self._changes.policy_changes_after(first, times[-1])
        return History(
            attempts=attempts,
            changes=changes.listed,
            changes_count=changes.total,
            grants_retired=changes.grants_retired,
            unusable_since=self._left_unusable(denials.kinds[0]),
            policy_changes_after=policy_changes,
            key_errors=self._key_errors.near(denials, self._usable_from),
            later_success=successes.later,
            allowed=allowed,
            next_calls=Deferred(_next_calls, denials, attempts.operations, allowed),
        )

    def _left_unusable(self, denial: Denial) -> Event | None:
        account = denial.key_account or denial.event.account
        return self._changes.left_unusable(
            denial.event.region, denial.key.id, account, self._key_uses
        )

    def _usable_from(self, region: str | None, key_id: str, error_code: str) -> float:
        used = self._key_uses.last(region, key_id)
        return usable_from(self._changes.of_state(region, key_id), used, error_code)

    def of_unusable_keys(
        self, errors: Iterable[OtherError]
    ) -> tuple[tuple[OtherError, ...], list[OtherError]]:
        """Return all errors, and those of keys that can still be unusable, with those keys only.

        Of the others, the meaning says that the key is usable again. Errors that name no key are
        those of keys that can still be unusable.
        """
        every, unusable = [], []
        for error in errors:
            found = error
            if shows_unusable(error.event_name, error.error_code):
                keys = tuple(key for key in error.keys if not self._is_usable_again(error, key))
                if keys or not error.keys:
                    unusable.append(replace(error, keys=keys))
                else:
                    found = replace(error, meaning=USABLE_AGAIN)
            every.append(found)
        return tuple(every), unusable

    def _is_usable_again(self, error: OtherError, key: str) -> bool:
        """Return whether the input shows that a key is usable after the last error with it."""
        region, key_id = error.region, key.rpartition("/")[2]
        if self._changes.left_unusable(region, key_id, None, self._key_uses):
            return False
        last = error.last_seen  # of all keys of the errors
        if last is None:
            return False
        of_key = region, key_id, error.error_code
        if order_of(last).timestamp() < self._usable_from(*of_key):
            return True
        # A call of ReEncrypt names two keys.
        return error.event_name != "ReEncrypt" and self._key_errors.none_is_left(
            of_key, self._usable_from
        )


def _denied(denials: Denials) -> set[str]:
    return {action for denial in denials.kinds for action in denial.iam_actions}


def _allowed(denials: Denials, successes: Iterable[str]) -> list[str]:
    """Return the permissions that successes show and that were not denied, sorted."""
    shown = {action for name in successes for action in kms_action(name).iam_actions}
    return sorted(shown - _denied(denials))


def _next_calls(
    denials: Denials, operations: Collection[str], allowed: Iterable[str]
) -> tuple[NextCall, ...]:
    """Return the permissions that the EC2 operations need and that are not known."""
    kinds = denials.kinds
    if kinds[0].principal.kind in _NOT_THE_CALLER or not any(one.ebs_traffic for one in kinds):
        return ()
    return _calls_of_workflows(frozenset(operations), frozenset(_denied(denials).union(allowed)))


@lru_cache(maxsize=1_000)
def _calls_of_workflows(operations: frozenset[str], known: frozenset[str]) -> tuple[NextCall, ...]:
    """Return the permissions that operations need in addition to those that are known.

    Creating and attaching a volume is always included.
    """
    calls: dict[str, NextCall] = {}
    for workflow in (*workflows_of(operations), VOLUME_WORKFLOW):
        for action in workflow.actions:
            if not _covered(action, known):
                call = NextCall(action=action, operation=workflow.operation, source=workflow.source)
                calls.setdefault(action, call)
    return tuple(calls.values())


def _covered(action: str, known: frozenset[str]) -> bool:
    prefix = action.removesuffix("*")
    return action in known or (prefix != action and any(one.startswith(prefix) for one in known))
