"""Inputs → one Source for each file, archive member, stream or table.

A path, several, a folder, a glob, `.gz` and `.zip` (recognized by content), an open file, `-` for
standard input, a DataFrame or an Arrow object. Each file is read once, by its identity on the disk.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from operator import attrgetter
from stat import S_ISDIR, S_ISREG
from typing import IO, Any, NamedTuple

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading import tables
from ebs_kms_audit.reading.archives import EMPTY_ZIP_MAGIC, ZIP_MAGIC, Archive, Shelf
from ebs_kms_audit.reading.streams import (
    BLOCK,
    Blocks,
    DamagedError,
    beginning_of,
    read_blocks,
    stream_name,
)

GZIP_MAGIC = b"\x1f\x8b"
HEAD = 1 << 16
# The folders in which a trail keeps its digest files and its Insights events.
_NOT_LOGS = re.compile(r"CloudTrail-(?:Digest|Insight)")
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
FIRST = 512
_PASS_A_PATH = "pass a path, an open file, a DataFrame or an Arrow table"


class PlainFile(NamedTuple):
    """A file on disk that can be read from any position.

    path    the path
    size    the size in bytes
    packed  whether it is a gzip file
    """

    path: str
    size: int
    packed: bool


class Source(NamedTuple):
    """One input: its name, and how to get its content, in blocks or as a table.

    name        its name in the report
    blocks      returns its content; raises InputError, and DamagedError after the last good block
    table       returns its content as header and rows, for a table in memory
    head        returns up to so many bytes (or characters) of its beginning, not unpacked
    scale       the bytes on the disk for one byte of a block: members of archives are unpacked
    file        where the content is, for a file that is not in an archive
    repeatable  whether its content can be read a second time, also when all sources are closed
    listed      whether it was found in a folder or an archive; the caller did not name it
    skipped     why it is not read, for a member of a folder that cannot be a file of data
    """

    name: str
    blocks: Callable[[], Blocks] | None = None
    table: Callable[[], tables.Table] | None = None
    head: Callable[[int], Any] | None = None
    scale: float = 1.0
    file: PlainFile | None = None
    repeatable: bool = False
    listed: bool = False
    skipped: str | None = None

    @property
    def again(self) -> Callable[[], Any] | None:
        """What returns its content a second time; None for a content that can be read once."""
        return self.blocks if self.repeatable else None


class Sources:
    """The sources of one audit, each once. Close it when all are read."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()
        self._shelf = Shelf()
        self._kept: list[IO[bytes]] = []

    def close(self) -> None:
        """Close the archive that is open, and remove the copies of archives in streams."""
        self._shelf.close()
        for copy in self._kept:
            copy.close()

    def of(self, inputs: Any) -> Iterator[Source]:
        """Yield the sources in what `audit()` takes."""
        if tables.is_table(inputs):
            yield Source(
                name=tables.name_of(inputs),
                table=lambda: tables.read(inputs),
                repeatable=tables.repeatable(inputs),
            )
        elif isinstance(inputs, (str, os.PathLike)):
            yield from self._of_path(inputs)
        elif hasattr(inputs, "read"):
            yield from self._of_stream(inputs, stream_name(inputs))
        elif isinstance(inputs, Iterable) and not isinstance(inputs, (bytes, bytearray, dict)):
            empty = True
            for item in inputs:
                empty = False
                yield from self.of(item)
            if empty:
                yield _failed("(nothing)", "no input was given; name a file")
        else:
            name = type(inputs).__name__
            yield _failed(f"<{name}>", f"an object of type {name} cannot be read; {_PASS_A_PATH}")

    def _of_path(self, given: str | os.PathLike[Any]) -> Iterator[Source]:
        path = os.fspath(given)
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if path == "-":
            if sys.stdin is None:
                yield _failed("standard input", "it is closed; name a file")
            else:
                yield from self._of_stream(sys.stdin.buffer, "standard input")
            return
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116
        except (OSError, ValueError) as error:
            yield from self._of_pattern(path, error)
            return
        if S_ISDIR(mode):
            yield from self._of_folder(path)
        else:
            yield from self._of_file(path, listed=False)

    def _of_pattern(self, path: str, error: Exception) -> Iterator[Source]:
        """Yield the files that match a pattern, or a source with the error."""
        import glob

        from ebs_kms_audit.reading.patterns import matches

        if glob.has_magic(path) and not looks_like_content(path):
            found = matches(path)
            if not found:
                yield _failed(path, "no file matches this pattern; check the path")
            for match in found:
                if os.path.isdir(match):  # noqa: PTH112
                    yield from self._of_folder(match)
                else:
                    yield from self._of_file(match, listed=False, named=False)
            return
        yield _failed(_shortened(path), _why_not(path, error))

    def _of_folder(self, path: str) -> Iterator[Source]:
        empty = True
        for found in self.files_in(path):
            empty = False
            if isinstance(found, Source):
                yield found
            else:
                yield from self._of_file(found, listed=True)
        if empty:
            yield _failed(path, "this folder holds no file; check the path")

    def files_in(self, path: str) -> Iterator[str | Source]:
        """Yield the files of a folder and its subfolders in order of name.

        Hidden ones are left out, and the folders of a trail that hold no log files. A folder that
        cannot be read is a source that fails.
        """
        pending = [path]
        while pending:
            folder = pending.pop()
            try:
                if not self._is_new(os.stat(folder)):  # noqa: PTH116 - `folder` may be "a/../b"
                    continue
                with os.scandir(folder) as entries:
                    found = sorted(entries, key=attrgetter("name"))
            except OSError as error:
                why = (
                    f"this folder cannot be read: {error.strerror or error}; check its permissions"
                )
                yield _failed(folder, why)
                continue
            subfolders = []
            for entry in found:
                if entry.name.startswith(".") or _NOT_LOGS.fullmatch(entry.name):
                    continue
                if _is_folder(entry):
                    subfolders.append(entry.path)
                else:
                    yield entry.path
            pending.extend(reversed(subfolders))

    def _is_new(self, found: os.stat_result) -> bool:
        """Return whether a file or folder is new, and remember it."""
        identity = (found.st_dev, found.st_ino)
        if identity in self._seen:
            return False
        self._seen.add(identity)
        return True

    def _of_file(self, path: str, *, listed: bool, named: bool = True) -> Iterator[Source]:
        """Yield the sources in a file: `listed` in a folder, or `named` and not by a pattern."""
        try:
            found = os.stat(path)  # noqa: PTH116 - quicker, and a trail has many files
            if not S_ISREG(found.st_mode):
                if listed or not named:  # a pipe that nobody writes to would never end
                    why = "it is a pipe, a socket or a device"
                    yield Source(name=path, listed=True, skipped=why)
                else:
                    with opened(path) as stream:
                        yield from self._of_stream(stream, path)
                return
            if not self._is_new(found):
                return
            first = beginning_of(path, FIRST)
        except OSError as error:
            yield _failed(path, f"it cannot be opened: {error.strerror or error}")
            return
        except InputError as error:
            yield _failed(path, error)
            return
        if first[:4] in (ZIP_MAGIC, EMPTY_ZIP_MAGIC):
            yield from self._of_zip(path, path)
            return
        plain = PlainFile(path, found.st_size, first.startswith(GZIP_MAGIC))
        yield Source(
            name=path,
            blocks=partial(_blocks_of, path),
            head=partial(_head_of, path, first),
            file=plain,
            repeatable=True,
            listed=listed,
        )

    def _of_stream(self, stream: Any, name: str) -> Iterator[Source]:
        content = read_blocks(stream, name)
        try:
            first = next(content, b"")
            if isinstance(first, str) or first[:4] not in (ZIP_MAGIC, EMPTY_ZIP_MAGIC):
                yield Source(
                    name=name,
                    blocks=lambda: chain([first], content),
                    head=lambda size: first[:size],
                )
                return
            from tempfile import SpooledTemporaryFile

            # A zip archive is read from its end, so it is kept until the audit is done.
            whole: Any = SpooledTemporaryFile(max_size=64 * BLOCK)  # noqa: SIM115
            self._kept.append(whole)
            with suppress(DamagedError):
                whole.writelines(chain([first], content))
            yield from self._of_zip(whole, name)
        except DamagedError:
            yield _failed(name, "the archive is damaged or cut short; download it again")
        except InputError as error:
            yield _failed(name, error)

    def _of_zip(self, content: Any, name: str) -> Iterator[Source]:
        archive = Archive(name, content, self._shelf)
        try:
            members = archive.members()
        except InputError as error:
            yield _failed(name, error)
            return
        if not members:
            yield _failed(name, "this zip archive holds no file; check the path")
        for info in members:
            last = info.filename.rpartition("/")[2]
            if info.filename.startswith("__MACOSX/") or last.startswith("."):
                continue
            yield Source(
                name=archive.name_of(info),
                blocks=partial(archive.blocks, info),
                head=partial(archive.beginning, info),
                scale=info.compress_size / info.file_size if info.file_size else 1.0,
                repeatable=isinstance(content, str),
                listed=True,
            )


def only_path(inputs: Any, records: Any) -> str | None:
    """Return the path that is the only input, if it is one."""
    given = inputs[0] if isinstance(inputs, list | tuple) and len(inputs) == 1 else inputs
    is_path = records is None and isinstance(given, str | os.PathLike)
    return os.fsdecode(given) if is_path else None


def repeatable(inputs: Any) -> bool:
    """Return whether the inputs can be read a second time: paths and tables, but no streams."""
    if tables.is_table(inputs):
        return tables.repeatable(inputs)
    if isinstance(inputs, (list, tuple)):
        return all(repeatable(item) for item in inputs)
    if not isinstance(inputs, (str, os.PathLike)):
        return inputs is None
    path = os.fspath(inputs)
    with suppress(OSError, ValueError):
        mode = os.stat(path).st_mode  # noqa: PTH116 - a path of bytes is possible
        return S_ISREG(mode) or S_ISDIR(mode)
    return path not in ("-", b"-")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # the file says so when it is opened
        return False


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open a file. Raises InputError if that fails."""
    try:
        file = open(path, "rb")  # noqa: PTH123, SIM115 - an error of the caller's is not one of opening
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"it cannot be opened: {why}", source=path) from error
    with file:
        yield file


def _blocks_of(path: str) -> Iterator[bytes]:
    """Yield the content of a file. A block that is not full is the last one."""
    with opened(path) as file:
        size = BLOCK
        while size == BLOCK:
            try:
                block = file.read(BLOCK)
            except OSError as error:
                raise InputError(f"reading it failed: {error}", source=path) from error
            size = len(block)
            if block:
                yield block


def _head_of(path: str, first: bytes, size: int) -> bytes:
    """Return the beginning of a file; `first` is what was read of it before."""
    if size <= len(first):
        return first[:size]
    with opened(path) as file:
        try:
            return file.read(size)
        except OSError as error:
            raise InputError(
                f"reading it failed: {error.strerror or error}", source=path
            ) from error


def _why_not(path: str, error: Exception) -> str:
    if looks_like_content(path):
        return f"this is the content of a file, not a path; {_PASS_A_PATH}"
    if "\0" in path:
        return "a path cannot hold a NUL character; check the path"
    if getattr(error, "errno", None) in _ABSENT:
        return "no such file; check the path"
    return f"it cannot be opened: {getattr(error, 'strerror', None) or error}"


def looks_like_content(path: str) -> bool:
    """Return whether a text is the content of a file, and not a path."""
    return path.lstrip()[:1] in ("{", "[") or "\n" in path


def _shortened(path: str) -> str:
    return path if len(path) <= 300 else f"{path[:200]}…"


def _failed(name: str, why: str | InputError) -> Source:
    """Return a source that raises an InputError when it is read."""
    error = why if isinstance(why, InputError) else InputError(why, source=name)

    def fail(*_: int) -> Any:
        raise error

    return Source(name=name, blocks=fail, head=fail)
