"""Text from an input → text of an output format, in which it cannot be anything but text.

Each renderer puts a text of an input through the function of its format, once, where the text
enters the output. All of them escape invisible characters as `escape_unprintable` does.

Sources: HTML Living Standard, "Attributes" and "Data state"; CommonMark 0.31, "Backslash escapes",
"Code spans", "Fenced code blocks"; GitHub Flavored Markdown, "Tables" and "Autolinks"; OWASP, "CSV
Injection".
"""

from __future__ import annotations

import re
from html import escape

from ebs_kms_audit.printable import escape_lines, escape_unprintable

__all__ = [
    "csv_cell",
    "escape_lines",
    "escape_unprintable",
    "html_text",
    "markdown_block",
    "markdown_code",
    "markdown_text",
]

_MARKDOWN = re.compile(r"[\\`*_\[\]<>&|~$]|:(?=//)|(?<=www)\.|!(?=\[)", re.IGNORECASE)
_BACKTICKS = re.compile("`+")
_FORMULA = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def html_text(text: str) -> str:
    """Return the text as HTML, for an element's content or a quoted attribute."""
    return escape(escape_unprintable(text))


def markdown_text(text: str) -> str:
    """Return the text as one line of Markdown prose, also within a table cell.

    A name or an ARN is better written with `markdown_code`: GitHub links `@name` in prose.
    """
    text = escape_unprintable(text)
    inner = text.strip(" ")
    before, after = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    if not inner:
        return "&#32;" * len(text)
    start = re.match(r"\d{1,9}[.)]|[-+#=]", inner)
    escaped = _MARKDOWN.sub(r"\\\g<0>", inner)
    if start:  # would begin a list, a heading or an underline
        at = start.end() - 1
        escaped = f"{escaped[:at]}\\{escaped[at:]}"
    return "&#32;" * len(before) + escaped + "&#32;" * len(after)


def markdown_code(text: str, *, in_table: bool = False) -> str:
    """Return the text as a code span of Markdown. A table needs its pipes escaped."""
    text = escape_unprintable(text)
    if not text:
        return ""
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    # One space is taken away on each side where the text begins or ends with a space or a backtick.
    pad = " " if text[0] in " `" or text[-1] in " `" else ""
    if not text.strip(" "):
        pad = ""
    span = f"{fence}{pad}{text}{pad}{fence}"
    return span.replace("|", "\\|") if in_table else span


def markdown_block(text: str, language: str = "") -> str:
    """Return a text of several lines as a fenced code block, with a line feed at its end."""
    text = escape_lines(text.removesuffix("\n"))
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def csv_cell(text: str) -> str:
    """Return the text as a cell that no spreadsheet takes for a formula; quoting is csv's."""
    text = escape_unprintable(text)
    return f"'{text}" if _FORMULA.match(text) else text
