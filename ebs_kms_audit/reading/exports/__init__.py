"""One export → its Events.

header      the header → where each column is
rows        lines → rows, as strict CSV; goes on after a broken quote
events      rows → Events that an audit needs; counts the rest, sets aside what it cannot read
cells       single cells → values
named_keys  the KMS keys that rows of other services name

This is the plain reader. It reads every export. The vectorised reader in `large` reads large
regular ones, and gives the same events.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, islice
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.relevance import NOT_RELEVANT, relevance
from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.cells import lost_digits
from ebs_kms_audit.reading.exports.events import (
    SAMPLE,
    cells_getter,
    read_events,
    row_starter,
)
from ebs_kms_audit.reading.exports.header import (
    SEARCHED_LINES,
    Layout,
    find_header,
    require_columns,
)
from ebs_kms_audit.reading.exports.named_keys import NamedKeys
from ebs_kms_audit.reading.exports.rows import CUT_SHORT, Dialect, Row, Rows
from ebs_kms_audit.reading.related import RelatedEvents
from ebs_kms_audit.reading.sources import GZIP_MAGIC, Source
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.streams import KeptBlocks
from ebs_kms_audit.reading.tables import Batch, Table
from ebs_kms_audit.reading.workers import Workers

if TYPE_CHECKING:
    from ebs_kms_audit.model import AlikeEvents, Event, Window
    from ebs_kms_audit.reading.exports.large import LargeExport

LARGE = 6 << 20
"""How many bytes of an export the plain reader reads in the time that importing numpy takes.

Its rows are only counted: rows that an audit needs take more time.
"""
_SMALL = 1 / 8  # of LARGE: the plain reader reads a smaller export more quickly, also with numpy
_NEEDED_ROW = 4  # how many times as long the plain reader takes for a row that an audit needs
_UNPACKED = 8  # how many times as large an export is when it is unpacked
_OF_TABLES = ","  # the delimiter of rows of tables, when they are written as text
_ROW = 250  # bytes: the length of a row in a file
_READ_BY_LARGE = {columns.EVENT_TIME, columns.EVENT_SOURCE, columns.EVENT_NAME, columns.ERROR_CODE}


class Exports:
    """Reads the exports of one audit, one after the other.

    `vectorised` is whether the vectorised reader may read a part of them. It yields the failed KMS
    calls of each kind together, as columns. Without it, every event that an audit needs is yielded.
    In a second reading, `related` says which events bear on a denial. Every event in the `window`
    is yielded at once.

    `without_policy` is the name of an export of which `named_keys` are not collected: there is no
    policy that can be of any of its keys.

    named_keys  the keys that rows of other services than KMS name
    large       the exports that the vectorised reader has read: they yield events around denials
    """

    def __init__(
        self,
        workers: Workers,
        *,
        vectorised: bool = False,
        related: RelatedEvents | None = None,
        window: Window | None = None,
        without_policy: str | None = None,
    ) -> None:
        self._workers = workers
        self._vectorised = vectorised
        self._related = related
        self._window = window
        self._without_policy = without_policy
        self.named_keys = NamedKeys()
        self._plain_work = 0.0
        self.large: list[LargeExport] = []

    def events(self, source: Source, stats: InputStats) -> Iterator[Event | AlikeEvents]:
        """Yield the events of an export that an audit needs, and count its rows in `stats`.

        Raises InputError where the export cannot be read at all.
        """
        watched = self._workers.watched(source)
        assert watched.blocks is not None
        kept = None if source.file else KeptBlocks(watched.blocks())
        lines = Lines(source.name, watched.blocks() if kept is None else iter(kept))
        stream = iter(lines)
        head = list(islice(stream, SEARCHED_LINES))
        if lines.cut_short and (not head or (len(head) == 1 and not lines.ends_with_newline)):
            raise _no_whole_row(source, lines.cut_short)
        index, delimiter, header = find_header(source.name, head)
        layout = Layout.of_header(header)
        rows = Rows(
            stream,
            ahead=head[index + 1 :],
            first_line=index + 2,
            dialect=Dialect(delimiter, row_starter(layout)),
        )
        sample = list(islice(rows, SAMPLE))
        named_keys = None if source.name == self._without_policy else self.named_keys
        large = None
        if self._is_large(_size_of(source, kept), header, layout, sample):
            with self._workers.numpy_in_one_thread():
                from ebs_kms_audit.reading.exports.large import open_large
                from ebs_kms_audit.reading.exports.large.settings import Settings

            settings = Settings(
                layout, delimiter, sample, lines.check_length, self._window, named_keys,
                count_accounts=_has_damaged_ids(layout, sample),
            )  # fmt: skip
            large = open_large(source, kept, stats, head[: index + 1], settings, self._related)
        if kept is not None:
            kept.keep_no_more()
        if large is not None:
            yield from self._events_of_large(large)
        else:
            whole = _mark_last(chain(sample, rows), lines)
            stats.layout = layout
            yield from read_events(whole, stats, delimiter, named_keys)
            stats.cut_short = lines.cut_short
        if stats.cut_short and stats.rows == stats.set_aside_count:
            raise _no_whole_row(source, stats.cut_short)

    def events_of_table(
        self, table: Table, stats: InputStats, again: Callable[[], Table] | None = None
    ) -> Iterator[Event | AlikeEvents]:
        """Yield the events of a table that an audit needs, and count its rows in `stats`.

        `again` returns the table a second time; it is None where that is not possible. Raises
        InputError where the table cannot be read at all.
        """
        header, batches = table
        layout = Layout.of_header(header)
        require_columns(stats.name, header, layout)
        ahead: list[Batch] = []
        rows = 0

        def size(most: int) -> int:
            nonlocal rows
            while rows * _ROW < most and (batch := next(batches, None)):
                ahead.append(batch)
                rows += len(batch[0]) if batch else 0
            return rows * _ROW

        size(SAMPLE * _ROW)
        sample = list(islice(map(Row, count(1), Table(header, iter(ahead)).rows), SAMPLE))
        is_large = self._is_large(size, header, layout, sample)
        whole = Table(header, chain(ahead, batches))
        if is_large:
            with self._workers.numpy_in_one_thread():
                from ebs_kms_audit.reading.exports.large import open_large_table
                from ebs_kms_audit.reading.exports.large.settings import Settings

            settings = Settings(
                layout, _OF_TABLES, sample, audit_window=self._window, named_keys=self.named_keys,
                count_accounts=_has_damaged_ids(layout, sample),
            )  # fmt: skip
            opened = open_large_table(whole, stats, settings, self._related, again)
            yield from self._events_of_large(opened)
        else:
            stats.layout = layout
            rows_of_table = map(Row, count(1), whole.rows)
            yield from read_events(rows_of_table, stats, named_keys=self.named_keys)

    def _events_of_large(self, large: LargeExport) -> Iterator[Event | AlikeEvents]:
        self.large.append(large)
        yield from large.read(self._workers)

    def _is_large(
        self,
        size: Callable[[int], int],
        header: Sequence[str],
        layout: Layout,
        sample: Sequence[Row],
    ) -> bool:
        """Return whether the vectorised reader reads an export, and more quickly.

        `size` returns how many bytes an export has. It reads one that has no size up to the number
        that it is given. numpy is imported once: when the plain reader would have worked for as
        long as the import takes, on this export and those that it has read.
        """
        readable = layout.width == len(header) and layout.positions.keys() >= _READ_BY_LARGE
        if not self._vectorised or not readable:
            return False
        least = LARGE * _SMALL
        work: float = size(int(least / _NEEDED_ROW) + 1)
        if work * _NEEDED_ROW >= least:  # otherwise it is small, whatever its rows are
            if "numpy" not in sys.modules:
                least = max(least, LARGE - self._plain_work)
            weight = 1 + (_NEEDED_ROW - 1) * _needed_share(layout, sample)
            work = weight * size(int(least / weight) + 1)
        if work >= least:
            return True
        self._plain_work += work
        return False


def _needed_share(layout: Layout, rows: Iterable[Row]) -> float:
    """Return the share of rows that an audit needs, from 0 to 1."""
    of_kind = cells_getter(layout, columns.EVENT_SOURCE, columns.EVENT_NAME)
    kinds = Counter(of_kind([*cells, ""]) for _, cells, _ in rows if len(cells) == layout.width)
    needed = (
        count
        for (source, name), count in kinds.items()
        if relevance(source.strip() or None, name.strip()) is not NOT_RELEVANT
    )
    return sum(needed) / max(1, kinds.total())


def _size_of(source: Source, kept: KeptBlocks | None) -> Callable[[int], int]:
    """Return what returns the size of an export when it is unpacked, in bytes."""
    if source.file is None:
        assert kept is not None
        packed = next(iter(kept), b"")[:2] == GZIP_MAGIC
        times = _UNPACKED if packed else 1
        return lambda most: kept.size(most // times + 1) * times
    size = source.file.size * (_UNPACKED if source.file.packed else 1)
    return lambda _: size


def _has_damaged_ids(layout: Layout, sample: Iterable[Row]) -> bool:
    """Return whether account ids of some rows lost digits."""
    at = layout.positions.get(columns.ACCOUNT)
    if at is None:
        return False
    rows = {row.cells[at]: row.cells for row in sample if len(row.cells) == layout.width}
    return any(lost_digits(cell) and not layout.misfit(cells) for cell, cells in rows.items())


def _no_whole_row(source: Source, cut_short: str) -> InputError:
    """Return the error for a file that is cut short and holds no whole row."""
    why = f"{cut_short} and holds no whole row: download it again"
    return InputError(why, source=source.name)


def _mark_last(rows: Iterable[Row], lines: Lines) -> Iterator[Row]:
    """Pass rows on; the last row of a file that is cut short within a line is not whole."""
    held: Row | None = None
    for row in rows:
        if held is not None:
            yield held
        held = row
    if held is not None:
        if lines.cut_short and not lines.ends_with_newline and held.fault is None:
            held = held._replace(fault=CUT_SHORT)
        yield held
