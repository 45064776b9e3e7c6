"""Run the tests of a package against mutants of it: `python -m tests.mutation policy`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
KILLED = ("killed", "stopped")
THIRD_PARTY = "coverage hypothesis pandas pyarrow jsonpath_ng jsonpath_ng.ext".split()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("package", help="a package or module, for instance policy or plan/proof.py")
    parser.add_argument("tests", nargs="*", help="files or folders; tests/PACKAGE if none is given")
    parser.add_argument("--sample", type=int, metavar="N", help="N random mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8, help="of tests for each mutant")
    parser.add_argument("--minutes", type=float, help="after which no other mutant is tried")
    parser.add_argument("--again", action="store_true", help="only the last run's survivors")
    parser.add_argument("--out", type=Path, default=Path(".mutation"), help="folder of the results")
    asked = parser.parse_args()

    out = asked.out.resolve() / f"{asked.package.replace('/', '.')}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    last = json.loads(out.read_text(encoding="utf-8")) if asked.again else None
    tests = asked.tests or [f"tests/{asked.package.split('/')[0]}"]
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        _copy(Path(folder))
        for name in THIRD_PARTY:
            importlib.import_module(name)
        from tests.mutation.runner import Run

        run = Run(
            seconds=asked.seconds,
            minutes=asked.minutes,
            package=Path(f"ebs_kms_audit/{asked.package}"),
            tests=tests,
            choose=lambda found: _choose(found, asked.sample, asked.seed, last),
        )
        tried = run.run()
    if last is not None:
        tried = _together(last, tried, run.every)
    killed = sum(one["result"] in KILLED for one in tried.values())
    print(f"killed: {killed} of {len(tried)} = {killed / max(1, len(tried)):.1%}")
    out.write_text(json.dumps(tried, indent=1), encoding="utf-8")


def _copy(folder: Path) -> None:
    """Copy the checkout: a mutant is a file too, so that started processes import it."""
    for name in ("ebs_kms_audit", "tests", "sample_data"):
        ignored = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for path in ROOT.glob("*.*"):
        if path.is_file():
            shutil.copy(path, folder)
    os.chdir(folder)
    sys.path[:0] = [str(folder)]
    sys.path[:] = [entry for entry in sys.path if Path(entry or folder).resolve() != ROOT]
    sys.modules.pop("tests", None)
    sys.modules.pop("tests.mutation", None)
    os.environ["PYTHONPATH"] = str(folder)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True


def _choose(found, sample, seed, last):
    """Return the survivors of the last run, or a random sample, or all. The order is random."""
    if last is not None:
        return [one for one in found if one in last and last[one]["result"] not in KILLED]
    count = len(found) if sample is None else min(sample, len(found))
    return random.Random(seed).sample(found, count)


def _together(last, tried, found):
    """Return the last run with the new results. A mutant that is gone does not count."""
    print(f"gone: {sum(one not in found for one in last)}")
    return {one: tried.get(one, result) for one, result in last.items() if one in found}


if __name__ == "__main__":
    main()
