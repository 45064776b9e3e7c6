"""Finding → everything that is known of it, as titled lists of labelled lines.

The formats lay these out in their own way. `Line.verbatim` marks a text that is never wrapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.diagnosis.cause import CauseId
from ebs_kms_audit.diagnosis.support import grant_text, other_grants
from ebs_kms_audit.explain import EntryKind, entry
from ebs_kms_audit.model import Evidence, Verdict
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.causes import evidence_text
from ebs_kms_audit.render.symptoms import group_text

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.cause import Cause, NextEvidence
    from ebs_kms_audit.diagnosis.caveats import Caveat
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.diagnosis.judgement import Judgement
    from ebs_kms_audit.model import Coverage, Denial, FileCoverage, OtherError, SetAside, Symptom
    from ebs_kms_audit.report import Report

_LISTED = 20  # denied calls and EC2 calls of one finding; the JSON has all


class Line(NamedTuple):
    """One line: a label, a text, and whether the text is a command or a name to copy."""

    label: str
    text: str
    verbatim: bool = False


class Section(NamedTuple):
    """A title and the lines under it."""

    title: str
    lines: tuple[Line, ...]


def sections_of(finding: Finding) -> tuple[Section, ...]:
    """Return what is known of a finding: identity, cause, denied calls, policies, context."""
    parts = (
        ("Who and where", _identity(finding)),
        ("Cause", cause_lines(finding.cause)),
        ("Denied calls", _denied(finding.denials)),
        ("Key policy", _judged(finding.judgements)),
        ("Before and after", _around(finding)),
        ("Permissions", _permissions(finding)),
    )
    sections = (Section(title=title, lines=tuple(lines)) for title, lines in parts)
    return tuple(section for section in sections if section.lines)


def _identity(finding: Finding) -> Iterator[Line]:
    principal, key = finding.principal, finding.key
    yield Line(label="caller", text=principal.arn or "ARN unknown", verbatim=True)
    yield Line(label="", text=_known(principal.evidence, principal.why))
    yield Line(label="key", text=phrases.key_arn(key), verbatim=True)
    yield Line(label="", text=_known(key.evidence, key.why))
    yield Line(label="where", text=phrases.place(finding.region, finding.account))
    yield Line(label="when", text=phrases.span(finding.first_seen, finding.last_seen))
    if finding.steps:
        yield Line(label="steps", text=", ".join(finding.steps), verbatim=True)


def _known(evidence: str, why: str) -> str:
    return f"{evidence}: {phrases.sentence(why)}" if why else str(evidence)


def cause_lines(cause: Cause) -> Iterator[Line]:
    """Give a cause with its evidence, what contradicts it, and what to get next."""
    yield Line(label=cause.id, text=f"{phrases.sentence(cause.text)} ({cause.evidence})")
    if cause.policy_type:
        yield Line(label="denied by", text=str(cause.policy_type))
    for text in cause.supported_by:
        yield Line(label="supports it", text=text)
    for text in cause.contradicted_by:
        yield Line(label="contradicts it", text=text)
    for other in cause.others:
        calls = phrases.count(len(other.denials), "denied call")
        yield Line(label=f"also {other.id}", text=f"{phrases.sentence(other.text)} ({calls})")
    for evidence in cause.next_evidence:
        yield from evidence_lines(evidence)


def evidence_lines(evidence: NextEvidence) -> Iterator[Line]:
    """Give a piece of evidence to get, why, and the command."""
    yield Line(label="get next", text=evidence_text(evidence))
    if evidence.command:
        yield Line(label="", text=evidence.command, verbatim=True)


def _denied(denials: Iterable[Denial]) -> Iterator[Line]:
    """Give a line for each way in which an action was denied."""
    groups: dict[tuple[str, str, str], list[Denial]] = {}
    for denial in denials:
        actions = " and ".join(phrases.actions(denial))
        groups.setdefault((actions, denial.statement_kind, phrases.through(denial)), []).append(
            denial
        )
    for (actions, kind, through), group in list(groups.items())[:_LISTED]:
        calls = phrases.count(len(group), "call")
        where = phrases.locations(group)
        yield Line(label=actions, text=f"{calls}, {through}; statement kind {kind}; {where}")
    if (more := len(groups) - _LISTED) > 0:
        yield Line(label="", text=f"{more:,} more kinds of calls: see --format json")


def _judged(judgements: Iterable[Judgement]) -> Iterator[Line]:
    """Give what each policy says of the calls, each verdict once."""
    for judgement in judgements:
        seen: dict[tuple[Verdict, str], int] = {}
        for at in range(len(judgement.decisions)):
            decision = judgement.at_time(at)
            key = (decision.verdict, decision.why)
            seen[key] = seen.get(key, 0) + 1
        for (verdict, why), calls in seen.items():
            text = f"{verdict} ({phrases.count(calls, 'call')}): {phrases.sentence(why)}"
            yield Line(label=judgement.policy.name, text=text)
        if judgement.change and judgement.can_be_shown:
            for line in judgement.change.diff.splitlines():
                yield Line(label="edit", text=line)
        for fault in judgement.lint:
            yield Line(label=f"{fault.severity}", text=phrases.sentence(fault.message))


def _around(finding: Finding) -> Iterator[Line]:
    history = finding.history
    for event in history.changes:  # at most 20
        yield Line(label="before", text=phrases.sentence(phrases.happening(event)))
    for event in history.attempts.listed[-_LISTED:]:
        text = phrases.sentence(phrases.attempt(event))
        yield Line(label=phrases.clock(event.time, finding.first_seen), text=text)
    if (more := history.attempts.count - _LISTED) > 0:
        yield Line(label="", text=f"{phrases.count(more, 'more EC2 call')}: see --format json")
    if later := history.later_success:
        text = f"{later.name} succeeded at {phrases.time(later.time)}: the cause can be gone."
        yield Line(label="after", text=text)
    if finding.cause.id is CauseId.UNKNOWN:  # otherwise they contradict the cause
        for trace in other_grants(finding.cause.id, history):
            yield Line(label="grant", text=grant_text(trace, "the caller"))


def _permissions(finding: Finding) -> Iterator[Line]:
    history = finding.history
    if history.next_calls:
        needed = ", ".join(f"{call.action} ({call.operation})" for call in history.next_calls)
        yield Line(label="needed next", text=f"{needed}; documented by AWS")
    if history.allowed:
        yield Line(label="allowed", text=f"{', '.join(history.allowed)}; recorded successes")


# What is about the report as a whole


def lists_of(report: Report) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """Give the lists behind the findings, each with a title: symptoms to caveats."""
    symptoms = sorted(report.symptoms, key=lambda one: -one.count)
    lists = (
        ("Symptoms of EC2, Auto Scaling and tools", map(_symptom, symptoms)),
        ("Other KMS errors (no policy change fixes them)", map(_error, report.other_errors)),
        ("Denied rows that can be another service's", map(_shared, report.shared_name_denials)),
        ("What was read", chain(map(_file, report.coverage.files), _scope(report.coverage))),
        ("Rows set aside", map(_aside, report.set_aside)),
        ("What the input cannot show", map(_caveat, report.caveats)),
        ("Evidence words", words_of(report)),
    )
    for title, lines in lists:
        every = tuple(lines)
        if shown := every[: phrases.ROWS_LISTED]:
            more = len(every) - len(shown)
            rest = Line(label="", text=f"{more:,} more: --format json lists all.")
            yield title, (*shown, rest) if more else shown


def _symptom(symptom: Symptom) -> Line:
    place = f"{symptom.file} line {symptom.line}" if symptom.line else symptom.file
    found = " ".join(filter(None, (symptom.code, symptom.text)))
    texts = (
        group_text([symptom]),
        f"Found in {place}: {found}" if found else f"Found in {place}",
        f"Denied by: {symptom.policy_type}" if symptom.policy_type else "",
        *(
            f"Belongs to {finding}: {why}"
            for finding, why in zip(symptom.findings, symptom.joined_by, strict=True)
        ),
        symptom.next_step,
    )
    return Line(label=symptom.id, text=phrases.sentences(texts))


def _error(error: OtherError) -> Line:
    return Line(label="", text=phrases.sentence(phrases.other_error(error)))


def _shared(denial: Denial) -> Line:
    return Line(label="", text=phrases.sentence(phrases.shared_name(denial)))


def _aside(row: SetAside) -> Line:
    return Line(label="", text=phrases.sentence(phrases.set_aside(row)))


def _caveat(caveat: Caveat) -> Line:
    return Line(label=caveat.id, text=caveat.text)


def _file(file: FileCoverage) -> Line:
    if file.error:
        return Line(label=file.name, text="not read")
    kinds = ", ".join(filter(None, (file.recognized_as, file.layout and f"{file.layout} layout")))
    noun = "record" if "record" in (file.recognized_as or "") else "row"
    rows = f"{phrases.count(file.rows_read, noun)}, {file.rows_set_aside:,} set aside"
    parts = [kinds, rows if file.rows_read or not kinds else ""]
    return Line(label=file.name, text=phrases.sentence("; ".join(filter(None, parts))))


def _scope(coverage: Coverage) -> Iterator[Line]:
    """Say of which rows the time span and the Regions are."""
    first, last = coverage.first_event, coverage.last_event
    if first and last:
        yield Line(label="time span", text=f"of all rows: {phrases.span(first, last)}.")
    if coverage.regions:
        regions = ", ".join(coverage.regions)
        yield Line(label="Regions", text=f"of the KMS, EC2 and AssumeRole rows only: {regions}.")


def words_of(report: Report) -> Iterator[Line]:
    """Explain each evidence word that the report uses, once."""
    used = {
        evidence
        for finding in report.findings
        for evidence in (
            finding.principal.evidence, finding.key.evidence, finding.cause.evidence,
        )
    }  # fmt: skip
    yield from explained(used)


def explained(words: Iterable[Evidence]) -> Iterator[Line]:
    """Explain evidence words, the best evidence first."""
    for evidence in Evidence:
        if evidence in words:
            page = entry(EntryKind.TERM, evidence)
            yield Line(label=evidence, text=phrases.sentence(page.title.removeprefix("Evidence: ")))
