"""The changes to keys in a large export, in rows such as those of RetireGrant."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.hashing import Array
from ebs_kms_audit.reading.exports.listed import ListedRows


class ChangesBetween(NamedTuple):
    """Changes between two times, and those before them.

    rows        changes, in order of time and place
    begin, end  where the changes between the times begin and end
    events_of   returns the events of rows
    """

    rows: Array
    begin: int
    end: int
    events_of: Callable[[Array], Iterator[Event]]

    @property
    def size(self) -> int:
        """How many changes there are between the times."""
        return self.end - self.begin

    def last(self, most: int) -> Iterator[Event]:
        """Return the last changes between the times, in order."""
        return self.events_of(self.rows[max(self.begin, self.end - most) : self.end])

    def last_before(self) -> Iterator[Event]:
        """Return the last change before the times, if there is none between them."""
        return self.events_of(self.rows[max(0, self.end - 1) : 0 if self.size else self.end])


class Changes(NamedTuple):
    """The changes that concern the denials at one place.

    rows       changes, in order of time and place
    times      their times, in seconds since 1970
    events_of  returns the events of rows
    """

    rows: Array
    times: Sequence[int]
    events_of: Callable[[Array], Iterator[Event]]

    def between(self, begin: float, end: float) -> ChangesBetween:
        """Return the changes between two times, both included."""
        return ChangesBetween(
            self.rows, bisect_left(self.times, begin), bisect_right(self.times, end), self.events_of
        )


class ChangeRows(ListedRows):
    """Changes that are counted, and parsed only where a finding lists them.

    `kinds` has one event for each Region, account and resources, by the hash that the rows have as
    `user`.
    """

    def __init__(
        self,
        rows: Array,
        kinds: Mapping[int, Event],
        events_at: Callable[[Array], Iterator[Event]],
    ) -> None:
        super().__init__(rows, events_at)
        self._kinds = kinds

    def of_kinds(self, concerns: Callable[[Event], bool]) -> Changes:
        """Return the changes of the kinds that concern a denial.

        The event of a kind has the Region, the account and the resources of all its changes.
        """
        kinds = [kind for kind, event in self._kinds.items() if concerns(event)]
        rows = self._rows[np.isin(self._rows["user"], np.array(kinds, dtype=np.uint64))]
        return Changes(rows, rows["time"].tolist(), self._events_of)
