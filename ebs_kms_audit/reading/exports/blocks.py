"""The regular rows of one block → what an audit needs of them: a place, or the cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.distinct import are_among
from ebs_kms_audit.reading.exports.groups import (
    CALL,
    CHANGE,
    COUNTED,
    EMPTY_LIST,
    NEEDED,
    SESSION,
    SUCCESS,
    USER,
    Groups,
)
from ebs_kms_audit.reading.exports.hashing import LONGEST, hash_spans, hash_texts, mixed, words_of
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.exports.index import RowIndex
from ebs_kms_audit.reading.exports.kept import ODD, PLACE, Seen
from ebs_kms_audit.reading.exports.needed import NeededRows
from ebs_kms_audit.reading.exports.rows import Row
from ebs_kms_audit.reading.exports.window import ByteWindow

if TYPE_CHECKING:
    from ebs_kms_audit.model import Window

_TEMPORARY_KEY = re.compile(rb"ASIA[A-Z2-7]{12,124}")
_SERVICE_ROLE = b":role/aws-service-role/"
_PLAIN_BYTE = np.array([33 <= byte <= 126 and byte != 34 for byte in range(256)])
_LAST_PRINTED = 126  # of the characters of ASCII
_AWS_INTE, _INTERNAL = (int.from_bytes(text, "little") for text in (b"AWS Inte", b"Internal"))
_INTERNAL_SIZE = len("AWS Internal")
_COMPARED_BY = {
    "calls": columns.REQUEST_ID,
    "changes": columns.EVENT_ID,
    "holders": columns.ACCOUNT,
}
"""The column that kept rows are compared by."""


class Settings(NamedTuple):
    """How the rows of one file are written.

    sample        the first rows, which show the order of day and month in dates
    check_length  raises InputError where a line is too long for any row
    window        the span of time that the audit looks at: rows in it are needed one by one
    texts         whether to keep the text of rows, because the file cannot be read from any place
    returns       whether there is a carriage return before the line feed at the end of a row
    """

    layout: Layout
    delimiter: str
    sample: Sequence[Row]
    check_length: Callable[[int], None]
    window: Window | None = None
    texts: bool = False
    returns: bool = False


class Keeper(Protocol):
    """What keeps rows: the reader of the range, which this module cannot import."""

    @property
    def settings(self) -> Settings:
        """How the rows are written."""

    @property
    def needed(self) -> NeededRows:
        """The rows to make events of."""

    @property
    def first_line(self) -> int:
        """The number of the line at which the range starts."""

    def keep(self, name: str, rows: Array, texts: dict[int, bytes]) -> None:
        """Keep the places of rows, and their texts by their offsets if the settings say so."""

    @property
    def groups(self) -> Groups:
        """The groups of rows."""

    @property
    def seen(self) -> Mapping[str, Seen]:
        """The successes and the holders that were kept."""


class RegularRows:
    """The regular rows of one block, and what is kept of them.

    index    where their cells are in the buffer of the window
    seconds  their times in seconds since 1970
    hashes   the hashes of their groups
    numbers  the numbers of their groups
    """

    def __init__(
        self,
        keeper: Keeper,
        window: ByteWindow,
        index: RowIndex,
        seconds: Array,
        hashes: Array,
        numbers: Array,
    ) -> None:
        self._keeper = keeper
        self._window = window
        self._index = index
        self._words = words_of(window.buffer)
        self._content = np.frombuffer(window.buffer, dtype=np.uint8)
        self._seconds = seconds
        self._group_hashes = hashes
        self._group_numbers = numbers
        self._starts = index.row_starts
        self._ends = index.row_ends

    def keep(self, flags: Array, holders: Array) -> None:
        """Keep of each row what an audit needs: nothing, its place, or its cells.

        `flags` are those of the groups, and `holders` are the rows with a long-term access key.
        """
        needed = flags & NEEDED != 0
        needed[self._naming_users(np.flatnonzero(flags & USER != 0))] = True
        window = self._keeper.settings.window
        if window is not None:
            start, end = window.start.timestamp(), window.end.timestamp()
            inside = (self._seconds >= start) & (self._seconds <= end) & (flags & COUNTED != 0)
            self._keeper.groups.uncount(self._group_numbers[inside])
            needed |= inside
            flags = np.where(needed, 0, flags)
        self._keep_places(flags, holders & ~needed)
        self._keep_sessions(np.flatnonzero(flags & SESSION != 0), needed)
        rows = np.flatnonzero(needed)
        if len(rows):
            self._need(rows)

    def _naming_users(self, rows: Array) -> Array:
        """Return which rows of IAM can have the ARN of a user: those with resources."""
        start, end = self._cells(columns.RESOURCES, rows)
        named: Array = rows[end - start > EMPTY_LIST]
        return named

    def _need(self, rows: Array) -> None:
        """Add rows to make events of."""
        self._keeper.needed.add_regular(
            self._window.buffer,
            self._starts[rows],
            self._index.delimiters[rows],
            self._lines(rows) - self._keeper.first_line,
            self._seconds[rows],
        )

    def _lines(self, rows: Array) -> Array:
        return self._index.lines_before(rows) + self._window.line

    def _texts(self, rows: Array) -> list[bytes]:
        buffer = self._window.buffer
        pairs = zip(self._starts[rows].tolist(), self._ends[rows].tolist(), strict=True)
        return [bytes(buffer[start:end]) for start, end in pairs]

    def _cells(self, name: str, rows: Array) -> tuple[Array, Array]:
        at = self._keeper.settings.layout.positions.get(name)
        if at is None:
            nothing = self._starts[rows]
            return nothing, nothing
        return self._index.start(at)[rows], self._index.end(at)[rows]

    def _keep_places(self, flags: Array, holders: Array) -> None:
        """Keep the places of EC2 calls, changes, successes and holders of long-term keys.

        Of successes with the same caller, operation and key, the last counts. Of the rows of one
        holder, the first counts.
        """
        parts = {
            name: np.flatnonzero(chosen)
            for name, chosen in (
                ("calls", flags & CALL != 0),
                ("changes", flags & CHANGE != 0),
                ("holders", holders),
                ("successes", flags & SUCCESS != 0),
            )
        }
        rows = np.concatenate(list(parts.values()))
        if not len(rows):
            return
        names, keys = self._hashes(parts, rows)
        begin = 0
        for name, part in parts.items():
            of_part = slice(begin, begin + len(part))
            begin += len(part)
            if not len(part):
                continue
            if name == "successes":
                self._keep_successes(part, names[of_part])
            else:
                self._keep_part(name, part, names[of_part], keys[of_part])

    def _keep_part(self, name: str, rows: Array, names: Array, keys: Array) -> None:
        """Keep the places of rows of one kind; of holders only those that are new."""
        if name == "holders":
            keys = mixed(names, keys)
            new = self._keeper.seen[name].new(keys, np.zeros(len(rows), dtype=np.int64))
            rows, names, keys = rows[new], names[new], keys[new]
        places = self._places(rows, self._user_hashes(rows, names), keys)
        if name == "changes":
            places["user"] = self._keeper.groups.change_hashes(self._group_numbers[rows])
        self._put(name, places, rows)

    def _keep_successes(self, rows: Array, names: Array) -> None:
        """Keep the places of new successes. The last bit of a key is 1 for `AWS Internal`."""
        keys = mixed(self._group_hashes[rows], names) & ~np.uint64(1)
        internal, odd = self._internal_addresses(rows)
        keys[internal] |= np.uint64(1)
        if len(odd):
            addresses = hash_spans(self._window.buffer, *self._cells(columns.SOURCE_IP, rows[odd]))
            keys[odd] = mixed(keys[odd], addresses) & ~np.uint64(1)
        new = self._keeper.seen["successes"].new(keys, self._seconds[rows])
        user = self._user_hashes(rows[new], names[new])
        user[are_among(new, odd)] = ODD
        self._put("successes", self._places(rows[new], user, keys[new]), rows[new])

    def _hashes(self, parts: Mapping[str, Array], rows: Array) -> tuple[Array, Array]:
        """Return the hashes of the User names, and of the cells that rows are compared by.

        All cells are hashed at once, because few rows of a block are kept.
        """
        cells = [self._cells(columns.USER_NAME, rows)]
        cells += [self._cells(name, parts[part]) for part, name in _COMPARED_BY.items()]
        starts, ends = map(np.concatenate, zip(*cells, strict=True))
        found = hash_spans(self._window.buffer, starts, ends)
        return found[: len(rows)], found[len(rows) :]

    def _internal_addresses(self, rows: Array) -> tuple[Array, Array]:
        """Return the rows with the Source IP address `AWS Internal`, and those that may have it.

        `AWS Internal/3` and `"AWS Internal"` are addresses that must be parsed to know this. Only
        cells with a first byte of such an address are compared: a quote or what is below it, an A,
        or a byte that is not ASCII.
        """
        start, end = self._cells(columns.SOURCE_IP, rows)
        first = self._content[start]
        some = np.flatnonzero((first <= ord('"')) | (first == ord("A")) | (first > _LAST_PRINTED))
        start, end = start[some], end[some]
        internal = (self._words[start] == _AWS_INTE) & (self._words[start + 4] == _INTERNAL)
        internal &= end - start == _INTERNAL_SIZE
        return some[internal], some[~internal & (end > start)]

    def _user_hashes(self, rows: Array, names: Array) -> Array:
        """Return the hashes of the User names; ODD for names that must be parsed to be compared.

        These are names with quotes or spaces around them, and names that are too long for a hash.
        """
        start, end = self._cells(columns.USER_NAME, rows)
        found = names.copy()
        plain = _PLAIN_BYTE[self._content[start]] & _PLAIN_BYTE[self._content[end - 1]]
        found[~plain & (end > start) | (end - start > LONGEST)] = ODD
        return found

    def _places(self, rows: Array, user: Array, key: Array) -> Array:
        places = np.empty(len(rows), PLACE)
        start = self._starts[rows]
        places["offset"] = start + (self._window.offset - self._window.begin)
        places["length"] = self._ends[rows] - start
        places["line"] = self._lines(rows) - self._keeper.first_line
        places["time"] = self._seconds[rows]
        places["user"] = user
        places["group"] = self._group_hashes[rows]
        places["key"] = key
        return places

    def _put(self, name: str, places: Array, rows: Array) -> None:
        texts = {}
        if self._keeper.settings.texts:
            texts = dict(zip(places["offset"].tolist(), self._texts(rows), strict=True))
        self._keeper.keep(name, places, texts)

    def _keep_sessions(self, rows: Array, needed: Array) -> None:
        """Keep AssumeRole rows by the access keys in their Resources, or mark them as needed."""
        if columns.RESOURCES not in self._keeper.settings.layout.positions:
            return
        found: list[tuple[int, str]] = []
        start, end = self._cells(columns.RESOURCES, rows)
        for row, begin, stop in zip(rows.tolist(), start.tolist(), end.tolist(), strict=True):
            cell = bytes(self._window.buffer[begin:stop])
            if _SERVICE_ROLE in cell:  # its sessions are found by name, and there are few
                needed[row] = True
                self._keeper.groups.uncount(self._group_numbers[row : row + 1])
            else:
                found += ((row, key.decode()) for key in _TEMPORARY_KEY.findall(cell))
        if found:
            rows = np.array([row for row, _ in found])
            keys = hash_texts([key for _, key in found])
            self._put("sessions", self._places(rows, np.zeros(len(rows)), keys), rows)
