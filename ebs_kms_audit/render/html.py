"""Report → HTML fragment for a notebook: the answer, a table of the findings, then the details.

Text enters markup through `_safe` alone, which escapes all that is not markup made here
(`_Markup`): no log field can be forgotten. No attribute holds a log field.

The fragment has no script, no id and no address. It can be read without its style, too:
JupyterLab drops the styles of a notebook that is not trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import chain
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.diagnosis.caveats import Caveat
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.plan import Alternative, Fix, Need, OfferedStatement
from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.escape import html_text

if TYPE_CHECKING:
    from ebs_kms_audit.plan.apply import AppliedFix
    from ebs_kms_audit.report import Report

_SHOWN = 50  # findings that are shown: with thousands of them a notebook would not open
_STYLE_OF = {Need.DENIED: "ekms-demanded", Need.NEEDED_NEXT: "ekms-next"}


def render(report: Report) -> str:
    """Return the report as an HTML fragment; every log field is escaped."""
    return str(_element("div", *_parts(report), css="ekms"))


def _parts(report: Report) -> Iterator[_Markup]:
    """Give the parts of the fragment from top to bottom."""
    yield _style()
    yield from _answer(report)
    for number, finding in enumerate(report.findings[:_SHOWN], start=1):
        yield _finding(number, finding)
    yield from _apart(report)
    yield from _section(phrases.WAS_READ, _list(phrases.was_read(report)))
    yield from _section(phrases.NOT_SHOWN, *_caveats(report))


# What markup is made with


class _Markup(str):
    """Markup made here. Any other string is text, and is escaped where it enters markup."""

    __slots__ = ()


_NEW_LINE = _Markup("\n")


def _safe(part: str) -> str:
    """Return markup as it is; text escaped, with whatever is invisible in it written out."""
    return part if isinstance(part, _Markup) else html_text(part)


def _together(*parts: str) -> _Markup:
    """Return the parts one after the other."""
    return _Markup("".join(map(_safe, parts)))


def _element(name: str, *parts: str, css: str = "", flag: str = "") -> _Markup:
    """Return an element that holds the parts; the other arguments never come from a log."""
    attributes = (f' class="{css}"' if css else "") + (f" {flag}" if flag else "")
    return _Markup(f"<{name}{attributes}>{_together(*parts)}</{name}>")


def _muted(*parts: str) -> _Markup:
    return _element("div", *parts, css="ekms-muted")


def _list(items: Iterable[str], name: str = "ul") -> _Markup:
    return _element(name, *(_element("li", item) for item in items))


def _labelled(lines: Iterable[tuple[str, str]]) -> _Markup:
    pairs = ((_element("dt", label), _element("dd", text)) for label, text in lines)
    return _element("dl", *chain.from_iterable(pairs))


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> _Markup:
    head = _element("tr", *(_element("th", heading) for heading in headings))
    body = (_element("tr", *(_element("td", cell) for cell in row)) for row in rows)
    return _element("table", _element("thead", head), _element("tbody", *body))


def _folded(title: str, *parts: str, css: str, is_open: bool = False) -> _Markup:
    flag = "open" if is_open else ""
    return _element("details", _element("summary", title), *parts, css=css, flag=flag)


def _section(title: str, *parts: str) -> Iterator[_Markup]:
    """Return a heading and its content. An `h4` would enter the notebook's contents."""
    yield _element("p", _element("strong", title), css="ekms-heading")
    yield _together(*parts)


@cache
def _style() -> _Markup:
    css = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return _Markup(f"<style>\n{css}</style>")


# The answer


def _answer(report: Report) -> Iterator[_Markup]:
    """Give the sentence that answers, the inputs it does without, and the table of findings."""
    css = "ekms-answer ekms-denied" if report.findings else "ekms-answer"
    yield _element("p", _element("strong", phrases.headline(report)), css=css)
    for failure in report.failed_inputs:
        yield _element("p", failure, css="ekms-failed")
    if report.findings:
        rows = (_overview(*numbered) for numbered in enumerate(report.findings[:_SHOWN], start=1))
        headings = ("", "Who", "Refused", "Key", "Statements", "When")
        yield _element("div", _table(headings, rows), css="ekms-wide")
    if (more := len(report.findings) - _SHOWN) > 0:
        yield _muted(f"… and {phrases.count(more, 'finding')} more: to_dict() has them all")


def _overview(number: int, finding: Finding) -> Iterator[str]:
    """Give the cells of a finding's row in the table."""
    key = finding.key
    offered = finding.fix.offered
    yield str(number)
    yield _together(_element("strong", phrases.name(finding)), _muted(phrases.sort(finding)))
    yield _together(*(_element("div", _code(action)) for action in phrases.actions(finding)))
    yield key.id or key.alias or phrases.which_key(finding)
    yield _together(*map(_mark, offered)) if offered else _muted(phrases.without_statement(finding))
    yield phrases.span(finding.first_seen, finding.last_seen)


def _mark(offered: OfferedStatement) -> _Markup:
    text = f"{offered.kind}: {phrases.mark(offered)}"
    return _element("div", text, css=f"ekms-mark {_STYLE_OF[offered.need]}")


def _code(text: str) -> _Markup:
    return _element("code", text)


# A finding


def _finding(number: int, finding: Finding) -> _Markup:
    return _folded(
        f"{number}. {phrases.who(finding)}",
        _facts(finding),
        _table(
            ("Refused", "Statement", "Called through", "Times"),
            ((_code(actions), *others) for actions, *others in phrases.refused(finding)),
        ),
        *_circumstances(finding),
        *_fix(finding.fix),
        css="ekms-finding",
        is_open=number == 1,
    )


def _facts(finding: Finding) -> _Markup:
    """Return who, on which key, where and when, and how that is known."""
    principal, key = finding.principal, finding.key
    who = _code(phrases.arn(finding)), _muted(f"{principal.evidence}: {principal.why}")
    which_key = _code(phrases.which_key(finding)), _muted(f"{key.evidence}: {key.why}")
    facts = [
        ("Who", _together(*who)),
        ("Key", _together(*which_key)),
        ("Where", phrases.where(finding)),
        ("When", phrases.span(finding.first_seen, finding.last_seen)),
        ("Id", finding.id),
    ]
    return _labelled(facts)


def _circumstances(finding: Finding) -> Iterator[_Markup]:
    """Give what happened around the denials, and which calls are denied, allowed or to come."""
    for title, lines in (
        (phrases.AROUND, phrases.what_happened(finding)),
        (phrases.PERMISSIONS, phrases.which_calls(finding)),
    ):
        if lines:
            yield from _section(title, _labelled(lines))


def _fix(fix: Fix) -> Iterator[_Markup]:
    if fix.applied and fix.offered and fix.applied.changed:
        yield from _section(phrases.to_do(fix), _reasons(fix), *_change(fix.applied))
    elif fix.offered:
        yield from _section(phrases.to_do(fix), _reasons(fix), _statements(fix))
    else:
        yield from _section(phrases.to_do(fix))
    if proof := phrases.proof(fix):
        yield _labelled(proof)
    if fix.console_steps:
        yield from _section(phrases.IN_THE_CONSOLE, _list(fix.console_steps, "ol"))
    if fix.notes:
        yield from _section("Notes", _list(fix.notes))
    yield from map(_alternative, fix.alternatives)


def _reasons(fix: Fix) -> _Markup:
    """Return what demands each statement, in the order of the statements."""
    rows = (
        _element("div", _mark(offered), _element("span", offered.why), css="ekms-reason")
        for offered in fix.offered
    )
    return _together(*rows)


def _statements(fix: Fix) -> _Markup:
    """Return the statements as one piece to copy; the style of each tells its need."""
    ends = [_together(",", _NEW_LINE)] * (len(fix.offered) - 1) + [""]
    spans = (
        _element("span", _json(offered.document), end, css=_STYLE_OF[offered.need])
        for offered, end in zip(fix.offered, ends, strict=True)
    )
    return _element("pre", *spans)


def _change(applied: AppliedFix) -> Iterator[_Markup]:
    """Give what changes in the key policy, and the whole of the new one to copy."""
    changed = {"+": "ekms-added", "-": "ekms-removed"}
    lines = (
        _element("span", line, _NEW_LINE, css=changed.get(line[:1], "ekms-kept"))
        for line in applied.diff.splitlines()
    )
    yield _element("pre", *lines, css="ekms-diff")
    yield _folded(
        "The whole new policy, to paste",
        _element("pre", _json(applied.document)),
        css="ekms-fold",
    )


def _alternative(other: Alternative) -> _Markup:
    statements = [_element("pre", _json(statement)) for statement in other.statements]
    return _folded(other.title, _element("p", other.text), *statements, css="ekms-fold")


def _json(document: dict[str, Any]) -> _Markup:
    """Return a statement or a policy as JSON over several lines."""
    return _Markup("\n".join(map(_safe, json.dumps(document, indent=2).split("\n"))))


# What stands beside the findings


def _apart(report: Report) -> Iterator[_Markup]:
    """Give what is no finding: other errors, doubtful denials, rows that could not be read."""
    errors = [phrases.other_error(error) for error in report.other_errors]
    shared = [phrases.shared_name(denial) for denial in report.shared_name_denials]
    aside = [phrases.set_aside(row) for row in report.set_aside[: phrases.ROWS_LISTED]]
    yield from _first(phrases.OTHER_ERRORS, errors, len(errors))
    yield from _first(phrases.SHARED_NAMES, shared, len(shared))
    yield from _first("Rows set aside", aside, report.coverage.rows_set_aside)


def _first(title: str, lines: Sequence[str], total: int) -> Iterator[_Markup]:
    """Give a section with the first of the lines, and how many more there are."""
    if lines:
        shown = lines[: phrases.ROWS_LISTED]
        yield from _section(title, _list(shown))
        if more := total - len(shown):
            yield _muted(f"… and {more:,} more: to_dict() has them all")


def _caveats(report: Report) -> Iterator[_Markup]:
    """Give the caveats of this input in the open, and those of every export folded."""
    special = [_caveat(caveat) for caveat in report.caveats if not caveat.general]
    general = [_caveat(caveat) for caveat in report.caveats if caveat.general]
    if special:
        yield _list(special)
    # Where nothing was denied, the caveats are the answer.
    yield _folded(
        f"What no export can show ({len(general)})",
        _list(general),
        css="ekms-fold",
        is_open=not report.findings,
    )
    yield _muted("ebs-kms-audit explain ID says more of each.")


def _caveat(caveat: Caveat) -> _Markup:
    return _together(caveat.text, _Markup(" "), _code(caveat.id))
