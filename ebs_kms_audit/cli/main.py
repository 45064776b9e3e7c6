"""The command line: which command the words begin with, and its exit status."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from ebs_kms_audit.cli.commands import command_for
from ebs_kms_audit.errors import EbsKmsAuditError

BAD_INPUT, INTERRUPTED = 2, 130


def run() -> None:
    """Run as the `ebs-kms-audit` command."""
    status = main()
    gc.freeze()  # the process ends: it need not look through what it holds for garbage
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with the given arguments (default: the process's) and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        run_command, its_words = command_for(words)
        return run_command(its_words)
    except EbsKmsAuditError as error:
        print(f"ebs-kms-audit: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("ebs-kms-audit: interrupted", file=sys.stderr)
        return INTERRUPTED
