"""The KMS rows of a large export that failed, by kind, as columns.

Denied rows are divided by User name too: each caller is identified. Of other errors, only the
number, the times and the keys are shown, and a few calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ebs_kms_audit.aws.kms_errors import DENIAL_CODES
from ebs_kms_audit.model import EventColumns
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.events import RowKind
from ebs_kms_audit.reading.exports.large.text_columns import TextColumn, texts_of

_OFTEN_EQUAL = slice(2, 4)
"""Of `EventColumns`, the addresses and User agents. Groups with the same share these columns."""


class AlikeRows(NamedTuple):
    """Failed rows of one kind.

    user_names  the User name of each row, or None; denied rows have the same one
    """

    kind: RowKind
    user_names: Sequence[str | None]
    columns: EventColumns


class FailedRows:
    """Collects failed rows, and groups them by kind, denied ones also by User name."""

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
        lines, seconds, kinds, users, *others = map(np.concatenate, zip(*added, strict=True))
        by_user = np.array([kind.events.first.error_code in DENIAL_CODES for kind in of_kinds])
        groups = kinds * len(texts) + users * by_user[kinds]  # one number for kind and User name
        order = np.argsort(groups, kind="stable")
        groups = groups[order]
        begins = np.flatnonzero(np.diff(groups, prepend=-1))
        by_first_row = np.argsort(order[begins])
        text_or_none = np.array([text or None for text in texts], dtype=object)
        user_names = tuple(text_or_none[users[order]].tolist())
        columns = [
            *(tuple(column[order].tolist()) for column in (lines, seconds)),
            *(tuple(text_or_none[column[order]].tolist()) for column in others),
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
            yield AlikeRows(of_kinds[kind], user_names[begin:end], EventColumns(*rows))
