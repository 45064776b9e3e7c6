"""Decides from the text of a record whether it must be decoded.

A record has a kind, and need not be decoded, if it is written as CloudTrail writes it (version,
identity, time, Event source, Event name) and shows no new long-term access key. The kind follows
from the rules of `aws.relevance`: needless, or a successful call that can have a sketch. In case of
doubt the record must be decoded.
"""

from __future__ import annotations

import re

from ebs_kms_audit.aws.relevance import HOLDERS_KEPT, NOT_RELEVANT, relevance
from ebs_kms_audit.reading.records.failed import FailedCalls
from ebs_kms_audit.reading.records.log_format import (
    AFTER_VERSION,
    IDENTITY,
    IDENTITY_END,
    SOURCE,
    VERSION_END,
)
from ebs_kms_audit.reading.records.sketches import Kind, Sketcher, kind_of
from ebs_kms_audit.reading.timestamps import TimeReader

_NAME = b'"eventName"'
NAMES_FROM, NAMES_TO = len(SOURCE), 95  # after the beginning of `SOURCE`: before the address
_NAMES = re.compile(rb'([a-z0-9-]+\.amazonaws\.com)","eventName":"([A-Za-z][A-Za-z0-9_]*)"')
_MINUTE = re.compile(rb'\},"eventTime":"(\d{4}-\d\d-\d\dT\d\d:\d\d)')
_SECONDS = frozenset(b':%02dZ",' % second for second in range(60))
_LONG_TERM_KEY = b'"accessKeyId":"AKIA'
_USER = re.compile(rb'\{"eventVersion":"[0-9.]+","userIdentity":(\{"type":"IAMUser"[^{}\\]*\})')
_ACCOUNT, _ACCOUNT_SIZE = b'"recipientAccountId":"', 12
_TO_SECONDS, _TO_MINUTE = (
    len(':34Z",'),
    len('},"eventTime":"2026-05-18T07:00:34Z",'),
)  # before `SOURCE`
_CONTROL = bytes(range(32))  # no text of a record has them
_NO_BRACKETS = bytes(set(range(256)) - set(b'"\\{}[]' + _CONTROL))
_NO_SHAPE = bytes(set(range(256)) - set(b'"{}'))
_STRING = re.compile(rb'"[^"\x00-\x1f]*"')
_LONG = 4_096  # too short to be nested deeper than a decoder can follow
_LONGEST_SHAPE = 2_000
_KEPT = 10_000  # answers of each kind
_DEEPEST = 50  # nested objects; each level needs one pass over the text
Holder = tuple[bytes, bytes]
"""The userIdentity and the account of a record."""


class RecordPrefilter:
    """Finds the records that need not be decoded.

    Of the records that are needed only for a long-term access key, the first of each user, key and
    account is decoded.

    sketcher  makes the sketches of the records of some kinds
    """

    def __init__(self) -> None:
        self.sketcher = Sketcher()
        self.failed = FailedCalls()
        self._kinds: dict[bytes, Kind | None] = {}
        self._minutes: set[bytes] = set()
        self._shapes: set[bytes] = set()
        self._holders: set[Holder] = set()

    def kind(self, text: bytes, begin: int, source: int, end: int) -> Kind | None:
        """Return the kind of a record that need not be decoded; None if it must be.

        The record begins at `begin`, the first Event source in it is at `source`, and its last
        brace is expected at `end`. It is there if the record has a kind and is valid JSON.
        """
        kind = self.kind_by_names(text[source + NAMES_FROM : source + NAMES_TO])
        if (
            kind is not None
            and text.startswith(AFTER_VERSION, begin + VERSION_END)
            and text[source - _TO_SECONDS : source] in _SECONDS
            and (
                (minute := text[source - _TO_MINUTE : source - _TO_SECONDS]) in self._minutes
                or self._is_minute(minute)
            )
            and text.find(SOURCE, source + len(SOURCE), end) == -1
            and text.count(_NAME, source, end) == 1  # otherwise it can be two, with damage between
            and (
                (text.find(b"[", begin, end) == -1 and end - begin < _LONG)
                or self.is_sound(text[begin : end + 1])
            )
            and (
                text.find(_LONG_TERM_KEY, begin, source) == -1
                or self.knows_holder(text, begin, source, end)
            )
        ):
            return kind
        return None

    def kind_by_names(self, names: bytes) -> Kind | None:
        """Return the kind of a record by what follows `SOURCE`, from `NAMES_FROM` to `NAMES_TO`."""
        if names in self._kinds:
            return self._kinds[names]
        found = _NAMES.match(names)
        kind: Kind | None = None
        if found is not None:
            name = found[2].decode()
            why = relevance(found[1].decode(), name)
            kind = "needless" if why is NOT_RELEVANT else kind_of(why, name)
        if len(self._kinds) >= _KEPT:
            self._kinds.clear()
        self._kinds[names] = kind
        return kind

    def knows_holder(self, text: bytes, begin: int, source: int, end: int) -> bool:
        """Return whether the holder of the long-term key of a record was noted.

        The record is written as CloudTrail writes it; its Event source is at `source`.
        """
        account = text.rfind(_ACCOUNT, source, end) + len(_ACCOUNT)
        user = text[begin + IDENTITY : source - IDENTITY_END]
        return (user, text[account : account + _ACCOUNT_SIZE]) in self._holders

    def note_holder(self, holder: Holder) -> None:
        """Remember who holds the long-term key of a record that could be read."""
        if len(self._holders) < HOLDERS_KEPT:
            self._holders.add(holder)

    def _is_minute(self, minute: bytes) -> bool:
        """Return whether it is the end of an object and a time in the usual form, to the minute."""
        found = _MINUTE.fullmatch(minute)
        if found is None or TimeReader().read(f"{found[1].decode()}:00Z") is None:
            return False
        if len(self._minutes) >= _KEPT:
            self._minutes.clear()
        self._minutes.add(minute)
        return True

    def is_sound(self, record: bytes) -> bool:
        """Return whether the text of a record is one object, in which each bracket is closed.

        No list in it can hold the beginning of another record then.
        """
        shape = record.translate(None, _NO_BRACKETS)
        if shape in self._shapes:
            return True
        brackets = without_escapes(record).translate(None, _NO_BRACKETS + b"\\")
        brackets = _STRING.sub(b"", brackets)
        if not (brackets and _is_nested(brackets) and _is_nested(brackets[1:-1])):
            return False
        if len(self._shapes) >= _KEPT:
            self._shapes.clear()
        if b"\\" not in shape and len(shape) <= _LONGEST_SHAPE:
            self._shapes.add(shape)
        return True


def holder_of(text: bytes, begin: int, end: int) -> Holder | None:
    """Return who holds the long-term key of a record; None if its caller has none.

    The record begins at `begin`, and its last brace is at `end`.
    """
    user = _USER.match(text, begin, end)
    if user is None or user[1].count(_LONG_TERM_KEY) != 1:
        return None
    account = text.rfind(_ACCOUNT, begin, end) + len(_ACCOUNT)
    return user[1], text[account : text.find(b'"', account, end)]


def is_whole(text: bytes) -> bool:
    """Return whether a text closes as many strings and objects as it opens."""
    shape = without_escapes(text).translate(None, _NO_SHAPE)
    # Two quotes side by side change nothing for the other characters. Few strings hold braces.
    shape = shape.replace(b'""', b"")
    if b'"' in shape:
        shape = _STRING.sub(b"", shape)  # braces in strings need no other
    return b'"' not in shape and shape.count(b"{") == shape.count(b"}")


def without_escapes(text: bytes) -> bytes:
    """Return a JSON text without escaped quotes, so that each quote begins or ends a string."""
    if b"\\" in text:
        return text.replace(rb"\\", b"").replace(rb"\"", b"")
    return text


def _is_nested(brackets: bytes) -> bool:
    """Return whether each bracket is closed, innermost first."""
    for _ in range(_DEEPEST):
        if not brackets:
            return True
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return False
