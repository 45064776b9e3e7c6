"""`ebs-kms-audit explain [ID]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ebs_kms_audit.explain import page, pages


def run(words: Sequence[str]) -> int:
    """Print what a caveat means, or all caveats; the exit status is 0."""
    parser = argparse.ArgumentParser(
        prog="ebs-kms-audit explain", description="Say what a caveat of the report means."
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="a caveat's id; without it, all")
    options = parser.parse_args(words)
    if options.id is None:
        print("\n".join(f"{one.id:24}{one.title}" for one in pages()))
    else:
        print(page(options.id))
    return 0
