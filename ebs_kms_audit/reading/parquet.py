"""Parquet files → header and rows, one row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.sources import Source, opened
from ebs_kms_audit.reading.streams import BLOCK, DamagedError
from ebs_kms_audit.reading.tables import Batch, Table, arrow_batches

_ROWS = 2_000  # of a row group are in memory at a time, besides its packed pages
_BUFFER = 1 << 16  # bytes of each column


def read_parquet(source: Source) -> Table:
    """Return the header of a Parquet file and an iterator over its rows.

    Raises InputError if the file is damaged, now or at a later row.
    """
    batches = _batches(source)
    (header,) = next(batches)
    return Table(header, batches)


def _batches(source: Source) -> Iterator[Batch]:
    """Yield the header alone, then the rows; the file is open until the last."""
    import pyarrow as pa

    try:
        if source.file is not None and not source.file.packed:
            with opened(source.file.path) as file:
                yield from _batches_in(_parquet_file(file))
        else:
            with SpooledTemporaryFile(max_size=64 * BLOCK) as whole:
                _copy(source, whole)
                yield from _batches_in(_parquet_file(whole))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            "this Parquet file is damaged or cut short; download it again", source=source.name
        ) from error


def _parquet_file(content: IO[bytes]) -> Any:
    """Open a Parquet file so that reading it takes little memory.

    The memory pool of the system keeps less freed memory than that of pyarrow.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        return ParquetFile(content, buffer_size=_BUFFER, pre_buffer=False)
    finally:
        pa.set_memory_pool(usual)


def _batches_in(file: Any) -> Iterator[Batch]:
    yield [[str(name) for name in file.schema_arrow.names]]
    for group in range(file.num_row_groups):
        yield from arrow_batches(file.iter_batches(_ROWS, row_groups=[group], use_threads=False))


def _copy(source: Source, whole: IO[bytes]) -> None:
    """Copy a stream or a member of an archive: Parquet is read from its end."""
    assert source.blocks is not None
    try:
        for block in source.blocks():
            if isinstance(block, str):
                raise InputError(
                    "it was opened as text; open it in binary mode", source=source.name
                )
            whole.write(block)
    except DamagedError as error:
        raise InputError("the archive is damaged; download it again", source=source.name) from error
