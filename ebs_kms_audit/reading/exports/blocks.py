"""The regular rows of one block → what an audit needs of them: a place, or the cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ebs_kms_audit.model import Window
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.hashing import Array, hash_spans, hash_texts, mixed, words_of
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.index import RowIndex
from ebs_kms_audit.reading.exports.kept import PLACE, one_of_each
from ebs_kms_audit.reading.exports.rows import Row
from ebs_kms_audit.reading.exports.window import ByteWindow

DOUBT, DAMAGED, NEEDED, COUNTED, CALL, SUCCESS, CHANGE, SESSION = (1 << n for n in range(8))
"""What a group of rows is: left to the plain reader, with a damaged account id, needed one by one,
counted; and of the counted: EC2 calls, successes, changes to a key, AssumeRole calls."""
_TEMPORARY_KEY = re.compile(rb"ASIA[A-Z2-7]{12,124}")
_SERVICE_ROLE = b":role/aws-service-role/"
_PLAIN_BYTE = np.array([33 <= byte <= 126 and byte != 34 for byte in range(256)])
_DIGIT = np.array([48 <= byte <= 57 for byte in range(256)])
_ADDRESS_END = _DIGIT | np.array([byte in b"abcdefABCDEF:" for byte in range(256)])


class Settings(NamedTuple):
    """How the rows of one file are written.

    sample        the first rows, which show the order of day and month in dates
    check_length  raises InputError where a line is too long for any row
    window        the span of time that the audit looks at: rows in it are needed one by one
    texts         whether to keep the text of rows, because the file cannot be read from any place
    """

    layout: Layout
    delimiter: str
    sample: Sequence[Row]
    check_length: Callable[[int], None]
    window: Window | None = None
    texts: bool = False


class Keeper(Protocol):
    """What keeps rows: the reader of the range."""

    @property
    def settings(self) -> Settings:
        """How the rows are written."""

    def parse(self, lines: list[bytes]) -> list[list[str]]:
        """Return the cells of regular rows."""

    def uncount(self, groups: list[int]) -> None:
        """Take rows out of the count of their groups: they are needed one by one."""

    def need(self, line: int, cells: list[str]) -> None:
        """Add a row to make an event of."""

    def keep(self, name: str, rows: Array, texts: dict[int, bytes]) -> None:
        """Keep the places of rows."""

    def region_hash(self, group: int) -> int:
        """Return the hash of the Region and the account of a group."""


class RegularRows:
    """The regular rows of one block, and what is kept of them."""

    def __init__(
        self,
        kept: Keeper,
        window: ByteWindow,
        index: RowIndex,
        seconds: Array,
        groups: Array,
    ) -> None:
        self._kept = kept
        self._window = window
        self._index = index
        self._words = words_of(window.buffer)
        self._content = np.frombuffer(window.buffer, dtype=np.uint8)
        self._seconds = seconds
        self._groups = groups
        self._starts = index.row_starts()
        self._ends = index.end(-1)

    def keep(self, flags: Array, holders: Array) -> None:
        """Sort the rows by what an audit needs of them."""
        needed = flags & NEEDED != 0
        window = self._kept.settings.window
        if window is not None:
            start, end = window.start.timestamp(), window.end.timestamp()
            inside = (self._seconds >= start) & (self._seconds <= end) & (flags & COUNTED != 0)
            self._kept.uncount(self._groups[inside].tolist())
            needed |= inside
            flags = np.where(needed, 0, flags)
        of_kms = flags & (SUCCESS | CHANGE) != 0
        rows = np.flatnonzero(of_kms)
        if len(rows):
            named = rows[self._names_resources(rows)]
            if len(named):  # a row that names a key is an event by itself
                self._kept.uncount(self._groups[named].tolist())
                needed[named] = True
            flags = np.where(needed, 0, flags)
            self._keep_successes(np.flatnonzero(flags & SUCCESS))
            self._keep("changes", np.flatnonzero(flags & CHANGE), self._regions, columns.EVENT_ID)
        self._keep("calls", np.flatnonzero(flags & CALL), self._users, columns.REQUEST_ID)
        self._keep_holders(np.flatnonzero(holders & ~needed))
        rows = np.flatnonzero(flags & SESSION)
        for row in rows.tolist():
            self._keep_session(row, needed)
        rows = np.flatnonzero(needed)
        if len(rows):
            lines = self._lines(rows).tolist()
            for line, cells in zip(lines, self._kept.parse(self._texts(rows)), strict=True):
                self._kept.need(line, cells)

    def _names_resources(self, rows: Array) -> Array:
        at = self._kept.settings.layout.positions.get(columns.RESOURCES)
        if at is None:
            return np.zeros(len(rows), dtype=bool)
        start, size = self._index.start(at)[rows], self._index.end(at)[rows]
        size = size - start
        nothing = (
            (size == 2)
            & (self._content[start] == ord("["))
            & (self._content[start + 1] == ord("]"))
        )
        named: Array = (size > 0) & ~nothing
        return named

    def _lines(self, rows: Array) -> Array:
        lines: Array = np.searchsorted(self._index.line_ends, self._starts[rows])
        return lines + self._window.line

    def _texts(self, rows: Array) -> list[bytes]:
        buffer = self._window.buffer
        pairs = zip(self._starts[rows].tolist(), self._ends[rows].tolist(), strict=True)
        return [bytes(buffer[start:end]) for start, end in pairs]

    def _cells(self, name: str, rows: Array) -> tuple[Array, Array]:
        at = self._kept.settings.layout.positions.get(name)
        if at is None:
            nothing = self._starts[rows]
            return nothing, nothing
        return self._index.start(at)[rows], self._index.end(at)[rows]

    def _hash(self, name: str, rows: Array) -> Array:
        return hash_spans(self._words, *self._cells(name, rows))

    def _users(self, rows: Array) -> Array:
        """Return hashes of the User names; 0 for names with quotes or spaces around them."""
        start, end = self._cells(columns.USER_NAME, rows)
        found = hash_spans(self._words, start, end) & np.uint64(0xFFFFFFFF)
        plain = _PLAIN_BYTE[self._content[start]] & _PLAIN_BYTE[self._content[end - 1]]
        found[~plain & (end > start)] = 0
        return found

    def _regions(self, rows: Array) -> Array:
        groups = self._groups[rows].tolist()
        return np.array([self._kept.region_hash(group) for group in groups], dtype=np.uint64)

    def _places(self, rows: Array, user: Array, key: Array) -> Array:
        places = np.empty(len(rows), PLACE)
        start = self._starts[rows]
        places["offset"] = start + (self._window.offset - self._window.begin)
        places["length"] = self._ends[rows] - start
        places["line"] = self._lines(rows)
        places["time"] = self._seconds[rows]
        places["user"] = user
        places["key"] = key
        return places

    def _keep(self, name: str, rows: Array, user: Any, key_column: str) -> None:
        if len(rows):
            places = self._places(rows, user(rows), self._hash(key_column, rows))
            self._put(name, places, rows)

    def _put(self, name: str, places: Array, rows: Array) -> None:
        texts = {}
        if self._kept.settings.texts:
            texts = dict(zip(places["offset"].tolist(), self._texts(rows), strict=True))
        self._kept.keep(name, places, texts)

    def _keep_successes(self, rows: Array) -> None:
        """Keep successes: of those with the same caller, operation and service, the last counts."""
        if not len(rows):
            return
        users = self._users(rows)
        start, end = self._cells(columns.SOURCE_IP, rows)
        service = hash_spans(self._words, start, end)
        client = (end > start) & _DIGIT[self._content[start]] & _ADDRESS_END[self._content[end - 1]]
        service[client] = 0
        key = mixed(mixed(self._groups[rows], self._hash(columns.USER_NAME, rows)), service)
        self._put_one_of_each("successes", rows, users, key, latest=True)

    def _keep_holders(self, rows: Array) -> None:
        """Keep rows with a long-term access key: of those of the same caller, the first counts."""
        if len(rows):
            key = mixed(self._hash(columns.USER_NAME, rows), self._hash(columns.ACCOUNT, rows))
            self._put_one_of_each("holders", rows, self._users(rows), key, latest=False)

    def _put_one_of_each(
        self, name: str, rows: Array, users: Array, key: Array, *, latest: bool
    ) -> None:
        places = self._places(rows, users, key)
        if self._kept.settings.texts:
            place_of = dict(zip(places["offset"].tolist(), rows.tolist(), strict=True))
            places = one_of_each(places, latest=latest)
            rows = np.array([place_of[offset] for offset in places["offset"].tolist()])
        self._put(name, places, rows)

    def _keep_session(self, row: int, needed: Array) -> None:
        """Keep an AssumeRole row by the access keys in its Resources."""
        at = self._kept.settings.layout.positions.get(columns.RESOURCES)
        if at is None:
            return
        start, end = int(self._index.start(at)[row]), int(self._index.end(at)[row])
        cell = bytes(self._window.buffer[start:end])
        if _SERVICE_ROLE in cell:  # its sessions are found by name, and there are few
            needed[row] = True
            self._kept.uncount([int(self._groups[row])])
            return
        keys = [key.decode() for key in _TEMPORARY_KEY.findall(cell)]
        if keys:
            rows = np.full(len(keys), row)
            places = self._places(rows, np.zeros(len(keys)), hash_texts(keys))
            self._put("sessions", places, rows)
