"""A text of an input stays text: in HTML, in Markdown and in a cell of a spreadsheet."""

import csv
import io

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ebs_kms_audit.render import escape

TEXTS = st.text(max_size=30) | st.text(alphabet=" \\`*_[]()<>#+-=.!|~&$:/1@\nawx'\"", max_size=30)
MARKDOWN = MarkdownIt("gfm-like", {"html": True, "linkify": False})


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("alice", "alice"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),  # full-width: some spreadsheets read it as `=`
        ("\t=1", "\\t=1"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_no_cell_begins_a_formula(text, cell):
    assert escape.csv_cell(text) == cell


@settings(deadline=None)
@given(TEXTS)
def test_html_shows_the_text_and_has_no_element_of_it(text):
    page = html5lib.parseFragment(
        f'<p title="{escape.html_text(text)}">{escape.html_text(text)}</p>',
        namespaceHTMLElements=False,
    )
    (paragraph,) = page
    assert len(paragraph) == 0
    assert (paragraph.text or "") == escape.escape_unprintable(text)
    assert paragraph.attrib == {"title": escape.escape_unprintable(text)}


@settings(deadline=None)
@given(TEXTS)
def test_markdown_prose_shows_the_text_and_has_no_markup_of_it(text):
    _, inline, _ = MARKDOWN.parse(escape.markdown_text(text) or "x")
    assert {token.type for token in inline.children} <= {"text", "text_special"}
    shown = "".join(token.content for token in inline.children)
    assert shown == (escape.escape_unprintable(text) or "x")


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_a_markdown_table_keeps_its_cells(prose, code):
    row = f"| {escape.markdown_text(prose)} | {escape.markdown_code(code, in_table=True)} |"
    tokens = MARKDOWN.parse(f"| a | b |\n| --- | --- |\n{row}\n")
    assert [token.type for token in tokens].count("td_open") == 2
    cells = [token for token in tokens if token.type == "inline"][2:]
    assert [child.type for child in cells[1].children] == (["code_inline"] if code else [])
    assert {child.type for child in cells[0].children} <= {"text", "text_special"}
    assert [child.content for child in cells[1].children] == (
        [escape.escape_unprintable(code)] if code else []
    )


@settings(deadline=None)
@given(TEXTS.filter(bool))
def test_a_code_span_shows_the_text(text):
    _, inline, _ = MARKDOWN.parse(f"x {escape.markdown_code(text)} x")
    assert [token.type for token in inline.children] == ["text", "code_inline", "text"]
    assert inline.children[1].content == escape.escape_unprintable(text)


@settings(deadline=None)
@given(TEXTS)
def test_a_code_block_holds_all_of_the_text(text):
    blocks = MARKDOWN.parse(escape.markdown_block(text, "json") + "\nafter\n")
    assert [token.type for token in blocks][:2] == ["fence", "paragraph_open"]
    assert blocks[0].content == escape.escape_lines(text.removesuffix("\n")) + "\n"


@settings(deadline=None)
@given(TEXTS)
def test_csv_gives_the_cells_back(text):
    file = io.StringIO()
    csv.writer(file).writerow([escape.csv_cell(text), "end"])
    assert next(csv.reader(io.StringIO(file.getvalue()))) == [escape.csv_cell(text), "end"]
