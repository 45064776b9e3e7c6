"""Columns of tables → Arrow arrays of text, without a Python object for each cell."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

_AS_TEXT = ("string", "large_string", "string_view", "bool", "null")
_FIRST_YEAR, _LAST_YEAR = 1, 9999  # of Python's datetime


def text_array(column: Any) -> Any | None:
    """Return the cells of a column of pandas or Arrow as an array of large_string.

    A missing value is null. Other cells have the text that `tables.texts_in` returns, but a time
    with a zone is written in UTC, with Z. None if Arrow does not write the same text as Python, or
    if the text is not UTF-8.
    """
    import pyarrow as pa

    try:
        texts = _texts(column if isinstance(column, pa.Array) else _of_pandas(column))
        texts.validate(full=True)  # also that the text is UTF-8
    except (pa.ArrowException, ValueError, TypeError):
        return None
    return texts


def array_of(texts: Sequence[str]) -> Any:
    """Return texts as an array of large_binary: UTF-8 with lone surrogates.

    `pyarrow.array` does the same, but imports pandas.
    """
    import pyarrow as pa

    cells = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = array("q", accumulate(map(len, cells), initial=0))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(cells))]
    return pa.Array.from_buffers(pa.large_binary(), len(cells), buffers)


def _of_pandas(column: Any) -> Any:
    """Return a column of pandas as an Arrow array. Objects must be texts or missing."""
    import pyarrow as pa

    found = pa.array(column, pa.large_string() if column.dtype == object else None)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _texts(column: Any) -> Any:
    """Return an Arrow array as text. Raises ArrowException or TypeError where it has none."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return _times(column)
    if pa.types.is_integer(column.type) or str(column.type) in _AS_TEXT:
        return column.cast(pa.large_string())
    raise TypeError(column.type)


def _times(column: Any) -> Any:
    """Return times as ISO 8601 text. Raises ArrowInvalid if they are not whole seconds."""
    import pyarrow as pa
    from pyarrow import compute

    zone = column.type.tz  # it does not change the instant
    seconds = column.view(pa.timestamp(column.type.unit)).cast(pa.timestamp("s"))
    years = compute.min_max(compute.year(seconds)).as_py().values()
    if not all(year is None or _FIRST_YEAR <= year <= _LAST_YEAR for year in years):
        raise TypeError("Python has no such years")
    texts = compute.binary_replace_slice(seconds.cast(pa.large_string()), 10, 11, "T")
    return compute.binary_replace_slice(texts, 19, 19, "Z") if zone else texts
