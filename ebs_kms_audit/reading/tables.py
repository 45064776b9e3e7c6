"""Tables already in memory → header and rows: pandas DataFrames and any Arrow object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ebs_kms_audit.errors import InputError


class Table(NamedTuple):
    """A header, and an iterator over rows of text; missing values are empty texts."""

    header: list[str]
    rows: Iterator[list[str]]


def is_table(thing: Any) -> bool:
    """Tell whether it is a DataFrame or something that gives an Arrow stream or array."""
    # In pyarrow 15 a ChunkedArray has no Arrow method yet.
    return (
        _is_pandas(thing)
        or type(thing).__module__.partition(".")[0] == "pyarrow"
        or any(hasattr(thing, name) for name in ("__arrow_c_stream__", "__arrow_c_array__"))
    )


def name_of(thing: Any) -> str:
    """Return what to call the table in a report."""
    return f"<{type(thing).__name__}>"


def read(thing: Any) -> Table:
    """Return the table's header and rows. Raises InputError for an array that is no table."""
    if _is_pandas(thing):
        header = [str(name) for name in thing.columns]
        rows = thing.itertuples(index=False, name=None)
        return Table(header, ([_text(value) for value in row] for row in rows))
    return _read_arrow(thing)


def repeatable(thing: Any) -> bool:
    """Tell whether the table can be read twice: a DataFrame can, a stream may be used up."""
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
            f"{name_of(thing)}: this Arrow object is no table with the columns of an export"
        ) from error

    def rows() -> Iterator[list[str]]:
        for batch in stream:
            columns = [column.to_pylist() for column in batch.columns]
            for values in zip(*columns, strict=True):
                yield [_text(value) for value in values]

    return Table([str(name) for name in stream.schema.names], rows())


def _text(value: Any) -> str:
    """Write a value as the export would have it."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return json.dumps(value, default=str)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return _text(value.tolist())
    text = str(value)
    if text in ("nan", "<NA>", "NaT"):  # what pandas calls missing
        return ""
    return str(value.isoformat()) if hasattr(value, "isoformat") else text
