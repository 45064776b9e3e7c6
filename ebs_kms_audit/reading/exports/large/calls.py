"""The EC2 calls near denials in a large export, in rows that say nothing else of a denial.

Most calls of a busy account are such rows: they name no KMS key, and no resource of a symptom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.aws.ebs_operations import EC2_ID
from ebs_kms_audit.model import Event, Listed
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.large.distinct import distinct
from ebs_kms_audit.reading.exports.large.listed import ListedRows, RowTexts
from ebs_kms_audit.reading.exports.large.places import hash_names, joined
from ebs_kms_audit.reading.related import Caller, caller_of, spans_near

_NAMES_OF_KEYS = ("kms", "alias/", "mrk-", "\\")
"""Parts of a key ARN, an alias and a key id; and an escape in JSON, which can hide them."""
_UUID = re.compile(r"-[0-9a-f]{4}-")

_CallerHash = tuple[int, str | None, str | None]
"""The hash of a User name, an account and a Region."""


class CallsNear(NamedTuple):
    """The calls of a caller near some times.

    places      the places of the calls, in order of time
    size        the number of calls
    operations  their Event names
    texts       the texts of rows that findings list
    """

    places: Array
    size: int
    operations: frozenset[str]
    texts: RowTexts

    def last(self, most: int) -> list[Listed]:
        """Return the last calls, in order."""
        last = self.places[-most:]
        every = np.arange(len(last))
        return self.texts.listed(last, every, last["time"].tolist(), last["line"].tolist())


class CallRows(ListedRows):
    """Calls that are counted. Only the texts of those that a finding lists are kept.

    names  the User names that can be asked for
    alike  returns an event with the name, the Region and the account of a group
    """

    def __init__(
        self,
        places: Array,
        event_ids: Array,
        names: Collection[str],
        alike: Callable[[int], Event],
        texts: RowTexts,
    ) -> None:
        super().__init__(places, event_ids, texts)
        names = [*names, ""]
        self._hashes = dict(zip(names, hash_names(names).tolist(), strict=True))
        self._alike = alike
        self._of: dict[_CallerHash, tuple[Array, list[float]]] | None = None

    def near(self, caller: Caller, times: Sequence[float]) -> CallsNear | None:
        """Return the calls of a caller near times, which are sorted; None if it made none."""
        if self._of is None:
            self._of = self._by_caller()
        name, account, region = caller
        user = self._hashes.get(name or "")
        found = None if user is None else self._of.get((user, account, region))
        if found is None:
            return None
        places, made_at = found
        spans = [places[begin:end] for begin, end in spans_near(made_at, times)]
        near = spans[0] if len(spans) == 1 else joined(spans)
        operations = frozenset(self._alike(group).name for group in {*near["group"].tolist()})
        return CallsNear(near, len(near), operations, self._texts)

    def _by_caller(self) -> dict[_CallerHash, tuple[Array, list[float]]]:
        """Return the places of the calls of each caller in order of time, and their times."""
        groups, _, inverse = distinct(self._places["group"])
        alike = [self._alike(group) for group in groups.tolist()]
        numbers: dict[tuple[str | None, ...], int] = {}
        owners = np.array(
            [numbers.setdefault(caller_of(one)[1:], len(numbers)) for one in alike],
            dtype=np.int64,
        )[inverse]
        order = np.lexsort((owners, self._places["user"]))  # stable: the order of time is kept
        places, owners = self._places[order], owners[order]
        users = places["user"]
        begins = np.flatnonzero((users[1:] != users[:-1]) | (owners[1:] != owners[:-1])) + 1
        parts = np.split(places, begins) if len(places) else []
        found = {}
        for part in parts:
            _, account, region = caller_of(self._alike(int(part["group"][0])))
            found[int(part["user"][0]), account, region] = part, part["time"].tolist()
        return found


def names_more(resources: str, of_symptoms: Collection[str]) -> bool:
    """Return whether a Resources cell can name a KMS key, or names one of these resources."""
    if any(part in resources for part in _NAMES_OF_KEYS) or _UUID.search(resources):
        return True
    return bool(of_symptoms) and any(name in of_symptoms for name in EC2_ID.findall(resources))
