"""Values → what a notebook shows of them: the parts of the HTML report, without ids and headings.

A fragment has no script and no address. It can be read without its style, too: JupyterLab drops
the styles of a notebook that is not trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebs_kms_audit.render import phrases
from ebs_kms_audit.render.html_parts import Parts, style
from ebs_kms_audit.render.markup import code, element, labelled, together

if TYPE_CHECKING:
    from ebs_kms_audit.diagnosis.findings import Finding
    from ebs_kms_audit.plan.step import Step
    from ebs_kms_audit.policy import Decision
    from ebs_kms_audit.report import Report

_PARTS = Parts(document=False)


def report(value: Report) -> str:
    """Return a report as an HTML fragment."""
    return _fragment(*_PARTS.headline(value), *_PARTS.report(value))


def finding(value: Finding) -> str:
    """Return a finding as an HTML fragment."""
    return _fragment(_PARTS.finding(value, is_open=True))


def step(value: Step) -> str:
    """Return a step as an HTML fragment; a step by itself is numbered 1."""
    from ebs_kms_audit.render.steps import view_of

    return _fragment(_PARTS.step(view_of(1, value)))


def decision(value: Decision) -> str:
    """Return a decision as an HTML fragment: verdict, reason, and what it depends on."""
    request = value.request
    lines = [
        ("caller", code(request.principal or "unknown")),
        ("action", code(request.action)),
        ("key policy", _yes_or_no(value.key_policy_allows)),
        ("everything given", _yes_or_no(value.allowed)),
    ]
    if value.decided_by:
        names = (one.sid or f"statement {one.index}" for one in value.decided_by)
        lines.append(("decided by", phrases.listed(names)))
    if value.depends_on:
        lines.append(("depends on", phrases.listed(value.depends_on)))
    if value.not_given:
        lines.append(("not given", phrases.listed(map(str, value.not_given))))
    verdict = element("p", element("strong", value.verdict), ": ", phrases.sentence(value.why))
    return _fragment(verdict, labelled(lines))


def _yes_or_no(allowed: bool | None) -> str:
    return {True: "allows the call", False: "does not allow the call", None: "not known"}[allowed]


def _fragment(*parts: str) -> str:
    return str(element("div", style(), together(*parts), css="ekms"))
