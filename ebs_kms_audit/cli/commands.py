"""The commands, each a module with `run(words) -> exit status`.

A module is imported when its command is called, so that the main command starts quickly.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module

from ebs_kms_audit.errors import UsageError

Command = Callable[[Sequence[str]], int]

COMMANDS = ("check", "demo", "explain", "help", "lint", "message", "query", "version")


def command_for(words: Sequence[str]) -> tuple[Command, Sequence[str]]:
    """Return what runs the words, and the words for it: a command's own, or those of an audit.

    Raises UsageError if the first word is no file and like the name of a command.
    """
    first = words[0] if words else ""
    if first in COMMANDS:
        return run_of(first), words[1:]
    if first.isalpha() and not os.path.exists(first):  # noqa: PTH110 - pathlib is slow to import
        from ebs_kms_audit.render.phrases import did_you_mean

        if hint := did_you_mean(first, COMMANDS):
            raise UsageError(f"{first} is neither a file nor a command.{hint}")
    return run_of("audit"), words


def run_of(command: str) -> Command:
    """Return the function that runs a command."""
    run: Command = import_module(f"ebs_kms_audit.cli.{command}").run
    return run
