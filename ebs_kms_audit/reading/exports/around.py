"""Which kept rows of a large export bear on denials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.distinct import are_among, distinct
from ebs_kms_audit.reading.exports.hashing import hash_texts
from ebs_kms_audit.reading.exports.kept import ODD, KeptRows
from ebs_kms_audit.reading.related import NEAR, RelatedEvents


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What the denials have, as hashes.

    users     the times of the denials of each User name, sorted
    requests  the Request IDs
    keys      the access keys
    """

    users: Mapping[int, Array]
    requests: Array
    keys: Array

    @classmethod
    def of(cls, related: RelatedEvents) -> Around:
        """Return what the denials have."""
        times: dict[str, list[float]] = {}
        for (name, *_), seconds in related.callers.items():
            times.setdefault(name or "", []).extend(seconds)
        return cls(
            users={
                user: np.sort(np.array(seconds))
                for user, seconds in zip(
                    hash_texts(list(times)).tolist(), times.values(), strict=True
                )
            },
            requests=np.sort(hash_texts(sorted(related.request_ids))),
            keys=np.sort(hash_texts(sorted(related.access_keys))),
        )


def places_around(related: Around, kept: Mapping[str, KeptRows]) -> Array:
    """Return the places of the rows that bear on denials and must be parsed, in order, each once.

    Changes and EC2 calls are left out, and successes whose caller is known without parsing.
    """
    users = _users_of(related)
    return in_order(
        kept["successes"].those(lambda rows: rows["user"] == ODD),
        kept["sessions"].those(lambda rows: are_among(rows["key"], related.keys)),
        kept["holders"].those(lambda rows: are_among(rows["user"], users)),
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
    return rows[are_among(rows["user"], _users_of(related))]


def of_denials(related: Around, rows: Array) -> Array:
    """Return which EC2 calls have the User name or the Request ID of a denial."""
    return are_among(rows["user"], _users_of(related)) | are_among(rows["key"], related.requests)


def successes_of(related: Around, kept: Mapping[str, KeptRows]) -> Array:
    """Return the places of the successes of the callers of denials, if they are known."""
    users = np.sort(np.array(list(related.users), dtype=np.uint64))
    return kept["successes"].those(lambda rows: are_among(rows["user"], users))


def _users_of(related: Around) -> Array:
    """Return the hashes of the User names, and ODD, sorted."""
    return np.array(sorted([int(ODD), *related.users]), dtype=np.uint64)


def must_be_parsed(related: Around, calls: Array) -> Array:
    """Return which EC2 calls have the Request ID of a denial or a symptom, or an odd User name."""
    found: Array = (calls["user"] == ODD) | are_among(calls["key"], related.requests)
    return found


def _calls(related: Around, rows: Array) -> Array:
    """Return the EC2 calls near a denial of the same User name, or of the same Request ID."""
    chosen = are_among(rows["key"], related.requests) | (rows["user"] == ODD)
    order = np.argsort(rows["user"], kind="stable")
    users = rows["user"][order]
    for user, times in related.users.items():
        first = np.searchsorted(users, np.uint64(user), side="left")
        end = np.searchsorted(users, np.uint64(user), side="right")
        of_user = order[first:end]
        seconds = rows["time"][of_user].astype(np.float64)
        after = np.searchsorted(times, seconds - NEAR)
        near = after < len(times)
        near[near] = times[after[near]] <= seconds[near] + NEAR
        chosen[of_user[near]] = True
    found: Array = rows[chosen]
    return found
