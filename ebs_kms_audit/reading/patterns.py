"""A pattern of file names → the files. Each folder is listed once, regardless of links to it.

`glob` follows each link to a folder. If a folder has two links to itself, a pattern with `**` does
not end.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISDIR

_ANY_FOLDERS = "**"


def matches(pattern: str) -> list[str]:
    """Return the files and folders that match a `glob` pattern, in order of name.

    A pattern that is not valid, or too long for a path, matches nothing.
    """
    try:
        return sorted(set(_matches(pattern)))
    except (OSError, ValueError, re.error, RecursionError):
        return []


def _matches(pattern: str) -> Iterator[str]:
    parts = re.sub(r"(?<![^/])(?:\*\*/)+(?=\*\*(?:/|$))", "", pattern).split("/")
    if _ANY_FOLDERS not in parts:
        yield from glob.glob(pattern)
        return
    at = parts.index(_ANY_FOLDERS)
    before = "/".join(parts[:at]) or ("/" if at else "")
    for folder in matches(before) if glob.has_magic(before) else [before]:
        for path in _under(folder):
            names = os.path.relpath(path, folder or os.curdir).split("/")
            if _fits(parts[at:], names):
                yield path


def _under(folder: str) -> Iterator[str]:
    """Yield the contents of a folder and its subfolders. Hidden files are left out."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        with suppress(OSError):
            status = Path(here or os.curdir).stat()
            if not S_ISDIR(status.st_mode) or (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(here or os.curdir) as entries:
                names = [entry.name for entry in entries if not entry.name.startswith(".")]
            # The last element is listed first, so that folders come before links to them.
            paths = [os.path.join(here, name) for name in sorted(names)]  # noqa: PTH118
            yield from paths
            waiting += sorted(paths, key=lambda path: not Path(path).is_symlink())


def _fits(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether the names of a path fit the parts of a pattern."""
    if not parts or parts == [""]:
        return not names
    if parts[0] == _ANY_FOLDERS:
        return any(_fits(parts[1:], names[at:]) for at in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], parts[0]) and _fits(parts[1:], names[1:])
