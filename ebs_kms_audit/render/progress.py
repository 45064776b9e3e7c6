"""Progress → one line that changes in place: on a terminal, or under a cell of a notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from ebs_kms_audit.progress import Progress
from ebs_kms_audit.render.phrases import count

_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def line(progress: Progress) -> str:
    """Return how far it is: `1.2 of 4.8 GB (25 %), 310 MB/s, 12 s left, 3 denials so far`."""
    parts = [_read(progress), f"{_size(progress.rate)}/s"]
    if progress.seconds_left is not None:
        parts.append(f"{_time(progress.seconds_left)} left")
    return ", ".join([*parts, f"{count(progress.denials, 'denial')} so far"])


def _read(progress: Progress) -> str:
    total = progress.bytes_total
    if not total:
        return f"{_size(progress.bytes_read)} read"
    share = min(1.0, progress.bytes_read / total)
    return f"{_size(share * total, like=total)} of {_size(total)} ({share:.0%})".replace("%", " %")


def _size(size: float, *, like: float | None = None) -> str:
    """Write a number of bytes; one that is `like` another has its unit, which is left out."""
    factor, unit = next((one for one in _UNITS if (like or size) >= one[0]), (1, "bytes"))
    number = size / factor
    text = f"{number:.1f}" if factor > 1 and number < 100 else f"{number:.0f}"
    return text if like else f"{text} {unit}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


class TerminalLine:
    """Shows progress on a terminal, once it takes longer than a second; `close` wipes it away."""

    _SILENT = 1.0  # seconds

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._shown = False

    def __call__(self, progress: Progress) -> None:
        """Write the line anew."""
        if progress.done:
            self.close()
        elif progress.seconds >= self._SILENT:
            width = _columns(self._terminal)
            self._terminal.write(f"\r{line(progress):{width}.{width}}\r")
            self._terminal.flush()
            self._shown = True

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._shown:
            self._terminal.write(f"\r{'':{_columns(self._terminal)}}\r")
            self._terminal.flush()
            self._shown = False


def _columns(terminal: TextIO) -> int:
    try:
        # One less than there are, or the cursor would go to the next line; 0 is not known.
        return (os.get_terminal_size(terminal.fileno()).columns or 80) - 1
    except (OSError, ValueError):
        return 79


class NotebookLine:
    """Shows progress under a cell, once it takes longer than two seconds; it stays as a record."""

    _SILENT = 2.0  # seconds

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None

    def __call__(self, progress: Progress) -> None:
        """Show the line, or put it in place of the last one."""
        if self._handle is None and (progress.done or progress.seconds < self._SILENT):
            return
        text = _final(progress) if progress.done else line(progress)
        shown = {"text/plain": text}
        if self._handle is None:
            self._handle = self._display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)


def _final(progress: Progress) -> str:
    found = count(progress.denials, "denial")
    return f"{_size(progress.bytes_read)} read in {_time(progress.seconds)}, {found}"


def notebook_line() -> NotebookLine | None:
    """Return what shows progress in the notebook that this runs in; None where it is in none."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import display

    return NotebookLine(display)
