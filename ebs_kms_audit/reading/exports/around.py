"""Which kept rows of a large export bear on denials."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.distinct import are_among, distinct
from ebs_kms_audit.reading.exports.hashing import hash_texts
from ebs_kms_audit.reading.exports.kept import ODD, KeptRows
from ebs_kms_audit.reading.related import NEAR, RelatedEvents


class Around:
    """What the denials have, as hashes. Each is made when it is asked for."""

    def __init__(self, related: RelatedEvents) -> None:
        self.related = related

    @cached_property
    def users(self) -> Array:
        """The User names, sorted."""
        return np.sort(hash_texts(sorted({name or "" for name, *_ in self.related.callers})))

    @cached_property
    def times(self) -> Mapping[int, Array]:
        """The times of the denials of each User name, sorted."""
        times: dict[str, list[float]] = {}
        for (name, *_), seconds in self.related.callers.items():
            times.setdefault(name or "", []).extend(seconds)
        hashes = hash_texts(list(times)).tolist()
        sorted_times = (np.sort(np.array(seconds)) for seconds in times.values())
        return dict(zip(hashes, sorted_times, strict=True))

    @cached_property
    def requests(self) -> Array:
        """The Request IDs, sorted."""
        return np.sort(hash_texts(list(self.related.request_ids)))

    @cached_property
    def keys(self) -> Array:
        """The access keys, sorted."""
        return np.sort(hash_texts(list(self.related.access_keys)))


def places_around(related: Around, kept: Mapping[str, KeptRows]) -> Array:
    """Return the places of the rows that bear on denials and must be parsed, in order, each once.

    Changes and EC2 calls are left out, and successes whose caller is known without parsing.
    """
    return in_order(
        kept["successes"].those(lambda rows: rows["user"] == ODD),
        kept["sessions"].those(lambda rows: are_among(rows["key"], related.keys)),
        kept["holders"].those(lambda rows: _may_be_of_users(related, rows)),
    )


def in_order(*parts: Array) -> Array:
    """Return places in order, each once."""
    found = np.concatenate(parts)
    places: Array = found[distinct(found["offset"]).first]
    return places


def choose(related: Around, name: str, rows: Array) -> Array:
    """Return those of some kept rows that bear on denials."""
    if name == "calls":
        return _calls(related, rows)
    if name == "sessions":
        return rows[are_among(rows["key"], related.keys)]
    if name == "changes":
        return rows
    return rows[_may_be_of_users(related, rows)]


def of_denials(related: Around, rows: Array) -> Array:
    """Return which EC2 calls may have the User name or the Request ID of a denial."""
    return _may_be_of_users(related, rows) | are_among(rows["key"], related.requests)


def successes_of(related: Around, kept: Mapping[str, KeptRows]) -> Array:
    """Return the places of the successes of the callers of denials, if they are known."""
    return kept["successes"].those(lambda rows: are_among(rows["user"], related.users))


def _may_be_of_users(related: Around, rows: Array) -> Array:
    found: Array = are_among(rows["user"], related.users) | (rows["user"] == ODD)
    return found


def must_be_parsed(related: Around, calls: Array) -> Array:
    """Return which EC2 calls have the Request ID of a denial or a symptom, or an odd User name."""
    found: Array = (calls["user"] == ODD) | are_among(calls["key"], related.requests)
    return found


def _calls(related: Around, rows: Array) -> Array:
    """Return the EC2 calls near a denial of the same User name, or of the same Request ID."""
    if not len(rows):
        return rows
    chosen = must_be_parsed(related, rows)
    order = np.argsort(rows["user"], kind="stable")
    users = rows["user"][order]
    denied = related.users
    begins, ends = (np.searchsorted(users, denied, side=side) for side in ("left", "right"))
    for user in np.flatnonzero(begins < ends).tolist():
        of_user = order[begins[user] : ends[user]]
        times = related.times[int(denied[user])]
        seconds = rows["time"][of_user].astype(np.float64)
        after = np.searchsorted(times, seconds - NEAR)
        near = after < len(times)
        near[near] = times[after[near]] <= seconds[near] + NEAR
        chosen[of_user[near]] = True
    found: Array = rows[chosen]
    return found
