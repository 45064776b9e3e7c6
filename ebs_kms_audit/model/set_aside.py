"""Rows that could not be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAside:
    """A row that could not be read.

    file    the input
    line    the number of the line, from 1 for the header; 0 if Spark read the file
    reason  why the row could not be read
    """

    file: str
    line: int
    reason: str
