"""Symptoms → sentences: what failed, how often and for whom, and what the error means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.reading.timestamps import order_of
from ebs_kms_audit.render import phrases

if TYPE_CHECKING:
    from ebs_kms_audit.model import Symptom

Group = Sequence["Symptom"]
"""Symptoms with one error, the most frequent first: they differ in the caller and the operation."""

_OPERATIONS = 4
_LONGEST = 100  # characters of an error text


def groups_of(symptoms: Iterable[Symptom]) -> list[Group]:
    """Return the symptoms by their error, the most frequent error first."""
    groups: dict[object, list[Symptom]] = {}
    for one in symptoms:
        groups.setdefault((one.id, one.code or one.text, one.policy_type), []).append(one)
    ordered = [sorted(group, key=lambda one: -one.count) for group in groups.values()]
    return sorted(ordered, key=lambda group: -calls_of(group))


def calls_of(group: Iterable[Symptom]) -> int:
    """Return how many calls failed, or how many texts there are."""
    return sum(one.count for one in group)


def group_text(group: Group, *, alone: bool = False) -> str:
    """Return what failed, what it means, and which caller needs which actions.

    `alone` says that no denial belongs to the error.
    """
    first = group[0]
    errors = "this error" if calls_of(group) == 1 else "these errors"
    caller = f"Usual caller of KMS: {first.caller}" if first.caller else ""
    actions = f"Required: {phrases.listed(first.actions)}" if first.actions else ""
    no_denial = f"No denial belongs to {errors}" if alone else ""
    return phrases.sentences((_what_failed(group), no_denial, first.meaning, caller, actions))


def _what_failed(group: Group) -> str:
    """Return which operations failed with which error, how often, for whom, and when last."""
    first, calls = group[0], calls_of(group)
    text = first.text or ""
    shown = f'"{text[:_LONGEST]}{"…" if len(text) > _LONGEST else ""}"'
    operations = _calls_by(group, "operation")
    if operations:
        often = f" {calls:,} times" if calls > 1 else ""
        failed = f"failed{often} with {first.code or shown}"
        if first.code is None and first.id == "other_service_denied":
            failed = f"was denied{often}"
        said = f"{phrases.listed(operations, most=_OPERATIONS)}{_callers(group)} {failed}"
    else:
        often = f", {calls:,} times" if calls > 1 else ""
        said = f"The input contains the error {first.code or shown}{often}"
    times = [one.last_seen for one in group if one.last_seen]
    last = max(times, key=order_of, default=None)
    at = "" if last is None else f", {'last ' if calls > 1 else ''}at {phrases.time(last)}"
    return f"{said}{_most_often(group)}{at}"


def _callers(group: Group) -> str:
    """Return the caller, or how many there are. Of very many callers, some are not told apart."""
    names = {one.principal for one in group if one.principal}
    if len(names) == 1 and all(one.principal for one in group):
        return f" by {group[0].principal}"
    more = "" if all(one.principal for one in group) else "more than "
    return f" by {more}{phrases.count(len(names), 'caller')}" if names else ""


def _most_often(group: Group) -> str:
    """Return the most frequent of several callers."""
    by_caller = _calls_by(group, "principal")
    if len(by_caller) < 2:
        return ""
    name, calls = next(iter(by_caller.items()))
    return f", most often for {name} ({phrases.count(calls, 'time')})"


def _calls_by(group: Group, field: str) -> dict[str, int]:
    """Return the failed calls by the values of a field, the most frequent first."""
    calls: dict[str, int] = {}
    for one in group:
        if value := getattr(one, field):
            calls[value] = calls.get(value, 0) + one.count
    return dict(sorted(calls.items(), key=lambda item: -item[1]))
