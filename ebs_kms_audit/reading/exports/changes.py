"""The changes to keys in a large export: rows such as RetireGrant that name no key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.hashing import Array, hash_texts

_NO_ID = 0  # the hash of an empty Event ID


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangesBetween:
    """Changes between two times, and those before them.

    rows           changes of a Region and an account each, in order of time
    begins, ends   where the changes between the times begin and end
    events_at      returns the events of rows
    """

    rows: list[Array]
    begins: list[int]
    ends: list[int]
    events_at: Callable[[Array], Iterator[Event]]

    @property
    def count(self) -> int:
        """How many changes there are between the times."""
        return sum(self.ends) - sum(self.begins)

    def last(self, most: int) -> list[Event]:
        """Return the last changes between the times."""
        found = [
            rows[max(begin, end - most) : end]
            for rows, begin, end in zip(self.rows, self.begins, self.ends, strict=True)
        ]
        return [event for rows in found for event in self.events_at(rows)]

    def last_before(self) -> list[Event]:
        """Return the last change before the times, if there is none between them."""
        if self.count:
            return []
        found = [rows[end - 1 : end] for rows, end in zip(self.rows, self.ends, strict=True) if end]
        return [event for rows in found for event in self.events_at(rows)]


class ChangeRows:
    """Changes that are counted, and parsed only where a finding lists them.

    `made_in` are the Regions and accounts, by the hash that the rows have as `user`.
    """

    def __init__(
        self,
        rows: Array,
        made_in: Mapping[int, tuple[str | None, str | None]],
        events_at: Callable[[Array], Iterator[Event]],
    ) -> None:
        self._rows = rows[np.lexsort((rows["offset"], rows["time"]))]
        self._rows = self._rows[_last_of_each_id(self._rows)]
        self._made_in = made_in
        self._events_at = events_at
        self._parts: dict[int, Array] = {}

    def leave_out(self, event_ids: Iterable[str]) -> None:
        """Leave out the changes with these Event IDs: another input holds them."""
        known = hash_texts(sorted(event_ids))
        self._rows = self._rows[~np.isin(self._rows["key"], known)]

    def leave_out_rows_of(self, other: ChangeRows) -> None:
        """Leave out the changes that a later file holds as well."""
        known = other._rows["key"]
        self._rows = self._rows[~np.isin(self._rows["key"], known[known != _NO_ID])]

    def between(
        self, region: str | None, account: str | None, begin: float, end: float
    ) -> ChangesBetween:
        """Return the changes in a Region between two times, both included.

        With an account, the changes in other accounts are left out.
        """
        parts = [
            self._part(made_in)
            for made_in, (where, owner) in self._made_in.items()
            if where == region and (account is None or owner in (None, account))
        ]
        return ChangesBetween(
            rows=parts,
            begins=[int(np.searchsorted(rows["time"], begin, side="left")) for rows in parts],
            ends=[int(np.searchsorted(rows["time"], end, side="right")) for rows in parts],
            events_at=self._events_at,
        )

    def _part(self, made_in: int) -> Array:
        rows = self._parts.get(made_in)
        if rows is None:
            rows = self._parts[made_in] = self._rows[self._rows["user"] == made_in]
        return rows


def _last_of_each_id(rows: Array) -> Array:
    """Return which rows are the last with their Event ID; rows without one all are."""
    _, last = np.unique(rows["key"][::-1], return_index=True)
    chosen: Array = rows["key"] == _NO_ID
    chosen[len(rows) - 1 - last] = True
    return chosen
