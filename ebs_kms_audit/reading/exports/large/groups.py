"""Groups of rows that an audit treats alike. Each group is judged once, from one of its rows.

All rows that can be read and are not relevant are one group. Other rows of one group agree in
source, name, Region, Read-only, account and category. Relevant rows agree in the error code too,
and successes and changes in the resources that they name.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.aws.arns import is_region
from ebs_kms_audit.aws.ebs_errors import symptom_of
from ebs_kms_audit.aws.kms_actions import EBS_KINDS, kms_action
from ebs_kms_audit.aws.kms_errors import DENIAL_CODES
from ebs_kms_audit.aws.relevance import ONLY_NAMES_A_USER, Relevance
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.cells import lost_digits
from ebs_kms_audit.reading.exports.events import judge
from ebs_kms_audit.reading.exports.large.index import RowIndex
from ebs_kms_audit.reading.exports.large.numbered import NumberedHashes
from ebs_kms_audit.reading.exports.large.parts import parts_of
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.hashing import LONGEST, hash_spans, mixed

(
    DOUBT, DAMAGED, NEEDED, USER, COUNTED, CALL, FAILED, SUCCESS, CHANGE, SESSION,
) = (1 << n for n in range(10))  # fmt: skip
"""What the rows of a group are, as bits of its flags. A group without flags is not relevant.

DOUBT    rows that the plain reader must read
DAMAGED  rows with an account id that lost digits
NEEDED   rows that are needed one by one
USER     rows that are needed if their resources can be the ARN of an IAM user
COUNTED  rows that are only counted; of these:
CALL     EC2 calls; of these:
FAILED   calls with an error that is a symptom
SUCCESS  successful KMS calls of the kinds that EBS needs
CHANGE   changes to a key
SESSION  AssumeRole calls
"""
EMPTY_LIST = 2  # bytes: of `[]`
_APART = {columns.ERROR_CODE: np.uint64(0), columns.RESOURCES: ~np.uint64(0)}
"""Columns that divide groups, and what sets their hashes apart: the texts can be equal."""
_ORDINARY = 0  # the number of the group of the rows that are ordinary in both parts
_KEPT = 100_000


class RowGroups(NamedTuple):
    """The groups of the rows of a block.

    hashes   the hash of each row's group
    numbers  the number of the group
    flags    what the group is
    """

    hashes: Array
    numbers: Array
    flags: Array

    def first(self, rows: int) -> RowGroups:
        """Return the groups of the first rows only."""
        return RowGroups(*(column[:rows] for column in self))


class Groups:
    """The groups of one file, numbered in the order in which they are found.

    They are recognized by hashes of the cells that their rows have in common.
    """

    def __init__(self, settings: Settings) -> None:
        self._layout = settings.layout
        self._at = settings.layout.positions
        self._parts = parts_of(settings.layout)
        self._parse = settings.cells
        self._clear()

    def _clear(self) -> None:
        for part in self._parts:
            part.forget()
        self._numbers = NumberedHashes()
        self._flags = np.zeros(1 << 10, dtype=np.uint16)  # by number
        self._samples: dict[int, bytes] = {}  # by number: the cells of a row, not yet yielded

    def begin_range(self) -> None:
        """Count from 0. Forget all groups if there are very many."""
        if len(self._numbers) + sum(part.known for part in self._parts) > _KEPT:
            self._clear()
        self._counts = np.zeros(len(self._flags), dtype=np.int64)

    def count(self, numbers: Array) -> None:
        """Count rows by the numbers of their groups."""
        counts = np.bincount(numbers)
        size = max(len(self._counts), len(counts))
        self._counts.resize(size, refcheck=False)  # a profiler refers to the array too
        self._counts[: len(counts)] += counts

    def uncount(self, numbers: Array) -> None:
        """Take rows out of the count: they are needed one by one."""
        np.subtract.at(self._counts, numbers, 1)

    def counted(self) -> Iterator[tuple[int, bytes, int]]:
        """Yield the hash of each group that is only counted, the cells of a row, the count.

        The cells are bytes of `marshal`: another process needs them once. They are empty if they
        were yielded for an earlier range.
        """
        numbers = np.flatnonzero(self._counts)
        numbers = numbers[self._flags[numbers] & COUNTED != 0]
        hashes = list(self._numbers)
        for number, count in zip(numbers.tolist(), self._counts[numbers].tolist(), strict=True):
            yield hashes[number - 1], self._samples.pop(number, b""), count

    def of_rows(self, buffer: bytearray, index: RowIndex) -> RowGroups:
        """Return the groups of the rows of a block."""
        cells_of = partial(self._cells_of, buffer, index)
        calls, records = (part.of_rows(buffer, index, cells_of) for part in self._parts)
        hashes = mixed(calls.hashes, records.hashes)
        numbers = np.full(len(hashes), _ORDINARY)
        others = np.flatnonzero(calls.others | records.others)
        numbers[others] = self._numbers_of(hashes[others], buffer, index, others)
        flags = self._flags[numbers]
        found = RowGroups(hashes, numbers, flags)
        errors = index.longer(self._at[columns.ERROR_CODE], 0)
        errors = errors[(flags[errors] != 0) & (flags[errors] & DOUBT == 0)]
        self._divide(found, buffer, index, errors, by=columns.ERROR_CODE)
        named = self._with_resources(index, flags)
        self._divide(found, buffer, index, named, by=columns.RESOURCES)
        flags[calls.too_long | records.too_long] = DOUBT
        return found

    def _divide(
        self, found: RowGroups, buffer: bytearray, index: RowIndex, rows: Array, *, by: str
    ) -> None:
        """Put the rows that have a text in a column of `_APART` into groups by this column too.

        Other groups are not divided: many rows that are not relevant have an error.
        """
        if not len(rows):
            return
        hashes, numbers, flags = found
        start, end = index.cells(self._at[by], rows)
        hashes[rows] = mixed(hashes[rows] ^ _APART[by], hash_spans(buffer, start, end))
        numbers[rows] = self._numbers_of(hashes[rows], buffer, index, rows, by=by)
        flags[rows] = self._flags[numbers[rows]]
        flags[rows[end - start > LONGEST]] = DOUBT

    def _with_resources(self, index: RowIndex, flags: Array) -> Array:
        """Return which rows are successes or changes that name resources."""
        rows = np.flatnonzero(flags & (SUCCESS | CHANGE) != 0)
        at = self._at.get(columns.RESOURCES)
        if at is None or not len(rows):
            return rows[:0]
        return index.longer(at, EMPTY_LIST, rows)

    def _numbers_of(
        self,
        hashes: Array,
        buffer: bytearray,
        index: RowIndex,
        rows: Array,
        *,
        by: str | None = None,
    ) -> Array:
        """Return the numbers of the groups of rows, by their hashes. New groups are judged.

        `by` is as in `_divide`.
        """

        def add(row: int) -> int:
            return self._add(self._cells_of(buffer, index, row), by)

        return self._numbers.of_rows(hashes, rows, add)

    def _cells_of(self, buffer: bytearray, index: RowIndex, row: int) -> list[str]:
        """Return the cells of a row of a block."""
        return self._parse(bytes(buffer[int(index.row_starts[row]) : int(index.row_ends[row])]))

    def _add(self, cells: list[str], by: str | None) -> int:
        """Judge a new group by the cells of one of its rows; return its number.

        `by` is as in `_divide`. The row can have a text that the other rows of the group have not.
        """
        number = len(self._numbers) + 1  # 0 is `_ORDINARY`
        if number == len(self._flags):
            self._flags.resize(2 * number, refcheck=False)  # as in `count`
        if by is None:
            cells[self._at[columns.ERROR_CODE]] = ""
        flags = self._flags[number] = self._flags_of(cells)
        if flags & (SUCCESS | CHANGE) and by != columns.RESOURCES and columns.RESOURCES in self._at:
            cells[self._at[columns.RESOURCES]] = ""
        if flags & COUNTED:
            self._samples[number] = marshal.dumps(cells)
        return number

    def _flags_of(self, cells: list[str]) -> int:
        """Return the flags of the group of a row."""
        found = judge(cells, self._layout)
        if found.fault:
            return DOUBT
        if lost_digits(self._cell(cells, columns.ACCOUNT)):
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
    """Return the flags of a group of rows that can be read and are relevant."""
    if relevance == ONLY_NAMES_A_USER:
        return USER
    if relevance.role_change or relevance.iam_user or (relevance.kms and not source):
        return NEEDED
    if name == "PutKeyPolicy":
        return NEEDED
    is_denied = error in DENIAL_CODES  # of a denied call, unreadable resources are reported
    is_symptom = bool(error) and symptom_of(name, error) is not None
    if error and relevance.assume_role:
        return NEEDED if is_denied else COUNTED
    if error and (relevance.kms or (is_symptom and (is_denied or not relevance.ec2_call))):
        return NEEDED
    flags = COUNTED
    if relevance.ec2_call:
        flags |= CALL
        if is_symptom:
            flags |= FAILED
    if relevance.assume_role:
        flags |= SESSION
    if relevance.key_change:
        flags |= CHANGE
    if relevance.kms and kms_action(name).kind in EBS_KINDS:
        flags |= SUCCESS
    return flags
