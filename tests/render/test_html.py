"""HTML, as a document and in a notebook: what it says, and that no log field becomes markup."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ebs_kms_audit
from ebs_kms_audit import KeyPolicy, Request, StepKind, evaluate
from ebs_kms_audit.plan.step import Commands, ExportTexts, LeftOut
from ebs_kms_audit.render import html, notebook
from ebs_kms_audit.render.compact_json import compact
from ebs_kms_audit.render.escape import escape_unprintable
from tests.make_samples import SAMPLES
from tests.render.made import (
    DIFF,
    GET_JSON,
    NO_STATEMENT,
    STATEMENTS,
    many_callers,
    policy_step,
    report_of,
    safe_step,
)
from tests.render.page import Page
from tests.rows import CLIENT, HEADER, SESSION, audit, export, row

RENDERERS = [html.render, notebook.report]
BOTH = pytest.mark.parametrize("render", RENDERERS, ids=["document", "notebook"])
ATTRIBUTES = {
    "class", "open", "scope", "tabindex", "role", "aria-label", "aria-hidden", "lang", "href", "id",
    "charset", "name", "content", "http-equiv",
    "viewbox", "d", "x", "y", "x1", "x2", "y1", "y2", "transform",
}  # fmt: skip
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


# No text of an input becomes markup


@BOTH
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("column", HEADER)
def test_no_column_can_add_markup(column, hostile, render):
    report = audit(row(), row() | {column: hostile}, row() | {column: f"x{hostile}"})
    page = Page(render(report))
    assert not set(re.findall(r"[^\n]", page.text)) & set("\x1b\x07\x7f\t\u202e\u2066\u200b\u2028")
    assert {name for _, attributes in page.attributes for name in attributes} <= ATTRIBUTES


@BOTH
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("column", ["User name", "Event name", "Error code"])
def test_what_is_shown_of_a_log_field_reads_as_it_was(column, hostile, render):
    cell = f"x{hostile}x"
    text = Page(render(audit(row() | {"Source IP address": CLIENT, column: cell}))).text
    assert escape_unprintable(cell) in text


@BOTH
@pytest.mark.parametrize("hostile", HOSTILE[:4])
def test_a_hostile_alias_is_shown_and_harmless(hostile, render):
    resources = json.dumps([{"resourceName": f"alias/{hostile}"}])
    assert f"alias/{hostile}" in Page(render(audit(row(resources=resources)))).text


@BOTH
def test_a_hostile_file_name_is_shown_and_harmless(tmp_path, render):
    path = tmp_path / "<b onclick='x'>&amp;.csv"
    path.write_text(export(row(), row(event_time="noon")).read(), encoding="utf-8")
    assert path.name in Page(render(ebs_kms_audit.audit(path))).text


@BOTH
def test_hostile_rows_that_are_in_no_finding_are_harmless(render):
    hostile = HOSTILE[0]
    header = [name for name in HEADER if name != "Event source"]
    report = audit(
        row(event_name="TagResource", user_name=hostile),
        row(error_code=f"Disabled{hostile}", event_name="Decrypt"),
        row(event_time=hostile),
        header=header,
    )
    assert [one.event.user_name for one in report.shared_name_denials] == [hostile]
    assert [one.error_code for one in report.other_errors] == [f"Disabled{hostile}"]
    assert len(report.set_aside) == 1
    page = Page(render(report)).text
    assert f"TagResource by {hostile}" in page
    assert f"Decrypt failed with Disabled{hostile}" in page


@BOTH
@pytest.mark.parametrize("hostile", HOSTILE[:5])
def test_hostile_text_of_a_policy_is_shown_as_it_is_in_each_block(hostile, render):
    statement = {"Sid": hostile, "Effect": "Allow"}
    exports = ExportTexts(terraform=f"terraform {hostile}", cloudformation=f"template {hostile}")
    diff = f"diff {hostile}"
    document = {"Version": "2012-10-17", "Statement": [statement]}
    commands = Commands(apply=f"a {hostile}", verify=f"v {hostile}", undo=f"u {hostile}")
    known = safe_step(
        text=hostile, document=document, commands=commands, exports=exports, diff=diff
    )
    left_out = LeftOut(name=hostile, finding="F-0", why=hostile, how_to_find=f"find {hostile}")
    unknown = policy_step(
        id="other", statements=(statement,), reasons=(hostile,), left_out=(left_out,)
    )
    by_iam = policy_step(id="iam", kind=StepKind.IAM_POLICY, document=document, left_out=())
    look = policy_step(
        id="look", kind=StepKind.INVESTIGATE, statements=(), left_out=(),
        commands=Commands(verify=f"look {hostile}"),
    )  # fmt: skip
    page = Page(render(report_of(known, unknown, by_iam, look)))
    assert page.texts("pre", "ekms-json") == [
        compact(document), f"a {hostile}", f"v {hostile}", f"u {hostile}",
        exports.terraform, exports.cloudformation, compact(statement), compact(document),
        f"look {hostile}",
    ]  # fmt: skip
    assert [text.rstrip("\n") for text in page.texts("pre", "ekms-diff")] == [diff]
    assert f"find {hostile}" in page.texts("pre")
    assert {name for _, attributes in page.attributes for name in attributes} <= ATTRIBUTES
    assert not {"img", "script", "b", "i"} & set(page.tags)


@BOTH
@pytest.mark.parametrize("hostile", HOSTILE[:5])
def test_hostile_text_of_the_next_evidence_is_shown_as_it_is(hostile, render):
    asked = replace(GET_JSON, what=hostile, why=hostile, command=f"get {hostile}")
    cause = replace(NO_STATEMENT, text=hostile, next_evidence=(asked,))
    page = Page(render(report_of(policy_step(statements=(), left_out=()), cause=cause)))
    assert page.texts("pre") == [f"get {hostile}"]
    assert not {"img", "script", "b", "i"} & set(page.tags)


NAMELESS = audit(row(user_name="zed", aws_access_key=SESSION))


@settings(deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="<>&\"'/=! abisx-\n", max_size=40))
def test_no_user_name_adds_or_removes_a_tag(name):
    report = audit(row(user_name=name, aws_access_key=SESSION))
    assume(report.findings)
    assume(report.findings[0].principal.kind == NAMELESS.findings[0].principal.kind)
    for render in RENDERERS:
        assert Page(render(report)).tags == Page(render(NAMELESS)).tags


# What it says


@BOTH
def test_the_parts_are_in_the_order_of_a_readers_questions(render):
    text = Page(render(report_of(policy_step()))).text
    order = ["KMS denied 1 call", "Why", "What to get next", "Denied callers", "Step 1.",
             "Timeline", "Evidence", "What was read", "What the input cannot show"]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)


@BOTH
def test_each_statement_is_json_of_its_own(render):
    page = Page(render(report_of(policy_step())))
    assert [json.loads(text) for text in page.texts("pre", "ekms-json")] == list(STATEMENTS)


@BOTH
def test_the_header_of_a_diff_is_no_change(render):
    page = Page(render(report_of(safe_step())))
    lines = DIFF.splitlines()
    assert page.texts("pre", "ekms-diff") == [DIFF]
    assert [t.rstrip() for t in page.texts("span", "ekms-added")] == [lines[4].rstrip()]
    assert [t.rstrip() for t in page.texts("span", "ekms-removed")] == [lines[5].rstrip()]


@BOTH
def test_a_known_policy_brings_the_new_document_and_the_scripts(render):
    page = Page(render(report_of(safe_step())))
    titles = page.texts("summary")
    for title in ("The whole new policy", "Apply it in a shell", "Verify it", "Undo it"):
        assert title in titles


@BOTH
def test_a_command_that_is_the_change_itself_is_shown_once(render):
    step = policy_step(statements=(), left_out=(), commands=Commands(apply="aws kms enable-key\n"))
    page = Page(render(report_of(step)))
    assert page.texts("pre", "ekms-json") == ["aws kms enable-key"]


@BOTH
@pytest.mark.parametrize(("more", "shown"), [(0, True), (1, False)])
def test_a_text_of_more_than_2000_lines_is_not_on_the_page(render, more, shown):
    script = "\n".join(["true"] * (2_000 + more))
    statements = [{"Effect": "Allow"}] * (1_995 + more)  # five other lines
    document = {"Version": "2012-10-17", "Statement": statements}
    page = Page(render(report_of(safe_step(document=document, commands=Commands(apply=script)))))
    assert (script in page.texts("pre", "ekms-json")) is shown
    assert (compact(document) in page.texts("pre", "ekms-json")) is shown


@BOTH
def test_no_denial_is_not_all_is_well(render):
    page = Page(render(audit(row(error_code=""))))
    assert "This does not prove that KMS allowed the call that you look for." in page.text
    assert "table" not in page.tags
    assert "read_only_hidden" in page.texts("code")


@BOTH
def test_an_input_that_was_not_read_is_said_before_the_callers(tmp_path, render):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(export(row()).read(), encoding="utf-8")
    bad.write_text("no export", encoding="utf-8")
    page = render(ebs_kms_audit.audit([good, bad]))
    assert page.index("bad.csv") < page.index("<table>")


@BOTH
def test_very_many_findings_do_not_drown_the_page(render):
    page = Page(render(many_callers(60)))
    assert sum("ekms-finding" in css for _, css, *_ in page.elements) == 20
    assert "40 more findings: --format json and to_dict() have all." in page.texts("div")
    assert (
        "40 more callers with 40 denied calls: --format csv and to_pandas() have all."
        in page.texts("div")
    )


@BOTH
@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.csv")), ids=lambda path: path.stem)
def test_it_asks_for_nothing_from_elsewhere(sample, render):
    page = Page(render(ebs_kms_audit.audit(sample)))
    assert "script" not in page.tags
    for _, attributes in page.attributes:
        assert "src" not in attributes
        href = attributes.get("href") or "#"
        assert href.startswith(("#", "https://docs.aws.amazon.com/"))


@BOTH
def test_every_class_has_a_style(render):
    css, _, body = render(report_of(safe_step(), policy_step(id="b"))).partition("</style>")
    used = {name for names in re.findall(r'class="([^"]+)"', body) for name in names.split()}
    assert used <= set(re.findall(r"\.(ekms[a-z_-]*)", css)) | {"ekms-json"}


# The document


def test_the_document_has_a_language_one_h1_ordered_headings_and_a_skip_link():
    page = Page(html.render(report_of(policy_step())))
    headings = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings.count(1) == 1
    assert headings[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(headings))
    attributes = dict(reversed(page.attributes))
    assert attributes["html"] == {"lang": "en"}
    assert attributes["a"] == {"class": "ekms-skip", "href": "#answer"}
    assert attributes["main"]["id"] == "answer"


def test_the_policy_of_the_document_allows_only_its_own_style():
    page = Page(html.render(report_of()))
    policies = [a["content"] for tag, a in page.attributes if a.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_steps_from_the_sixth_on_are_folded():
    page = Page(html.render(report_of(*(policy_step(id=f"key_policy-{n}") for n in range(7)))))
    titles = [title for title in page.texts("summary") if title.startswith("Step ")]
    assert titles == [
        f"Step {number}. Add two statements to the key policy. REVIEW." for number in (6, 7)
    ]


def test_findings_and_steps_have_anchors_and_no_id_is_there_twice():
    report = report_of(policy_step(), policy_step(id="other"))
    page = Page(html.render(report))
    ids = [attributes["id"] for _, attributes in page.attributes if "id" in attributes]
    assert {"step-1", "step-2", report.findings[0].id} <= set(ids)
    assert len(ids) == len(set(ids))


def test_tables_have_captions_and_scopes():
    page = Page(html.render(report_of(policy_step())))
    assert page.tags.count("caption") == page.tags.count("table") > 1
    assert {a.get("scope") for tag, a in page.attributes if tag == "th"} == {"col", "row"}


def test_the_timeline_is_told_in_words_too_and_shapes_differ():
    report = ebs_kms_audit.audit(
        SAMPLES / "event_history.csv", records=SAMPLES / "event_history.json"
    )
    page = Page(html.render(report))
    assert "Timeline, 2026-05-18 06:50:00–07:05:10 UTC" in page.texts("title")
    (description,) = page.texts("desc")
    assert description == (
        "5 lanes: 8 denied KMS calls, 6 EC2 calls and 1 key change. The table below holds the same "
        "events."
    )
    shapes = {a["class"]: a["d"] for tag, a in page.attributes if tag == "path"}
    assert len(set(shapes.values())) == len(shapes) == 4


# The notebook


def test_a_notebook_gets_no_ids_no_headings_and_no_links():
    page = Page(notebook.report(report_of(safe_step())))
    assert not {"id", "href"} & {name for _, a in page.attributes for name in a}
    assert not {"h1", "h2", "h3", "a", "html", "body"} & set(page.tags)


def test_a_finding_a_step_and_a_decision_show_themselves():
    report = report_of(safe_step())
    (finding,) = report.findings
    assert finding.id in Page(finding._repr_html_()).text
    assert "Add two statements" in Page(report.plan[0]._repr_html_()).text
    policy = KeyPolicy.from_dict({"Statement": []})
    request = Request(principal="arn:aws:iam::111122223333:role/<b>", action="kms:Decrypt")
    request = replace(request, principal="arn:aws:iam::111122223333:role/x")
    shown = Page(evaluate(request, policy)._repr_html_()).text
    assert "missing_allow" in shown
    assert "arn:aws:iam::111122223333:role/x" in shown


def test_a_number_does_not_break():
    assert ".ekms-number" in html.render(report_of())
    style = html.render(report_of()).partition(".ekms-number {")[2].partition("}")[0]
    assert "white-space: nowrap" in style
