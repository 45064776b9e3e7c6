"""`ebs-kms-audit explain [ID]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ebs_kms_audit.explain import CAVEATS, VERDICTS, page


def run(words: Sequence[str]) -> int:
    """Print what a caveat or a verdict means, or list all of them; the exit status is 0."""
    parser = argparse.ArgumentParser(
        prog="ebs-kms-audit explain",
        description="Say what a caveat or a verdict means.",
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="without it, all are listed")
    options = parser.parse_args(words)
    if options.id is None:
        print("\n".join(f"{one.id:24}{one.title}" for one in (*CAVEATS, *VERDICTS)))
    else:
        print(page(options.id))
    return 0
