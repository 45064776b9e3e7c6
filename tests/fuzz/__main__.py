"""`python -m tests.fuzz --minutes N [--seed S] [--only NAME] [--at NUMBER]`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.fuzz.generator import attempt, campaign
from tests.fuzz.generators import GENERATORS


def main() -> int:
    """Run the attack, print each kind of failure once, and return 1 if there is any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[one.name for one in GENERATORS], action="append")
    parser.add_argument("--at", type=int, help="try one input alone")
    options = parser.parse_args()
    chosen = [one for one in GENERATORS if not options.only or one.name in options.only]
    if options.at is not None:
        failures = [attempt(one, options.seed, options.at) for one in chosen]
        print("\n\n".join(str(failure) for failure in failures if failure) or "no failure")
        return int(any(failures))
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    kinds: set[str] = set()
    for generator, _, failure in campaign(chosen, options.seed, options.minutes):
        tried[generator.name] += 1
        if failure:
            found[generator.name] += 1
            kind = "".join(c for c in failure.error if not c.isdigit())[-400:]
            if kind not in kinds:
                kinds.add(kind)
                print(failure, end="\n\n", flush=True)
    for name, count in tried.items():
        print(f"{name}: {count:,} inputs with seed {options.seed}, {found[name]:,} failures")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
