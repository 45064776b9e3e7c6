"""A strict reader of the HTML that we write: its elements, their classes and texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = frozenset({"meta"})


class Page(HTMLParser):
    """A parsed page or fragment. Each open element must be closed, and only once."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.elements: list[tuple[str, str, bool, str]] = []  # tag, class, open, text
        self._open: list[tuple[str, str, bool, list[str]]] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        classes = dict(attrs).get("class") or ""
        assert re.fullmatch(r"(ekms(-[a-z_]+)?( (?=e)|$))*", classes)
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in _VOID:
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

    def handle_decl(self, decl):
        assert (decl, self.tags) == ("doctype html", [])

    def unexpected(self, *_):
        raise AssertionError("neither an element nor text")

    handle_comment = handle_pi = unknown_decl = unexpected

    def texts(self, tag, css=""):
        """Return the texts of the elements of a tag, and of a class, in the order of their ends."""
        return [text for name, classes, _, text in self.elements if name == tag and css in classes]

    @property
    def text(self):
        """The text of the whole."""
        return self.elements[-1][3]
