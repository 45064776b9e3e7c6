"""Report → text for a terminal: the answer first, the rest on demand.

Prose is wrapped at the width of the terminal. Commands, JSON and diffs are never wrapped, and
start at the left margin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit.diagnosis.findings import number_of_callers
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Evidence
from ebs_kms_audit.printable import escape_unprintable
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.answer import SHOWN, Answer, alternatives_text, answer_of
from ebs_kms_audit.render.causes import evidence_text
from ebs_kms_audit.render.evidence import Line, explained, lists_of, sections_of
from ebs_kms_audit.render.steps import StepView, left_out_text, view_of
from ebs_kms_audit.render.symptoms import calls_of, group_text, groups_of
from ebs_kms_audit.render.terminal import Style, Terminal

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.plan.step import Step
    from ebs_kms_audit.render.callers import CallerRow
    from ebs_kms_audit.report import Report

_CAUSES = 5  # causes with a sentence each; the others are counted
_ALONE = 3  # errors to which no denial belongs, the most frequent ones
_LISTED_CALLERS = 10  # callers with two lines and more each
_PLAN_LINES = 80  # lines of whole steps; the first step is always whole
_LISTED_STEPS = 10  # steps, whole or with one line each


def render(
    report: Report,
    *,
    details: bool = False,
    finding: str | None = None,
    width: int = 80,
    color: bool = False,
) -> str:
    """Return the report as text.

    With `details` everything that is known follows the answer. With the id of a finding only that
    finding is shown, completely. `width` is the number of columns, 60 to 120.

    Raises UsageError for an id that no finding has.
    """
    terminal = Terminal(width=width, color=color)
    if finding is not None:
        lines = _one_finding(report, _finding(report, finding), terminal)
    else:
        lines = _report(report, terminal, details)
    return "\n".join(lines) + "\n"


def _report(report: Report, terminal: Terminal, details: bool) -> Iterator[str]:
    answer = answer_of(report)
    lines = [*_answer(report, answer, terminal, details)]
    if details:
        lines += _details(report, answer, terminal)
    yield from lines
    yield ""
    if answer.narrower and not details:
        text = "Only the calls around one failed call, for example:"
        yield from terminal.choices("NARROW", (text, answer.narrower))
    yield from terminal.labelled("READ", answer.read)
    if not details:
        yield from _words("\n".join(lines), terminal)
    yield from terminal.choices("MORE", _more(answer, report, details))


def _answer(report: Report, answer: Answer, terminal: Terminal, details: bool) -> Iterator[str]:
    yield from terminal.paragraph(answer.headline, Style.BOLD)
    for limit in answer.limits:
        yield from terminal.paragraph(limit)
    yield from _why(report, answer, terminal)
    yield from _next_evidence(answer, terminal)
    yield from _callers(answer, terminal, details)
    yield from _plan(report, answer, terminal, details)


def _words(text: str, terminal: Terminal) -> Iterator[str]:
    """Explain the evidence words that the text has in parentheses, and `inferred`."""
    used = [word for word in Evidence if f"({word})" in text]
    if Evidence.INFERRED not in used and "inferred" in text:
        used.append(Evidence.INFERRED)
    words = [f"{line.label}: {line.text.rstrip('.')}" for line in explained(used)]
    if words:
        yield from terminal.labelled("WORDS", f"{'; '.join(words)}.")


# Why, and what to get next


def _why(report: Report, answer: Answer, terminal: Terminal) -> Iterator[str]:
    yield ""
    label = "WHY"
    if not report.findings:
        for group in groups_of(report.symptoms)[:SHOWN]:
            yield from terminal.labelled(label, f"{group_text(group)} ({group[0].id})")
            label = ""
        for caveat in report.caveats:
            yield from terminal.labelled(label, f"{caveat.text} ({caveat.id})")
            label = ""
    for why in answer.whys[:_CAUSES]:
        yield from terminal.labelled(label, why.text)
        for text in why.against:
            yield from terminal.labelled("", text)
        label = ""
    if (more := len(answer.whys) - _CAUSES) > 0:
        yield from terminal.labelled("", f"{more:,} more causes: add --details.")
    for text in answer.context:
        yield from terminal.labelled(label, text)
        label = ""
    alone = [one for one in report.symptoms if not one.findings] if report.findings else []
    groups = groups_of(alone)
    for group in groups[:_ALONE]:
        text = f"{group_text(group, alone=True)} ({group[0].id})"
        yield from terminal.labelled("ALSO", text)
    if more := sum(map(calls_of, groups[_ALONE:])):
        errors = phrases.count(more, "more error")
        yield from terminal.labelled("", f"{errors} to which no denial belongs: add --details.")


def _next_evidence(answer: Answer, terminal: Terminal) -> Iterator[str]:
    if evidence := answer.next_evidence:
        yield from terminal.labelled("SETTLE", evidence_text(evidence))
        if evidence.command:
            yield from ("", *terminal.verbatim(evidence.command))


# The callers


def _callers(answer: Answer, terminal: Terminal, details: bool) -> Iterator[str]:
    rows = answer.callers[:SHOWN]
    if not rows:
        return
    yield ""
    table = _caller_table(rows, answer, terminal)
    if table is None:
        rows = rows if details else rows[:_LISTED_CALLERS]
    yield from table or _caller_list(rows, answer, terminal)
    if rest := answer.callers.rest(len(rows)):
        yield from terminal.paragraph(f"{rest}: --format csv or json lists all.")


def _caller_table(
    rows: Sequence[CallerRow], answer: Answer, terminal: Terminal
) -> list[str] | None:
    """Return one line for each caller; None where the terminal is too narrow for that."""
    key = ["KEY"] if answer.several_keys else []
    note = [""] if any(row.note for row in rows) else []
    return terminal.table(
        ["CALLER", "", *key, "DENIED", "CALLS", "LAST", *note],
        [
            [
                row.name,
                row.kind,
                *[row.key for _ in key],
                row.first_action,
                f"{row.calls:>5,}",
                phrases.short_time(row.last, answer.callers.times),
                *[row.note for _ in note],
            ]
            for row in rows
        ],
    )


def _caller_list(rows: Sequence[CallerRow], answer: Answer, terminal: Terminal) -> Iterator[str]:
    """Give two lines for each caller."""
    names = [f"{row.name} ({row.kind})" for row in rows]
    numbers = [
        (f"{row.calls:>5,}", phrases.short_time(row.last, answer.callers.times)) for row in rows
    ]
    cells = [(name, *both) for name, both in zip(names, numbers, strict=True)]
    table = terminal.table(["CALLER", "CALLS", "LAST"], cells) or [
        terminal.paint("CALLERS", Style.BOLD),
        *[
            f"{escape_unprintable(name)}: {phrases.count(row.calls, 'call')}, last {last}"
            for row, (name, _, last) in zip(rows, cells, strict=True)
        ],
    ]
    yield table[0]
    for line, row in zip(table[1:], rows, strict=True):
        yield line
        key = f"on {row.key}" if answer.several_keys else ""
        yield from terminal.item("", "; ".join(filter(None, (row.all_actions, key, row.note))))


# The plan


def _plan(report: Report, answer: Answer, terminal: Terminal, details: bool) -> Iterator[str]:
    lines: list[str] = []
    whole = 0
    listed = answer.steps[: SHOWN if details else _LISTED_STEPS]
    for number, step in listed:
        view = view_of(number, step, brief=not details)
        one = ["", *_step(view, terminal, brief=not details)]
        if lines and not details and len(lines) + len(one) > _PLAN_LINES:
            break
        lines += one
        whole += 1
    yield from lines
    if whole < len(answer.steps):
        yield ""
    yield from _other_steps(report, listed[whole:], terminal)
    if more := len(answer.steps) - len(listed):
        yield f"{phrases.count(more, 'more step')}: --format json lists all."
    if answer.alternatives and not details:
        yield from terminal.labelled("OR", alternatives_text(answer))


def _other_steps(
    report: Report, steps: Sequence[tuple[int, Step]], terminal: Terminal
) -> Iterator[str]:
    """Give one line for each step, and how to print a step."""
    if not steps:
        return
    cells = [(f"STEP {n}", s.disposition.upper(), _for_whom(s, report), s.id) for n, s in steps]
    yield from terminal.table(("STEP", "", "FOR", "ID"), cells) or terminal.verbatim(
        "\n".join(f"{number} {disposition} {step}" for number, disposition, _, step in cells)
    )
    yield from terminal.paragraph(
        "To print a step, add --show statements --step ID. To print all, add --details."
    )


def _for_whom(step: Step, report: Report) -> str:
    """Return the number of callers: of some the ARN is not known, and some have many findings."""
    ids = {*step.findings}
    callers = number_of_callers(one for one in report.findings if one.id in ids)
    callers = callers or len(step.principals)
    return phrases.count(callers, "caller") if callers else ""


def _step(view: StepView, terminal: Terminal, *, brief: bool = False) -> Iterator[str]:
    style = Style.GREEN if view.safe else Style.YELLOW
    yield from terminal.labelled(f"STEP {view.number}", view.step.text)
    facts = " ".join(view.facts)
    if facts or view.safe:
        first, *rest = terminal.labelled("", ": ".join(filter(None, (view.disposition, facts))))
        yield first.replace(view.disposition, terminal.paint(view.disposition, style), 1)
        yield from rest
    for one in view.left_out:
        yield from terminal.labelled("", left_out_text(one, brief=brief))
        if one.how_to_find:
            yield from terminal.verbatim(one.how_to_find)
    if view.more_left_out:
        callers = phrases.count(view.more_left_out, "more caller")
        yield from terminal.labelled("", f"Left out: {callers}. See --format json.")
    if view.paste:
        is_diff, apart = view.paste.language == "diff", view.paste.language != "sh"
        yield from [""] * apart
        yield from (terminal.diff if is_diff else terminal.verbatim)(view.paste.text)
        yield from [""] * apart
    for text in view.notes:
        yield from terminal.labelled("", text)


# On demand


def _details(report: Report, answer: Answer, terminal: Terminal) -> Iterator[str]:
    for number, step in answer.alternatives[:SHOWN]:
        yield ""
        yield from _step(view_of(number, step), terminal)
        yield from terminal.labelled("", f"This is instead of step {answer.replaced_by(step)}.")
    for finding in report.findings[:SHOWN]:
        yield ""
        yield from _evidence(finding, terminal)
    if (more := len(report.findings) - SHOWN) > 0:
        text = f"{phrases.count(more, 'more finding')}: --finding ID shows one, --format json all."
        yield from ("", *terminal.paragraph(text))
    for title, lines in lists_of(report):
        yield ""
        yield terminal.paint(title, Style.BOLD)
        for line in lines:
            yield from terminal.item(line.label, line.text)


def _one_finding(report: Report, finding: Finding, terminal: Terminal) -> Iterator[str]:
    yield from _evidence(finding, terminal)
    if phrases.unknown_zone(finding.first_seen, finding.last_seen):
        yield from terminal.paragraph("The time zone of the times is unknown.")
    for number, step in enumerate(report.plan, start=1):
        left_out = {one.finding for one in step.left_out}
        if finding.id in (*step.findings, *left_out) or step.id in finding.steps:
            yield ""
            yield from _step(view_of(number, step), terminal)


def _evidence(finding: Finding, terminal: Terminal) -> Iterator[str]:
    title = f"FINDING {finding.id}: {phrases.who(finding)}"
    yield from terminal.paragraph(title, Style.BOLD)
    for section in sections_of(finding):
        yield f"{section.title}:"
        for line in section.lines:
            yield from _line(line, terminal)


def _line(line: Line, terminal: Terminal) -> Iterator[str]:
    if line.verbatim and line.label:
        yield f"  {line.label}: {escape_unprintable(line.text)}"
    elif line.verbatim:
        yield from terminal.verbatim(line.text)
    else:
        yield from terminal.item(line.label, line.text)


def _finding(report: Report, id: str) -> Finding:
    for finding in report.findings:
        if finding.id == id:
            return finding
    ids = [finding.id for finding in report.findings]
    from difflib import get_close_matches

    nearest = get_close_matches(id, ids, n=1, cutoff=0)
    hint = f" The nearest id is {nearest[0]}." if nearest else ""
    raise UsageError(f"--finding {id}: no finding has this id.{hint} --details lists all findings.")


# The end


def _more(answer: Answer, report: Report, details: bool) -> tuple[str, ...]:
    ids = [why.cause.id for why in answer.whys] + [one.id for one in report.symptoms]
    ids += [caveat.id for caveat in report.caveats]
    first = ids[0] if ids else "safe"
    choices = ("--details", "-o report.html (or .md)", f"ebs-kms-audit explain {first}")
    return choices[1:] if details else choices
