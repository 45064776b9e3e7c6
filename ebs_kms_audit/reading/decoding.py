"""Blocks of bytes → lines of text, or blocks of UTF-8: gzip and encodings."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.formats import EXPORTS, FileKind
from ebs_kms_audit.reading.gunzip import GzipError, gunzipped
from ebs_kms_audit.reading.sources import GZIP_MAGIC
from ebs_kms_audit.reading.streams import Blocks, DamagedError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark starts with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_END = re.compile(r"\n|\r\n|\r(?!\Z)")  # a CR at the end of a block: an LF may follow
_LONGEST_LINE = 64 << 20
_HEAD = 8192


class Lines:
    r"""The lines of one export, each with its line end, as the file has them.

    A line ends at LF, or at CR in a file whose first line and most others end at CR. After the last
    line, `cut_short` says why the content ends too early (a truncated gzip file), or is None. Bytes
    that are not valid in the encoding become `\xe9`: nothing is lost or merged. `again` returns the
    blocks a second time, if that is possible.
    """

    def __init__(
        self,
        name: str,
        blocks: Blocks,
        kind: FileKind = EXPORTS,
        again: Callable[[], Any] | None = None,
    ) -> None:
        self.name = name
        self._again = again
        self._kind = kind
        self.cut_short: str | None = None
        self.ends_with_newline = True
        self._blocks = blocks
        self._content: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[str]:
        rest = ""
        newline = ""
        for text in self._texts():
            rest += text
            newline = newline or _newline_of(rest)
            if newline:
                *lines, rest = rest.split(newline)
                for line in lines:
                    yield line + newline
            self.check_length(len(rest))
        if rest:
            self.ends_with_newline = False
            yield rest

    def utf8(self) -> Iterator[bytes]:
        """Return the content as blocks of UTF-8, without a byte-order mark.

        A content can be read once: by this, by `raw`, or by its lines.
        """
        content = self._unpacked()
        head = self._head(content)
        self._content = chain([head], content)
        if isinstance(head, str) or _encoding(head) != "utf-8":
            # Used for JSON, in which an escape is valid for a character that has no encoding.
            return (text.encode("utf-8", "backslashreplace") for text in self._texts())
        return chain([head.removeprefix(codecs.BOM_UTF8)], content)

    def raw(self) -> Iterator[bytes] | None:
        """Return the content as blocks of UTF-8 whose lines end at LF, without a byte-order mark.

        Content in another encoding is converted. Only text can hold lone surrogates, which become
        the bytes that `surrogatepass` makes of them. None if the lines end at CR.
        """
        content = self._unpacked()
        head = self._head(content)
        self._content = chain([head], content)
        if isinstance(head, str) or _encoding(head) != "utf-8":
            content = (text.encode("utf-8", "surrogatepass") for text in self._texts())
            head = next(content, b"")
        else:
            head = head.removeprefix(codecs.BOM_UTF8)
        while not (newline := _newline_of(_text(head))) and (block := next(content, None)):
            head += block
            self.check_length(len(head))
        if newline != "\n":
            return None
        return self._watched(chain([head], content))

    def _watched(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the blocks; check the length of each line, and how the last one ends."""
        length = 0
        for block in blocks:
            end = block.rfind(b"\n") + 1
            length = len(block) - end + (0 if end else length)
            self.check_length(length)
            self.ends_with_newline = length == 0
            yield block

    def check_length(self, length: int) -> None:
        """Raise InputError if a line is longer than any row."""
        if length > _LONGEST_LINE:
            raise InputError(
                f"a line is longer than {_LONGEST_LINE >> 20} MiB; {self._kind.expected}",
                source=self.name,
            )

    def _texts(self) -> Iterator[str]:
        content = self._unpacked()
        head = self._head(content)
        if isinstance(head, str):
            yield head.removeprefix("\ufeff")
            yield from content
            return
        encoding = _encoding(head)
        decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
        if encoding == "utf-8":
            head = head.removeprefix(codecs.BOM_UTF8)
        yield decoder.decode(head)
        for block in content:
            yield decoder.decode(block)
        yield decoder.decode(b"", True)

    def _unpacked(self) -> Iterator[Any]:
        """Return the content; blocks of text are returned as they are."""
        if self._content is None:
            content = self._until_damage(self._blocks)
            first = next(content, b"")
            packed = isinstance(first, bytes) and first.startswith(GZIP_MAGIC)
            content = chain([first], content)
            self._content = self._gunzipped(content) if packed else content
        return self._content

    def _head(self, content: Iterator[Any]) -> Any:
        """Take the beginning of the content."""
        head = next(content, b"")
        while len(head) < _HEAD and isinstance(head, bytes) and (block := next(content, None)):
            head += block
        return head

    def _until_damage(self, blocks: Blocks) -> Iterator[Any]:
        try:
            yield from blocks
        except DamagedError:
            self.cut_short = "the archive is damaged or cut short"

    def _gunzipped(self, packed: Iterator[bytes]) -> Iterator[bytes]:
        """Unpack the content; of a damaged one, what precedes the damage."""
        try:
            yield from gunzipped(packed, self._again)
        except GzipError as error:
            self.cut_short = str(error)


def decoded_head(head: bytes | str) -> str:
    """Return the beginning of a content as text, without a byte-order mark."""
    if isinstance(head, str):
        return head.removeprefix("\ufeff")
    encoding = _encoding(head)
    decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
    return decoder.decode(head.removeprefix(codecs.BOM_UTF8) if encoding == "utf-8" else head)


def decoded(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield blocks of UTF-8 as text; a byte that is not valid becomes an escape."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", True)


def _encoding(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    return "utf-8"


def _newline_of(text: str) -> str:
    """Return the line end of a file by its first text; an empty text if there is none in it."""
    first = _LINE_END.search(text)
    if first is None:
        return ""
    lone = text.count("\r") - text.count("\r\n")
    return "\r" if first[0] == "\r" and lone > text.count("\n") else "\n"


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
