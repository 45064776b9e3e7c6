"""Outcome: whether a call is allowed by everything that was given."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """Whether a call is allowed, by everything that was given."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDECIDED = "undecided"
    """It depends on something that was not given."""


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return denied if one is, else undecided if one is, else allowed."""
    found = set(outcomes)
    for outcome in (Outcome.DENIED, Outcome.UNDECIDED):
        if outcome in found:
            return outcome
    return Outcome.ALLOWED
