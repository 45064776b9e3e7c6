"""Text → standard output, standard error, or a file: whole or not at all.

Any of the standard streams may be closed, full, or a pipe that nobody reads any more.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.printable import escape_lines

_BAD_OUTPUT = 2
_NO_DATA = (".html", ".htm", ".md", ".markdown", ".txt")  # never read as an input


def write(text: str | Iterable[str], output: str | None = None) -> None:
    """Write text, whole or in pieces, to a file, or to standard output if none is named.

    Raises UsageError if it cannot be written. What was in the file is then untouched.
    """
    pieces = (text,) if isinstance(text, str) else text
    if output is not None:
        try:
            _write_whole(pieces, output)
        except OSError as error:
            raise _unwritable(output, error) from error
        return
    if sys.stdout is None:
        raise UsageError("Standard output is closed. Write to a file with -o FILE.")
    if hasattr(sys.stdout, "reconfigure"):  # a terminal that lacks a character shows an escape
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        for piece in pieces:
            sys.stdout.write(_for_encoding(piece, sys.stdout.encoding or "utf-8"))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader (head, less) left with what it wanted
        _discard(sys.stdout)
    except OSError as error:
        _discard(sys.stdout)
        raise _unwritable("standard output", error) from error


def say(text: str) -> None:
    """Write lines to standard error if it is open, with their invisible characters escaped."""
    if sys.stderr is None:
        return
    try:
        for line in escape_lines(text).split("\n"):
            print(f"ebs-kms-audit: {line}", file=sys.stderr)
        sys.stderr.flush()
    except (OSError, ValueError):
        _discard(sys.stderr)


def end(status: int) -> int:
    """Write what is left in the buffers, and return the exit status: 2 where that fails."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        _discard(sys.stdout)
        say(str(_unwritable("standard output", error)))
        return _BAD_OUTPUT
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
    return status


def check_target(output: str | None, inputs: Iterable[str]) -> None:
    """Check, before anything is read, that a report can be written to a file.

    Raises UsageError if the file is one of the inputs or lies in a folder that is one, if it is a
    folder, and if its name cannot be a file's.
    """
    if output is None:
        return
    from pathlib import Path  # slow to import, and standard output needs none

    try:
        target = Path(output).stat()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise _unwritable(output, error) from error
    if stat.S_ISDIR(target.st_mode):
        raise UsageError(f"{output}: This is a folder. Name a file.")
    for one in inputs:
        if stat.S_ISREG(target.st_mode) and _reads(one, output, target):
            raise UsageError(
                f"{output}: This file is an input, and the report would replace it. Name another "
                "file with -o."
            )


def _reads(given: str, output: str, target: os.stat_result) -> bool:
    """Return whether an input, which may be a folder or a pattern, includes the file."""
    from pathlib import Path

    with suppress(OSError, ValueError):
        if not Path(given).is_dir():
            return os.path.samestat(Path(given).stat(), target)
        folder, file = Path(os.path.realpath(given)), Path(os.path.realpath(output))
        return file.is_relative_to(folder) and file.suffix.lower() not in _NO_DATA
    if any(mark in given for mark in "*?["):
        from ebs_kms_audit.reading.patterns import matches

        with suppress(OSError, ValueError):
            return any(Path(one).samefile(output) for one in matches(given))
    return False


def _unwritable(what: str, error: Exception) -> UsageError:
    return UsageError(f"{what}: It cannot be written: {getattr(error, 'strerror', None) or error}.")


def _discard(stream: object) -> None:
    """Send what is still in a stream's buffer nowhere, so that Python's exit does not fail."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]


def _for_encoding(text: str, encoding: str) -> str:
    """Return the text with plain dashes, dots and crosses if the encoding has no others."""
    try:
        "\u2013\u2026\u00d7".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate({0x2013: "-", 0x2026: "...", 0xD7: "x"})
    return text


def _write_whole(pieces: Iterable[str], output: str) -> None:
    """Write a file whole or not at all: beside the target first, then put in its place."""
    from pathlib import Path  # slow to import, and standard output needs none

    data = (piece.encode("utf-8", "backslashreplace") for piece in pieces)
    try:
        mode = Path(output).stat().st_mode
    except FileNotFoundError:
        mode = 0
    except ValueError as error:  # no file can have this name
        raise _unwritable(output, error) from error
    if mode and not stat.S_ISREG(mode):  # /dev/null, a pipe
        with Path(output).open("wb") as file:
            file.writelines(data)
        return
    import tempfile  # slow to import, and only needed here

    target = Path(os.path.realpath(output))
    handle, beside = tempfile.mkstemp(dir=target.parent, prefix=".ebs-kms-audit-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(data)
        Path(beside).chmod(stat.S_IMODE(mode) if mode else 0o666 & ~_umask())
        Path(beside).replace(target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
