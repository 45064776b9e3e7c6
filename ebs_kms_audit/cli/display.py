"""Where the report goes, and what the terminal can show: its width, its colours."""

from __future__ import annotations

import os
import sys

from ebs_kms_audit.cli.options import Options

_COLUMNS = 80


def width() -> int:
    """Return the columns of the terminal: those of COLUMNS, else its own, else 80."""
    given = os.environ.get("COLUMNS", "")
    if len(given) < 6 and given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _COLUMNS
    except (AttributeError, OSError, ValueError):
        return _COLUMNS


def color(options: Options) -> bool:
    """Return whether to use colours: `--color`, then NO_COLOR, FORCE_COLOR, TERM, the terminal."""
    if options.color != "auto":
        return options.color == "always"
    if os.environ.get("NO_COLOR") or options.output is not None:
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
