"""A file that is read a second time: it must be the one that was read first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.sources import opened

_CHANGED = "it was changed while it was read: run the audit again on a copy of it"


class UnchangedFile:
    """A file on disk, as it is now. Raises InputError if it cannot be opened."""

    def __init__(self, path: str) -> None:
        self._path = path
        with opened(path) as file:
            self._state = os.fstat(file.fileno())

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the file. Raises InputError if it has other content, except for more at its end."""
        with suppress(OSError):  # `opened` says why it cannot be opened
            self._check(os.stat(self._path))  # noqa: PTH116  # before it is opened: a pipe blocks
        with opened(self._path) as file:
            self._check(os.fstat(file.fileno()))
            yield file

    def _check(self, now: os.stat_result) -> None:
        before = self._state
        is_other = (before.st_dev, before.st_ino) != (now.st_dev, now.st_ino)
        is_written = now.st_size == before.st_size and now.st_mtime_ns != before.st_mtime_ns
        if is_other or is_written or now.st_size < before.st_size:
            raise InputError(_CHANGED, source=self._path)
