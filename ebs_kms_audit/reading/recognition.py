"""Recognizes the kind of a source from its beginning. The name of the source is not used."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any, NamedTuple

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.decoding import decoded_head
from ebs_kms_audit.reading.exports import header as exports
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.formats import ANYTHING, Foreign, ForeignError, binary_format
from ebs_kms_audit.reading.sources import FIRST, GZIP_MAGIC, HEAD, Source

_PARQUET = b"PAR1"
_JSON_BEGINS = (b"{", b"[")
_FEW = 64  # bytes that show whether a content is JSON
_CONSOLE_COLUMNS = 8
_MOST_COLUMNS = 1000
_LOG_LINE = re.compile(r"\s*\d{4}-\d\d-\d\d[T ][0-9:.,]+Z?[ \t]+[\[{]")
_CONSOLE_NAMES = frozenset(
    name.casefold() for name in (*exports.COLUMNS, exports.RESOURCE_TYPE) if " " in name
)
_MESSAGE_ALONE = frozenset({"@message", "_raw", "event.original", "cloudtrailevent"})
_BINARY = Foreign("a binary file", is_data=None)


class ContentKind(StrEnum):
    """The kind of content of a source."""

    CONSOLE_CSV = "console CSV"
    QUERY_RESULT = "query result (CSV)"
    JSON = "JSON"
    PARQUET = "Parquet"
    TEXT = "text"
    TABLE = "table"


class Header(NamedTuple):
    """The header of a query result.

    line       the number of its line, from 0
    delimiter  the delimiter between cells
    cells      the cells
    """

    line: int
    delimiter: str
    cells: list[str]


def recognize(source: Source) -> tuple[ContentKind, Header | None]:
    """Return the kind of content of a source, and the header of a query result.

    Raises InputError if the source cannot be read, ForeignError if it is of a format that is not.
    """
    if source.table is not None:
        return ContentKind.TABLE, None
    head = _beginning(source)
    if isinstance(head, bytes):
        if head[:1] in _JSON_BEGINS and b"\0" not in head:
            return ContentKind.JSON, None
        if head.startswith(_PARQUET):
            return ContentKind.PARQUET, None
        foreign = binary_format(head)
        if foreign is not None:
            raise ForeignError(source.name, foreign)
    text = decoded_head(head)
    begins = text.lstrip()
    if not begins and len(head) < HEAD:
        raise InputError(f"the file is empty; {ANYTHING.expected}", source=source.name)
    if begins.startswith(("{", "[", '"{\\"', '"[{')) or _LOG_LINE.match(begins):
        return ContentKind.JSON, None
    content, header = _delimited(text.splitlines()[: exports.SEARCHED_LINES])
    if content is ContentKind.TEXT and "\0" in text:
        raise ForeignError(source.name, _BINARY)
    return content, header


def _delimited(lines: Sequence[str]) -> tuple[ContentKind, Header | None]:
    """Recognize a table by its header, which is among the first lines; otherwise it is a text."""
    for index, line in enumerate(lines):
        for delimiter in exports.DELIMITERS:
            try:
                cells = next(csv.reader([line], delimiter=delimiter), [])
            except csv.Error:
                continue
            content = content_of_columns(cells)
            if content is ContentKind.CONSOLE_CSV:
                return content, None
            if content is ContentKind.QUERY_RESULT:
                return content, Header(index, delimiter, cells)
    return ContentKind.TEXT, None


def content_of_columns(cells: Sequence[str]) -> ContentKind | None:
    """Return whether column names are those of a console CSV or of a query result, or neither."""
    if len(cells) > _MOST_COLUMNS:
        return None
    named = [cell.strip() for cell in cells if cell.strip()]
    layout = Layout.of_header(cells)
    spelled = sum(cell.casefold() in _CONSOLE_NAMES for cell in named)
    known = len(layout.positions)
    if spelled > 1 or known >= _CONSOLE_COLUMNS:
        if not any("useridentity" in cell.casefold() for cell in named):
            return ContentKind.CONSOLE_CSV
    elif (
        known == len(named) and {exports.EVENT_NAME, exports.ERROR_CODE} <= layout.positions.keys()
    ):
        return ContentKind.CONSOLE_CSV
    from ebs_kms_audit.reading.records.columns import Columns

    columns = Columns(cells)
    tells = columns.has_name or columns.has_message or columns.exact > 1
    alone = len(named) == 1 and named[0].casefold() in _MESSAGE_ALONE
    return ContentKind.QUERY_RESULT if tells and (columns.understood > 1 or alone) else None


def _beginning(source: Source) -> Any:
    """Return the beginning of a source, unpacked: bytes or text, at most HEAD of it.

    Raises InputError if it cannot be read.
    """
    if source.head is None:
        return b""
    head = source.head(FIRST)
    if _is_packed(head):
        with suppress(InputError):
            first = _unpacked(head, source.name, _FEW)
            # Enough for JSON, because a trail has many files. A binary file has a NUL early.
            if _begins_json(first) and b"\0" not in first:
                return first
        return _unpacked(source.head(HEAD), source.name)
    return head if _begins_json(head) else source.head(HEAD)


def _is_packed(head: Any) -> bool:
    return isinstance(head, bytes) and head.startswith(GZIP_MAGIC)


def _begins_json(head: Any) -> bool:
    """Return whether a beginning is that of JSON."""
    return head.lstrip()[:1] in (*_JSON_BEGINS, "{", "[")


def _unpacked(head: bytes, name: str, most: int = HEAD) -> bytes:
    """Unpack the beginning of a gzip file, at most so much, as far as it is not damaged."""
    unpacker = zlib.decompressobj(31)
    content = b""
    with suppress(zlib.error):
        for start in range(0, len(head), FIRST):
            content += unpacker.decompress(head[start : start + FIRST], most)
            if len(content) >= most:
                return content[:most]
    if not content and not unpacker.eof:
        raise InputError(
            "the gzip file is damaged or cut short, and holds no whole row; download it again",
            source=name,
        )
    return content
