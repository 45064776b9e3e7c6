"""Needless rows of a query result, which an audit only counts: most, if the query has no filter.

The nested values of these rows are not parsed.
"""

from __future__ import annotations

from collections.abc import Sequence

from ebs_kms_audit.aws.relevance import HOLDERS_KEPT, NOT_RELEVANT, is_relevant, relevance
from ebs_kms_audit.reading.records.columns import Columns, utc_time
from ebs_kms_audit.reading.timestamps import TimeReader

_WITH_KEYS = ("userIdentity", "userIdentity.accessKeyId")
_OF_HOLDERS = ("caller", "key", "recipientAccountId")
_LONG_TERM_KEY = "AKIA"  # how one begins, as in `key_kind`


class NeedlessRows:
    """Tells which rows of one table are needless: an audit only counts them.

    Of rows that are needed only for a long-term access key, an audit needs the first of each caller
    and account.
    """

    def __init__(self, columns: Columns) -> None:
        self._places = columns.places
        # A whole record in a cell can have other names.
        self._has_names = "record" not in columns.places and "eventSource" in columns.places
        self._keys = [place for one in _WITH_KEYS for place in columns.places.get(one, ())]
        self._of_holder = [
            place
            for member, places in columns.places.items()
            for place in places
            if member in _OF_HOLDERS or member.startswith("userIdentity")
        ]
        self._holders: set[int] = set()

    def time(self, cells: Sequence[str]) -> str | None:
        """Return the time of the event in a needless row; "" without one.

        None if an audit needs more of the row, or if only its record shows whether it does.
        """
        if not self._has_names:
            return None
        source, name = self._text(cells, "eventSource"), self._text(cells, "eventName")
        why = relevance(source, name)
        if why is not NOT_RELEVANT and is_relevant(source, name):
            return None
        if "." not in source or not name or ":" in name:
            return None
        time = utc_time(self._text(cells, "eventTime"))
        if self._can_have_long_term_key(cells) and (
            why is not NOT_RELEVANT or self._is_new(cells, time)
        ):
            return None
        return time

    def _can_have_long_term_key(self, cells: Sequence[str]) -> bool:
        """Return whether the caller can have a long-term access key. An escape can hide one."""
        for place in self._keys:
            cell = cells[place]
            if _LONG_TERM_KEY in cell or "\\" in cell:
                return True
        return False

    def _text(self, cells: Sequence[str], member: str) -> str:
        """Return the text of a row that `Columns.values` has for a member; "" without one."""
        for place in self._places.get(member, ()):
            if text := cells[place].strip():
                return text
        return ""

    def _is_new(self, cells: Sequence[str], time: str) -> bool:
        """Return whether no earlier row with a time has the same caller and account."""
        holder = hash(tuple([cells[place] for place in self._of_holder]))
        if holder in self._holders:
            return False
        if len(self._holders) < HOLDERS_KEPT and TimeReader().read(time):
            self._holders.add(holder)
        return True
