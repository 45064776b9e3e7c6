"""Markup: what is made here stays markup, and every other text is escaped where it enters."""

import pytest

from ebs_kms_audit.render.answer import SHOWN, answer_of
from ebs_kms_audit.render.html_parts import Parts, callers
from ebs_kms_audit.render.markup import Markup, element, lines_of, together
from tests.render.made import KEY_CELL, many_callers
from tests.render.page import Page
from tests.rows import audit, row


@pytest.mark.parametrize(
    ("parts", "markup"),
    [
        (["<b>"], "&lt;b&gt;"),
        (['{"Sid": "<b>"}'], "{&quot;Sid&quot;: &quot;&lt;b&gt;&quot;}"),
        (["[1 & 2]"], "[1 &amp; 2]"),
        (["a\u202eb"], "a\\u202eb"),
        ([Markup("<b>"), "<b>", Markup("</b>")], "<b>&lt;b&gt;</b>"),
    ],
)
def test_text_among_markup_is_escaped(parts, markup):
    assert together(*parts) == markup
    assert isinstance(together(*parts), Markup)


@pytest.mark.parametrize(
    ("css", "attributes", "markup"),
    [
        ("", {}, "<a>x</a>"),
        ("ekms", {"id": "F-1"}, '<a class="ekms" id="F-1">x</a>'),
        ("", {"href": '"><b>&'}, '<a href="&quot;&gt;&lt;b&gt;&amp;">x</a>'),
        ("", {"open": True}, "<a open>x</a>"),
        ("", {"open": False}, "<a>x</a>"),
        ("", {"aria_label": "y", "for_": "z"}, '<a aria-label="y" for="z">x</a>'),
    ],
)
def test_the_attributes_of_an_element(css, attributes, markup):
    assert element("a", "x", css=css, **attributes) == markup


def test_invisible_characters_of_lines_are_shown_and_lines_are_kept():
    assert lines_of('{\n "a": "\u202e\x1b"\n}') == "{\n &quot;a&quot;: &quot;\\u202e\\x1b&quot;\n}"


def test_names_to_copy_are_code_and_sentences_are_not():
    (finding,) = audit(row(resources=KEY_CELL)).findings
    page = Page(Parts(document=True).finding(finding))
    assert page.texts("code")[:2] == [finding.principal.arn, finding.key.arn]
    assert page.texts("dd")[:2] == [
        finding.principal.arn, f"{finding.principal.evidence}: {finding.principal.why}.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("times", "shown"),
    [
        (["2026-05-18T07:00:34Z"], ["07:00:34"]),
        # where the calls are of one day the time is enough
        (["2026-05-18T07:00:34Z", "2026-05-18T06:00:00Z", "2026-05-17T06:00:00Z"],
         ["05-18 07:00:34", "05-18 06:00:00", "05-17 06:00:00"]),
    ],
)  # fmt: skip
def test_the_last_call_of_each_caller(times, shown):
    rows = [row(user_name=f"user-{at}", event_time=time) for at, time in enumerate(times)]
    page = Page(callers(answer_of(audit(*rows))))
    assert page.texts("span", "ekms-number")[1::2] == shown


@pytest.mark.parametrize(
    ("more", "rest"), [(0, None), (1, "1 more finding"), (2, "2 more findings")]
)
def test_findings_that_are_not_shown_are_counted(more, rest):
    report = many_callers(SHOWN + more)
    page = Page("".join(["<main>", *Parts(document=True).report(report), "</main>"]))
    assert len(page.texts("details", "ekms-finding")) == SHOWN
    notes = [text for text in page.texts("div", "ekms-muted") if "more finding" in text]
    assert notes == ([f"{rest}: --format json and to_dict() have all."] if rest else [])
