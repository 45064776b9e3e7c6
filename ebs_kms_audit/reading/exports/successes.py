"""The last successes in a large export, by caller. A row is parsed only where it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.exports.hashing import Array, hash_texts


class SuccessRow(NamedTuple):
    """The last success of a caller with one operation, service and key.

    alike     an event with the same name, Region, account and resources
    internal  whether AWS made the call itself: the Source IP address is `AWS Internal`
    time      in seconds since 1970
    line      the line in the file
    place     its place among all rows
    """

    alike: Event
    internal: bool
    time: int
    line: int
    place: int


class SuccessRows:
    """The successes of one file.

    rows       the rows, one for each caller, operation, service and key
    names      the User names that can be asked for
    alike      returns an event with the name, the Region, the account and the resources of a group
    events_at  returns the events of rows
    """

    def __init__(
        self,
        rows: Array,
        names: Collection[str],
        alike: Callable[[int], Event],
        events_at: Callable[[Array], Iterator[Event]],
    ) -> None:
        self._rows = rows[np.argsort(rows["user"], kind="stable")]
        hashes = hash_texts([*names, ""])
        first, after = (
            np.searchsorted(self._rows["user"], hashes, side=side).tolist()
            for side in ("left", "right")
        )
        self._places = dict(zip((*names, ""), zip(first, after, strict=True), strict=True))
        self._alike = alike
        self._events_at = events_at

    def of(self, user_name: str | None) -> Iterator[SuccessRow]:
        """Yield the successes of the callers with a User name."""
        first, after = self._places.get(user_name or "", (0, 0))
        rows = self._rows[first:after]
        for place, group, internal, time, line in zip(
            range(first, after), rows["group"].tolist(), (rows["key"] & 1).tolist(),
            rows["time"].tolist(), rows["line"].tolist(), strict=True,
        ):  # fmt: skip
            yield SuccessRow(self._alike(group), bool(internal), time, line, place)

    def event(self, row: SuccessRow) -> Event:
        """Return the event of a row."""
        (event,) = self._events_at(self._rows[row.place : row.place + 1])
        return event
