"""Rows of a table → lines of CSV: one line for each row, so that lines and rows have one number.

A line feed in a cell is written as two characters, of which the first is a lone surrogate. Such a
line is not UTF-8, so the plain reader reads it, after `text_of_line`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice

from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.settings import Settings

_TOGETHER = 5_000  # rows
_MARK = "\udc1b"
_LF, _MARK_ITSELF = f"{_MARK}n", f"{_MARK}m"
_NO_TIME = "-"


def lines_of(rows: Iterable[Sequence[str]], settings: Settings) -> Iterator[bytes]:
    """Yield rows as blocks of lines, in UTF-8 with lone surrogates."""
    rows = iter(rows)
    positions = settings.layout.positions
    name_at, time_at = positions[columns.EVENT_NAME], positions[columns.EVENT_TIME]
    while some := list(islice(rows, _TOGETHER)):
        if not all(map(str.strip, {row[name_at] for row in some})):
            some = [row if row[name_at].strip() else _not_blank(row, time_at) for row in some]
        text = _written(some, settings.delimiter)
        if text.count("\n") != len(some) or _MARK in text:
            text = _written(map(_on_one_line, some), settings.delimiter)
        yield text.encode("utf-8", "surrogatepass")


def text_of_line(line: bytes | bytearray) -> str:
    """Return the text of a row that CSV readers read: with the line feeds in its cells."""
    text = line.decode("utf-8", "surrogatepass")
    return text.replace(_LF, "\n").replace(_MARK_ITSELF, _MARK) if _MARK in text else text


def _written(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    text = StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _not_blank(row: Sequence[str], time_at: int) -> list[str]:
    """Return a row without an Event name as one with a time: a blank line is no row.

    It is set aside for the same reason: it has no Event name.
    """
    return [*row[:time_at], row[time_at].strip() or _NO_TIME, *row[time_at + 1 :]]


def _on_one_line(row: Sequence[str]) -> list[str]:
    """Return a row with marks for line feeds."""
    return [cell.replace(_MARK, _MARK_ITSELF).replace("\n", _LF) for cell in row]
