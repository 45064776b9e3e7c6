"""The key policies in the log, and the policy that was in force at a time.

Sources: AWS KMS Developer Guide, "Logging AWS KMS API calls" (PutKeyPolicy, CreateKey and
ReplicateKey entries), "Default key policy" and "Grants in AWS KMS". A change of a
policy takes effect within five minutes. AWS documents this for grants. It is inferred for key
policies.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.identify import is_kms, key_names
from ebs_kms_audit.model import Event, KeyRef
from ebs_kms_audit.reading.related import time_of

SETTLES = 300.0
"""The time after a change in which the previous policy can still be in force, in seconds."""
_POLICY_EVENTS = frozenset({"PutKeyPolicy", "CreateKey", "ReplicateKey"})
_MOST_CHARACTERS = 64 << 20  # of documents; key policies have at most 32 KiB
_MOST_EDITS = 20_000

_Place = tuple[str | None, str]  # Region and key id: a replica has the id of its primary key


class PolicyEdit(NamedTuple):
    """One event that set the policy of a key.

    event     the event
    key       the ARN of the key, or its id; None if the event has neither, so that it can be any
              key in the Region
    document  the policy as JSON text; None if the log does not contain it
    default   whether the document is the default policy that AWS documents, because the event has
              no policy
    """

    event: Event
    key: str | None
    document: str | None
    default: bool = False

    @property
    def time(self) -> datetime | None:
        """The time of the event."""
        return self.event.time

    @property
    def who(self) -> str | None:
        """The caller of the event: the ARN in the record, or the User name of the row."""
        identity = self.event.identity
        return (identity.arn if identity else None) or self.event.user_name


class KeyPolicyHistory:
    """The edits of the policy of one key, in ascending order of time."""

    def __init__(self, edits: Sequence[PolicyEdit]) -> None:
        self.edits = tuple(sorted(edits, key=_order))
        self._times = [time_of(edit.event) for edit in self.edits]

    @property
    def latest(self) -> PolicyEdit:
        """The last edit."""
        return self.edits[-1]

    def in_force(self, event: Event) -> tuple[PolicyEdit | None, ...]:
        """Return the edits that can have been in force at the time of an event, the last one first.

        None means a policy that is not in the log: the policy before the first edit, or that of an
        edit without a document. For an event without a time, the last edit is used.
        """
        if event.time is None:
            return (_known(self.latest),)
        now = time_of(event)
        last = bisect_right(self._times, now)
        if last == 0:
            return (None,)
        # Each edit in the last five minutes, and the edit before these, can be in force.
        first = last - 1
        while first >= 0 and now - self._times[first] <= SETTLES:
            if self.edits[first].event.name != "PutKeyPolicy":  # the key had no policy before
                return tuple(map(_known, reversed(self.edits[first:last])))
            first -= 1
        candidates = [_known(edit) for edit in reversed(self.edits[max(first, 0) : last])]
        return (*candidates, None) if first < 0 else tuple(candidates)


class PolicyHistory:
    """Collects the events that set a key policy. Add all of them before a lookup."""

    def __init__(self) -> None:
        self._edits: dict[object, PolicyEdit] = {}
        self._unplaced: list[PolicyEdit] = []
        self._documents: dict[str, str | None] = {}
        self._characters = 0
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._edits)

    @property
    def has_documents(self) -> bool:
        """Whether a policy is known. Rows of an export show edits without the policy."""
        return any(edit.document is not None for edit in self._edits.values())

    def add(self, event: Event) -> None:
        """Add an event that an audit needs. An event that set no key policy is ignored."""
        if not is_policy_edit(event):
            return
        known = self._edits.get(event.uid)
        if known is None and len(self._edits) >= _MOST_EDITS:
            self.overflowed = True
        elif known is None or (known.document is None and event.policy is not None):
            edit = self._edit(event)
            if edit is not None:
                self._edits[event.uid] = edit

    def _edit(self, event: Event) -> PolicyEdit | None:
        record = event.policy
        names = {name for name in key_names(event) if not name.startswith("alias/")}
        key = (record.key if record else None) or (names.pop() if len(names) == 1 else None)
        if event.name != "PutKeyPolicy" and (record is None or key is None):
            return None
        document, default = (record.document, record.default) if record else (None, False)
        if default and key is not None:
            document = default_policy(event, key)
        if document is not None:
            document = self._kept(document) if key is not None else None
        if document is None and event.name != "PutKeyPolicy":
            return None
        return PolicyEdit(event=event, key=key, document=document, default=default)

    def _kept(self, document: str) -> str | None:
        """Return the stored copy of a document; None if it is not valid or there are too many."""
        if document not in self._documents:
            self._characters += len(document)
            if self._characters > _MOST_CHARACTERS:
                self.overflowed = True
                return None
            self._documents[document] = document if _is_valid(document) else None
        return self._documents[document]

    def of(self, key: KeyRef, region: str | None) -> KeyPolicyHistory | None:
        """Return the history of the policy of a key; None if the log has no edit of it."""
        arn = Arn.parse(key.arn)
        key_id = arn.name if arn else key.id
        if key_id is None:
            return None
        place = (arn.region if arn else region, key_id)
        edits = self._by_place.get(place)
        if not edits:
            return None
        of_any_key = [edit for edit in self._unplaced if edit.event.region in (None, place[0])]
        return KeyPolicyHistory([*edits, *of_any_key])

    def __iter__(self) -> Iterator[KeyPolicyHistory]:
        """Iterate over the histories of all keys."""
        return (KeyPolicyHistory(edits) for edits in self._by_place.values())

    @cached_property
    def _by_place(self) -> dict[_Place, list[PolicyEdit]]:
        places: dict[_Place, list[PolicyEdit]] = {}
        for edit in self._edits.values():
            if edit.key is None:
                self._unplaced.append(edit)
                continue
            arn = Arn.parse(edit.key)
            place = (arn.region, arn.name) if arn else (edit.event.region, edit.key)
            places.setdefault(place, []).append(edit)
        return places


def is_policy_edit(event: Event) -> bool:
    """Return whether an event set the policy of a key. A failed call does not."""
    return (
        event.name in _POLICY_EVENTS
        and event.error_code is None
        and is_kms(event)
        and event.time is not None
        and (event.policy is None or event.policy.of_key)
    )


def default_policy(event: Event, key: str) -> str | None:
    """Return the default key policy as JSON text; None if the account of the key is unknown.

    Source: AWS KMS Developer Guide, "Default key policy". A key that is created without a
    policy has this policy.
    """
    arn = Arn.parse(key)
    account = arn.account if arn else event.account
    if not account:
        return None
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{arn.partition if arn else 'aws'}:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def _known(edit: PolicyEdit) -> PolicyEdit | None:
    return edit if edit.document is not None else None


def _order(edit: PolicyEdit) -> tuple[float, bool]:
    # A replica has a CreateKey and a ReplicateKey event of equal time. ReplicateKey has the policy.
    return time_of(edit.event), not edit.default


def _is_valid(document: str) -> bool:
    from ebs_kms_audit.errors import PolicyError
    from ebs_kms_audit.policy import KeyPolicy  # most inputs have no policy

    try:
        KeyPolicy.from_json(document)
    except PolicyError:
        return False
    return True
