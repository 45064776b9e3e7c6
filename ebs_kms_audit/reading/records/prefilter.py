"""Finds the records that an audit does not need, from their text, without decoding them.

A record is skipped in this case: it begins as CloudTrail writes it (identity, time, Event source,
Event name), the audit does not need this Event source and Event name, and it has no new long-term
access key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE
from ebs_kms_audit.aws.relevance import HOLDERS_KEPT, relevant_names_pattern

MARK = b"\x01"  # no JSON holds it
_LONG_TERM_KEY = b'"accessKeyId":"AKIA'
_ACCOUNT = b'"recipientAccountId":"'


# Text from a caller is only after the Event name. AWS sets the names of the members before it, with
# at most nine nested objects.
_IDENTITY = r"\{(?:[^}]*+\}){1,9}?"
_ORDINARY = re.compile(
    rf'"[0-9.]+","userIdentity":{_IDENTITY},"eventTime":"[0-9TZ:-]*","eventSource":'
    rf'"(?!{re.escape(KMS_EVENT_SOURCE)})[a-z0-9-]+\.amazonaws\.com","eventName":'
    rf'"(?!{relevant_names_pattern(chr(34))})[A-Za-z][A-Za-z0-9_]*"'.encode()
)
_USER = re.compile(rb'"[0-9.]+","userIdentity":\{"type":"IAMUser"[^{}\\]*\}')


class RecordPrefilter:
    """Finds the records that an audit does not need.

    Of the records that are needed only for a long-term access key, the first of each user, key and
    account is enough. The body of a record is the text between `{"eventVersion":` and `}`.
    """

    def __init__(self) -> None:
        self._holders: set[tuple[bytes, bytes]] = set()

    def others(self, bodies: Sequence[bytes], joined: bytes) -> set[int]:
        """Return the numbers of the records that must be read.

        `joined` has all bodies, separated by MARK, for one search. Those of a
        long-term key are among them: when its turn comes, its holder may be known.
        """
        begun = enumerate(map(_ORDINARY.match, bodies))
        others = {number for number, found in begun if found is None}
        return others.union(_bodies_with(_LONG_TERM_KEY, joined))

    def is_of_known_holder(self, body: bytes) -> bool:
        """Return whether only a long-term key of a known holder makes the record relevant."""
        holder = _holder_of(body)
        return holder is not None and holder in self._holders and _ORDINARY.match(body) is not None

    def note_holder(self, body: bytes) -> None:
        """Remember who holds the long-term key of a record that could be read, if it has one."""
        holder = _holder_of(body)
        if holder is not None and len(self._holders) < HOLDERS_KEPT:
            self._holders.add(holder)


def _holder_of(body: bytes) -> tuple[bytes, bytes] | None:
    """Return user and account of a record whose one long-term key is its caller's."""
    user = _USER.match(body)
    if user is None or body.count(_LONG_TERM_KEY) != 1 or _LONG_TERM_KEY not in user[0]:
        return None
    account = body.rfind(_ACCOUNT) + len(_ACCOUNT)
    return user[0], body[account : body.find(b'"', account)]


def _bodies_with(word: bytes, joined: bytes) -> Iterator[int]:
    number = before = 0
    at = joined.find(word)
    while at != -1:
        number += joined.count(MARK, before, at)
        yield number
        before = at
        at = joined.find(word, at + 1)
