"""The changes to keys in a large export, in rows such as those of RetireGrant."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.model import Event, Listed
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.distinct import distinct
from ebs_kms_audit.reading.exports.listed import ListedRows, RowTexts


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

    def listed(self, begin: int, end: int) -> list[Listed]:
        """Return the changes from one number to another, counted in order of time."""
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
        """Return the changes of some kinds.

        The rows that other inputs hold are left out before the first call, because the places of
        the kinds are remembered.
        """
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
