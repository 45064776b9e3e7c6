"""The content of a file of CloudTrail JSON, as blocks of UTF-8."""

from __future__ import annotations

from collections.abc import Iterator

from ebs_kms_audit.reading.decoding import Lines
from ebs_kms_audit.reading.formats import RECORDS
from ebs_kms_audit.reading.gunzip import gunzipped_member
from ebs_kms_audit.reading.records.log_format import LOG
from ebs_kms_audit.reading.sources import Source
from ebs_kms_audit.reading.streams import beginning_of


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
        self._blocks: Iterator[bytes] | None = None

    def _opened(self) -> Lines:
        source = self._source
        assert source.blocks is not None
        return Lines(source.name, source.blocks(), RECORDS, source.again)

    @property
    def cut_short(self) -> str | None:
        """Why the content ends too early, after its last block was taken."""
        return self._text.cut_short

    def whole_log(self, limit: int) -> bytes | None:
        """Return all of a trail's log file, read at once; None for any other content.

        That is a content that exceeds a limit, is damaged, or changed its size.
        """
        file = self.file
        if file is None:
            return None
        try:
            read = beginning_of(file.path, file.size + 1)
        except OSError:
            return None
        content = gunzipped_member(read, limit) if file.packed else read
        if len(read) != file.size or content is None or not LOG.match(content):
            return None
        self._blocks = iter([content])
        return content

    def blocks(self) -> Iterator[bytes]:
        """Return the content. Its blocks raise InputError where it cannot be read."""
        return self._blocks or self._text.utf8()

    def again(self) -> Iterator[bytes]:
        """Open the content again, and return its blocks."""
        self._text = self._opened()
        return self._text.utf8()
