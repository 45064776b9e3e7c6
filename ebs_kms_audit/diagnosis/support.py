"""The cause of a finding → what supports it and what contradicts it, each a short text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ebs_kms_audit.diagnosis.case import DenialCause
from ebs_kms_audit.diagnosis.cause import CauseId
from ebs_kms_audit.diagnosis.policy_terms import Comparison
from ebs_kms_audit.explain import causes as texts
from ebs_kms_audit.model import Denial, Denials, Event

if TYPE_CHECKING:
    from ebs_kms_audit.context.grants import GrantTrace
    from ebs_kms_audit.context.history import History
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.diagnosis.grouping import Group
    from ebs_kms_audit.diagnosis.policy_log import PolicyChange

_COMPARED = {
    Comparison.EQUAL: "The given policy is the last one in the log.",
    Comparison.NEWER: "The given policy is not in the log. It is assumed to be newer than the log.",
    Comparison.OLDER: "The given policy is an earlier one in the log. The last one is used: "
    "{policy}.",
}
_SHOWN = 3
"""How many events a text lists."""


def support(cause: DenialCause, places: Sequence[int], group: Group) -> list[str]:
    """Return what supports a cause: messages, statements and events, each a short text.

    `places` are those of the denials with the cause.
    """
    found: list[str] = []
    every = len(places) == len(group.denials)
    denials = group.denials if every else group.denials.at(places)
    if cause.by_message:
        with_message = {at for at, one in enumerate(denials.kinds) if one.message is not None}
        said = denials.of_kinds(with_message)
        message = said[0].message if said else None
        if message is not None and message.policy_type is not None:
            denied = "explicit deny" if message.effect == "explicit" else "no Allow"
            by = f": {message.policy_arn}" if message.policy_arn else ""
            found.append(
                f"The error message of {_events(said)} names the "
                f"{message.policy_type} ({denied}){by}."
            )
        elif message is not None:
            names = "an explicit deny" if message.effect == "explicit" else "no type of policy"
            found.append(f"The error message of {_events(said)} names {names}.")
    if cause.by_policy:
        for judgement in group.judgements:
            at = places[0]
            then = judgement.then[at] if judgement.then else None
            if then is not None:
                why = then.decision.why.rstrip(".")
                found.append(f"In force at that time, {then.policy.name}: {why}.")
            if then is None or then.policy is not judgement.policy:
                why = judgement.decisions[at].why.rstrip(".")
                found.append(f"{judgement.policy.name}: {why}.")
            found += _edits(judgement.change)
            if judgement.compared is not None:
                found.append(_COMPARED[judgement.compared].format(policy=judgement.policy.name))
    found += [
        f"Statement {one.label} ({one.layer.replace('_', ' ')}): {one.condition.why}."
        for one in cause.statements
    ]
    if cause.id is CauseId.FIXED_SINCE:
        found += [
            f"Event {event.reference}: {event.name} after the denial."
            for event in group.history.policy_changes_after[-_SHOWN:]
        ]
        if group.history.later_success is not None:
            found.append(_later(group.history.later_success))
    if cause.id is CauseId.INFRASTRUCTURE:
        found += _grants(denials, group.history)
    if cause.id is CauseId.KEY_UNUSABLE:
        found += [
            f"Event {event.reference}: {event.name} failed with {event.error_code} on the same key."
            for event in group.history.key_errors[:_SHOWN]
        ]
    if not found:
        found.append(f"Denied: {_events(denials)}.")
    return found


def contradictions(cause: DenialCause, group: Group) -> list[str]:
    """Return what contradicts a cause: grants and the later success come last.

    Nothing contradicts that the input does not show the cause.
    """
    found = [texts.CONTRADICTIONS[one] for one in cause.contradicts]
    if cause.id is not CauseId.UNKNOWN:
        found += [grant_text(one, "the caller") for one in other_grants(cause.id, group.history)]
        if (later := other_success(cause.id, group.history)) is not None:
            found.append(_later(later))
    return found


def contradicted_by_policies(finding: Finding) -> tuple[str, ...]:
    """Return what contradicts the cause of a finding, but for grants and the later success."""
    cause, history = finding.cause, finding.history
    if cause.id is CauseId.UNKNOWN:
        return cause.contradicted_by
    others = len(other_grants(cause.id, history)) + (other_success(cause.id, history) is not None)
    return cause.contradicted_by[: len(cause.contradicted_by) - others]


def other_grants(cause: CauseId, history: History) -> list[GrantTrace]:
    """Return the grants that can have allowed a denied call, unless the cause is about them."""
    if cause is CauseId.INFRASTRUCTURE:
        return []
    return [trace for trace in history.grants if trace.existed is not False]


def other_success(cause: CauseId, history: History) -> Event | None:
    """Return the later success of a denied call, unless the cause says that it is fixed."""
    return None if cause is CauseId.FIXED_SINCE else history.later_success


def grant_text(trace: GrantTrace, caller: str) -> str:
    """Return what a grant can mean for a caller who was denied."""
    return (
        f"Grant {trace.grant.id} on the key lists the denied action for {caller}. A grant can "
        "allow what the policies do not, if its constraints let the call pass."
    )


def _grants(denials: Sequence[Denial], history: History) -> list[str]:
    """Return whether the grant of the instance existed when it was denied."""
    instance = denials[0].principal.session_name or "the instance"
    one, no_one = ("the", "the") if len(denials) == 1 else ("a", "any")
    if not history.grants:
        if history.grants_listed:
            return [f"list-grants shows no grant for {instance}: it was ended, or never made."]
        return [f"The input shows no grant for {instance}."]
    found = []
    for trace in history.grants:
        text = f"Grant {trace.grant.id} for {instance}"
        if trace.made:
            text += f" was made by event {trace.made.reference} at {_at(trace.made.time)}"
        elif trace.grant.created:
            text += f" was made at {_at(trace.grant.created)}"
        if trace.ended:
            text += f" and ended by event {trace.ended.reference} at {_at(trace.ended.time)}"
        known = "It" if trace.existed is not None else "It is not known whether it"
        existed = f"existed at the time of {one} denial"
        if trace.existed is False:
            existed = f"did not exist at the time of {no_one} denial"
        found.append(f"{text}. {known} {existed}.")
    return found


def _edits(change: PolicyChange | None) -> list[str]:
    """Return who took the permission away and who gave it back."""
    if change is None:
        return []
    found = [
        f"Event {change.event_id}: {change.who or 'an unknown caller'} removed the permission with "
        f"{change.operation} at {_at(change.time)}."
    ]
    if change.restored_time is not None:
        found.append(
            f"Event {change.restored_event_id}: a later edit gave the permission back at "
            f"{_at(change.restored_time)}."
        )
    return found


def _at(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else "an unknown time"


def _later(event: Event) -> str:
    """Name the operation: others of the finding can be denied after it."""
    name = event.name
    return f"Event {event.reference}: {name} by the same caller succeeded after it was last denied."


def _events(denials: Denials) -> str:
    """Return the events in words: the first three, and how many more there are."""
    names = list(dict.fromkeys(denials.references))
    noun = "event" if len(names) == 1 else "events"
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{noun} {', '.join(names[:_SHOWN])}{more}"
