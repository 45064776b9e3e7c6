"""What is kept of each regular row of a range: its cells, its place, or nothing but the count."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import repeat

import numpy as np

from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.blocks import Block
from ebs_kms_audit.reading.exports.large.distinct import are_among
from ebs_kms_audit.reading.exports.large.errors import ErrorGroup, error_groups
from ebs_kms_audit.reading.exports.large.flags import (
    CALL,
    CHANGE,
    COUNTED,
    ERROR,
    FAILED,
    NEEDED,
    SESSION,
    STATE,
    SUCCESS,
    USER,
)
from ebs_kms_audit.reading.exports.large.groups import EMPTY_LIST, Groups
from ebs_kms_audit.reading.exports.large.index import QUOTE, inside_quotes
from ebs_kms_audit.reading.exports.large.needed import NeededRows
from ebs_kms_audit.reading.exports.large.places import INTERNAL, KINDS, ODD
from ebs_kms_audit.reading.exports.large.seen import Seen
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.hashing import LONGEST, PAD, hash_spans, mixed

_TEMPORARY_KEY = re.compile(rb"ASIA[A-Z2-7]{12,124}")
_SERVICE_ROLE = b":role/aws-service-role/"
_IS_PLAIN = np.array([33 <= byte <= 126 and byte != 34 for byte in range(256)])
_LAST_PRINTED = 126  # of the characters of ASCII
_AWS_INTE, _INTERNAL = (int.from_bytes(text, "little") for text in (b"AWS Inte", b"Internal"))
_INTERNAL_SIZE = len("AWS Internal")
_ID_COLUMNS = {
    "calls": columns.REQUEST_ID,
    "changes": columns.EVENT_ID,
    "holders": columns.ACCOUNT,
}
"""The column of which the hash is the `id` of a place, or a part of it."""


class RowSelection:
    """What is kept of the regular rows of one range after the other.

    Of equal successes, holders and lists of users, those that repeat one of this or an earlier
    range are not kept: the ranges must be in the order of the file.
    """

    def __init__(self, settings: Settings, groups: Groups, needed: NeededRows) -> None:
        self._has_resources = columns.RESOURCES in settings.layout.positions
        # A time without a zone is in any window.
        self._audit_window = settings.audit_window if settings.time_zone else None
        self._keep_texts = settings.keep_texts
        self._groups = groups
        self._needed = needed
        self._successes = Seen(bits=17)
        self._holders = Seen(bits=12)
        self._named_users = Seen(bits=14)
        self.begin_range()

    def begin_range(self) -> None:
        """Forget the places that were kept."""
        self._places: dict[str, list[bytes]] = {name: [] for name in KINDS}
        self._texts: dict[str, dict[int, bytes]] = {name: {} for name in KINDS}
        self._errors: list[tuple[Array, ...]] = []

    def kept(self) -> list[tuple[bytes, dict[int, bytes]]]:
        """Return for each name in `KINDS` the places as bytes of PLACE, and texts by offset.

        Texts are kept only if the file cannot be read from any place.
        """
        return [(b"".join(self._places[name]), self._texts[name]) for name in KINDS]

    def errors(self) -> list[ErrorGroup]:
        """Return the failed KMS calls that were counted, by group."""
        return error_groups(self._errors)

    def add(self, block: Block, are_holders: Array) -> None:
        """Keep what an audit needs of the rows of a block.

        `are_holders` says which rows have a long-term access key.
        """
        needed = self._are_needed(block)
        flags = np.where(needed, 0, block.groups.flags)
        rows_of = {
            "calls": np.flatnonzero(flags & CALL != 0),
            "changes": np.flatnonzero(flags & CHANGE != 0),
            "holders": np.flatnonzero(are_holders & ~needed),
            "successes": np.flatnonzero(flags & SUCCESS != 0),
        }
        if any(map(len, rows_of.values())):
            self._keep_places(block, rows_of)
        failures = np.flatnonzero(flags & FAILED != 0)
        if len(failures):
            self._keep("failures", block, failures, nothing := np.zeros_like(failures), nothing)
        self._keep_sessions(block, np.flatnonzero(flags & SESSION != 0), needed)
        self._keep_errors(block, np.flatnonzero(flags & ERROR != 0), needed)
        rows = np.flatnonzero(needed)
        if len(rows):
            starts, ends = block.index.row_starts[rows], block.index.delimiters[rows]
            lines, seconds = block.lines(rows), block.seconds[rows]
            self._needed.add_regular(block.buffer, starts, ends, lines, seconds)

    def _are_needed(self, block: Block) -> Array:
        """Return which rows are needed one by one. Those in the window of the audit are.

        So are changes with an Event ID that must be parsed to be compared.
        """
        flags = block.groups.flags
        needed: Array = flags & NEEDED != 0
        needed[self._naming_new_users(block, np.flatnonzero(flags & USER != 0))] = True
        if self._audit_window is not None:
            start, end = self._audit_window.start.timestamp(), self._audit_window.end.timestamp()
            inside = (block.seconds >= start) & (block.seconds <= end) & (flags & COUNTED != 0)
            self._need(block, np.flatnonzero(inside), needed)
        changes = np.flatnonzero((flags & CHANGE != 0) & ~needed)
        if len(changes):
            odd = _must_be_parsed(block, columns.EVENT_ID, changes)
            self._need(block, changes[odd], needed)
        return needed

    def _need(self, block: Block, rows: Array, needed: Array) -> None:
        """Mark rows that are counted as needed: they are counted one by one then."""
        needed[rows] = True
        self._groups.uncount(block.groups.numbers[rows])

    def _naming_new_users(self, block: Block, rows: Array) -> Array:
        """Return which rows of IAM can have the ARN of a user: those with resources.

        Of rows with the same resources, it is the first, unless they have no hash.
        """
        if not len(rows):
            return rows
        start, end = block.cells(columns.RESOURCES, rows)
        size = end - start
        short = np.flatnonzero((size > EMPTY_LIST) & (size <= LONGEST))
        named = hash_spans(block.buffer, start[short], end[short])
        new = self._named_users.new(named, np.zeros(len(named), dtype=np.int64))
        found: Array = np.concatenate((rows[short[new]], rows[size > LONGEST]))
        return found

    def _keep_places(self, block: Block, rows_of: Mapping[str, Array]) -> None:
        """Keep the places of the rows of each kind. Of holders and successes, not all are kept."""
        users, cells = _hashes(block, rows_of)
        for name in ("calls", "changes"):
            if len(rows := rows_of[name]):
                self._keep(name, block, rows, _user_hashes(block, rows, users[name]), cells[name])
        self._keep_holders(block, rows_of["holders"], users["holders"], cells["holders"])
        self._keep_successes(block, rows_of["successes"], users["successes"])

    def _keep_holders(self, block: Block, rows: Array, users: Array, accounts: Array) -> None:
        """Keep the first row of each user and account with a long-term access key."""
        if not len(rows):
            return
        ids = mixed(users, accounts)
        new = self._holders.new(ids, np.zeros(len(rows), dtype=np.int64))
        rows = rows[new]
        self._keep("holders", block, rows, _user_hashes(block, rows, users[new]), ids[new])

    def _keep_successes(self, block: Block, rows: Array, users: Array) -> None:
        """Keep the successes of each caller, operation and key that are later than those before.

        `users` are the hashes of the User names.
        """
        if not len(rows):
            return
        ids = mixed(block.groups.hashes[rows], users) & ~INTERNAL
        internal, odd = _internal_addresses(block, rows)
        ids[internal] |= INTERNAL
        if len(odd):
            addresses = hash_spans(block.buffer, *block.cells(columns.SOURCE_IP, rows[odd]))
            ids[odd] = mixed(ids[odd], addresses) & ~INTERNAL
        new = self._successes.new(ids, block.seconds[rows])
        rows = rows[new]
        users = _user_hashes(block, rows, users[new])
        users[are_among(new, odd)] = ODD
        self._keep("successes", block, rows, users, ids[new])

    def _keep_sessions(self, block: Block, rows: Array, needed: Array) -> None:
        """Keep AssumeRole rows by the access keys in their Resources, or mark them as needed."""
        if not self._has_resources or not len(rows):
            return
        start, end = (column.tolist() for column in block.cells(columns.RESOURCES, rows))
        cells = [block.buffer[one:other] for one, other in zip(start, end, strict=True)]
        of_services = np.array([_SERVICE_ROLE in cell for cell in cells])
        self._need(block, rows[of_services], needed)  # they are few, and are found by name
        of_cells, keys = _keys_in(cells)
        kept = ~of_services[of_cells]
        rows, keys = rows[of_cells[kept]], keys[kept]
        if len(rows):
            self._keep("sessions", block, rows, np.zeros_like(keys), keys)

    def _keep_errors(self, block: Block, rows: Array, needed: Array) -> None:
        """Keep the Event IDs of failed KMS calls, and the places of those with the flag STATE.

        Rows with an Event ID that must be parsed are needed.
        """
        if not len(rows):
            return
        odd = _must_be_parsed(block, columns.EVENT_ID, rows)
        self._need(block, rows[odd], needed)
        rows = rows[~odd]
        ids = hash_spans(block.buffer, *block.cells(columns.EVENT_ID, rows))
        of_state = np.flatnonzero(block.groups.flags[rows] & STATE)
        if len(of_state):
            users = np.zeros_like(of_state)
            self._keep("key_errors", block, rows[of_state], users, ids[of_state])
        if len(rows) and self._audit_window is None:  # those inside the window are needed
            hashes, seconds = block.groups.hashes[rows], block.seconds[rows]
            self._errors.append((hashes, block.lines(rows), seconds, ids))

    def _keep(self, name: str, block: Block, rows: Array, users: Array, ids: Array) -> None:
        places = block.places(rows, users, ids)
        self._places[name].append(places.tobytes())
        if self._keep_texts:
            offsets = places["offset"].tolist()
            self._texts[name].update(zip(offsets, block.texts(rows), strict=True))


def _keys_in(cells: Sequence[bytearray]) -> tuple[Array, Array]:
    """Return the access keys of sessions in some cells: for each the number of its cell, its hash.

    One search in the text of all cells takes less time than one in each.
    """
    text = b"\n".join(cells)
    spans = [found.span() for found in _TEMPORARY_KEY.finditer(text)]
    start, end = np.array(spans, dtype=np.intp).reshape(-1, 2).T
    ends_of_cells = np.cumsum([len(cell) + 1 for cell in cells])
    return (
        np.searchsorted(ends_of_cells, start, side="right"),
        hash_spans(text + bytes(PAD), start, end),
    )


def _hashes(
    block: Block, rows_of: Mapping[str, Array]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the hashes of the User names, and of the cells under `_ID_COLUMNS`, for each kind.

    All are hashed together, because few rows of a block are kept.
    """
    spans = [block.spans(columns.USER_NAME, rows) for rows in rows_of.values()]
    spans += [block.spans(column, rows_of[name]) for name, column in _ID_COLUMNS.items()]
    starts, ends = zip(*spans, strict=True)
    cells = inside_quotes(block.bytes, np.concatenate(starts), np.concatenate(ends))
    found = hash_spans(block.buffer, *cells)
    parts = np.split(found, np.cumsum([*map(len, starts)])[:-1])
    users, ids = parts[: len(rows_of)], parts[len(rows_of) :]
    return dict(zip(rows_of, users, strict=True)), dict(zip(_ID_COLUMNS, ids, strict=True))


def _user_hashes(block: Block, rows: Array, hashes: Array) -> Array:
    """Return the hashes of the User names; ODD for names that must be parsed to be compared."""
    found = hashes.copy()
    found[_must_be_parsed(block, columns.USER_NAME, rows)] = ODD
    return found


def _must_be_parsed(block: Block, column: str, rows: Array) -> Array:
    """Return which cells must be parsed to be compared.

    These have spaces around them or quotes inside, or are too long for a hash.
    """
    start, end = block.spans(column, rows)
    odd = _are_odd(block, start, end)
    quoted = np.flatnonzero(odd)
    quoted = quoted[block.bytes[start[quoted]] == QUOTE]
    if len(quoted):
        start, end = start[quoted] + 1, end[quoted] - 1
        inside = map(block.buffer.find, repeat(b'"'), start.tolist(), end.tolist())
        odd[quoted] = _are_odd(block, start, end) | (np.array([*inside]) != -1)
    return odd


def _are_odd(block: Block, start: Array, end: Array) -> Array:
    """Return which cells have quotes or spaces around them, or are too long for a hash."""
    plain = _IS_PLAIN[block.bytes[start]] & _IS_PLAIN[block.bytes[end - 1]]
    found: Array = ~plain & (end > start) | (end - start > LONGEST)
    return found


def _internal_addresses(block: Block, rows: Array) -> tuple[Array, Array]:
    """Return the numbers of those rows that have the Source IP address `AWS Internal`, or may.

    `AWS Internal/3` and ` AWS Internal` are addresses that must be parsed to know this. Only cells
    with a first byte of such an address are compared: a quote or what is below it, an A, or a byte
    that is not ASCII.
    """
    start, end = block.cells(columns.SOURCE_IP, rows)
    first = block.bytes[start]
    some = np.flatnonzero((first <= ord('"')) | (first == ord("A")) | (first > _LAST_PRINTED))
    start, end = start[some], end[some]
    internal = (block.words[start] == _AWS_INTE) & (block.words[start + 4] == _INTERNAL)
    internal &= end - start == _INTERNAL_SIZE
    return some[internal], some[~internal & (end > start)]
