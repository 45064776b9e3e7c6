"""What a page of `ebs-kms-audit explain` is."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the stable id, a title in one line, what it means and what to do."""

    id: str
    title: str
    meaning: str
    remedy: str

    def __str__(self) -> str:
        parts = (self.meaning, "What to do: " + self.remedy)
        return "\n\n".join([f"{self.id}: {self.title}", *(textwrap.fill(p, 80) for p in parts)])
