"""The content of a file of CloudTrail JSON, as blocks of UTF-8."""

from __future__ import annotations

from collections.abc import Iterator

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.formats import RECORDS
from ebs_kms_audit.reading.sources import Source


class Content:
    """The content of a source. It can be read once, or is opened again.

    name  the name of the source
    file  the file on disk; None if it cannot be opened again
    """

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.file = source.file
        self._source = source
        self._text = self._opened()
        self._held: list[bytes] = []
        self._rest: Iterator[bytes] | None = None
        self._error: InputError | None = None

    def _opened(self) -> Lines:
        source = self._source
        assert source.blocks is not None
        return Lines(source.name, source.blocks(), RECORDS, source.again)

    @property
    def cut_short(self) -> str | None:
        """Why the content ends too early, after its last block was taken."""
        return self._text.cut_short

    def whole(self, limit: int) -> bytes | None:
        """Return all of the content; None if it exceeds a limit, is cut short or cannot be read."""
        size = 0
        try:
            for block in self.blocks():
                self._held.append(block)
                size += len(block)
                if size > limit:
                    return None
        except InputError as error:
            self._error = error
            return None
        return None if self.cut_short else b"".join(self._held)

    def blocks(self) -> Iterator[bytes]:
        """Yield the content. Raises InputError where it cannot be read."""
        held, self._held = self._held, []
        yield from held
        if self._error:
            raise self._error
        if self._rest is None:
            self._rest = self._text.utf8()
        yield from self._rest

    def again(self) -> Iterator[bytes]:
        """Open the content again, and return its blocks."""
        self._text = self._opened()
        return self._text.utf8()
