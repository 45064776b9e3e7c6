"""The changes to keys in a large export, in rows such as those of RetireGrant."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.model import Event, Listed
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.distinct import distinct
from ebs_kms_audit.reading.exports.listed import ListedRows, RowTexts


class ChangesBetween(NamedTuple):
    """Changes between two times, and those before them.

    changes     changes, in order of time and place
    begin, end  where the changes between the times begin and end
    """

    changes: Changes
    begin: int
    end: int

    @property
    def size(self) -> int:
        """How many changes there are between the times."""
        return self.end - self.begin

    def last(self, most: int) -> list[Listed]:
        """Return the last changes between the times, in order."""
        return self.changes.listed(max(self.begin, self.end - most), self.end)

    def last_before(self) -> list[Listed]:
        """Return the last change before the times, if there is none between them."""
        return [] if self.size else self.changes.listed(max(0, self.end - 1), self.end)


class Changes(NamedTuple):
    """The changes that concern the denials at one place.

    rows    rows of the file
    places  the places of the changes among the rows, in order of time
    times   their times, in seconds since 1970
    lines   their lines
    texts   the texts of rows that findings list
    """

    rows: Array
    places: Array
    times: Sequence[int]
    lines: Sequence[int]
    texts: RowTexts

    def between(self, begin: float, end: float) -> ChangesBetween:
        """Return the changes between two times, both included."""
        return ChangesBetween(self, bisect_left(self.times, begin), bisect_right(self.times, end))

    def listed(self, begin: int, end: int) -> list[Listed]:
        """Return some of the changes, in order."""
        some = slice(begin, end)
        return self.texts.at(self.rows, self.places[some], self.times[some], self.lines[some])


class ChangeRows(ListedRows):
    """Changes that are counted. Only the texts of those that a finding lists are kept.

    kinds  one event for each Region, account and resources, by the hash that the rows have as
           `user`; it has the Region, the account and the resources of all its changes
    """

    def __init__(self, rows: Array, kinds: Mapping[int, Event], texts: RowTexts) -> None:
        super().__init__(rows, texts)
        self.kinds = kinds

    def of_kinds(self, kinds: Iterable[int]) -> Changes:
        """Return the changes of some kinds. Leave out rows before."""
        order, places = self._by_kind
        spans = (places.get(kind, (0, 0)) for kind in kinds)
        parts = [order[begin:end] for begin, end in spans]
        found = np.sort(np.concatenate([order[:0], *parts]))
        times, lines = (  # as arrays a tenth of lists of numbers
            array("I", self._rows[name][found].tobytes()) for name in ("time", "line")
        )
        return Changes(self._rows, found, times, lines, self._texts)

    @cached_property
    def _by_kind(self) -> tuple[Array, dict[int, tuple[int, int]]]:
        """The places of rows in order of their kinds, and where those of each kind are."""
        order = np.argsort(self._rows["user"], kind="stable")
        kinds, begins, _ = distinct(self._rows["user"][order])
        spans = pairwise([*begins.tolist(), len(order)])
        return order, dict(zip(kinds.tolist(), spans, strict=True))
