"""The command line: which command the words begin with, and its exit status."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

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
    gc.freeze()  # the process ends: it need not look through what it holds for garbage
    sys.exit(end(status))


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
    file = os.path.basename(at.tb_frame.f_code.co_filename) if at else ""  # noqa: PTH119
    where = f" in {file}:{at.tb_lineno}" if at else ""
    return f"{type(error).__name__}{where}"
