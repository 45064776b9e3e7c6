"""Rows of a table → lines of CSV: one line for each row, so that lines and rows have one number.

A line feed in a cell is written as two characters. The first is a lone surrogate, so the line is
not UTF-8, and the plain reader reads it, as `text_of_line` returns it.

Arrow joins arrays of bytes to lines, without a Python text for each cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pyarrow import compute

from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.settings import Settings
from ebs_kms_audit.reading.tables import Batch, Column, texts_in
from ebs_kms_audit.reading.text_arrays import array_of, text_array

_MARK = "\udc1b"
_LF, _MARK_ITSELF = f"{_MARK}n", f"{_MARK}m"
_NO_TIME = "-"
_UTC = "+00:00"  # in a time of pandas; the console writes Z
_NOTHING, _LINE_END, _QUOTE = (array_of([text])[0] for text in ("", "\n", '"'))


def lines_of(batches: Iterable[Batch], settings: Settings) -> Iterator[bytes]:
    """Yield rows as blocks of lines, in UTF-8 with lone surrogates."""
    positions = settings.layout.positions
    name_at, time_at = positions[columns.EVENT_NAME], positions[columns.EVENT_TIME]
    delimiter = array_of([settings.delimiter])[0]
    special = [_bytes(text) for text in (settings.delimiter, '"', "\r", "\n", _MARK)]
    for batch in batches:
        cells = [_cells(column) for column in batch]
        cells[time_at] = _times(cells[time_at], cells[name_at])
        for at, column in enumerate(cells):
            content = _content(column)
            if any(text in content for text in special):
                cells[at] = _written(column, settings.delimiter)
        cells[-1] = _joined(cells[-1], _NOTHING, by=_LINE_END)
        yield _content(_joined(*cells, by=delimiter))


def text_of_line(line: bytes | bytearray) -> str:
    """Return the text of a row as CSV: with the line feeds in its cells."""
    text = line.decode("utf-8", "surrogatepass")
    return text.replace(_LF, "\n").replace(_MARK_ITSELF, _MARK) if _MARK in text else text


def _cells(column: Column) -> Any:
    """Return a column as an array of large_binary."""
    texts = text_array(column)
    return array_of(texts_in(column)) if texts is None else texts.view(pa.large_binary())


def _times(times: Any, names: Any) -> Any:
    """Return the times as the console writes them.

    A row without an Event name is set aside, whatever its time. A blank line is no row.
    """
    if _bytes(_UTC) in _content(times):
        times = compute.replace_substring_regex(times, r"\+00:00\z", "Z")
    if all(_text(name).strip() for name in names.unique().to_pylist()):
        return times
    pairs = zip(names.to_pylist(), times.to_pylist(), strict=True)
    return array_of([_text(time) if _text(name).strip() else _NO_TIME for name, time in pairs])


def _written(cells: Any, delimiter: str) -> Any:
    """Return cells as they are written in a line: in quotes where they must be."""
    must_be_quoted = compute.match_substring_regex(cells, f'["\r\n{delimiter}]')
    quoted = _joined(_NOTHING, _replaced(cells, '"', '""'), _NOTHING, by=_QUOTE)
    cells = compute.if_else(must_be_quoted, quoted, cells)
    return _replaced(_replaced(cells, _MARK, _MARK_ITSELF), "\n", _LF)


def _joined(*columns: Any, by: Any) -> Any:
    """Join the cells of each row. A missing cell is empty."""
    return compute.binary_join_element_wise(
        *columns, by, null_handling="replace", null_replacement=""
    )


def _replaced(cells: Any, old: str, new: str) -> Any:
    return compute.replace_substring(cells, _bytes(old), _bytes(new))


def _content(column: Any) -> bytes:
    """Return the bytes of all cells of a column, one after the other."""
    _, places, content = column.buffers()
    begin, end = (memoryview(places).cast("q")[column.offset + at] for at in (0, len(column)))
    return content[begin:end].to_pybytes() if content else b""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(cell: bytes | None) -> str:
    return (cell or b"").decode("utf-8", "surrogatepass")
