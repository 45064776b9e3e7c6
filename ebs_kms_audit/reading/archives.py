"""Zip archives → one Source for each member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.streams import DamagedError, read_blocks

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
_WORKBOOK_MEMBER = "[Content_Types].xml"
_DAMAGED = "this zip archive is damaged or cut short; download it again"


class Shelf:
    """Holds the one archive that is open, so that a folder of archives needs one open file."""

    def __init__(self) -> None:
        self._archive: Archive | None = None

    def put(self, archive: Archive) -> None:
        """Close the archive that was open, if it is another one."""
        if self._archive is not archive:
            self.close()
            self._archive = archive

    def close(self) -> None:
        """Close the archive that is open."""
        if self._archive is not None:
            self._archive.close()
        self._archive = None


class Archive:
    """A zip archive. It is opened when a member is read, and closed when another archive is.

    `content` is the path of the archive, or a file object with its content.
    """

    def __init__(self, name: str, content: str | IO[bytes], shelf: Shelf) -> None:
        self.name = name
        self._content = content
        self._shelf = shelf
        self._zip: ZipFile | None = None

    def members(self) -> list[ZipInfo]:
        """Return the files in the archive. Raises InputError if it cannot be read."""
        try:
            members = self._opened().infolist()
        except Exception as error:
            # zipfile raises errors of many types for damaged archives.
            raise InputError(_DAMAGED, source=self.name) from error
        if any(info.filename == _WORKBOOK_MEMBER for info in members):
            raise InputError(
                "this is an Excel workbook; save the sheet as CSV, or use the download as "
                "CloudTrail made it",
                source=self.name,
            )
        return [info for info in members if not info.filename.endswith("/")]

    def name_of(self, info: ZipInfo) -> str:
        """Return what a report calls a member."""
        return f"{self.name}/{info.filename or '(member without a name)'}"

    def beginning(self, info: ZipInfo, size: int) -> bytes:
        """Return the first bytes of a member. Raises InputError if it cannot be unpacked."""
        name = self.name_of(info)
        try:
            return next(self._blocks(info, name), b"")[:size]
        except DamagedError as error:
            raise InputError(_DAMAGED, source=name) from error

    def blocks(self, info: ZipInfo) -> Iterator[bytes]:
        """Yield the content of a member.

        Raises InputError if it cannot be unpacked, DamagedError where it is damaged.
        """
        return self._blocks(info, self.name_of(info))

    def _blocks(self, info: ZipInfo, name: str) -> Iterator[bytes]:
        try:
            member = self._opened().open(info)
        except (RuntimeError, NotImplementedError) as error:
            raise InputError(
                "it is encrypted, or packed in a way that Python cannot read; unpack the archive "
                "first",
                source=name,
            ) from error
        except Exception as error:
            raise DamagedError from error
        with member:
            yield from read_blocks(member, name)

    def _opened(self) -> ZipFile:
        from zipfile import ZipFile

        self._shelf.put(self)
        if self._zip is None:
            self._zip = ZipFile(self._content)
        return self._zip

    def close(self) -> None:
        """Close the archive; it is opened again when a member is read."""
        if self._zip is not None:
            self._zip.close()
        self._zip = None
