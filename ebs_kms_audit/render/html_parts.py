"""The parts of a report as HTML: of the document, and of what a notebook shows.

A notebook shows many reports on one page, so the parts have ids only in the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from ebs_kms_audit.plan.step import StepKind
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.answer import SHOWN, Answer, alternatives_text, answer_of
from ebs_kms_audit.render.causes import evidence_text
from ebs_kms_audit.render.compact_json import compact
from ebs_kms_audit.render.evidence import Line, lists_of, sections_of
from ebs_kms_audit.render.markup import (
    NEW_LINE,
    SPACE,
    Markup,
    code,
    element,
    folded,
    labelled,
    lines_of,
    list_of,
    muted,
    pre,
    scrolled,
    table,
    together,
)
from ebs_kms_audit.render.steps import StepView, left_out_text, view_of
from ebs_kms_audit.render.symptoms import group_text, groups_of
from ebs_kms_audit.render.timeline import timeline_of
from ebs_kms_audit.render.timeline_svg import legend, svg

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.cause import NextEvidence
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.report import Report

_LONGEST = 2_000  # lines of a document that a page shows
_OPEN_STEPS = 5  # steps that are not folded


class Parts:
    """Makes the parts of one page. `document` adds ids and headings, which a notebook must not."""

    def __init__(self, *, document: bool) -> None:
        self._document = document

    # The whole report

    def report(self, report: Report) -> Iterator[Markup]:
        """Give the parts of a report in reading order, without its headline."""
        answer = answer_of(report)
        yield from self._section("Why", self._why(report, answer))
        if answer.next_evidence:
            yield from self._section("What to get next", next_evidence(answer.next_evidence))
        if answer.callers:
            yield from self._section("Callers", callers(answer))
        views = [view_of(number, step) for number, step in answer.steps[:SHOWN]]
        if views:
            steps = [*map(self.step, views[:_OPEN_STEPS]), *map(self._fold, views[_OPEN_STEPS:])]
            yield from self._section("Plan", *steps, _more_steps(answer))
        if answer.alternatives:
            others = [view_of(number, step) for number, step in answer.alternatives[:SHOWN]]
            text = element("p", alternatives_text(answer))
            yield from self._section("Alternatives", text, *map(self.step, others))
        if events := timeline_of(report.findings):
            rows = ((phrases.time(one.time), one.lane, str(one.mark), one.text) for one in events)
            headings = ("When", "Lane", "What", "Event")
            every = table("Events of the timeline", headings, rows)
            drawn = scrolled("Timeline", svg(events))
            yield from self._section(
                "Timeline", drawn, legend(), folded("The same events as a table", every)
            )
        if report.findings:
            shown = [self.finding(finding) for finding in report.findings[:SHOWN]]
            more = len(report.findings) - SHOWN
            rest = f"{phrases.count(more, 'more finding')}: --format json and to_dict() have all."
            yield from self._section("Evidence", *shown, *([muted(rest)] if more > 0 else []))
        for title, lines in lists_of(report):
            yield from self._section(title, _list(lines))
        yield muted(answer.read)

    def headline(self, report: Report) -> Iterator[Markup]:
        """Give the sentence that answers, and what limits the answer."""
        answer = answer_of(report)
        css = "ekms-answer ekms-denied" if report.findings else "ekms-answer"
        if self._document:
            yield element("h1", answer.headline, css=css)
        else:
            yield element("p", element("strong", answer.headline), css=css)
        for limit in answer.limits:
            yield element("p", limit, css="ekms-limit")

    def _why(self, report: Report, answer: Answer) -> Markup:
        texts: list[str] = []
        for why in answer.whys[:SHOWN]:
            against = map(muted, why.against)
            texts.append(together(why.text, SPACE, code(why.cause.id), *against))
        if (more := len(answer.whys) - SHOWN) > 0:
            texts.append(f"{phrases.count(more, 'more cause')}: --format json has all.")
        if not report.findings:
            groups = groups_of(report.symptoms)[:SHOWN]
            pairs = [(group_text(group), group[0].id) for group in groups]
            pairs += [(caveat.text, caveat.id) for caveat in report.caveats]
            texts += [together(text, SPACE, code(name)) for text, name in pairs]
        return list_of([*texts, *answer.context])

    # A step

    def step(self, view: StepView) -> Markup:
        """Return one step: what to do, whether it is safe, the change, and how to do it."""
        step = view.step
        title = f"Step {view.number}. {step.text}"
        badge = element("span", view.disposition, css=f"ekms-badge ekms-{step.disposition}")
        return element(
            "article",
            self._heading("h3", title, id=f"step-{view.number}"),
            element("p", badge, SPACE, " ".join(view.facts)),
            *_left_out(view),
            *self._change(view),
            *(element("p", text) for text in view.notes),
            *_scripts(view),
            css="ekms-step",
        )

    def _fold(self, view: StepView) -> Markup:
        title = f"Step {view.number}. {view.step.text} {view.disposition}."
        return folded(title, self.step(view))

    def _change(self, view: StepView) -> Iterator[Markup]:
        step = view.step
        if view.paste and view.paste.language == "diff":
            yield diff(view.paste.text)
        elif step.statements and view.paste and step.kind is not StepKind.IAM_POLICY:
            yield muted("Each block is one item of the policy's Statement list.")
            yield from (pre(lines_of(compact(one)), css="ekms-json") for one in step.statements)
        elif view.paste:
            yield pre(lines_of(view.paste.text), css="ekms-json")
        if step.document and step.diff:
            text = compact(step.document)
            if text.count("\n") < _LONGEST:
                yield folded("The whole new policy", pre(lines_of(text), css="ekms-json"))

    # A finding

    def finding(self, finding: Finding, *, is_open: bool = False) -> Markup:
        """Return everything that is known of a finding."""
        title = together(phrases.who(finding), SPACE, element("small", finding.id))
        sections = (
            part
            for section in sections_of(finding)
            for part in (
                element("p", element("strong", section.title), css="ekms-heading"),
                _list(section.lines),
            )
        )
        attributes = {"id": finding.id} if self._document else {}
        return element(
            "details",
            element("summary", title),
            *sections,
            css="ekms-finding",
            open=is_open,
            **attributes,
        )

    # Headings

    def _section(self, title: str, *parts: str) -> Iterator[Markup]:
        if self._document:
            yield element("section", element("h2", title), *parts)
        else:
            yield element("p", element("strong", title), css="ekms-heading")
            yield together(*parts)

    def _heading(self, name: str, title: str, id: str) -> Markup:
        """Return a heading; in a notebook one would enter the table of contents."""
        if self._document:
            return element(name, title, id=id)
        return element("p", element("strong", title), css="ekms-title")


@cache
def style() -> Markup:
    """Return the style sheet."""
    css = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return Markup(f"<style>\n{css}</style>")


def next_evidence(evidence: NextEvidence) -> Markup:
    """Return what to get next, why, and the command."""
    command = [pre(lines_of(evidence.command))] if evidence.command else []
    return together(element("p", evidence_text(evidence)), *command)


def callers(answer: Answer) -> Markup:
    """Return the table of callers."""
    several = ["Key"] if answer.several_keys else []
    noted = [""] if any(row.note for row in answer.callers) else []
    rows = (
        (
            together(element("strong", row.name), muted(row.kind)),
            *[code(row.key) for _ in several],
            row.all_actions,
            element("span", f"{row.calls:,}", css="ekms-number"),
            element("span", phrases.short_time(row.last, answer.callers.times), css="ekms-number"),
            *[row.note for _ in noted],
        )
        for row in answer.callers[:SHOWN]
    )
    headings = ("Caller", *several, "Denied", "Calls", "Last", *["Step" for _ in noted])
    shown = table("Denied callers, the latest first", headings, rows)
    if rest := answer.callers.rest(SHOWN):
        rest = f"{rest}: --format csv and to_pandas() have all."
        return together(shown, muted(rest), _narrower(answer))
    return shown


def _narrower(answer: Answer) -> Markup:
    if not answer.narrower:
        return Markup("")
    text = "Only the calls around one failed call, for example: "
    return element("p", text, code(answer.narrower))


def diff(text: str) -> Markup:
    """Return a unified diff with its added and removed lines marked; the file names are not."""
    marks = {"+": "ekms-added", "-": "ekms-removed"}
    spans = (
        element(
            "span", line, NEW_LINE,
            css=marks.get(line[:1], "ekms-kept") if number >= 2 else "ekms-kept",
        )
        for number, line in enumerate(text.split("\n"))
    )  # fmt: skip
    return pre(*spans, css="ekms-diff")


def _left_out(view: StepView) -> Iterator[Markup]:
    """Give the callers that a step cannot name yet, and how to find their ARNs."""
    for one in view.left_out:
        yield element("p", left_out_text(one))
        if one.how_to_find:
            yield pre(lines_of(one.how_to_find))
    if view.more_left_out:
        callers = phrases.count(view.more_left_out, "more caller")
        yield element("p", f"Left out: {callers}. See --format json.")


def _scripts(view: StepView) -> Iterator[Markup]:
    """Give the commands and templates of a step, folded; not what is shown already."""
    step, commands = view.step, view.step.commands
    shown = view.paste.text if view.paste else ""
    for title, given in (
        ("Apply it in a shell", commands.apply),
        ("Verify it", commands.verify),
        ("Undo it", commands.undo),
        ("Terraform", step.terraform or ""),
        ("CloudFormation", step.cloudformation or ""),
    ):
        text = given.strip("\n")
        if text and text != shown and text.count("\n") < _LONGEST:
            yield folded(title, pre(lines_of(text), css="ekms-json"))


def _more_steps(answer: Answer) -> Markup:
    more = len(answer.steps) - SHOWN
    if more <= 0:
        return Markup("")
    return muted(f"{phrases.count(more, 'more step')}: --format json and to_dict() have all.")


def _list(lines: Iterable[Line]) -> Markup:
    """Return labelled lines; a line without a label continues the one above."""
    return labelled((line.label, code(line.text) if line.verbatim else line.text) for line in lines)
