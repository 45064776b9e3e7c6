"""Markup: what HTML is made with. Any other string is text, and is escaped where it enters.

No attribute holds a text of an input: attributes are written here, or are ids made of numbers and
hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import chain

from ebs_kms_audit.render.escape import html_text


class Markup(str):
    """Markup made here."""

    __slots__ = ()


NEW_LINE = Markup("\n")
SPACE = Markup(" ")


def together(*parts: str) -> Markup:
    """Return the parts one after the other; text among them is escaped."""
    return Markup("".join(part if isinstance(part, Markup) else html_text(part) for part in parts))


def element(name: str, *parts: str, css: str = "", **attributes: str | bool) -> Markup:
    """Return an element that holds the parts. `True` writes an attribute without a value.

    An underscore in the name of an attribute is written as a hyphen (`aria_label`), one at its end
    is dropped (`class_`).
    """
    written = [f' class="{css}"'] if css else []
    for attribute, value in attributes.items():
        label = attribute.rstrip("_").replace("_", "-")
        if value is True:
            written.append(f" {label}")
        elif value is not False:
            written.append(f' {label}="{escape(value)}"')
    return Markup(f"<{name}{''.join(written)}>{together(*parts)}</{name}>")


def code(text: str) -> Markup:
    """Return a name or an action as code."""
    return element("code", text)


def muted(*parts: str) -> Markup:
    """Return a remark."""
    return element("div", *parts, css="ekms-muted")


def list_of(items: Iterable[str], name: str = "ul") -> Markup:
    """Return a list with an item for each text."""
    return element(name, *(element("li", item) for item in items))


def labelled(lines: Iterable[tuple[str, str]]) -> Markup:
    """Return a description list of labels and texts."""
    pairs = ((element("dt", label), element("dd", text)) for label, text in lines)
    return element("dl", *chain.from_iterable(pairs))


def table(caption: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    """Return a table with a caption; the first cell of each row is its heading."""
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    body = []
    for first, *others in rows:
        cells = (element("td", cell) for cell in others)
        body.append(element("tr", element("th", first, scope="row"), *cells))
    return scrolled(
        caption,
        element(
            "table",
            element("caption", caption),
            element("thead", head),
            element("tbody", *body),
        ),
    )


def scrolled(label: str, *parts: str) -> Markup:
    """Return a region that scrolls sideways where it is too wide, also with the keyboard."""
    return element("div", *parts, css="ekms-wide", role="region", aria_label=label, tabindex="0")


def pre(*parts: str, css: str = "") -> Markup:
    """Return a text to copy as it is; it can be scrolled with the keyboard."""
    return element("pre", *parts, css=css, tabindex="0")


def lines_of(text: str) -> Markup:
    """Return a text of several lines, each escaped."""
    return Markup("\n".join(map(html_text, text.split("\n"))))


def folded(title: str, *parts: str, css: str = "ekms-fold", is_open: bool = False) -> Markup:
    """Return parts that a click opens."""
    return element("details", element("summary", title), *parts, css=css, open=is_open)
