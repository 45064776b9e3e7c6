"""Checks of an output, one for each format: nothing of an input is anything but text in it.

    check("report.html", text)

The format is chosen by the ending of the name, as the command line does. A check raises
AssertionError and says what is in the output. What a report of harmless values is made of is
learned from the samples, so a new format needs one function here at most.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import hcl2
import html5lib
from markdown_it import MarkdownIt

import ebs_kms_audit
from ebs_kms_audit.render.registry import FORMATS
from tests.make_samples import SAMPLES

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKER = "qzx"
"""A word that is in each hostile value and in no text of this library."""

_MARKDOWN = MarkdownIt("gfm-like", {"html": True, "linkify": False})
_PLAIN_WORD = re.compile(r"[\w@%+=:,./][\w@%+=:,./-]*", re.ASCII)  # as shlex.quote has it
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def check(name: str, text: str) -> None:
    """Check one output by the ending of its file name."""
    check_characters(text)
    _CHECKS[Path(name).suffix](text)


def check_characters(text: str) -> None:
    """No character moves a terminal, hides, or turns the direction of what follows."""
    unseen = {c for c in text if c != "\n" and unicodedata.category(c) in _UNSEEN}
    assert not unseen, f"the output holds {sorted(map(ascii, unseen))}"


def check_html(text: str) -> None:
    """Elements and attributes are those of a harmless report; no link, handler or style is new."""
    elements, attributes, _ = _html_shape("html")
    _check_shape(text, elements, attributes)


def check_notebook(text: str) -> None:
    """The same of the fragment for a notebook."""
    elements, attributes, _ = _html_shape("notebook")
    _check_shape(text, elements, attributes)


def _check_shape(text: str, elements: frozenset[str], attributes: frozenset[str]) -> None:
    found = list(_elements(text))
    assert {tag for tag, _ in found} <= elements, {tag for tag, _ in found} - elements
    for _, named in found:
        assert {name for name, _ in named} <= attributes
        for name, value in named:
            if name in ("href", "src", "style", "class") or name.startswith("on"):
                assert MARKER not in value.casefold(), f"{name}={value}"


def _elements(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    parse = (
        html5lib.parse if text.lstrip()[:9].casefold() == "<!doctype" else html5lib.parseFragment
    )
    for element in parse(text, namespaceHTMLElements=False).iter():
        if isinstance(element.tag, str):
            yield element.tag, [(str(name), value) for name, value in element.attrib.items()]
        else:
            yield "<!-- -->", []


@cache
def _html_shape(name: str) -> tuple[frozenset[str], frozenset[str], None]:
    found = [one for text in _harmless(name) for one in _elements(text)]
    return (
        frozenset(tag for tag, _ in found),
        frozenset(attribute for _, named in found for attribute, _ in named),
        None,
    )


def check_markdown(text: str) -> None:
    """Each piece of markup is of a kind that a harmless report has, and none names the marker."""
    kinds = _markdown_kinds()
    for token in _tokens(text):
        assert token.type in kinds, f"{token.type}: {token.content[:200]}"
        if token.type.startswith("html_"):
            assert MARKER not in token.content.casefold(), token.content
        for name, value in token.attrs.items():
            assert MARKER not in str(value).casefold(), f"{name}={value}"


def _tokens(text: str) -> Iterator[Token]:
    for token in _MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


@cache
def _markdown_kinds() -> frozenset[str]:
    escapes = {"text_special"}
    return frozenset(t.type for text in _harmless("markdown") for t in _tokens(text)) | escapes


def check_csv(text: str) -> None:
    """All rows are as wide as the header, and no cell is a formula."""
    before = csv.field_size_limit(1 << 28)  # a pasted message may be one cell
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    finally:
        csv.field_size_limit(before)
    assert rows
    for row in rows:
        assert len(row) == len(rows[0]), row
        assert not [cell for cell in row if cell.startswith(_FORMULA)], row


def check_json(text: str) -> None:
    """It is JSON, in ASCII."""
    assert text.isascii()
    json.loads(text)


def check_json_lines(text: str) -> None:
    """Each line is JSON, in ASCII."""
    assert text.isascii()
    for line in text.splitlines():
        json.loads(line)


def check_hcl(text: str) -> None:
    """It is HCL without an expression or a template: each `${` and `%{` is escaped."""
    hcl2.loads(text)
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", text)


def check_shell(text: str) -> None:
    """It is a script of bash, and each word with the marker is quoted or plain."""
    done = subprocess.run(["bash", "-n"], input=text.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    for line in _outside_quotes(text):
        for word in line.split():
            if MARKER in word.casefold():
                assert _PLAIN_WORD.fullmatch(word), line


def _outside_quotes(script: str) -> Iterator[str]:
    """Yield the lines of a script without single quotes, comments and quoted heredocs."""
    kept, ends = [], None
    for line in script.splitlines():
        if ends is None:
            kept.append(line)
            found = re.search(r"<<-?\s*(['\"\\])(\w+)", line)
            ends = found[2] if found else None
        elif line.strip() == ends:
            ends = None
    # A comment is looked for first, because an apostrophe in it opens nothing.
    text = re.sub(r"(?:^|(?<=\s))#.*|'[^']*'", "", "\n".join(kept), flags=re.MULTILINE)
    yield from text.splitlines()


def check_text(text: str) -> None:
    """The characters are all there is to check in plain text."""


@cache
def _harmless(name: str) -> tuple[str, ...]:
    """Return reports of the samples, in one format: what no hostile value is in."""
    export, records = str(SAMPLES / "event_history.csv"), str(SAMPLES / "event_history.json")
    policy = str(SAMPLES / "key_policy.json")
    broken = io.StringIO("User name,Event name,Error code\nalice\n")
    broken.name = "broken.csv"
    reports = [
        ebs_kms_audit.audit(export),
        ebs_kms_audit.audit([export, broken, "none.csv"], records=records, key_policies=policy),
        ebs_kms_audit.audit(str(SAMPLES / "event_history_2019_layout.csv"), redact=True),
        ebs_kms_audit.audit(messages=["Client.InternalError: Client error on launch"]),
    ]
    if name == "notebook":
        return tuple(report._repr_html_() for report in reports)
    return tuple(FORMATS[name].render(report) for report in reports)


_CHECKS: dict[str, Callable[[str], None]] = {
    ".html": check_html,
    ".notebook": check_notebook,
    ".md": check_markdown,
    ".csv": check_csv,
    ".json": check_json,
    ".jsonl": check_json_lines,
    ".tf": check_hcl,
    ".sh": check_shell,
    ".txt": check_text,
    ".diff": check_text,
    ".patch": check_text,
}


def outputs(report: ebs_kms_audit.Report) -> Iterator[tuple[str, str]]:
    """Yield everything that a report can be written as, each with a file name for `check`."""
    for one in FORMATS.values():
        yield f"report{one.endings[0] if one.endings else '.jsonl'}", one.render(report)
    yield "report.notebook", report._repr_html_()
    yield "report.txt", report.to_text(details=True)
    yield "repr.txt", repr(report) + "".join(map(repr, report.findings))
    for step in report.plan:
        for script in (step.commands.apply, step.commands.verify, step.commands.undo):
            yield "step.sh", script
        if step.terraform:
            yield "step.tf", step.terraform
        yield "step.json", step.cloudformation or "[]"
    for error in report.failed_inputs:
        assert "\n" not in error
