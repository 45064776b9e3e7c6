"""The changes to keys in a large export, in rows such as those of RetireGrant.

The calls that failed because of the state of a key are looked up in the same way.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.model import Event, Listed
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.distinct import distinct
from ebs_kms_audit.reading.exports.large.listed import ListedRows, RowTexts
from ebs_kms_audit.reading.exports.large.places import some_of


class Changes(NamedTuple):
    """The changes that concern the denials at one place.

    places   places of rows of the file
    numbers  the numbers of the changes among them, in order of time
    times    their times, in seconds since 1970
    lines    their lines
    texts    the texts of rows that findings list
    """

    places: Array
    numbers: Array
    times: Sequence[int]
    lines: Sequence[int]
    texts: RowTexts

    def events(self, begin: int, end: int) -> list[Event]:
        """Return the events of the changes from one number to another, counted in order of time."""
        return self.texts.read(some_of(self.places, self.numbers[begin:end]))

    def listed(self, begin: int, end: int) -> list[Listed]:
        """Return the changes from one number to another, counted in order of time."""
        some = slice(begin, end)
        return self.texts.listed(
            self.places, self.numbers[some], self.times[some], self.lines[some]
        )


class ChangeRows(ListedRows):
    """Changes or failed calls that are counted. Only the texts of those that are listed are kept.

    groups  an event for each group of changes, by the hash of the group; it has the Region, the
            account and the resources of all of them
    """

    def __init__(self, places: Array, groups: Mapping[int, Event], texts: RowTexts) -> None:
        super().__init__(places, places["id"], texts)
        self.groups = groups

    def of_groups(self, groups: Iterable[int]) -> Changes:
        """Return the changes of some groups.

        The rows that other inputs hold are left out before the first call, because the numbers of
        the groups are remembered.
        """
        order, spans = self._by_group
        parts = [order[begin:end] for begin, end in (spans.get(group, (0, 0)) for group in groups)]
        found = np.sort(np.concatenate([order[:0], *parts]))
        times, lines = (  # as arrays a tenth of lists of numbers
            array("I", self._places[name][found].tobytes()) for name in ("time", "line")
        )
        return Changes(self._places, found, times, lines, self._texts)

    @cached_property
    def _by_group(self) -> tuple[Array, dict[int, tuple[int, int]]]:
        """The numbers of rows in order of their groups, and where those of each group are."""
        order = np.argsort(self._places["group"], kind="stable")
        groups, begins, _ = distinct(self._places["group"][order])
        spans = pairwise([*begins.tolist(), len(order)])
        return order, dict(zip(groups.tolist(), spans, strict=True))
