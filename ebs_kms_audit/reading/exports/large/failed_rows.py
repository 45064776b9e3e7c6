"""The KMS rows of a large export that failed, by kind, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ebs_kms_audit.model import EventColumns
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.events import RowKind
from ebs_kms_audit.reading.exports.large.text_columns import TextColumn, texts_of

_OFTEN_EQUAL = slice(2, 5)
"""Of `EventColumns`, the User names, addresses and User agents, which groups share."""


class AlikeRows(NamedTuple):
    """Failed rows of one kind. All have a User name, or none has."""

    kind: RowKind
    columns: EventColumns


class FailedRows:
    """Collects failed rows, and groups them by kind."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.count = 0
        self._kinds: list[RowKind] = []
        self._kind_numbers: dict[int, int] = {}
        self._text_numbers: dict[str, int] = {}
        self._numbers: list[tuple[Array, ...]] = []
        self._ids: list[Sequence[TextColumn]] = []

    def kind_number(self, kind: RowKind, kind_hash: int) -> int:
        """Return the number of a kind."""
        number = self._kind_numbers.setdefault(kind_hash, len(self._kinds))
        if number == len(self._kinds):
            self._kinds.append(kind)
        return number

    def text_numbers(self, texts: Iterable[str]) -> Array:
        """Return the numbers of texts."""
        known = self._text_numbers
        return np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int64)

    def add(
        self, rows: Sequence[Array], callers: Sequence[Array], ids: Sequence[TextColumn]
    ) -> None:
        """Add rows, as columns.

        rows     the lines, the times in seconds and the numbers of the kinds
        callers  the columns of `CALLERS`: numbers of texts
        ids      the columns of `IDS`
        """
        self.count += len(rows[0])
        self._numbers.append((*rows, *callers))
        self._ids.append(ids)

    def take(self) -> Iterator[AlikeRows]:
        """Yield the groups of rows that were added since the last call, by their first row."""
        added, ids, of_kinds, texts = (
            self._numbers, self._ids, self._kinds, [*self._text_numbers],
        )  # fmt: skip
        self._clear()
        if not added:
            return
        lines, seconds, kinds, *callers = map(np.concatenate, zip(*added, strict=True))
        text_or_none = np.array([text or None for text in texts], dtype=object)
        are_named = np.array([bool(text) for text in texts])[callers[0]]
        groups = kinds * 2 + are_named
        order = np.argsort(groups, kind="stable")
        groups = groups[order]
        begins = np.flatnonzero(np.diff(groups, prepend=-1))
        by_first_row = np.argsort(order[begins])
        columns = [
            *(tuple(column[order].tolist()) for column in (lines, seconds)),
            *(tuple(text_or_none[column[order]].tolist()) for column in callers),
            *(texts_of(columns, order) for columns in zip(*ids, strict=True)),
        ]
        known: dict[Sequence[Any], Sequence[Any]] = {}
        for begin, end, kind in zip(
            begins[by_first_row].tolist(),
            np.append(begins[1:], len(order))[by_first_row].tolist(),
            kinds[order[begins]][by_first_row].tolist(),
            strict=True,
        ):
            rows: list[Sequence[Any]] = [column[begin:end] for column in columns]
            rows[_OFTEN_EQUAL] = [known.setdefault(one, one) for one in rows[_OFTEN_EQUAL]]
            yield AlikeRows(of_kinds[kind], EventColumns(*rows))
