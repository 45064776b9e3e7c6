"""Compares the line coverage of each package with the least that is required: `.ci/coverage`.

The input is the file that `coverage json` writes.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

REQUIRED = 95.0  # percent of the lines of each package

# Modules that are not counted, each with the reason.
_IN_WORKERS = "it runs in Spark's Python workers, which Spark ends before they save what they ran"
EXEMPT = {
    "ebs_kms_audit/spark/related.py": _IN_WORKERS,
    "ebs_kms_audit/spark/worker.py": _IN_WORKERS,
}


def by_package(files: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return the lines that ran and all lines of each package, without exempt modules.

    `files` is that of `coverage json`, with paths that are relative to the checkout.
    """
    lines: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for path, file in files.items():
        if path in EXEMPT:
            continue
        package = str(Path(path).parent)
        ran, all_lines = lines[package]
        summary = file["summary"]
        lines[package] = (ran + summary["covered_lines"], all_lines + summary["num_statements"])
    return {package: counts for package, counts in sorted(lines.items()) if counts[1]}


def main(path: str) -> None:
    """Print a line for each package; exit 1 if one is below what is required."""
    below = []
    for package, (ran, all_lines) in by_package(
        json.loads(Path(path).read_text(encoding="utf-8"))["files"]
    ).items():
        percent = 100 * ran / all_lines
        print(f"{percent:6.1f} %  {all_lines:>5} lines  {package}")
        if percent < REQUIRED:
            below.append(package)
    for module, reason in EXEMPT.items():
        print(f"not counted: {module}: {reason}")
    if below:
        sys.exit(f"line coverage below {REQUIRED:.0f} %: {', '.join(below)}")


if __name__ == "__main__":
    main(sys.argv[1])
