"""Places: what is kept of a row of a large export that may bear on a denial.

When all denials are known, the places of the rows that bear on them are chosen, and only these rows
are read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.hashing import LONGEST, hash_texts

PLACE = np.dtype(
    [("offset", "u8"), ("length", "u4"), ("line", "u4"), ("time", "u4"), ("user", "u8"),
     ("id", "u8"), ("group", "u8")]
)  # fmt: skip
"""The place of a row.

offset, length  where it is in the file, without its line end
line            the number of its line
time            its time, in seconds since 1970
user            the hash of its User name: 0 for an empty one, ODD for one that must be parsed to be
                compared; 0 for all AssumeRole calls
id              the hash of what identifies it among the rows of its kind, as in `KINDS`
group           the hash of its group, as in `Groups`
"""
ODD = np.uint64(1)
_OF_NO_PLACE = np.uint64(2)
INTERNAL = np.uint64(1)
"""The last bit of the `id` of a success, if AWS made the call itself."""


class PlaceKind(NamedTuple):
    """A kind of rows that may bear on a denial.

    keep  which of the rows with one `id` are kept: all, the first one in the file, or the latest
          one (of several with the latest time, the first one in the file)
    most  how many rows are kept at most
    """

    keep: Literal["all", "first", "latest"]
    most: int


KINDS = {
    "calls": PlaceKind("all", 1_500_000),
    "failures": PlaceKind("all", 1_500_000),
    "changes": PlaceKind("all", 1_000_000),
    "key_errors": PlaceKind("all", 1_000_000),
    "successes": PlaceKind("latest", 500_000),
    "sessions": PlaceKind("all", 1_000_000),
    "holders": PlaceKind("first", 500_000),
}
"""The kinds of rows that may bear on a denial, and what the `id` of a row is.

calls       EC2 calls: the Request ID
failures    EC2 calls with an error that is a symptom: 0
changes     changes to keys: the Event ID
key_errors  KMS calls that failed because of the state of a key: the Event ID
successes   successful KMS calls of the kinds that EBS needs: the caller, the operation, the key,
            and in the last bit whether AWS made the call itself (INTERNAL)
sessions    AssumeRole calls: the access key that was returned; a place for each, if there are more
holders     rows that show that a user has a long-term access key: the User name and the account
"""

_WHOLE = f"V{PLACE.itemsize}"  # whole places are copied in less time than their fields


def hash_names(names: Sequence[str]) -> Array:
    """Return the `user` that places with these User names have. A name without a hash has none."""
    found = hash_texts(names)
    for number, name in enumerate(names):
        if len(name.encode("utf-8", "surrogatepass")) > LONGEST:
            found[number] = _OF_NO_PLACE
    return found


def is_internal(successes: Array) -> Array:
    """Return which successful calls AWS made itself."""
    found: Array = successes["id"] & INTERNAL != 0
    return found


def joined(several: Iterable[Array]) -> Array:
    """Return places one after the other."""
    parts = (places.view(_WHOLE) for places in several)
    return np.concatenate([np.empty(0, _WHOLE), *parts]).view(PLACE)


def some_of(places: Array, numbers: Array) -> Array:
    """Return the places with these numbers."""
    found: Array = places.view(_WHOLE)[numbers].view(PLACE)
    return found


def one_of_each(places: Array, *, latest: bool) -> Array:
    """Return the first place of each `id`, or the first of the latest, in order of the file.

    The places are in order of the file.
    """
    if len(places) < 2:
        return places
    ids = np.ascontiguousarray(places["id"])
    order = np.argsort(ids)
    ids = ids[order]
    begins = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
    numbers = order
    if latest:
        times = places["time"][order]
        last = np.repeat(np.maximum.reduceat(times, begins), np.diff(begins, append=len(ids)))
        numbers = np.where(times == last, order, len(places))
    return some_of(places, np.sort(np.minimum.reduceat(numbers, begins)))
