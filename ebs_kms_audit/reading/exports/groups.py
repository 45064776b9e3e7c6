"""Groups of rows that an audit treats alike. Each group is judged once, from one of its rows.

Rows of one group agree in source, name, Region, error code, Read-only, account and category.
Successes and changes that name resources agree in these too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.aws.arns import is_region
from ebs_kms_audit.aws.ebs_errors import symptom_of
from ebs_kms_audit.aws.kms_actions import StatementKind, kms_action
from ebs_kms_audit.aws.relevance import Relevance
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.cells import read_account
from ebs_kms_audit.reading.exports.events import JUDGED_BY, Judgement
from ebs_kms_audit.reading.exports.hashing import LONGEST, hash_spans, hash_texts, mixed, words_of
from ebs_kms_audit.reading.exports.header import Layout, runs_of
from ebs_kms_audit.reading.exports.index import RowIndex

DOUBT, DAMAGED, NEEDED, COUNTED, CALL, SUCCESS, CHANGE, SESSION = (1 << n for n in range(8))
"""What a group of rows is: left to the plain reader, with a damaged account id, needed one by one,
counted; and of the counted: EC2 calls, successes, changes to a key, AssumeRole calls."""
_KEPT = 100_000
_EMPTY_LIST = 2  # bytes: of `[]`


class RowGroups(NamedTuple):
    """The groups of the rows of a block.

    groups   the group of each row
    flags    what its group is
    unique   the different groups
    inverse  which of these each row has
    """

    groups: Array
    flags: Array
    unique: Array
    inverse: Array


class Groups:
    """The groups of one file.

    parse  returns the cells of a regular row
    judge  returns what all cells but the time say of a row
    """

    def __init__(
        self,
        layout: Layout,
        parse: Callable[[bytes], list[str]],
        judge: Callable[[list[str]], Judgement],
    ) -> None:
        self._layout = layout
        self._at = layout.positions
        self._spans = _spans(layout)
        self._parse = parse
        self._judge_cells = judge
        self._flags: dict[int, int] = {}
        self._samples: dict[int, list[str]] = {}
        self._change_hashes: dict[int, int] = {}

    def forget_some(self) -> None:
        """Forget all groups if there are very many. Only between two ranges."""
        if len(self._flags) > _KEPT:
            self._flags.clear()
            self._samples.clear()
            self._change_hashes.clear()

    def is_counted(self, group: int) -> bool:
        """Return whether the rows of a group are only counted."""
        return bool(self._flags[group] & COUNTED)

    def sample(self, group: int) -> list[str]:
        """Return the cells of one row of a group that is counted."""
        return self._samples[group]

    def change_hash(self, group: int) -> int:
        """Return the hash of the Region, the account and the resources of a group of changes."""
        return self._change_hashes[group]

    def of_rows(self, buffer: bytearray, index: RowIndex) -> RowGroups:
        """Return the groups of the rows of a block."""
        words = words_of(buffer)
        groups, too_long = self._hashes(words, index)
        found = self._judged(groups, buffer, index, named=False)
        at = self._at.get(columns.RESOURCES)
        rows = np.flatnonzero(found.flags & (SUCCESS | CHANGE))
        if at is not None and len(rows):
            start, end = index.start(at)[rows], index.end(at)[rows]
            named = end - start > _EMPTY_LIST
            if named.any():
                rows, start, end = rows[named], start[named], end[named]
                groups[rows] = mixed(groups[rows], hash_spans(words, start, end))
                too_long[rows[end - start > LONGEST]] = True
                found = self._judged(groups, buffer, index, named=True)
        found.flags[too_long] = DOUBT
        return found

    def _hashes(self, words: Array, index: RowIndex) -> tuple[Array, Array]:
        """Return the hashes that groups are told by, and which rows are too long for a hash."""
        found = np.zeros(len(index.delimiters), dtype=np.uint64)
        too_long = np.zeros(len(found), dtype=bool)
        for first, last in self._spans:
            start, end = index.start(first), index.end(last)
            too_long |= end - start > LONGEST
            found = mixed(found, hash_spans(words, start, end))
        at = self._at[columns.ERROR_CODE]
        start, end = index.start(at), index.end(at)
        errors = np.flatnonzero(end > start)
        if len(errors):
            start, end = start[errors], end[errors]
            too_long[errors] |= end - start > LONGEST
            found[errors] = mixed(found[errors], hash_spans(words, start, end))
        return found, too_long

    def _judged(
        self, groups: Array, buffer: bytearray, index: RowIndex, *, named: bool
    ) -> RowGroups:
        """Judge the groups that are new. `named` says whether they are of rows with resources."""
        unique, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        starts, ends = index.row_starts(), index.end(-1)
        for group, row in zip(unique.tolist(), first.tolist(), strict=True):
            if group not in self._flags:
                self._add(group, bytes(buffer[int(starts[row]) : int(ends[row])]), named=named)
        flags = np.array([self._flags[group] for group in unique.tolist()], dtype=np.uint8)
        return RowGroups(groups, flags[inverse], unique, inverse)

    def _add(self, group: int, row: bytes, *, named: bool) -> None:
        cells = self._parse(row)
        flags = self._flags_of(cells)
        self._flags[group] = flags
        if flags & (SUCCESS | CHANGE) and not named and columns.RESOURCES in self._at:
            cells[self._at[columns.RESOURCES]] = ""  # rows with resources are other groups
        if flags & COUNTED:
            self._samples[group] = cells
        if flags & CHANGE:
            self._change_hashes[group] = change_hash(self._layout, cells)

    def _flags_of(self, cells: list[str]) -> int:
        found = self._judge_cells(cells)
        if found.fault:
            return DOUBT
        if read_account(self._cell(cells, columns.ACCOUNT))[1]:
            return DOUBT | DAMAGED
        if not any(found.relevance):
            return 0
        region = self._cell(cells, columns.REGION)
        if region and not is_region(region):
            return DOUBT
        source, name, error = (
            self._cell(cells, column)
            for column in (columns.EVENT_SOURCE, columns.EVENT_NAME, columns.ERROR_CODE)
        )
        return _flags(found.relevance, source, name, error)

    def _cell(self, cells: list[str], column: str) -> str:
        at = self._at.get(column)
        return "" if at is None else cells[at].strip()


def _flags(relevance: Relevance, source: str, name: str, error: str) -> int:
    if relevance.role_change or relevance.iam_user or (relevance.kms and not source):
        return NEEDED
    if name == "PutKeyPolicy":
        return NEEDED
    if error:
        if relevance.assume_role:
            return COUNTED
        if relevance.kms or symptom_of(name, error):
            return NEEDED
    flags = COUNTED
    if relevance.ec2_call:
        flags |= CALL
    if relevance.assume_role:
        flags |= SESSION
    if relevance.key_change:
        flags |= CHANGE
    if relevance.kms and kms_action(name).kind in (StatementKind.USAGE, StatementKind.GRANTS):
        flags |= SUCCESS
    return flags


def change_hash(layout: Layout, cells: list[str]) -> int:
    """Return a hash of the Region, the account and the resources of a change."""
    names = (columns.REGION, columns.ACCOUNT, columns.RESOURCES)
    said = [cells[layout.positions[name]].strip() for name in names if name in layout.positions]
    return int(hash_texts(["\n".join(said)])[0])


def _spans(layout: Layout) -> list[tuple[int, int]]:
    """Return the columns that rows are grouped by, neighbours as one span.

    Event type may be between two of them: it has few values.
    """
    names = (*JUDGED_BY, columns.EVENT_TYPE)
    return runs_of(sorted(layout.positions[name] for name in names if name in layout.positions))
