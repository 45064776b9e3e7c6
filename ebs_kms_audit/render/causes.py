"""Findings → one sentence for each cause, however many callers share it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.diagnosis import sentence, support
from ebs_kms_audit.diagnosis.cause import NextEvidence
from ebs_kms_audit.diagnosis.findings import callers_of, number_of_callers
from ebs_kms_audit.model import Evidence
from ebs_kms_audit.plan.step import Disposition
from ebs_kms_audit.reading.timestamps import order_of
from ebs_kms_audit.render import phrases

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.cause import Cause
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.plan.step import Step

_AGAINST = 3
_NAMED_CALLERS, _NAMED_ACTIONS = 3, 2
# One search of the console brings the records that single commands would bring one by one.
_DOWNLOAD = NextEvidence(
    what="the records of the denied events",
    why="Each holds the error message, which names the type of policy that denied the call.",
    command="CloudTrail console > Event history > the same search > Download events > "
    "Download as JSON",
)
_ASKED = {"--key-id": "key", "--role-name": "role", "--user-name": "user"}
"""What a command of the next evidence asks about, by its option."""
_EVERYWHERE = (
    "The console shows one account and one Region at a time. Repeat the search in each account and "
    "Region of the denied calls ({:,}), or get the log files of a trail of all accounts "
    "(--records FOLDER)."
)


class WhyDenied(NamedTuple):
    """One cause, and the callers that it is about.

    cause    the cause, as it is of the first of its findings
    text     the sentence, with its evidence: about all of its callers and actions
    against  what contradicts the cause or shows that it may be gone, one sentence each
    """

    cause: Cause
    text: str
    against: tuple[str, ...]


def several_causes(findings: Sequence[Finding]) -> Iterator[str]:
    """Say how many callers several causes count, if a cause counts its callers."""
    groups = _by_cause(findings)
    numbers = [number_of_callers(group) for group in groups]
    if len(groups) < 2 or max(numbers) <= _NAMED_CALLERS:
        return
    if sum(numbers) > number_of_callers(findings):
        times = Counter(chain.from_iterable(map(callers_of, groups)))
        several = sum(number > 1 for number in times.values())
        are, their = ("is", "its") if several == 1 else ("are", "their")
        yield (
            f"{phrases.count(several, 'caller')} {are} counted more than once, because {their} "
            "denied calls have different causes."
        )


def _by_cause(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        cause = finding.cause
        groups.setdefault((cause.id, cause.evidence, cause.pattern or cause.text), []).append(
            finding
        )
    return list(groups.values())


def whys_of(findings: Sequence[Finding]) -> tuple[WhyDenied, ...]:
    """Return each cause once, the one that explains most denied calls first."""
    groups = _by_cause(findings)
    ordered = sorted(groups, key=lambda group: -sum(one.count for one in group))
    return tuple(_why(group, alone=len(groups) == 1) for group in ordered)


def _why(group: Sequence[Finding], *, alone: bool) -> WhyDenied:
    cause = group[0].cause
    pattern = cause.pattern or cause.text
    text = cause.text
    if len(group) > 1:
        callers = _callers(group, _caller)
        several = number_of_callers(group) > 1
        text = sentence.sentence(pattern, callers, _some_actions(group), several=several)
    if not alone and sentence.CALLER not in pattern and _caller(group[0]) not in text:
        names = _callers(group, phrases.name)
        calls = phrases.count(sum(finding.count for finding in group), "call")
        text = f"{names} ({calls}): {text}"
    known = "" if cause.evidence is Evidence.UNKNOWN else f" ({cause.evidence})"
    return WhyDenied(
        cause=cause,
        text=f"{phrases.sentence(text)}{known}",
        against=tuple(_against(group)),
    )


def _against(group: Sequence[Finding]) -> Iterator[str]:
    """Give what contradicts a cause, or shows that it may be gone."""
    yield from _against_by_policies(group)
    yield from _grants(group)
    yield from _later_successes(group)


def _grants(group: Sequence[Finding]) -> Iterator[str]:
    """Give one grant that can have allowed a denied call, and how many callers have one."""
    granted = [one for one in group if support.other_grants(one.cause.id, one.history)]
    if not granted:
        return
    first = granted[0]
    trace, *_ = support.other_grants(first.cause.id, first.history)
    text = support.grant_text(trace, phrases.name(first))
    callers, of_all = number_of_callers(granted), number_of_callers(group)
    some = _share(callers, of_all)
    some = f"{some[0].upper()}{some[1:]} have such a grant, for example: "
    yield text if callers == 1 else f"{some}{text}"


def _later_successes(group: Sequence[Finding]) -> Iterator[str]:
    """Give the latest success of a denied call, and for how many callers the cause may be gone."""
    worked = [
        (order_of(event.time), number, one, event)
        for number, one in enumerate(group)
        if (event := support.other_success(one.cause.id, one.history)) and event.time
    ]
    if not worked:
        return
    *_, last, event = max(worked, key=itemgetter(0, 1))
    callers, of_all = number_of_callers(one for *_, one, _ in worked), number_of_callers(group)
    cured = number_of_callers(
        one for at, _, one, _ in worked if one.last_seen and at > order_of(one.last_seen)
    )
    name, time = phrases.name(last), phrases.time(event.time)
    if callers == 1:
        of_whom = f" for {name}" if of_all > 1 else ""
        then = "The cause may be gone" if cured else "Other calls were denied after that"
        yield f"{event.name} by {name} succeeded later, at {time}. {then}{of_whom}."
        return
    then = "All of them were denied other calls after that."
    if cured:
        were, they = ("was", "this caller") if cured == 1 else ("were", "these callers")
        gone = f"the cause may be gone for {they}"
        then = f"{cured:,} of them {were} not denied after that: {gone}."
        if cured == callers:
            then = f"None of them was denied after that: {gone}."
    some, example = _share(callers, of_all), f"{event.name} by {name} at {time}"
    yield f"For {some}, a denied call succeeded later, for example {example}. {then}"


def _share(callers: int, of_all: int) -> str:
    """Return `2 of 3 callers`, `both callers` or `all 3 callers`."""
    if callers < of_all:
        return f"{callers:,} of {of_all:,} callers"
    return "both callers" if callers == 2 else f"all {callers:,} callers"


def _against_by_policies(group: Sequence[Finding]) -> Iterator[str]:
    """Give what policies and messages show; of several callers one fact, as each is about one."""
    by_finding = [(one, support.contradicted_by_policies(one)) for one in group]
    contradicted = [finding for finding, facts in by_finding if facts]
    facts = list(dict.fromkeys(chain.from_iterable(facts for _, facts in by_finding)))
    callers, of_all = number_of_callers(contradicted), number_of_callers(group)
    if of_all > 1 and len(facts) > 1:
        some = _share(callers, of_all)
        yield f"For {some}, this speaks against it: {phrases.sentence(facts[0])}"
        shown = 1
    else:
        shown = len(facts) if len(facts) - _AGAINST < 2 else _AGAINST
        for fact in facts[:shown]:
            yield f"This speaks against it: {phrases.sentence(fact)}"
    if more := len(facts) - shown:
        yield f"{phrases.count(more, 'more fact')} against it: see --format json."


def _caller(finding: Finding) -> str:
    return sentence.caller_name(finding.principal)


def _callers(group: Sequence[Finding], name: Callable[[Finding], str]) -> str:
    """Return the names of the callers if they are few, or the number of callers."""
    number = number_of_callers(group)
    names: dict[str, None] = {}
    for finding in group:
        names[name(finding)] = None
        if len(names) > _NAMED_CALLERS:
            return phrases.count(number, "caller")
    of_them = f" ({number} callers)" if number > len(names) else ""  # two have one name
    return f"{phrases.listed(names)}{of_them}"


def _some_actions(group: Sequence[Finding]) -> str:
    """Return the denied actions if they are few, or the number of actions."""
    actions = list(dict.fromkeys(chain.from_iterable(one.cause.actions for one in group)))
    few = len(actions) <= _NAMED_ACTIONS
    return phrases.listed(actions) if few else phrases.count(len(actions), "action")


def next_evidence_of(findings: Iterable[Finding], steps: Iterable[Step]) -> NextEvidence | None:
    """Return what to get next: of what takes the least effort, that for most denied calls.

    Nothing is needed for a key that has a safe step.
    """
    settled = {step.target for step in steps if step.disposition is Disposition.SAFE}
    wanted: dict[str, dict[NextEvidence, int]] = {}
    places: dict[str, set[tuple[str | None, str | None]]] = {}
    for finding in findings:
        if finding.cause.next_evidence and (not settled or finding.key.arn not in settled):
            evidence = finding.cause.next_evidence[0]
            calls = wanted.setdefault(evidence.what, {})
            calls[evidence] = calls.get(evidence, 0) + finding.count
            places.setdefault(evidence.what, set()).add((finding.account, finding.region))
    most = max(wanted.values(), key=lambda calls: sum(calls.values()), default=None)
    if most is None:
        return None
    evidence = max(most, key=lambda one: most[one])
    if len(most) > 1 and "lookup-events" in (evidence.command or ""):
        several = len(places[evidence.what])
        why = f"{_DOWNLOAD.why} {_EVERYWHERE.format(several)}" if several > 1 else _DOWNLOAD.why
        return replace(_DOWNLOAD, why=why)
    asked = (noun for option, noun in _ASKED.items() if option in (evidence.command or ""))
    if len(most) > 1 and (noun := next(asked, None)):
        others = phrases.count(len(most) - 1, f"other {noun}")
        return replace(evidence, why=f"{phrases.sentence(evidence.why)} Do the same for {others}.")
    return evidence


def evidence_text(evidence: NextEvidence) -> str:
    """Return what to get and why, in sentences."""
    what = f"Get {evidence.what}" if evidence.what else ""
    return phrases.sentences((what, evidence.why))
