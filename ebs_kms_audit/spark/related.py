"""Selects the events that belong to a denial. They are sent to the driver.

All other events are counted on the workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ebs_kms_audit.aws.access_keys import key_kind
from ebs_kms_audit.aws.relevance import KEY_USES, relevance
from ebs_kms_audit.context.key_changes import is_change
from ebs_kms_audit.context.policy_history import is_policy_edit
from ebs_kms_audit.context.successes import alike, is_success
from ebs_kms_audit.context.symptoms import SymptomCollector, is_symptom
from ebs_kms_audit.identify import PastedMessage, is_denied, is_kms, key_names
from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.related import RelatedEvents, caller_of, callers_of
from ebs_kms_audit.reading.timestamps import order_of

_CHANGES_KEPT = 20_000  # per partition; the limit of the driver is the same
_SYMPTOMS_KEPT = 1_000


def bears_on(event: Event, related: RelatedEvents) -> bool:
    """Return whether an event is a denial or KMS error, or belongs to a denial."""
    return (
        (is_kms(event) and bool(event.error_code))
        or event.event_id in related.event_ids
        or event.request_id in related.request_ids
        or (relevance(event.source, event.name).ec2_call and caller_of(event) in related.callers)
        or _assumed_role(event, related)
        or _names_a_user(event, related)
    )


def _names_a_user(event: Event, related: RelatedEvents) -> bool:
    """Return whether an event of IAM names the ARN of a denied caller."""
    if not relevance(event.source, event.name).iam_user:
        return False
    named = (resource.name or "" for resource in event.resources or ())
    return any(one.rpartition("/")[2] in related.names for one in named)


def _assumed_role(event: Event, related: RelatedEvents) -> bool:
    """Return whether an AssumeRole event returned the credentials of a denied call."""
    if event.error_code or not relevance(event.source, event.name).assume_role:
        return False
    for resource in event.resources or ():
        name = resource.name or ""
        if resource.type == "AWS::IAM::AccessKey" and name in related.access_keys:
            return True
        if name.rpartition("/")[2].rpartition(":")[2] in related.names:
            return True
    return False


class Sieve:
    """Splits the events of one partition into events for the driver and events to count.

    Of equivalent successes only the last is sent, and of the uses of a denied key. Of the rows with
    a long-term access key only the first of each user is sent. The audit needs no others.
    """

    def __init__(self, related: RelatedEvents) -> None:
        self._related = related
        self._successes: dict[tuple[object, ...], tuple[int, Event]] = {}
        self._long_term: set[tuple[object, ...]] = set()
        self._changes = 0
        self._symptoms = 0

    def part(self, events: Iterable[Event], left: list[Event]) -> Iterator[tuple[int, Event]]:
        """Yield the events to send with their positions, and append all others to `left`.

        The caller clears `left`.
        """
        for place, event in enumerate(events):
            if self._is_sent(event):
                yield place, event
            elif is_success(event) and (what := self._counts_once(event)):
                left.extend(self._keep_last(what, place, event))
            else:
                left.append(event)
        yield from self._successes.values()

    def _is_sent(self, event: Event) -> bool:
        if bears_on(event, self._related):
            return True
        if (is_change(event) or is_policy_edit(event)) and self._changes < _CHANGES_KEPT:
            self._changes += 1
            return True
        if self._symptoms < _SYMPTOMS_KEPT and is_symptom(event):
            self._symptoms += 1
            return True
        if event.user_name in self._related.names and key_kind(event.access_key) == "long_term":
            holder = (event.user_name, event.account, event.account_cell)
            first = holder not in self._long_term
            self._long_term.add(holder)
            return first
        return False

    def _counts_once(self, event: Event) -> tuple[object, ...] | None:
        """Return what equivalent successes have in common; None for those that are not sent."""
        if not self._related.callers.keys().isdisjoint(callers_of(event)):
            return alike(event)
        if event.name in KEY_USES and not self._related.key_ids.isdisjoint(
            keys := key_names(event)
        ):
            return event.region, *sorted(keys)
        return None

    def _keep_last(self, what: tuple[object, ...], place: int, event: Event) -> Iterator[Event]:
        """Keep the later of two equivalent events, and yield the other."""
        known = self._successes.get(what)
        if known is None or _is_later(event, known[1]):
            self._successes[what] = place, event
            if known is not None:
                yield known[1]
        else:
            yield event


def _is_later(event: Event, other: Event) -> bool:
    assert event.time is not None
    assert other.time is not None
    return order_of(event.time) > order_of(other.time)


def is_denial(event: Event) -> bool:
    """Return whether an event is a denied KMS event."""
    return is_kms(event) and is_denied(event)


def shows_a_denial(event: Event) -> bool:
    """Return whether an event is a denial, or a failed EC2 call with a denial in its message."""
    return is_denial(event) or bool(messages_in([event]))


def messages_in(events: Iterable[Event]) -> list[PastedMessage]:
    """Return the KMS access-denied messages in failed EC2 calls."""
    calls = SymptomCollector()
    for event in events:
        if event.error_message and is_symptom(event):
            calls.add(event)
    return calls.messages
