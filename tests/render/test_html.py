"""The notebook display: what it says, and that no log field becomes markup."""

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ebs_kms_audit
from ebs_kms_audit.render.escape import escape_unprintable
from ebs_kms_audit.render.html import render
from tests.make_samples import SAMPLES
from tests.rows import CLIENT, HEADER, SESSION, audit, export, row

TAGS = set(
    "div style p strong table thead tbody tr th td details summary dl dt dd code pre span ul ol "
    "li".split()
)
HOSTILE = [
    "<script>alert(1)</script>",
    "</pre></div><img src=x onerror=alert(1)>",
    "\"' onclick='alert(1)' x=\"",
    "&lt;b&gt; &amp; &#60;i&#62; &copy",
    "<!-- --><![CDATA[<?php",
    "\x1b[2J\x07\x7f",
    "a\nb\tc",
    "\u202eecila\u2066\u200b\u2028",
]


class Page(HTMLParser):
    """A parsed fragment: its tags in order, the text of each element, its text as a whole."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.classes, self.elements, self._open = [], [], [], []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        for name, value in attrs:
            assert (name, value) == ("open", None) or name == "class"
        classes = dict(attrs).get("class", "")
        assert re.fullmatch(r"(ekms(-[a-z]+)?( (?=e)|$))*", classes)
        self.tags.append(tag)
        self.classes.append(classes)
        self._open.append((tag, classes, "open" in dict(attrs), []))

    def handle_data(self, data):
        if self._open and self._open[-1][0] == "style":
            return
        for *_, text in self._open:
            text.append(data)

    def handle_endtag(self, tag):
        started, classes, is_open, text = self._open.pop()
        assert started == tag
        self.elements.append((tag, classes, is_open, "".join(text)))

    def unexpected(self, *_):
        raise AssertionError("neither an element nor text")

    handle_comment = handle_decl = handle_pi = unknown_decl = unexpected

    def texts(self, tag, css=""):
        """Return the texts of the elements of a tag, and of a class, in the order of their ends."""
        return [text for name, classes, _, text in self.elements if name == tag and css in classes]

    @property
    def text(self):
        return self.texts("div", "ekms")[-1]


def page_of(report):
    return Page(render(report))


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("column", HEADER)
def test_no_column_can_add_markup(column, hostile):
    text = page_of(audit(row(), row() | {column: hostile}, row() | {column: f"x{hostile}"})).text
    assert not set(re.findall(r"[^\n]", text)) & set("\x1b\x07\x7f\t\u202e\u2066\u200b\u2028")


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("column", ["User name", "Event name", "Error code"])
def test_what_is_shown_of_a_log_field_reads_as_it_stood_there(column, hostile):
    cell = f"x{hostile}x"
    text = page_of(audit(row() | {"Source IP address": CLIENT, column: cell})).text
    assert escape_unprintable(cell) in text


@pytest.mark.parametrize("hostile", HOSTILE[:4])
def test_a_hostile_alias_is_shown_and_harmless(hostile):
    resources = json.dumps([{"resourceName": f"alias/{hostile}"}])
    assert f"alias/{hostile}" in page_of(audit(row(resources=resources))).text


def test_a_hostile_file_name_is_shown_and_harmless(tmp_path):
    path = tmp_path / "<b onclick='x'>&amp;.csv"
    path.write_text(export(row(), row(event_time="noon")).read(), encoding="utf-8")
    assert page_of(ebs_kms_audit.audit(path)).text.count(path.name) == 3


def test_hostile_rows_apart_from_the_findings_are_harmless():
    hostile = HOSTILE[0]
    header = [name for name in HEADER if name != "Event source"]
    report = audit(
        row(event_name="TagResource", user_name=hostile),
        row(error_code=f"Disabled{hostile}", event_name="Decrypt"),
        row(event_time=hostile),
        header=header,
    )
    assert report.shared_name_denials
    assert report.other_errors
    assert report.set_aside
    assert page_of(report).text.count(hostile) == 2


NAMELESS = audit(row(user_name="zed", aws_access_key=SESSION))


@settings(deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="<>&\"'/=! abisx-\n", max_size=40))
def test_no_user_name_adds_or_removes_a_tag(name):
    report = audit(row(user_name=name, aws_access_key=SESSION))
    assume(report.findings)
    assume(report.findings[0].principal.kind == NAMELESS.findings[0].principal.kind)
    page, plain_page = page_of(report), page_of(NAMELESS)
    assert (page.tags, page.classes) == (plain_page.tags, plain_page.classes)
    shown = report.findings[0].principal.user_name or "(no name)"
    assert f"1. {escape_unprintable(shown)} (IAM user or role session)" in page.texts("summary")


def test_the_answer_stands_before_the_details():
    html = render(audit(row(), row(event_name="Decrypt", user_name="bob")))
    order = [
        html.index(part)
        for part in ("2 principals refused by KMS", "<table>", "<details", "<pre>", "What was read")
    ]
    assert order == sorted(order)


def test_the_overview_says_who_what_which_key_which_statement_and_when():
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    report = audit(row(resources=json.dumps([{"resourceName": key}])))
    assert page_of(report).texts("td")[:6] == [
        "1",
        "aliceIAM user",
        "kms:CreateGrant",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "usage: needed nextgrants: demanded",
        "2026-05-18 07:00:34 UTC",
    ]
    assert key in page_of(report).texts("code")


def test_only_the_first_finding_is_open():
    page = page_of(ebs_kms_audit.audit(SAMPLES / "event_history.csv"))
    opened = [is_open for _, classes, is_open, _ in page.elements if "ekms-finding" in classes]
    assert opened == [True, False, False, False, False]


def test_both_statements_can_be_copied_and_carry_their_marks():
    report = audit(row(event_name="GenerateDataKeyWithoutPlaintext"))
    page = page_of(report)
    assert json.loads(f"[{page.texts('pre')[0]}]") == report.findings[0].fix.statements
    spans = [(css, text) for tag, css, _, text in page.elements if tag == "span" and css]
    assert [css for css, _ in spans] == ["ekms-demanded", "ekms-next"]
    assert '"Allow use of the key"' in spans[0][1]
    assert '"Allow attachment of persistent resources"' in spans[1][1]
    assert page.texts("div", "ekms-reason") == [
        "usage: demandeddenied: kms:GenerateDataKeyWithoutPlaintext",
        "grants: needed nextno denial demands it, but attaching the volume makes a grant on the "
        "key",
    ]


def test_a_finding_holds_what_the_fix_says():
    fix = audit(row()).findings[0].fix
    page = page_of(audit(row()))
    assert fix.console_steps
    assert set(fix.console_steps) | set(fix.notes) <= set(page.texts("li"))
    assert [other.title for other in fix.alternatives] == page.texts("summary")[1:-1]
    assert len(page.texts("pre")) == 1 + len(fix.alternatives[0].statements)


def test_where_nothing_is_to_be_pasted_there_is_nothing_to_copy():
    infrastructure = row(
        user_name="i-0123456789abcdef0", aws_access_key=SESSION, event_name="Decrypt",
        source_ip_address="AWS Internal",
    )  # fmt: skip
    page = page_of(audit(infrastructure))
    assert "no statement would help" in page.texts("td")
    assert "Nothing to paste (review)" in page.texts("strong")
    assert page.texts("pre") == []


def test_no_denial_is_not_all_is_well():
    page = page_of(audit(row(error_code="")))
    assert page.texts("strong")[0].startswith(
        "No KMS denial in 1 event. That does not mean that KMS is fine"
    )
    assert "table" not in page.tags
    assert "read_only_hidden" in page.texts("code")
    folds = [is_open for tag, _, is_open, _ in page.elements if tag == "details"]
    assert folds == [True]


def test_general_caveats_are_folded_beside_findings():
    report = audit(row())
    page = page_of(report)
    *_, (_, _, is_open, general) = [e for e in page.elements if e[0] == "details"]
    assert not is_open
    assert all((caveat.id in general) == caveat.general for caveat in report.caveats)
    assert {caveat.id for caveat in report.caveats} <= set(page.texts("code"))


def test_the_first_rows_set_aside_are_listed_and_the_rest_counted():
    page = page_of(audit(row(), *[row(event_time="noon")] * 25))
    assert sum("its Event time is no time" in item for item in page.texts("li")) == 20
    assert "… and 5 more: to_dict() has them all" in page.texts("div", "ekms-muted")


def test_very_many_findings_do_not_drown_the_notebook():
    page = page_of(audit(*(row(user_name=f"user-{number}") for number in range(60))))
    assert page.classes.count("ekms-finding") == 50
    assert "… and 10 findings more: to_dict() has them all" in page.texts("div", "ekms-muted")


def test_an_input_that_was_not_read_is_told_beside_the_answer(tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(export(row()).read(), encoding="utf-8")
    bad.write_text("no export", encoding="utf-8")
    html = render(ebs_kms_audit.audit([good, bad]))
    assert html.index("bad.csv") < html.index("<table>")


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.csv")), ids=lambda path: path.stem)
def test_it_asks_for_nothing_from_elsewhere(sample):
    html = render(ebs_kms_audit.audit(sample))
    Page(html)
    assert (
        re.search(r"script|https?:|//|url\(|@import|\bid=|src=|href=", html, re.IGNORECASE) is None
    )


def test_every_class_has_a_style():
    html = render(ebs_kms_audit.audit(SAMPLES / "event_history.csv"))
    css, _, body = html.partition("</style>")
    used = {name for names in re.findall(r'class="([^"]+)"', body) for name in names.split()}
    assert used <= set(re.findall(r"\.(ekms[a-z-]*)", css))
