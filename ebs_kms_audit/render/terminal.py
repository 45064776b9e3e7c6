"""Lines for a terminal: wrapping, labels, tables and colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from ebs_kms_audit.printable import escape_lines, escape_unprintable

_NARROWEST, _WIDEST = 60, 120
_INDENT = 8
_RESET = "\x1b[0m"


class Style(StrEnum):
    """SGR sequences of ECMA-48; `PLAIN` is none."""

    PLAIN = ""
    BOLD = "\x1b[1m"
    RED = "\x1b[31m"
    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"
    CYAN = "\x1b[36m"


class Terminal:
    """Lays text out for a terminal of 60 to 120 columns; every text is escaped here."""

    def __init__(self, *, width: int = 80, color: bool = False) -> None:
        self.width = min(max(width, _NARROWEST), _WIDEST)
        self._color = color

    def paint(self, text: str, style: Style) -> str:
        """Return text in a style, if colours are wanted."""
        return f"{style}{text}{_RESET}" if self._color and style and text else text

    def paragraph(self, text: str, style: Style = Style.PLAIN, indent: int = 0) -> list[str]:
        """Wrap prose. A word longer than the width keeps whole, for it may be a name to copy."""
        return [self.paint(line, style) for line in self._wrap(text, " " * indent, " " * indent)]

    def labelled(self, label: str, text: str, style: Style = Style.BOLD) -> list[str]:
        """Wrap prose in a column of its own, behind a label of at most seven letters."""
        lines = self._wrap(text, f"{label:{_INDENT}}", " " * _INDENT)
        return [self.paint(label, style) + lines[0][len(label) :], *lines[1:]]

    def choices(self, label: str, choices: Sequence[str]) -> Iterator[str]:
        """Put short commands side by side; a line never breaks within one of them."""
        line = f"{self.paint(label, Style.BOLD)}{' ' * (_INDENT - len(label))}"
        used = _INDENT
        for number, choice in enumerate(choices):
            if number and used + 3 + len(choice) > self.width:
                yield line
                line, used = " " * _INDENT, _INDENT
            elif number:
                line, used = f"{line}   ", used + 3
            line, used = line + escape_unprintable(choice), used + len(choice)
        yield line

    def item(self, label: str, text: str) -> list[str]:
        """Wrap `label: text` as an item of a list."""
        return self._wrap(f"{label}: {text}" if label else text, "  ", "    ")

    def _wrap(self, text: str, first: str, rest: str) -> list[str]:
        """Return lines of whole words. The first line starts with `first`, the others with `rest`.

        `textwrap` gives the same lines; it is slow to import.
        """
        lines: list[str] = []
        line, gap = first, ""
        for word in escape_unprintable(text).split(" "):
            if word and line != first and len(line) + len(gap) + len(word) > self.width:
                lines.append(line)
                line, gap = rest, ""
            if word:
                line, gap = f"{line}{gap}{word}", " "
            else:
                gap += " "
        return [*lines, line if line != first else first.rstrip()]

    def verbatim(self, text: str) -> list[str]:
        """Return text to copy: at the left margin, never wrapped."""
        return escape_lines(text).split("\n")

    def diff(self, text: str) -> Iterator[str]:
        """Give the lines of a unified diff, with the colours of its changes."""
        for number, line in enumerate(self.verbatim(text)):
            style = Style.PLAIN
            if number >= 2:  # the first two lines name the files
                styles = {"+": Style.GREEN, "-": Style.RED, "@": Style.CYAN}
                style = styles.get(line[:1], Style.PLAIN)
            yield self.paint(line, style)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str] | None:
        """Return a table with a line for each row; None where it does not fit the width."""
        cells = [[escape_unprintable(cell) for cell in row] for row in rows]
        columns = list(zip(headings, *cells, strict=True))
        widths = [max(map(len, column)) for column in columns]
        if sum(widths) + 2 * (len(widths) - 1) > self.width:
            return None
        lines = [
            "  ".join(f"{cell:{size}}" for cell, size in zip(row, widths, strict=True)).rstrip()
            for row in ([*headings], *cells)
        ]
        return [self.paint(lines[0], Style.BOLD), *lines[1:]]
