"""Report → text for a terminal of 80 columns: the answer first, then the details."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.plan import Fix
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.escape import escape_lines, escape_unprintable

if TYPE_CHECKING:
    from ebs_kms_audit.report import Report

_WIDTH = 80


def render(report: Report, *, color: bool = False) -> str:
    """Return the report as text; with `color`, headings are bold."""
    return "\n".join(_lines(report, "\x1b[1m{}\x1b[0m" if color else "{}")) + "\n"


def _lines(report: Report, bold: str) -> Iterator[str]:
    yield from _wrap(bold.format(phrases.headline(report)))
    for number, finding in enumerate(report.findings, start=1):
        yield from _summary(number, finding)
    said: dict[str, int] = {}
    for number, finding in enumerate(report.findings, start=1):
        yield ""
        yield from _finding(number, finding, bold)
        yield from _notes(number, finding.fix, said)
        yield from _alternatives(finding.fix)
    yield from _apart(report, bold)
    yield ""
    yield bold.format(phrases.WAS_READ)
    yield from _coverage(report)
    yield ""
    yield bold.format(f"{phrases.NOT_SHOWN} (ebs-kms-audit explain ID)")
    for caveat in report.caveats:
        yield from _wrap(f"{caveat.id}: {caveat.text}", "  ", "    ")


def _summary(number: int, finding: Finding) -> Iterator[str]:
    actions = ", ".join(phrases.actions(finding))
    yield from _wrap(
        f"{number}. {phrases.who(finding)}: {actions}; {phrases.remedy(finding)}",
        "  ",
        "     ",
    )


def _finding(number: int, finding: Finding, bold: str) -> Iterator[str]:
    principal, key = finding.principal, finding.key
    yield from _wrap(bold.format(f"{number}. {phrases.who(finding)}"))
    yield f"   who   {escape_unprintable(phrases.arn(finding))}"
    yield from _wrap(f"{principal.evidence}: {principal.why}", "         ")
    yield f"   key   {escape_unprintable(phrases.which_key(finding))}"
    if key.known:
        yield from _wrap(f"{key.evidence}: {key.why}", "         ")
    yield from _wrap(f"where {phrases.where(finding)}", "   ", "         ")
    yield from _wrap(
        f"when  {phrases.span(finding.first_seen, finding.last_seen)}", "   ", "         "
    )
    yield f"   id    {finding.id}"
    yield ""
    yield "   Refused"
    for actions, kind, through, times in phrases.refused(finding):
        yield from _wrap(f"{actions}  [{kind}]  {through}  {times}", "     ", "       ")
    for title, lines in (
        (phrases.AROUND, phrases.what_happened(finding)),
        (phrases.PERMISSIONS, phrases.which_calls(finding)),
    ):
        if lines:
            yield ""
            yield f"   {title}"
        for label, text in lines:
            yield from _wrap(f"{label}: {text}", "     ", "       ")
    yield ""
    yield from _fix(finding.fix)


def _fix(fix: Fix) -> Iterator[str]:
    if fix.offered:
        yield f"   {phrases.to_do(fix)}:"
        for offered in fix.offered:
            text = f"{offered.kind}: {phrases.mark(offered)}; {offered.why}"
            yield from _wrap(text, "     ", "       ")
        yield ""
        if fix.applied and fix.applied.changed:
            yield textwrap.indent(escape_lines(fix.applied.diff), "     ")
        else:
            texts = [json.dumps(statement, indent=2) for statement in fix.statements]
            yield textwrap.indent(",\n".join(texts), "     ")
    else:
        yield f"   {phrases.to_do(fix)}."
    for label, text in phrases.proof(fix):
        yield from _wrap(f"{label}: {text}", "     ", "       ")
    if fix.console_steps:
        yield ""
        yield f"   {phrases.IN_THE_CONSOLE}:"
        for number, step in enumerate(fix.console_steps, start=1):
            yield from _wrap(f"{number}. {step}", "     ", "        ")


def _notes(number: int, fix: Fix, said: dict[str, int]) -> Iterator[str]:
    """Say each note once: where it was said before, a later finding points there."""
    if fix.notes:
        yield ""
    for note in fix.notes:
        if note not in said:
            yield from _wrap(f"- {note}", "   ", "     ")
    if before := sorted({said[note] for note in fix.notes if note in said}):
        yield f"   - What is noted under {', '.join(map(str, before))} holds here too."
    said.update({note: number for note in fix.notes if note not in said})


def _alternatives(fix: Fix) -> Iterator[str]:
    for other in fix.alternatives:
        yield ""
        yield from _wrap(f"{other.title}. {other.text}", "   ")
        for statement in other.statements:
            yield from _wrap(json.dumps(statement), "     ", "       ")


def _apart(report: Report, bold: str) -> Iterator[str]:
    if report.other_errors:
        yield ""
        yield bold.format(phrases.OTHER_ERRORS)
        for error in report.other_errors:
            yield from _wrap(phrases.other_error(error), "  ", "    ")
    if report.shared_name_denials:
        yield ""
        yield bold.format(phrases.SHARED_NAMES)
        for denial in report.shared_name_denials:
            yield from _wrap(phrases.shared_name(denial), "  ", "    ")


def _coverage(report: Report) -> Iterator[str]:
    for line in phrases.was_read(report):
        yield from _wrap(line, "  ", "    ")
    for row in report.set_aside[: phrases.ROWS_LISTED]:
        yield from _wrap(f"set aside: {phrases.set_aside(row)}", "  ", "    ")
    if more := report.coverage.rows_set_aside - len(report.set_aside[: phrases.ROWS_LISTED]):
        yield f"  … and {more:,} more (--format json lists them)"


def _wrap(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Break a line at 80 columns, never within a word, so that an ARN can be copied."""
    bold = text.startswith("\x1b[1m")
    text = escape_unprintable(text[4:-4]) if bold else escape_unprintable(text)
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"\x1b[1m{line}\x1b[0m" for line in lines] if bold else lines
