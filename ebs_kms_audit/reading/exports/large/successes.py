"""The last successes in a large export, by caller. Only the text of a listed one is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.model import Event, Listed
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.distinct import distinct
from ebs_kms_audit.reading.exports.large.listed import RowTexts
from ebs_kms_audit.reading.exports.large.places import hash_names, is_internal
from ebs_kms_audit.reading.related import Caller, caller_of


class SuccessRow(NamedTuple):
    """The last success of a caller with one operation, service and key.

    alike     an event with the same name, Region, account and resources
    internal  whether AWS made the call itself: the Source IP address is `AWS Internal`
    time      in seconds since 1970
    line      the line in the file
    number    its number among all successes of the file
    """

    alike: Event
    internal: bool
    time: int
    line: int
    number: int


class SuccessRows:
    """The successes of one file.

    places  the places of the rows, one for each caller, operation, service and key
    every   returns the places of all rows, also of the callers that cannot be asked for
    names   the User names that can be asked for
    alike   returns an event with the name, the Region, the account and the resources of a group
    texts   the texts of the rows that findings list
    """

    def __init__(
        self,
        places: Array,
        every: Callable[[], Array],
        names: Collection[str],
        alike: Callable[[int], Event],
        texts: RowTexts,
    ) -> None:
        self._places = places[np.argsort(places["user"], kind="stable")]
        hashes = hash_names([*names, ""])
        first, after = (
            np.searchsorted(self._places["user"], hashes, side=side).tolist()
            for side in ("left", "right")
        )
        spans = zip((*names, ""), first, after, strict=True)
        self._spans = {name: (first, after) for name, first, after in spans if first != after}
        self._every = every
        self._alike = alike
        self._texts = texts
        self._by_caller: dict[str | None, dict[Caller, list[SuccessRow]]] = {}

    @property
    def file(self) -> str:
        """The name of the file."""
        return self._texts.file

    def of(self, caller: Caller) -> Sequence[SuccessRow]:
        """Return the successes of a caller."""
        name = caller[0]
        found = self._by_caller.get(name)
        if found is None:
            span = self._spans.get(name or "")
            if span is None:  # as for most callers
                return ()
            found = self._by_caller[name] = self._of_name(name, *span)
        return found.get(caller, ())

    def latest(self) -> Iterator[tuple[Event, int]]:
        """Yield an event of each group of successes, and the time of the last one of the group."""
        places = self._every()
        groups, _, numbers = distinct(places["group"])
        latest = np.zeros(len(groups), dtype=places["time"].dtype)
        np.maximum.at(latest, numbers, places["time"])
        for group, time in zip(groups.tolist(), latest.tolist(), strict=True):
            yield self._alike(group), time

    def _of_name(self, name: str | None, first: int, after: int) -> dict[Caller, list[SuccessRow]]:
        """Return the successes of the callers with a User name, from one number to another."""
        found: dict[Caller, list[SuccessRow]] = {}
        places = self._places[first:after]
        for number, group, internal, time, line in zip(
            range(first, after), places["group"].tolist(), is_internal(places).tolist(),
            places["time"].tolist(), places["line"].tolist(), strict=True,
        ):  # fmt: skip
            row = SuccessRow(self._alike(group), internal, time, line, number)
            _, account, region = caller_of(row.alike)
            found.setdefault((name, account, region), []).append(row)
        return found

    def listed(self, row: SuccessRow) -> Listed:
        """Return a row that a finding lists."""
        number = np.array([row.number])
        (listed,) = self._texts.listed(self._places, number, [row.time], [row.line])
        return listed
