"""Report → one HTML file: no script, nothing from the network, readable on paper and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebs_kms_audit.render.answer import answer_of
from ebs_kms_audit.render.html_parts import Parts, style
from ebs_kms_audit.render.markup import Markup, element

if TYPE_CHECKING:
    from ebs_kms_audit.report import Report

_SOURCES = (
    ("Default key policy", "kms/latest/developerguide/key-policy-default.html"),
    ("Requirements for Amazon EBS encryption",
     "ebs/latest/userguide/ebs-encryption-requirements.html"),
    ("How Amazon EBS encryption works", "ebs/latest/userguide/how-ebs-encryption-works.html"),
)  # fmt: skip
_HEAD = Markup(
    '<meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)


def render(report: Report) -> str:
    """Return the report as an HTML document; every text of an input is escaped."""
    parts = Parts(document=True)
    title = answer_of(report).headline
    head = element("head", _HEAD, element("title", title), style())
    body = element(
        "body",
        element("a", "Skip to the answer", css="ekms-skip", href="#answer"),
        element(
            "main",
            *parts.headline(report),
            *parts.report(report),
            _sources(),
            css="ekms",
            id="answer",
        ),
        css="ekms-page",
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _sources() -> Markup:
    """Return links to the pages of AWS on which the report rests."""
    links = (
        element("li", element("a", title, href=f"https://docs.aws.amazon.com/{page}"))
        for title, page in _SOURCES
    )
    return element("section", element("h2", "AWS documentation"), element("ul", *links))
