"""Failed KMS calls that are only counted, because they were not denied.

Of each group there are the first line, the first and the last time, and hashes of the Event IDs,
by which an event that is in several rows or inputs counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.model import Event
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.listed import NO_ID
from ebs_kms_audit.reading.timestamps import time_in


class ErrorGroup(NamedTuple):
    """The failed calls of one group in a range, as types that `marshal` accepts.

    group        the hash of the group
    line         the first line, counted from the start of the range
    first, last  the earliest and the latest time, in seconds since 1970
    event_ids    the hashes of the Event IDs, as bytes of an array
    """

    group: int
    line: int
    first: int
    last: int
    event_ids: bytes


class CountedErrors(NamedTuple):
    """Failed calls that agree in code, operation, account, Region and keys.

    event      an event with all that they have in common
    line       the line of the first one
    times      the earliest and the latest time
    event_ids  the hashes of their Event IDs
    """

    event: Event
    line: int
    times: tuple[datetime, datetime]
    event_ids: Array

    @classmethod
    def of(cls, event: Event, groups: Sequence[ErrorGroup]) -> CountedErrors:
        """Return the failed calls of one group in all ranges, with lines counted in the file."""
        first, last = min(one.first for one in groups), max(one.last for one in groups)
        zone = UTC if event.time is None or event.time.tzinfo else None
        return cls(
            event=event,
            line=min(one.line for one in groups),
            times=(time_in(first, zone), time_in(last, zone)),
            event_ids=np.frombuffer(b"".join(one.event_ids for one in groups), "u8"),
        )


def error_groups(rows: Iterable[tuple[Array, ...]]) -> list[ErrorGroup]:
    """Return the failed calls of a range by group.

    `rows` are, for some rows after the other, arrays of the hashes of their groups, their lines,
    their times and the hashes of their Event IDs.
    """
    parts = [*zip(*rows, strict=True)]
    if not parts:
        return []
    order = np.argsort(hashes := np.concatenate(parts[0]))
    hashes, lines, seconds, event_ids = (np.concatenate(one)[order] for one in parts)
    begins = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
    columns = (
        hashes[begins], np.minimum.reduceat(lines, begins),
        np.minimum.reduceat(seconds, begins), np.maximum.reduceat(seconds, begins),
    )  # fmt: skip
    ids = (part.tobytes() for part in np.split(event_ids, begins[1:]))
    return [*map(ErrorGroup, *(column.tolist() for column in columns), ids)]


def counted_once(event_ids: Iterable[Sequence[Array]]) -> list[int]:
    """Return how many events each part adds to the parts before it.

    A part is arrays of hashes of Event IDs. Each event without an Event ID counts.
    """
    parts = [*map(np.concatenate, event_ids)]
    every = np.concatenate(parts)
    ordered = np.sort(every)  # takes less time than `argsort`
    if not (ordered[1:] == ordered[:-1]).any():  # as in most inputs
        return [*map(len, parts)]
    owners = np.repeat(np.arange(len(parts)), [*map(len, parts)])
    order = np.argsort(every, kind="stable")
    every = every[order]
    counts = every == NO_ID
    counts[:1] = True
    counts[1:] |= every[1:] != every[:-1]
    found: list[int] = np.bincount(owners[order[counts]], minlength=len(parts)).tolist()
    return found
