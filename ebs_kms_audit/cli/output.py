"""Text → standard output, or a file: whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

from ebs_kms_audit.errors import UsageError


def write(text: str, output: str | None = None) -> None:
    """Write text to a file, or to standard output where none is named.

    Raises UsageError where the file can't be written; what was there is then untouched.
    """
    if output is None:
        text = _for_encoding(text, sys.stdout.encoding or "utf-8")
        if hasattr(sys.stdout, "reconfigure"):  # a terminal that lacks a character shows an escape
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader (head, less) left; what it wanted, it has
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    try:
        _write_whole(text, output)
    except OSError as error:
        raise UsageError(f"{output}: can't be written: {error.strerror or error}") from error


def _for_encoding(text: str, encoding: str) -> str:
    """Return the text with plain dashes, dots and crosses if the encoding has no others."""
    try:
        "\u2013\u2026\u00d7".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate({0x2013: "-", 0x2026: "...", 0xD7: "x"})
    return text


def _write_whole(text: str, output: str) -> None:
    """Write a file whole or not at all: beside the target first, then put in its place."""
    from pathlib import Path  # slow to import, and standard output needs none

    target = Path(output)
    data = text.encode("utf-8", "backslashreplace")
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):  # /dev/null, a pipe
        target.write_bytes(data)
        return
    import tempfile  # slow to import, and only needed here

    target = target.resolve()
    handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mode = target.stat().st_mode if target.exists() else 0o666 & ~_umask()
        Path(beside).chmod(stat.S_IMODE(mode))
        Path(beside).replace(target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
