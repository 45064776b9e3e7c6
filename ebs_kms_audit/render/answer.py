"""Report → Answer: what every format says first, in the order in which it is read.

The headline, what limits it, the causes, the next evidence, the callers and the plan. A format only
lays an Answer out, so that all formats say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.diagnosis.cause import NextEvidence
from ebs_kms_audit.diagnosis.findings import number_of_callers
from ebs_kms_audit.explain import EntryKind, entry
from ebs_kms_audit.model import EventList, PrincipalKind, event_of
from ebs_kms_audit.reading.timestamps import order_of
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.callers import CallerRows
from ebs_kms_audit.render.causes import WhyDenied, next_evidence_of, several_causes, whys_of
from ebs_kms_audit.render.symptoms import groups_of

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.model import Coverage, OtherError, Symptom
    from ebs_kms_audit.plan.step import Step
    from ebs_kms_audit.report import Report

SHOWN = 20  # causes, callers, steps and findings that a report shows; the JSON has all
_CHANGES = 2
_ERRORS = 5
_PAIRS = 3
_CAVEATS = 3
# Caveats that can mean that a denied call is missing or wrong: they are part of the answer.
_SERIOUS = frozenset(
    {
        "read_only_hidden", "rows_set_aside", "input_cut_short", "input_altered",
        "cells_unreadable",
        "date_order_guessed", "account_id_damaged", "outside_window_unknown", "record_disagrees",
        "surroundings_incomplete", "shared_event_names", "message_truncated",
    }
)  # fmt: skip


class Answer(NamedTuple):
    """What every format says first.

    headline       how many calls were denied, to whom, on which key, when; or that none was
    limits         what limits the whole answer, one sentence each
    whys           each cause once, the one with the most denied calls first
    context        that causes share callers; changes of the key and other KMS errors around
                   the denials
    next_evidence  what to get next; None where nothing would settle more
    callers        one row for each caller and key
    steps          the plan without the alternatives, each with its number
    alternatives   the steps that can replace another step, each with its number
    several_keys   whether the callers were denied on more than one key
    narrower       the option that shows the calls around the latest one; empty for few callers
    read           what was read, in one sentence
    """

    headline: str
    limits: tuple[str, ...]
    whys: tuple[WhyDenied, ...]
    context: tuple[str, ...]
    next_evidence: NextEvidence | None
    callers: CallerRows
    steps: tuple[tuple[int, Step], ...]
    alternatives: tuple[tuple[int, Step], ...]
    several_keys: bool
    narrower: str
    read: str

    def replaced_by(self, step: Step) -> str:
        """Return the number of the step that an alternative replaces."""
        return next((f"{at}" for at, one in self.steps if one.id == step.alternative_to), "?")


def answer_of(report: Report) -> Answer:
    """Return the answer of a report."""
    findings = [finding for finding in report.findings if not finding.noise] or report.findings
    numbered = tuple(enumerate(report.plan, start=1))
    callers = CallerRows(report.findings, report.plan)
    headline = _headline(report, findings)
    return Answer(
        headline=headline,
        limits=(*_limits(report, findings), *_unknown_zone(report, headline)),
        whys=whys_of(report.findings),
        context=(*several_causes(report.findings), *_context(report, findings)),
        next_evidence=next_evidence_of(findings, report.plan) if findings else _remedy(report),
        callers=callers,
        steps=tuple((number, step) for number, step in numbered if not step.alternative_to),
        alternatives=tuple((number, step) for number, step in numbered if step.alternative_to),
        several_keys=len({phrases.key_name(f.key) for f in report.findings}) > 1,
        narrower=_narrower(report, callers),
        read=_read(report.coverage, _last_seen(findings)),
    )


# The headline and what limits it


def _headline(report: Report, findings: Sequence[Finding]) -> str:
    if not findings:
        return _nothing_denied(report)
    calls = sum(finding.count for finding in findings)
    first = _first(findings)
    ends = first.first_seen if first else None, _last_seen(findings)
    span = phrases.span(*ends) + phrases.unknown_zone(*ends)
    harmless = ", all of them harmless probes" if findings[0].noise else ""
    callers = phrases.count(number_of_callers(findings), "caller")
    return (
        f"KMS denied {phrases.count(calls, 'call')} by {callers}"
        f"{_on_which_key(findings)}{harmless}, {span}{_where(findings)}."
    )


def _nothing_denied(report: Report) -> str:
    coverage = report.coverage
    if report.symptoms:
        found = f"{_symptoms(report.symptoms)} No KMS call was denied"
    else:
        found = "No KMS call was denied"
    if window := coverage.window:
        where = f" in the window {phrases.span(window.start, window.end)}"
    elif coverage.events:
        where = f" in {phrases.count(coverage.events, 'event')}"
        if coverage.first_event:
            ends = coverage.first_event, coverage.last_event
            where += f", {phrases.span(*ends)}{phrases.unknown_zone(*ends)}"
    else:
        where = " in the input"
    answer = f"{found}{where}. This does not prove that KMS allowed the call that you look for."
    if not coverage.rows_read and any(f.recognized_as == "key policy" for f in coverage.files):
        answer += (
            " A key policy alone shows no denied call. To find its mistakes, run ebs-kms-audit "
            "lint FILE. To see whether a caller can use the key, run ebs-kms-audit check "
            "--key-policy FILE --principal ARN."
        )
    return answer


def _symptoms(symptoms: Sequence[Symptom]) -> str:
    """Say how many errors there are; one of another service does not point to a KMS key."""
    elsewhere = sum(one.count for one in symptoms if one.id == "other_service_denied")
    of_a_key = sum(one.count for one in symptoms) - elsewhere
    point = "points" if of_a_key == 1 else "point"
    texts = [f"{phrases.count(of_a_key, 'error')} {point} to a KMS key."] if of_a_key else []
    if elsewhere:
        were = "was" if elsewhere == 1 else "were"
        texts.append(f"{phrases.count(elsewhere, 'call')} of another service {were} denied.")
    return " ".join(texts)


def _first(findings: Sequence[Finding]) -> Finding | None:
    """Return the finding with the first denied call."""
    seen = [
        (order_of(one.first_seen), number) for number, one in enumerate(findings) if one.first_seen
    ]
    return findings[min(seen)[1]] if seen else None


def _last_seen(findings: Iterable[Finding]) -> datetime | None:
    return max((f.last_seen for f in findings if f.last_seen), key=order_of, default=None)


def _on_which_key(findings: Iterable[Finding]) -> str:
    keys = list(dict.fromkeys(phrases.key_name(f.key) for f in findings if f.key.known))
    if not keys or not all(finding.key.known for finding in findings):
        return f" on {phrases.count(len(keys), 'known key')} and unknown keys" if keys else ""
    return f" on key {keys[0]}" if len(keys) == 1 else f" on {phrases.count(len(keys), 'key')}"


def _where(findings: Iterable[Finding]) -> str:
    regions = sorted({finding.region for finding in findings if finding.region})
    accounts = sorted({finding.account for finding in findings if finding.account})
    parts = [phrases.listed(regions, most=2)] if regions else []
    if len(accounts) == 1:
        parts.append(f"account {accounts[0]}")
    elif accounts:
        parts.append(phrases.count(len(accounts), "account"))
    return f" ({', '.join(parts)})" if parts else ""


def _limits(report: Report, findings: Sequence[Finding]) -> Iterator[str]:
    coverage = report.coverage
    yield from report.failed_inputs
    if outside := coverage.denials_outside_window:
        window = coverage.window
        shown = phrases.span(window.start, window.end) if window else "the window"
        were = "denied call is" if outside == 1 else "denied calls are"
        yield (
            f"{outside:,} more {were} outside {shown}. To include them, leave out --around, or "
            "give a time with more --minutes."
        )
    if findings and not any(finding.key.known for finding in findings):
        many = len({(finding.account, finding.region) for finding in findings}) > 1
        which = "one key in each account and Region" if many else "one key"
        yield f"The input does not name the key. Everything below assumes that it is {which}."
    elif any(not finding.key.known for finding in findings):
        yield "The input does not name the key of some denied calls; they are listed separately."
    noise = sum(finding.count for finding in report.findings if finding.noise)
    if noise and not findings[0].noise:
        yield f"{phrases.count(noise, 'more denied call')} of an AWS service are harmless probes."
    if report.findings:
        caveats = [caveat.text for caveat in report.caveats if caveat.id in _SERIOUS]
        yield from caveats[:_CAVEATS]
        if (more := len(caveats) - _CAVEATS) > 0:
            yield f"{phrases.count(more, 'more limit')} of the input: add --details."
    for unused in report.unused:
        near = f" The nearest value in the input is {unused.nearest}." if unused.nearest else ""
        why = phrases.sentence(unused.why)
        yield f"{unused.option} {unused.value} was not used: {why}{near}"


def _unknown_zone(report: Report, headline: str) -> Iterator[str]:
    """Say that times have no zone, if the headline is about others."""
    missing = any(caveat.id == "times_without_zone" for caveat in report.caveats)
    if missing and "time zone unknown" not in headline:
        yield "The time zone of some rows is unknown: their times are shown without UTC."


# What happened around the denials, and what else there is


def alternatives_text(answer: Answer) -> str:
    """Return what can be done instead of other steps: a sentence for each text of such steps."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for number, step in answer.alternatives[:SHOWN]:
        pairs.setdefault(step.text.rstrip("."), []).append((f"{number}", answer.replaced_by(step)))
    return phrases.sentences(f"{text}: {_instead(some)}" for text, some in pairs.items())


def _instead(pairs: Sequence[tuple[str, str]]) -> str:
    """Return which step is instead of which; of many steps, the numbers in the same order."""
    if len(pairs) <= _PAIRS:
        return phrases.listed(f"step {one} instead of step {other}" for one, other in pairs)
    ones, others = (phrases.listed(some, most=SHOWN) for some in zip(*pairs, strict=True))
    return f"steps {ones} instead of steps {others}, in this order"


def _context(report: Report, findings: Sequence[Finding]) -> Iterator[str]:
    """Give what happened to the key before the denials, and KMS calls that failed otherwise."""
    first = _first(findings)
    telling = [
        one.history
        for one in findings
        if one.history.changes_count > one.history.grants_retired
        or one.principal.kind is PrincipalKind.INFRASTRUCTURE  # it uses the key by a grant
    ]
    for change in EventList.last_of((one.changes for one in telling), _CHANGES).entries:
        event = event_of(change)
        if event.time is None or first is None or first.first_seen is None:
            continue
        denied, of_whom = first, ""
        if order_of(event.time) > order_of(first.first_seen):  # it was before a later finding
            listing = [one for one in findings if one.history.changes.lists(change)]
            denied = _first(listing) or first
            of_whom = f" of {phrases.name(denied)}"
        ahead = phrases.before(event.time, denied.first_seen or event.time)
        yield f"{phrases.happening(event)}, {ahead} before the first denied call{of_whom}."
    in_the_plan = " ".join(reason for step in report.plan for reason in step.reasons)
    by_code: dict[object, list[OtherError]] = {}
    for error in report.other_errors:
        if f"{error.event_name} failed with {error.error_code}" not in in_the_plan:
            by_code.setdefault((error.error_code, error.meaning), []).append(error)
    errors = list(by_code.values())
    for same_code in errors[:_ERRORS]:
        yield phrases.sentence(phrases.other_error(*same_code))
    if (more := len(errors) - _ERRORS) > 0:
        yield f"{phrases.count(more, 'more code')} of other KMS errors: see --format json."


def _narrower(report: Report, callers: CallerRows) -> str:
    """Return the option that shows the denied calls around the latest one, if there are many."""
    newest = next((row.last for row in callers if row.last), None)
    if newest is None or report.coverage.window or len(callers) <= SHOWN:
        return ""
    zone = "Z" if newest.tzinfo else ""
    return f"--around {newest:%Y-%m-%dT%H:%M:%S}{zone}"


def _remedy(report: Report) -> NextEvidence | None:
    """Return what to get if nothing was denied: what the first caveat or symptom asks for."""
    if report.symptoms:
        symptom = groups_of(report.symptoms)[0][0]
        return NextEvidence(what="", why=symptom.next_step, command=symptom.command)
    if not report.caveats or report.coverage.denials_outside_window:
        return None
    page = entry(EntryKind.CAVEAT, report.caveats[0].id)
    return NextEvidence(what="", why=page.remedy, command=None)


# What was read


def _read(coverage: Coverage, day: datetime | None) -> str:
    """Return what was read; the date only if it is not that of the headline."""
    if not coverage.rows_read:
        names = phrases.listed((file.name for file in coverage.files), most=3)
        return f"{names or 'The given text'}: no rows."
    rows = (
        f"{phrases.count(coverage.rows_read, 'row')}, {coverage.rows_set_aside:,} set aside; "
        f"{phrases.count(coverage.kms_rows, 'KMS row')}, {coverage.read_only_rows:,} of them "
        "read-only"
    )
    first, last = coverage.first_event, coverage.last_event
    if first is None or last is None:
        return f"{rows}."
    seen = phrases.span(first, last)
    if day and first.date() == last.date():
        seen = seen.partition(" ")[2]
    return f"{rows}; {seen}."
