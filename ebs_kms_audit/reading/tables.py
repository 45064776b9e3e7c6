"""Tables in memory → header and rows: pandas DataFrames and any Arrow object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from math import isnan
from typing import Any, NamedTuple

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.text_arrays import text_array

_TOGETHER = 4_000  # rows
_NO_VALUE = (ValueError, ArithmeticError, RecursionError)
"""What is raised for a time beyond the year 9999, bytes that are no text, or a list in itself."""


Column = Any
"""Cells of a column: a Series of pandas, or an array of Arrow."""
Batch = list[Column]
"""Some rows of a table, as columns."""


class Table(NamedTuple):
    """A header, and an iterator over all rows, some at a time."""

    header: list[str]
    batches: Iterator[Batch]

    @property
    def rows(self) -> Iterator[list[str]]:
        """The rows, each as a list of cells; a missing value is an empty text."""
        texts = (map(texts_in, batch) for batch in self.batches)
        return (list(row) for columns in texts for row in zip(*columns, strict=True))


def is_table(thing: Any) -> bool:
    """Return whether it is a DataFrame, or has the interface of an Arrow stream or array."""
    # In pyarrow 15 a ChunkedArray has no Arrow method yet.
    return (
        _is_pandas(thing)
        or type(thing).__module__.partition(".")[0] == "pyarrow"
        or any(hasattr(thing, name) for name in ("__arrow_c_stream__", "__arrow_c_array__"))
    )


def name_of(thing: Any) -> str:
    """Return the name of the table in a report."""
    return f"<{type(thing).__name__}>"


def read(thing: Any) -> Table:
    """Return the header and rows of a table. Raises InputError for an array without columns."""
    if _is_pandas(thing):
        return Table([str(name) for name in thing.columns], _pandas_batches(thing))
    return _read_arrow(thing)


def _pandas_batches(frame: Any) -> Iterator[Batch]:
    columns = [frame.iloc[:, at] for at in range(frame.shape[1])]
    for begin in range(0, len(frame), _TOGETHER):
        yield [column.iloc[begin : begin + _TOGETHER] for column in columns]


def texts_in(column: Column) -> list[str]:
    """Return the cells of a column as text. A list of objects is quick to make, and to go through.

    Times become text as an array: Arrow imports pandas to make objects of them.
    """
    is_pandas = hasattr(column, "dtype")
    kind = str(column.dtype if is_pandas else column.type)
    if kind.startswith(("datetime64", "timestamp")) and (texts := text_array(column)) is not None:
        return [text or "" for text in texts.to_pylist()]
    if is_pandas:
        return _texts_of(column.to_numpy(dtype=object, na_value="").tolist())
    return _texts_of(_values_of(column))


def _texts_of(column: list[Any]) -> list[str]:
    """Return values as text."""
    if set(map(type, column)) == {str}:
        return column
    return [value if value.__class__ is str else _cell(value) for value in column]


def _cell(value: Any) -> str:
    """Return a value in the form of an export; one that has no text is missing."""
    if value is None or (value.__class__ is float and isnan(value)):
        return ""
    if value.__class__ is int:
        return str(value)
    try:
        return _text(value)
    except _NO_VALUE:
        return ""


def repeatable(thing: Any) -> bool:
    """Return whether the table can be read twice. A stream can be read only once."""
    return _is_pandas(thing) or hasattr(thing, "num_rows")


def _is_pandas(thing: Any) -> bool:
    return type(thing).__module__.partition(".")[0] == "pandas" and hasattr(thing, "itertuples")


def _read_arrow(thing: Any) -> Table:
    import pyarrow as pa

    try:
        if hasattr(thing, "__arrow_c_stream__"):
            stream = pa.RecordBatchReader.from_stream(thing)
        else:
            batch = pa.record_batch(thing)
            stream = pa.RecordBatchReader.from_batches(batch.schema, [batch])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError) as error:
        raise InputError(
            "this Arrow object is not a table with the columns of an export", source=name_of(thing)
        ) from error
    return Table([str(name) for name in stream.schema.names], arrow_batches(stream))


def arrow_batches(batches: Iterable[Any]) -> Iterator[Batch]:
    """Yield the rows of Arrow record batches, some at a time."""
    for batch in batches:
        for begin in range(0, batch.num_rows, _TOGETHER):
            yield batch.slice(begin, _TOGETHER).columns


def _values_of(column: Any) -> list[Any]:
    """Return the values of an Arrow array; one that Python cannot hold is missing."""
    try:
        values: list[Any] = column.to_pylist()
    except _NO_VALUE:
        values = [_value_of(one) for one in column]
    return values


def _value_of(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except _NO_VALUE:
        return None


def _text(value: Any) -> str:
    """Return a value in the form of an export."""
    match value:
        case str():
            return value
        case None:
            return ""
        case float() if isnan(value):  # a missing value of pandas
            return ""
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return json.dumps(_plain(value), default=str)
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "backslashreplace")
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return _text(value.tolist())
    text = str(value)
    if text in ("nan", "<NA>", "NaT"):  # missing values of pandas
        return ""
    return str(value.isoformat()) if hasattr(value, "isoformat") else text


def _plain(value: Any) -> Any:
    """Return a nested value with maps as objects: Arrow has a map as a list of pairs."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, tuple) and len(one) == 2 for one in value):
            return {str(name): _plain(inner) for name, inner in value}
        return [_plain(inner) for inner in value]
    return value
