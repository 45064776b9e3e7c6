"""Rows of a table → lines of CSV: one line for each row, so that lines and rows have one number.

A line feed in a cell is written as two characters. The first is a lone surrogate, so the line is
not UTF-8, and the plain reader reads it, as `text_of_line` returns it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.tables import Batch

_MARK = "\udc1b"
_LF, _MARK_ITSELF = f"{_MARK}n", f"{_MARK}m"
_NO_TIME = "-"
_UTC = "+00:00"  # in a time of pandas; the console writes Z
_UTC_AT_END = re.compile(r"\+00:00\Z")


def lines_of(batches: Iterable[Batch], settings: Settings) -> Iterator[bytes]:
    """Yield rows as blocks of lines, in UTF-8 with lone surrogates."""
    delimiter, positions = settings.delimiter, settings.layout.positions
    name_at, time_at = positions[columns.EVENT_NAME], positions[columns.EVENT_TIME]
    special = (delimiter, '"', "\r", "\n", _MARK)
    field = _field_writer(delimiter)
    for batch in batches:
        cells = list(batch)
        if _UTC in "".join(batch[time_at]):
            cells[time_at] = [_UTC_AT_END.sub("Z", time) for time in batch[time_at]]
        if not all(map(str.strip, set(batch[name_at]))):
            # A row without an Event name is set aside, whatever its time. A blank line is no row.
            cells[time_at] = [
                time if name.strip() else _NO_TIME
                for name, time in zip(batch[name_at], cells[time_at], strict=True)
            ]
        for at, column in enumerate(cells):
            text = "".join(column)
            if any(character in text for character in special):
                written = {cell: field(cell) for cell in set(column)}  # many cells are equal
                cells[at] = [written[cell] for cell in column]
        lines = "\n".join(map(delimiter.join, zip(*cells, strict=True)))
        yield f"{lines}\n".encode("utf-8", "surrogatepass")


def text_of_line(line: bytes | bytearray) -> str:
    """Return the text of a row as CSV: with the line feeds in its cells."""
    text = line.decode("utf-8", "surrogatepass")
    return text.replace(_LF, "\n").replace(_MARK_ITSELF, _MARK) if _MARK in text else text


def _field_writer(delimiter: str) -> Callable[[str], str]:
    """Return what writes a cell."""
    must_be_quoted = re.compile(f'["\r\n{re.escape(delimiter)}]').search

    def field(cell: str) -> str:
        if must_be_quoted(cell):
            cell = '"' + cell.replace('"', '""') + '"'
        return cell.replace(_MARK, _MARK_ITSELF).replace("\n", _LF)

    return field
