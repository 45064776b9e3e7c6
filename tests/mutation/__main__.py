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
THIRD_PARTY = "coverage hypothesis pandas pyarrow jsonpath_ng jsonpath_ng.ext".split()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("package", help="a package or module, for instance policy or plan/proof.py")
    parser.add_argument("tests", nargs="*", help="files or folders; tests/PACKAGE if none is given")
    parser.add_argument("--sample", type=int, metavar="N", help="N random mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8, help="of tests for each mutant")
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
            package=Path(f"ebs_kms_audit/{asked.package}"),
            tests=tests,
            choose=lambda found: _choose(found, asked.sample, asked.seed, last),
        )
        report = run.run()
    if last is not None:
        report = {**last, "survivors": report["survivors"]}
        report["killed"] = report["run"] - len(report["survivors"])
    print(f"killed: {report['killed']} of {report['run']} = {report['killed'] / report['run']:.1%}")
    out.write_text(json.dumps(report, indent=1), encoding="utf-8")


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
    """Return the survivors of the last run, or a random sample, or all."""
    if last is not None:
        wanted = {(one["path"], one["key"]) for one in last["survivors"]}
        return [one for one in found if (str(one[0]), one[1].key) in wanted]
    if sample is None or sample >= len(found):
        return found
    chosen = set(random.Random(seed).sample(range(len(found)), sample))
    return [one for at, one in enumerate(found) if at in chosen]


if __name__ == "__main__":
    main()
