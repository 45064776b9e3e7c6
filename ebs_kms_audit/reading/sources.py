"""What a caller may hand in → one Source for each export in it.

A path, several, a folder, a glob, `.gz` and `.zip` (told by content, not by name), an open file,
`-` for standard input; tables in memory are left to `tables`.
"""

from __future__ import annotations

import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from stat import S_ISDIR, S_ISREG
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading import tables

if TYPE_CHECKING:
    import zipfile

BLOCK = 1 << 18
# What a trail writes beside its log files: digests of them, and Insights events.
_NO_LOG = r"CloudTrail-(Digest|Insight)(/|\\|$)"
GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_EXCEL_MEMBER = "[Content_Types].xml"

Blocks = Iterator[bytes] | Iterator[str]


class DamagedError(Exception):
    """Raised by blocks where what an export is packed in is damaged; what came before is good."""


class FileKind(NamedTuple):
    """A kind of input: what it is, its endings in folders, and how to come by it."""

    what: str
    suffixes: tuple[str, ...]
    how_to_get_it: str

    @property
    def expected(self) -> str:
        """Say what was expected and how to get it: the end of every refusal."""
        return f"expected {self.what}; {self.how_to_get_it}"

    @property
    def packed(self) -> tuple[str, ...]:
        """The endings within a zip archive: an archive in an archive is not opened."""
        return tuple(suffix for suffix in self.suffixes if suffix != ".zip")


EXPORTS = FileKind(
    "the console's CSV export",
    (".csv", ".csv.gz", ".zip"),
    "choose Download CSV in the CloudTrail console's Event history",
)
RECORDS = FileKind(
    "CloudTrail records",
    (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".zip"),
    "choose Download JSON in the CloudTrail console's Event history, run aws cloudtrail "
    "lookup-events, or copy a trail's log files",
)


class PlainFile(NamedTuple):
    """A file on the disk, that can be read from any place; packed if it is gzip."""

    path: str
    size: int
    packed: bool


class Source(NamedTuple):
    """One export: what to call it, and how to get its content, in blocks or as a table.

    Both raise InputError where there is nothing to be had; blocks may end in a DamagedError. One
    byte of a block stands for `scale` bytes on the disk: a member of an archive is unpacked. `file`
    is where the content lies, if that is a file by itself.
    """

    name: str
    blocks: Callable[[], Blocks] | None = None
    table: Callable[[], tables.Table] | None = None
    scale: float = 1.0
    file: PlainFile | None = None


def sources(inputs: Any, kind: FileKind = EXPORTS) -> Iterator[Source]:
    """Expand what `audit()` takes into the inputs of a kind that it stands for, one at a time."""
    if tables.is_table(inputs):
        yield Source(name=tables.name_of(inputs), table=lambda: tables.read(inputs))
    elif isinstance(inputs, (str, os.PathLike)):
        yield from _of_path(os.fspath(inputs), kind)
    elif hasattr(inputs, "read"):
        yield from _of_stream(inputs, kind)
    elif isinstance(inputs, Iterable) and not isinstance(inputs, (bytes, bytearray, dict)):
        empty = True
        for item in inputs:
            empty = False
            yield from sources(item, kind)
        if empty:
            yield _refused("(nothing)", f"no input was given: name a file; {kind.how_to_get_it}")
    else:
        name = type(inputs).__name__
        yield _refused(
            f"<{name}>",
            f"an object of type {name} can't be read: pass a path, an open file, a DataFrame "
            "or an Arrow table",
        )


def repeatable(inputs: Any) -> bool:
    """Tell whether the inputs can be read a second time: paths and tables can, streams can't."""
    if tables.is_table(inputs):
        return tables.repeatable(inputs)
    if isinstance(inputs, (list, tuple)):
        return all(repeatable(item) for item in inputs)
    return inputs is None or (isinstance(inputs, (str, os.PathLike)) and inputs != "-")


def total_size(inputs: Any, kind: FileKind = EXPORTS) -> int | None:
    """Return how many bytes of inputs lie on the disk; None where some lie elsewhere."""
    if isinstance(inputs, (str, os.PathLike)):
        return _size_at(os.fspath(inputs), kind)
    if not isinstance(inputs, (list, tuple)):
        return 0 if inputs is None else None
    sizes = [total_size(item, kind) for item in inputs]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _size_at(path: str, kind: FileKind) -> int | None:
    if path == "-":
        return None
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib is slow to import
    except (OSError, ValueError):
        matches = [one for one in _matches(path) or () if one != path]
        return sum(_size_at(match, kind) or 0 for match in matches)
    if S_ISDIR(found.st_mode):
        return sum(_size_at(file, kind) or 0 for file in _files_in(path, kind))
    return found.st_size if S_ISREG(found.st_mode) else None


def _refused(name: str, reason: str) -> Source:
    return _failed(name, InputError(f"{name}: {reason}"))


def _failed(name: str, error: Exception) -> Source:
    def fail() -> Blocks:
        raise error
        yield b""  # so that it is raised where blocks are read

    return Source(name=name, blocks=fail)


def _of_path(path: str, kind: FileKind) -> Iterator[Source]:
    if path == "-":
        yield from _of_stream(sys.stdin.buffer, kind, "standard input")
        return
    if os.path.isfile(path):  # noqa: PTH113 - first, since what the rest needs is slow to import
        yield from _of_file(path, kind)
        return
    if os.path.isdir(path):  # noqa: PTH112 - pathlib raises where a name is too long for one
        yield from _of_folder(path, kind)
    elif os.path.exists(path):  # noqa: PTH110
        yield from _of_file(path, kind)
    elif (matches := _matches(path)) is None:
        yield _refused(path, f"no such file: check the path; {kind.expected}")
    elif not matches:
        yield _refused(path, f"no file matches this pattern; {kind.expected}")
    else:
        for match in matches:
            yield from _of_path(match, kind)


def _matches(pattern: str) -> list[str] | None:
    """Return what a pattern stands for; None where it is none."""
    import glob  # slow to import

    return sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else None


def _of_folder(path: str, kind: FileKind) -> Iterator[Source]:
    files = _files_in(path, kind)
    if not files:
        yield _refused(path, f"this folder holds no {_either(kind.suffixes)} file; {kind.expected}")
    for file in files:
        yield from _of_file(file, kind)


def _files_in(path: str, kind: FileKind) -> list[str]:
    from pathlib import Path  # slow to import

    return sorted(
        os.path.join(folder, name)  # noqa: PTH118 - keeps the spelling that the caller used
        for folder, subfolders, names in os.walk(path)
        for name in names
        if name.lower().endswith(kind.suffixes) and not name.startswith(".")
        if not re.search(_NO_LOG, folder)
        if not any(part.startswith(".") for part in Path(folder).relative_to(path).parts)
    )


def _of_file(path: str, kind: FileKind) -> Iterator[Source]:
    try:
        with opened(path) as file:
            found = os.fstat(file.fileno())
            if not S_ISREG(found.st_mode):  # a pipe: it can't be read again
                yield from _of_stream(file, kind, path)
                return
            magic = file.read(4)
    except InputError as error:
        yield _failed(path, error)
        return
    if magic == _ZIP_MAGIC:
        yield from _of_zip(path, path, kind)
        return

    def blocks() -> Iterator[bytes]:
        with opened(path) as file:
            yield from _read_blocks(file, path)

    plain = PlainFile(path, found.st_size, magic.startswith(GZIP_MAGIC))
    yield Source(name=path, blocks=blocks, file=plain)


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open a file as pathlib does, which lets a slash behind its name pass.

    Raises InputError where that can't be done.
    """
    try:
        with open(path.rstrip("/"), "rb") as file:  # noqa: PTH123 - pathlib is slow to import
            yield file
    except OSError as error:
        raise InputError(f"{path}: it can't be opened: {error.strerror or error}") from error


def _of_stream(stream: Any, kind: FileKind, name: str | None = None) -> Iterator[Source]:
    name = name or _stream_name(stream)
    content = _read_blocks(stream, name)
    try:
        first = next(content, b"")
        if isinstance(first, str) or not first.startswith(_ZIP_MAGIC):
            yield Source(name=name, blocks=lambda: chain([first], content))
            return
        from tempfile import SpooledTemporaryFile  # slow to import, and seldom needed

        with SpooledTemporaryFile(max_size=64 * BLOCK) as whole:  # zip is read from its end
            whole.writelines(chain([first], content))
            yield from _of_zip(whole, name, kind)
    except (InputError, DamagedError) as error:
        yield _failed(name, error)


def _stream_name(stream: Any) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) else f"<{type(stream).__name__}>"


def _read_blocks(stream: Any, name: str) -> Iterator[Any]:
    """Yield what a stream gives, in whole blocks: a pipe may give less than it is asked for."""
    read: Callable[[int], Any] = stream.read
    if _unpacks(stream):
        read = stream.read1  # it gives all there is before it fails
    damaged = False
    while not damaged:
        parts, size = [], 0
        try:
            while size < BLOCK and (part := read(BLOCK - size)):
                parts.append(part)
                size += len(part)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}: it was opened as {error.encoding} text and is none: open it in binary "
                "mode, or pass its path"
            ) from error
        except (OSError, ValueError) as error:  # a closed file is a ValueError
            raise InputError(f"{name}: reading it failed: {error}") from error
        except (zlib.error, EOFError, _bad_zip_file()):  # zip members, gzip's file objects
            damaged = True
        if parts:
            yield parts[0][:0].join(parts)
        elif not damaged:
            return
    raise DamagedError


def _unpacks(stream: Any) -> bool:
    """Tell whether it is a file object of gzip or zipfile; neither need be imported for that."""
    return any(base.__module__ in ("gzip", "zipfile") for base in type(stream).__mro__)


def _of_zip(archive: Any, name: str, kind: FileKind) -> Iterator[Source]:
    from zipfile import ZipFile  # slow to import

    try:
        with ZipFile(archive) as opened:
            members = [info for info in opened.infolist() if not info.is_dir()]
            names = {info.filename for info in members}
            if _EXCEL_MEMBER in names:
                yield _refused(name, f"this is an Excel workbook; {kind.expected}")
                return
            exports = [
                info
                for info in members
                if info.filename.lower().endswith(kind.packed)
                and not info.filename.startswith("__MACOSX/")
            ]
            if not exports:
                endings = _either(kind.packed)
                yield _refused(name, f"this zip archive holds no {endings} file; {kind.expected}")
            for info in exports:
                yield _of_member(opened, info, f"{name}/{info.filename}")
    except _zip_damage():
        yield _refused(name, "this zip archive is damaged or cut short: download it again")


def _of_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Source:
    def blocks() -> Iterator[bytes]:
        try:
            with archive.open(info) as member:
                yield from _read_blocks(member, name)
        except (RuntimeError, NotImplementedError) as error:
            raise InputError(
                f"{name}: it is encrypted or packed in a way that can't be read here: "
                "unpack the archive first"
            ) from error
        except _zip_damage() as error:
            raise DamagedError from error

    packed = info.compress_size / info.file_size if info.file_size else 1.0
    return Source(name=name, blocks=blocks, scale=packed)


def _bad_zip_file() -> type[Exception]:
    from zipfile import BadZipFile  # slow to import: an `except` asks for it when one is raised

    return BadZipFile


def _zip_damage() -> tuple[type[Exception], ...]:
    """Return what zipfile raises over damaged archives.

    A wrong offset is an OSError or a ValueError, a wrong version a NotImplementedError.
    """
    from struct import error

    return (_bad_zip_file(), NotImplementedError, error, EOFError, OSError, ValueError)


def _either(endings: Sequence[str]) -> str:
    *most, last = endings
    return f"{', '.join(most)} or {last}"
