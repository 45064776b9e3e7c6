"""Findings → one row for each caller and key, however many sessions and findings there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, overload

from ebs_kms_audit.diagnosis.findings import number_of_callers
from ebs_kms_audit.model import PrincipalKind
from ebs_kms_audit.reading.timestamps import order_of
from ebs_kms_audit.render import phrases

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.plan.step import Step

_PER_INSTANCE = frozenset({PrincipalKind.INSTANCE_ROLE, PrincipalKind.INFRASTRUCTURE})


class CallerRow(NamedTuple):
    """What one caller was denied on one key.

    name      the name in the log, the role of several sessions, or how many instances there are
    kind      which kind of caller it is
    arn       the ARN that a policy names; None where it is unknown
    key       the key as text
    actions   each denied action and how often it was denied, the most frequent first
    calls     how many calls were denied
    last      the time of the latest denied call
    note      which step is for this caller, or why none is; empty where there is nothing to say
    findings  the ids of the findings
    """

    name: str
    kind: str
    arn: str | None
    key: str
    actions: tuple[tuple[str, int], ...]
    calls: int
    last: datetime | None
    note: str
    findings: tuple[str, ...]

    @property
    def first_action(self) -> str:
        """The most frequent action without its prefix, and how many others there are."""
        action, *others = (phrases.short_action(action) for action, _ in self.actions)
        return f"{action} +{len(others)}" if others else action

    @property
    def all_actions(self) -> str:
        """Each action without its prefix, and how often it was denied if more than once."""
        return ", ".join(
            phrases.short_action(action) + (f" ({times:,}×)" if times > 1 else "")
            for action, times in self.actions
        )


class CallerRows(Sequence[CallerRow]):
    """A row for each caller and key, the latest denial first. A row is made when it is used."""

    def __init__(self, findings: Iterable[Finding], steps: Sequence[Step]) -> None:
        """Group the findings. The steps of the plan are for the notes."""
        groups: dict[tuple[str, ...], list[Finding]] = {}
        for finding in findings:
            groups.setdefault(_identity(finding), []).append(finding)
        self._groups = sorted(groups.values(), key=_newest_first)
        self._plan = _Plan(steps)
        self.times = _times(chain.from_iterable(self._groups))
        """When the first and the last call was denied."""

    def __len__(self) -> int:
        return len(self._groups)

    @overload
    def __getitem__(self, at: int) -> CallerRow: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[CallerRow, ...]: ...
    def __getitem__(self, at: int | slice) -> CallerRow | tuple[CallerRow, ...]:
        if isinstance(at, slice):
            return tuple([_row(group, self._plan, self.times) for group in self._groups[at]])
        return _row(self._groups[at], self._plan, self.times)

    def rest(self, shown: int) -> str:
        """Return what follows the first rows; empty if nothing does.

        It is the number of callers, or of rows if some of the callers have a row above.
        """
        rows = self._groups[shown:]
        if not rows:
            return ""
        calls = phrases.count(sum(map(_calls, rows)), "denied call")
        callers, of_all, above = (
            number_of_callers(chain.from_iterable(some))
            for some in (rows, self._groups, self._groups[:shown])
        )
        if callers == of_all - above:
            return f"{phrases.count(callers, 'more caller')} with {calls}"
        return f"{phrases.count(len(rows), 'more row')} with {calls} (a caller can have several)"


class _Plan:
    """Which steps are for a finding, and which findings are left out of their step."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps: dict[str, list[int]] = {}
        self.left_out: set[str] = set()
        for number, step in enumerate(steps, start=1):
            self.left_out |= {one.finding for one in step.left_out}
            if not step.alternative_to:
                for finding in step.findings:
                    self.steps.setdefault(finding, []).append(number)


def _newest_first(group: Sequence[Finding]) -> tuple[float, int, _Name]:
    last = _last(group)
    return (-order_of(last).timestamp() if last else 0.0, -_calls(group), _Name(group))


class _Name:
    """The name of a caller, to sort by. It is made if two callers are otherwise equal."""

    __slots__ = ("_group",)

    def __init__(self, group: Sequence[Finding]) -> None:
        self._group = group

    def __lt__(self, other: _Name) -> bool:
        return _name_and_kind(self._group)[0] < _name_and_kind(other._group)[0]


def _calls(group: Iterable[Finding]) -> int:
    return sum([finding.count for finding in group])


def _last(group: Iterable[Finding]) -> datetime | None:
    times = [finding.last_seen for finding in group if finding.last_seen]
    return max(times, key=order_of, default=None)


def _times(findings: Iterable[Finding]) -> tuple[datetime, ...]:
    times = [time for one in findings for time in (one.first_seen, one.last_seen) if time]
    return (min(times, key=order_of), max(times, key=order_of)) if times else ()


def _identity(finding: Finding) -> tuple[str, ...]:
    principal = finding.principal
    key = finding.key.id or finding.key.alias or ""
    if principal.arn:
        return ("arn", principal.arn, key)
    account = finding.account or ""
    if principal.kind in _PER_INSTANCE:
        return (principal.kind, account, finding.cause.id, key)
    return (principal.kind, account, principal.role_name or principal.user_name or "", key)


def _row(group: Sequence[Finding], plan: _Plan, times: Sequence[datetime]) -> CallerRow:
    first = group[0]
    name, kind = _name_and_kind(group)
    return CallerRow(
        name=name,
        kind=kind,
        arn=first.principal.arn,
        key=phrases.key_name(first.key),
        actions=tuple(phrases.times_denied(one.denials for one in group).items()),
        calls=_calls(group),
        last=_last(group),
        note=_note(group, plan, times),
        findings=tuple(finding.id for finding in group),
    )


def _name_and_kind(group: Sequence[Finding]) -> tuple[str, str]:
    """Return what to call the caller: a role by its name if several sessions are its."""
    every = dict.fromkeys(name for finding in group for name in finding.denials.user_names)
    names = [name for name in every if name]
    principal = group[0].principal
    kind = phrases.kind(principal)
    role = _role(principal.arn) or principal.role_name
    if len(names) <= 1:
        name = names[0] if names else role or principal.arn or "(no name)"
        is_role = principal.kind is PrincipalKind.ROLE and role and role != name
        return name, f"role {role}" if is_role else kind
    if role:
        return role, f"{kind}, {phrases.count(len(names), 'session')}"
    if principal.kind in _PER_INSTANCE:
        return f"{names[0]} and {len(names) - 1:,} more", kind
    return names[0], f"{kind}, {phrases.count(len(names), 'name')}"


def _role(arn: str | None) -> str | None:
    """Return path and name of a role, of a service-linked role the name alone."""
    _, is_role, path = (arn or "").partition(":role/")
    if not is_role:
        return None
    return path.rpartition("/")[2] if path.startswith("aws-service-role/") else path


def _note(group: Sequence[Finding], plan: _Plan, times: Sequence[datetime]) -> str:
    if all(finding.noise for finding in group):
        return "harmless probe"
    numbers = sorted({number for one in group for number in plan.steps.get(one.id, ())})
    steps = "step" if len(numbers) == 1 else "steps"
    parts = [f"{steps} {phrases.listed(map(str, numbers))}"] if numbers else []
    if any(finding.id in plan.left_out for finding in group):
        parts.append("ARN unknown, left out")
    elif not parts and plan.steps:
        parts.append("no step")
    later = [finding.history.later_success for finding in group]
    if (events := list(filter(None, later))) and len(events) == len(later):
        names = phrases.listed(dict.fromkeys(event.name for event in events), most=2)
        time = max((event.time for event in events if event.time), key=order_of, default=None)
        parts.append(f"{names} succeeded later ({phrases.short_time(time, times)})")
    return "; ".join(parts)
