"""The commands beside the main one, each a module: `run(words) -> exit status`.

A module is imported when its command is called, so that the main command starts quickly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

_COMMANDS = ("explain", "lint", "message", "query")


def command(words: Sequence[str]) -> Callable[[Sequence[str]], int] | None:
    """Return what runs the command that the words begin with; None where they begin with none."""
    if not words or words[0] not in _COMMANDS:
        return None
    run: Callable[[Sequence[str]], int] = import_module(f"ebs_kms_audit.cli.{words[0]}").run
    return run
