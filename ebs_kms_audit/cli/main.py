"""The command line: which command the words begin with, and its exit status."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from ebs_kms_audit.cli.commands import command_for
from ebs_kms_audit.cli.output import end, say
from ebs_kms_audit.errors import EbsKmsAuditError

BAD_INPUT, INTERNAL_ERROR, INTERRUPTED = 2, 70, 130


def run() -> None:
    """Run as the `ebs-kms-audit` command."""
    gc.set_threshold(1_000_000)  # most objects are kept until the end, so a collection frees little
    try:
        status = main()
    except SystemExit as exit_:  # argparse printed the help
        status = exit_.code if isinstance(exit_.code, int) else 0
    _leave(status)


def _leave(status: int) -> NoReturn:
    """End the process without freeing its objects one by one, which takes 3 ms or more."""
    if _is_observed():
        sys.exit(end(status))
    atexit._run_exitfuncs()  # noqa: SLF001  # os._exit does not call them
    os._exit(end(status))


def _is_observed() -> bool:
    """Return whether a profiler or a debugger runs: it shows its results at the exit of Python."""
    monitoring = getattr(sys, "monitoring", None)  # since Python 3.12
    tools = monitoring is not None and any(map(monitoring.get_tool, range(6)))
    return bool(tools or sys.getprofile() or sys.gettrace())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with the given arguments (default: the process's) and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        run_command, its_words = command_for(words)
        return run_command(its_words)
    except EbsKmsAuditError as error:
        say(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # a defect: one sentence instead of a traceback
        say(f"Internal error: {_place(error)}. Please report it, without the input.")
        return INTERNAL_ERROR


def _place(error: BaseException) -> str:
    """Return the kind of an error and where it was raised. Its text may hold values of the log."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    from pathlib import PurePath  # only an internal error needs it

    where = f" in {PurePath(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""
    return f"{type(error).__name__}{where}"
