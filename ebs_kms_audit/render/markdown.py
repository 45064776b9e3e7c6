"""Report → Markdown for a ticket, a pull request, a chat or a job summary.

It is written for the owner of the key, who sees nothing else: what happened, why, the requested
change, how to apply and undo it. Each word of prose that is not plain is put into a code span, so
that no text of a log becomes a link, a mention, a tag or a table cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ebs_kms_audit import __version__
from ebs_kms_audit.plan.step import StepKind
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.answer import SHOWN, Answer, answer_of
from ebs_kms_audit.render.causes import evidence_text
from ebs_kms_audit.render.compact_json import compact
from ebs_kms_audit.render.escape import markdown_block, markdown_code, markdown_text
from ebs_kms_audit.render.steps import StepView, left_out_text, view_of
from ebs_kms_audit.render.symptoms import group_text, groups_of

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.cause import NextEvidence
    from ebs_kms_audit.render.callers import CallerRow
    from ebs_kms_audit.report import Report

_IDS = 5
_LONGEST = 400  # lines of a policy in a ticket
# Characters of whole steps, of which the first is always whole. A description in Jira has at most
# 32,767 characters, an issue of GitHub 65,536.
_PLAN_CHARACTERS = 20_000
_LISTED_STEPS = 10  # steps, whole or with one line each
# A word, a number or a time: nothing to which GitHub, Jira or Slack gives a meaning. GitHub links
# GH-12 and the ids of commits.
_PLAIN = re.compile(
    r"(?!gh-\d|(?=[a-f]*\d)[\da-f]{7,40}$(?<!^\d{12}))"
    r"(?:[^\W_]+(?:['-][^\W_]+)*|\d[\d,:\u2013-]*|[\u2013\u00d7])",
    re.IGNORECASE,
)
_BEFORE, _AFTER = "(\"'", ".,;:!?)\"'"


def render(report: Report) -> str:
    """Return the report as GitHub Flavored Markdown."""
    return "\n".join(_blocks(report)) + "\n"


def prose(text: str, *, in_table: bool = False) -> str:
    """Return a text as one line of prose; a word that is not plain becomes a code span."""
    return " ".join(_word(word, in_table) for word in text.split(" ") if word)


def _word(word: str, in_table: bool) -> str:
    inner = word.lstrip(_BEFORE)
    before = word[: len(word) - len(inner)]
    inner = inner.rstrip(_AFTER)
    after = word[len(before) + len(inner) :]
    if not inner or _PLAIN.fullmatch(inner):
        return markdown_text(word)
    return before + markdown_code(inner, in_table=in_table) + after


def _blocks(report: Report) -> Iterator[str]:
    answer = answer_of(report)
    views = [view_of(number, step) for number, step in answer.steps[:_LISTED_STEPS]]
    yield from _title(answer, views)
    for limit in answer.limits:
        yield prose(limit) + "\n"
    yield from _why(report, answer)
    yield from _next_evidence(answer.next_evidence)
    yield from _callers(answer)
    yield from _plan(views, len(answer.steps))
    for number, step in answer.alternatives[:SHOWN]:
        title = f"Step {number}, instead of step {answer.replaced_by(step)}"
        yield from _folded(title, _step(view_of(number, step), alone=False))
    yield from _list("Also", answer.context)
    if report.findings:
        yield from _list("The input cannot show", (caveat.text for caveat in report.caveats))
    yield _source(report)


def _title(answer: Answer, views: Sequence[StepView]) -> Iterator[str]:
    """Give the request as the title where there is one, and the headline."""
    steps = [view.step for view in views if view.step.kind is StepKind.KEY_POLICY]
    if len(steps) == 1 and steps[0].target:
        key = markdown_code(steps[0].target.rpartition("/")[2])
        yield f"## Please change the policy of KMS key {key}\n"
        yield prose(answer.headline) + "\n"
    else:
        yield f"## {prose(answer.headline)}\n"


def _why(report: Report, answer: Answer) -> Iterator[str]:
    texts = [" ".join((why.text, *why.against)) for why in answer.whys[:SHOWN]]
    if (more := len(answer.whys) - SHOWN) > 0:
        texts.append(f"{phrases.count(more, 'more cause')}: see the JSON report.")
    if not report.findings:
        texts += map(group_text, groups_of(report.symptoms)[:SHOWN])
        texts += [caveat.text for caveat in report.caveats]
    yield from _list("Why", texts)


def _next_evidence(evidence: NextEvidence | None) -> Iterator[str]:
    if evidence:
        yield f"**Next evidence:** {prose(evidence_text(evidence))}\n"
        if evidence.command:
            clicks = evidence.command.startswith("CloudTrail console")
            yield markdown_block(evidence.command, "" if clicks else "sh")


def _list(title: str, texts: Iterable[str]) -> Iterator[str]:
    """Give a title with one text behind it, or with several as a list under it."""
    shown = [prose(text) for text in texts]
    if len(shown) == 1:
        yield f"**{title}:** {shown[0]}\n"
    elif shown:
        yield f"**{title}:**\n"
        yield "\n".join(f"- {text}" for text in shown) + "\n"


# Callers


def _callers(answer: Answer) -> Iterator[str]:
    if not answer.callers:
        return
    noted = any(row.note for row in answer.callers)
    headings = ["caller", *(["key"] if answer.several_keys else []), "denied calls", "last"]
    headings += ["step"] if noted else []
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in answer.callers[:SHOWN]:
        cells = [_caller(row)]
        cells += [markdown_code(row.key, in_table=True)] if answer.several_keys else []
        cells += [_denied(row), prose(phrases.time(row.last), in_table=True)]
        cells += [prose(row.note, in_table=True)] if noted else []
        yield f"| {' | '.join(cells)} |"
    yield ""
    if rest := answer.callers.rest(SHOWN):
        yield prose(f"{rest}: see the CSV or JSON report.") + "\n"


def _caller(row: CallerRow) -> str:
    """Return the ARN that a policy names, or the name in the log, and the kind of caller."""
    name = markdown_code(row.arn or row.name, in_table=True)
    known_as = f"{row.name}, " if row.arn and not row.arn.endswith(f"/{row.name}") else ""
    return f"{name} {prose(f'({known_as}{row.kind})', in_table=True)}"


def _denied(row: CallerRow) -> str:
    return ", ".join(
        f"{times:,} × {markdown_code(phrases.short_action(action), in_table=True)}"
        for action, times in row.actions
    )


# Steps


def _plan(views: Sequence[StepView], of_all: int) -> Iterator[str]:
    """Give the first steps whole, as long as they fit into a ticket, and one line for others."""
    whole, characters = 0, 0
    for view in views:
        blocks = [*_step(view, alone=of_all == 1)]
        characters += sum(map(len, blocks))
        if whole and characters > _PLAN_CHARACTERS:
            break
        yield from blocks
        whole += 1
    lines = [
        f"- **Step {one.number}:** {prose(one.step.text)} {one.disposition}."
        for one in views[whole:]
    ]
    if (more := of_all - len(views)) > 0:
        lines.append(f"- {phrases.count(more, 'more step')}")
    if lines:
        yield "**Other steps**, whole in the HTML or JSON report:\n"
        yield "\n".join(lines) + "\n"


def _step(view: StepView, *, alone: bool) -> Iterator[str]:
    step = view.step
    number = "" if alone else f" {view.number}"
    yield f"**Step{number}:** {prose(step.text)}\n"
    facts = " ".join(view.facts)
    yield f"**{view.disposition}:** {prose(facts)}".rstrip() + "\n"
    for one in view.left_out:
        yield prose(left_out_text(one)) + "\n"
        if one.how_to_find:
            yield markdown_block(one.how_to_find, "sh")
    if view.more_left_out:
        yield f"Left out: {phrases.count(view.more_left_out, 'more caller')}.\n"
    if view.paste:
        block = markdown_block(view.paste.text, view.paste.language)
        titles = {"diff": "Diff", "json": "JSON", "sh": "Command"}
        yield from _folded(titles[view.paste.language], [block])
    yield from _document(view)
    scripts = list(_scripts(view))
    if scripts:
        yield from _folded("How to apply, verify and undo", scripts)
    # The reader of a ticket has no report of which to write a folder.
    yield from (prose(note) + "\n" for note in view.notes if "--plan" not in note)


def _document(view: StepView) -> Iterator[str]:
    """Give the whole new policy, which the commands take as a file."""
    if view.step.diff and view.step.document:
        text = compact(view.step.document)
        if text.count("\n") < _LONGEST:
            yield from _folded("The whole new policy: after.json", [markdown_block(text, "json")])


def _scripts(view: StepView) -> Iterator[str]:
    commands = view.step.commands
    shown = view.paste.text if view.paste else ""
    for title, text in (
        ("Apply", commands.apply), ("Verify", commands.verify), ("Undo", commands.undo),
    ):  # fmt: skip
        if text and text.strip("\n") != shown:
            yield f"{title}:\n"
            yield markdown_block(text.strip("\n"), "sh")
    if "before.json" in commands.undo:
        yield "`before.json` is a copy of the policy before the change.\n"


def _folded(title: str, blocks: Iterable[str]) -> Iterator[str]:
    yield f"<details><summary>{title}</summary>\n"
    yield from blocks
    yield "</details>\n"


def _source(report: Report) -> str:
    """Return what was read, by what, and the ids of the first findings."""
    files = [
        f"{markdown_code(file.name)} ({phrases.count(file.rows_read, 'row')})"
        for file in report.coverage.files[:_IDS]
    ]
    more = len(report.coverage.files) - _IDS
    files += [f"{more:,} more files"] if more > 0 else []
    ids = [markdown_code(finding.id) for finding in report.findings[:_IDS]]
    found = f" Finding ids: {phrases.listed(ids)}." if ids else ""
    return f"<sub>From {phrases.listed(files)} by ebs-kms-audit {__version__}.{found}</sub>"
