"""The denied rows of a large export, by kind and User name, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ebs_kms_audit.model import EventColumns
from ebs_kms_audit.reading.bits import Array
from ebs_kms_audit.reading.exports.events import RowKind
from ebs_kms_audit.reading.exports.text_columns import TextColumn, texts_of


class AlikeRows(NamedTuple):
    """Denied rows of one kind and one User name."""

    kind: RowKind
    user_name: str
    columns: EventColumns


class DeniedRows:
    """Collects denied rows, and groups them by kind and User name."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._kinds: list[RowKind] = []
        self._kind_numbers: dict[int, int] = {}
        self._user_numbers: dict[str, int] = {}
        self._numbers: list[tuple[Array, ...]] = []
        self._ids: list[tuple[TextColumn, ...]] = []

    def kind_number(self, kind: RowKind, kind_hash: int) -> int:
        """Return the number of a kind."""
        number = self._kind_numbers.setdefault(kind_hash, len(self._kinds))
        if number == len(self._kinds):
            self._kinds.append(kind)
        return number

    def user_numbers(self, names: Iterable[str]) -> Array:
        """Return the numbers of User names."""
        known = self._user_numbers
        return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)

    def add(
        self, kinds: Array, users: Array, lines: Array, seconds: Array, *ids: TextColumn
    ) -> None:
        """Add rows. `ids` are their Event IDs, Request IDs and access keys."""
        self._numbers.append((kinds, users, lines, seconds))
        self._ids.append(ids)

    def take(self) -> Iterator[AlikeRows]:
        """Yield the groups of rows that were added since the last call, by their first row."""
        added, ids, of_kinds, names = (
            self._numbers, self._ids, self._kinds, list(self._user_numbers),
        )  # fmt: skip
        self._clear()
        if not added:
            return
        kinds, users, *numbers = map(np.concatenate, zip(*added, strict=True))
        groups = kinds * len(names) + users  # one number for kind and User name
        order = np.argsort(groups, kind="stable")
        groups = groups[order]
        begins = np.flatnonzero(np.diff(groups, prepend=-1))
        by_first_row = np.argsort(order[begins])
        lines, seconds = (tuple(column[order].tolist()) for column in numbers)
        event_ids, request_ids, keys = (
            texts_of(columns, order) for columns in zip(*ids, strict=True)
        )
        for begin, end, group in zip(
            begins[by_first_row].tolist(),
            np.append(begins[1:], len(order))[by_first_row].tolist(),
            groups[begins][by_first_row].tolist(),
            strict=True,
        ):
            kind, user = divmod(group, len(names))
            some = slice(begin, end)
            columns = EventColumns(
                lines[some], seconds[some], event_ids[some], request_ids[some], keys[some]
            )
            yield AlikeRows(of_kinds[kind], names[user], columns)
