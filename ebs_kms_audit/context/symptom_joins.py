"""Symptoms → the findings to which they belong.

A symptom belongs to a finding in these cases:

- Both name the same volume, instance, snapshot or key.
- Both have the same Request ID.
- The same caller has both within five minutes.
- Both are in the same text.
- None of this is known, the symptom has no time, and only one finding has a denied action that the
  caller of the symptom needs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.context.symptoms import resources_in
from ebs_kms_audit.reading.related import NEAR
from ebs_kms_audit.reading.timestamps import order_of

if TYPE_CHECKING:
    from ebs_kms_audit.model import AlikeDenials, Denial, Denials, Event, Symptom

_MOST_RESOURCES = 100


class FindingContext(NamedTuple):
    """A finding with its denials.

    finding    the id of the finding
    denials    its denials
    ec2_calls  returns the EC2 calls near the denials
    """

    finding: str
    denials: Denials
    ec2_calls: Callable[[], Iterable[Event]]


def joined(symptoms: Iterable[Symptom], found: Iterable[FindingContext]) -> tuple[Symptom, ...]:
    """Return the symptoms with their findings. Equal symptoms are merged into one."""
    merged = _merged(symptoms)
    if not merged:
        return ()
    index = _Index(found, merged)
    return tuple(index.join(one) for one in merged)


def _merged(symptoms: Iterable[Symptom]) -> list[Symptom]:
    """Merge the symptoms of one input with equal kind, caller and Region, and count them."""
    found: dict[object, Symptom] = {}
    for one in symptoms:
        what = (
            one.id, one.code, one.file, one.account, one.region, one.operation, one.principal,
            one.caller, one.policy_type,
        )  # fmt: skip
        known = found.get(what)
        found[what] = _both(known, one) if known else one
    return list(found.values())


def _both(first: Symptom, second: Symptom) -> Symptom:
    times = [
        time
        for one in (first, second)
        for time in (one.first_seen, one.last_seen)
        if time is not None
    ]
    return replace(
        first,
        count=first.count + second.count,
        first_seen=min(times, key=order_of, default=None),
        last_seen=max(times, key=order_of, default=None),
        resources=tuple(dict.fromkeys((*first.resources, *second.resources)))[:_MOST_RESOURCES],
    )


class _Calls(NamedTuple):
    """The times, sorted, at which a caller was denied in a Region, in one finding."""

    finding: str
    region: str | None
    times: list[float]


class _Index:
    """The findings by resource, Request ID, caller and text."""

    def __init__(self, found: Iterable[FindingContext], symptoms: Sequence[Symptom]) -> None:
        """Hold what the findings have of what the symptoms name."""
        self._requests = {one.request_id for one in symptoms if one.request_id}
        self._callers = {name for one in symptoms for name in (one.principal, one.caller) if name}
        self._resources = {name for one in symptoms for name in one.resources}
        self._shared: dict[tuple[str, str], dict[str, None]] = {}
        self._by_caller: dict[str, list[_Calls]] = {}
        self._actions: dict[str, set[str]] = {}
        for one in found:
            self._add(one)

    def _add(self, one: FindingContext) -> None:
        actions: set[str] = set()
        times: dict[tuple[str, str | None], list[float]] = {}
        for alike in one.denials.alike:
            denial, event, columns = alike.sample, alike.events.first, alike.events.columns
            actions.update(denial.iam_actions)
            self._note("file", event.file if event.time is None else None, one.finding)
            self._note_names((denial.key.arn,), event, one.finding)
            self._note_names_in(columns.user_names, one.finding)
            for name, seconds in self._times_by_caller(alike) if event.time else ():
                times.setdefault((name, event.region), []).extend(seconds)
            for request_id in self._requests.intersection(columns.request_ids):
                self._note("request", request_id, one.finding)
        for event in one.ec2_calls() if self._requests or self._resources else ():
            if event.request_id in self._requests:
                self._note("request", event.request_id, one.finding)
            self._note_names((), event, one.finding)
        for (name, region), seconds in times.items():
            calls = _Calls(one.finding, region, sorted(seconds))
            self._by_caller.setdefault(name, []).append(calls)
        self._actions[one.finding] = actions

    def _times_by_caller(self, alike: AlikeDenials) -> Iterator[tuple[str, Sequence[float]]]:
        """Yield the callers of symptoms who have some of these denials, each with its times."""
        columns = alike.events.columns
        of_all = self._callers & _callers(alike.sample)
        for name in of_all:
            yield name, columns.seconds
        for name in self._callers.intersection(columns.user_names) - of_all:
            times = zip(columns.user_names, columns.seconds, strict=True)
            yield name, [seconds for of_name, seconds in times if of_name == name]

    def _note_names(self, names: Sequence[str | None], event: Event, finding: str) -> None:
        """Note the resources of symptoms that are among some names, or that an event names."""
        if self._resources:
            for name in self._resources.intersection((*names, *_names(event))):
                self._note("name", name, finding)

    def _note_names_in(self, user_names: Sequence[str | None], finding: str) -> None:
        """Note the resources of symptoms that several User names hold, as that of an instance."""
        names = list(filter(None, dict.fromkeys(user_names)))
        if len(names) > 1 and self._resources:
            every = " ".join(names)
            if any(resource in every for resource in self._resources):
                found = chain.from_iterable(resources_in([name]) for name in names)
                for name in self._resources.intersection(found):
                    self._note("name", name, finding)

    def _note(self, what: str, value: str | None, finding: str) -> None:
        if value:
            self._shared.setdefault((what, value), {})[finding] = None

    def join(self, one: Symptom) -> Symptom:
        """Return a symptom with the findings to which it belongs."""
        found: dict[str, str] = {}
        for finding, why in self._shares(one):
            found.setdefault(finding, why)
        if not found and one.first_seen is None:
            found = self._only(one)
        if not found:
            return one
        return replace(one, findings=tuple(found), joined_by=tuple(found.values()))

    def _shares(self, one: Symptom) -> Iterator[tuple[str, str]]:
        """Yield findings and what joins them. A name of the log is in no such sentence.

        A redacted report could not find every name in it.
        """
        for finding in self._shared.get(("request", one.request_id or ""), ()):
            yield finding, "the same Request ID"
        for name in one.resources:
            for finding in self._shared.get(("name", name), ()):
                yield finding, name
        seen = [order_of(time).timestamp() for time in (one.first_seen, one.last_seen) if time]
        for name in filter(None, dict.fromkeys((one.principal, one.caller))):
            for calls in self._by_caller.get(name, ()):
                same_place = None in (one.region, calls.region) or one.region == calls.region
                if same_place and any(_is_near(time, calls.times) for time in seen):
                    yield calls.finding, "the same caller, within five minutes"
        for finding in self._shared.get(("file", one.file), ()):
            yield finding, "the same text"

    def _only(self, one: Symptom) -> dict[str, str]:
        needed = set(one.actions)
        fitting = [finding for finding, denied in self._actions.items() if needed & denied]
        return (
            {fitting[0]: "the only finding with a denied action that it needs"}
            if len(fitting) == 1
            else {}
        )


def _is_near(time: float, times: Sequence[float]) -> bool:
    after = bisect_left(times, time - NEAR)
    return after < len(times) and times[after] <= time + NEAR


def _names(event: Event) -> tuple[str, ...]:
    """Return the volumes, instances, snapshots and keys that an event names."""
    names = (resource.name for resource in event.resources or ())
    return resources_in([*names, event.error_message, event.user_name])


def _callers(denial: Denial) -> set[str]:
    """Return the names that a symptom can have for a caller, beside the User name."""
    principal, identity = denial.principal, denial.event.identity
    names = {principal.arn, principal.role_name}
    names.add((principal.arn or "").rpartition("/")[2])
    names.add(identity.arn if identity else None)
    return {name for name in names if name}
