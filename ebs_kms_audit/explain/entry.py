"""Entry: one id that a report prints, with everything that is said about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class EntryKind(StrEnum):
    """What an id names."""

    CAVEAT = "caveat"
    CAUSE = "cause"
    VERDICT = "verdict"
    SYMPTOM = "symptom"
    LINT = "lint finding"
    TERM = "term"


class _Count(int):
    """A number that is written with its noun: `{count:row}` gives `1 row` or `2 rows`."""

    def __format__(self, noun: str) -> str:
        return f"{int(self):,} {noun}{'' if self == 1 else 's'}" if noun else f"{int(self):,}"


class Entry(NamedTuple):
    """One id of the report and its page.

    kind      what the id names
    id        stable; unique among the entries of its kind
    title     one line, without a full stop
    meaning   what it means, and why
    remedy    what to do: ends with a command or a click
    sentence  the sentence that the report prints, with {names} for the values of the present
              input and {names:noun} for numbers; empty where the report prints the id alone
    example   a short example, as it is written in a policy or a log; or empty
    """

    kind: EntryKind
    id: str
    title: str
    meaning: str
    remedy: str
    sentence: str = ""
    example: str = ""

    def text(self, **values: object) -> str:
        """Return the sentence for the present input. Raises KeyError for a missing value."""
        counted = {name: _Count(one) if type(one) is int else one for name, one in values.items()}
        return self.sentence.format(**counted)

    def __str__(self) -> str:
        import textwrap

        example = "\n".join(textwrap.fill(line, 76) for line in self.example.split("\n"))
        parts = [
            textwrap.fill(f"{self.id} ({self.kind}): {self.title}", 80),
            textwrap.fill(self.meaning, 80),
            *([textwrap.indent(example, "    ")] if example else []),
            textwrap.fill(
                f"What to do: {self.remedy}", 80, break_long_words=False, break_on_hyphens=False
            ),
        ]
        return "\n\n".join(parts)
