"""Compares many decisions: `python -m tests.differential 1000000 [--seed N]`."""

from __future__ import annotations

import argparse

from tests.differential.compare import Comparison, compare
from tests.differential.generator import SEED
from tests.differential.judge import Judge

_AT_A_TIME = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("decisions", type=int, nargs="?", default=_AT_A_TIME)
    parser.add_argument("--seed", type=int, default=SEED, help="of the first 20,000; then the next")
    options = parser.parse_args()
    total = Comparison()
    with Judge() as judge:
        while total.decisions < options.decisions:
            size = min(_AT_A_TIME, options.decisions - total.decisions)
            seed = options.seed + total.decisions // _AT_A_TIME
            total.add(compare(size, seed, judge))
            print(f"seed {seed}: {total.summary()}", flush=True)
    for difference in total.unexplained[:3]:
        print(difference)
    if total.unexplained:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
