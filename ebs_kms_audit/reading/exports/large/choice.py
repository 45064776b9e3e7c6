"""Which of the rows that are kept of a large export bear on denials."""

from __future__ import annotations

from functools import cached_property
from itertools import chain

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.distinct import are_among, distinct
from ebs_kms_audit.reading.exports.large.places import ODD, hash_names
from ebs_kms_audit.reading.hashing import hash_texts
from ebs_kms_audit.reading.related import NEAR, RelatedEvents

_NEAR = int(NEAR)
_USER = 1 << 40  # more than any time in seconds
_LAST = np.iinfo(np.int64).max


class RowChoice:
    """Chooses the places of rows that bear on some denials.

    Each method takes places, and returns a truth value for each of them.
    """

    def __init__(self, related: RelatedEvents) -> None:
        self.related = related

    def may_bear(self, kind: str, places: Array) -> Array:
        """Return which rows of a kind in `places.KINDS` may bear on the denials."""
        if kind == "calls":
            return self.are_near(places)
        if kind == "sessions":
            return self.are_sessions(places)
        if kind in ("changes", "key_errors"):
            return np.ones(len(places), dtype=bool)
        return self.are_of_users(places) | are_odd(places)

    def are_of_users(self, places: Array) -> Array:
        """Return which rows have the User name of a denial."""
        return are_among(places["user"], self._users)

    def are_sessions(self, places: Array) -> Array:
        """Return which AssumeRole calls returned the access key of a denial."""
        return are_among(places["id"], self._access_keys)

    def must_be_parsed(self, calls: Array) -> Array:
        """Return which EC2 calls have the Request ID of a denial or a symptom, or an odd name."""
        found = are_odd(calls)
        if len(calls):  # without calls, the Request IDs of 40,000 denials need no hashes
            found |= are_among(calls["id"], self._requests)
        return found

    def are_near(self, calls: Array) -> Array:
        """Return which EC2 calls are near a denial of their User name, or must be parsed."""
        found = self.must_be_parsed(calls)
        of_users = np.flatnonzero(self.are_of_users(calls))
        users = np.searchsorted(self._users, calls["user"][of_users])
        earliest = users * _USER + calls["time"][of_users].astype(np.int64) - _NEAR
        down, up = self._denials
        found[of_users] |= up[np.searchsorted(down, earliest)] <= earliest + 2 * _NEAR
        return found

    @cached_property
    def _users(self) -> Array:
        """The hashes of the User names of denials, sorted."""
        return np.sort(hash_names(sorted({name or "" for name, *_ in self.related.callers})))

    @cached_property
    def _denials(self) -> tuple[Array, Array]:
        """The times of denials in order, rounded down and rounded up to seconds.

        The number of the User name times `_USER` is added to each. The last one is after all times.
        """
        callers = self.related.callers
        names = hash_names([name or "" for name, *_ in callers])
        counts = np.array([*map(len, callers.values())], dtype=np.intp)
        begins = np.repeat(np.searchsorted(self._users, names) * _USER, counts)
        times = np.array([*chain.from_iterable(callers.values())], dtype=np.float64)
        down, up = (
            np.append(np.sort(begins + rounded(times).astype(np.int64)), _LAST)
            for rounded in (np.floor, np.ceil)
        )
        return down, up

    @cached_property
    def _requests(self) -> Array:
        """The hashes of the Request IDs of denials and symptoms, sorted."""
        return np.sort(hash_texts(list(self.related.request_ids)))

    @cached_property
    def _access_keys(self) -> Array:
        """The hashes of the access keys of denials, sorted."""
        return np.sort(hash_texts(list(self.related.access_keys)))


def are_odd(places: Array) -> Array:
    """Return which rows have a User name that must be parsed to be compared."""
    found: Array = places["user"] == ODD
    return found


def in_order(*parts: Array) -> Array:
    """Return places in order of the file, each once."""
    found = np.concatenate(parts)
    places: Array = found[distinct(found["offset"]).first]
    return places
