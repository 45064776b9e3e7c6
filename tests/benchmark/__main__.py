"""The command: makes the files, lets the contestants run in turns, prints the tables.

python -m tests.benchmark --sizes 1,10,200,1000 --logs 300 --markdown table.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmark.contestants import FOR_EXPORTS, FOR_LOGS, Contestant
from tests.benchmark.events import MIXES
from tests.benchmark.generate import Made, make_export, make_logs
from tests.benchmark.measure import Run, best, missing, run
from tests.benchmark.table import Line, heading, table


def main() -> None:
    options = _parser().parse_args()
    if options.folder is not None:
        _measure(options, options.folder)
        return
    with TemporaryDirectory() as folder:
        _measure(options, Path(folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    numbers = partial(_listed, convert=float)
    parser.add_argument("--sizes", type=numbers, default="1,10,200", help="of exports, in MB")
    parser.add_argument("--logs", type=numbers, default="", help="sizes of log folders, in MB")
    parser.add_argument(
        "--mixes", type=_listed, default="typical", help=f"of {', '.join(MIXES)}; for exports"
    )
    parser.add_argument(
        "--contestants", type=_listed, default="", help=f"of {', '.join(FOR_EXPORTS | FOR_LOGS)}"
    )
    parser.add_argument("--runs", type=int, default=3, help="of each; the best counts")
    parser.add_argument("--folder", type=Path, help="where the files are made, kept and used again")
    parser.add_argument("--markdown", type=Path, help="a file to write the tables to as well")
    return parser


def _listed(text: str, convert=str) -> list:
    return [convert(part) for part in text.split(",") if part]


def _measure(options: argparse.Namespace, folder: Path) -> None:
    texts = [heading()]
    print(texts[0], flush=True)
    for title, kind, made in _inputs(options, folder):
        contestants = FOR_LOGS if kind == "logs" else FOR_EXPORTS
        chosen = {
            name: one
            for name, one in contestants.items()
            if not options.contestants or name in options.contestants
        }
        lines = _race(made, chosen, options.runs)
        texts.append(table(title, lines, made.denied))
        print(f"\n{texts[-1]}", flush=True)
    if options.markdown:
        options.markdown.write_text("\n\n".join(texts) + "\n", encoding="utf-8")


def _inputs(options: argparse.Namespace, folder: Path) -> Iterable[tuple[str, str, Made]]:
    for mix in options.mixes:
        for size in options.sizes:
            made = make_export(folder, size, mix)
            yield f"Export of {size:g} MB, {mix}: {made.events:,} rows", "export", made
    for size in options.logs:
        made = make_logs(folder, size)
        yield f"Trail logs, {size:g} MB unpacked: {made.events:,} records", "logs", made


def _race(made: Made, contestants: dict[str, Contestant], runs: int) -> list[Line]:
    """Let each run in turn, several times: what slows the machine down then hits all of them."""
    absent = {name: ", ".join(missing(one)) for name, one in contestants.items()}
    results: dict[str, list[Run]] = {name: [] for name, lack in absent.items() if not lack}
    for _ in range(runs):
        for name, done in results.items():
            if not any(one.failed for one in done):
                done.append(run(contestants[name], made.path))
    return [
        Line(one, None, absent[name]) if absent[name] else Line(one, best(results[name]))
        for name, one in contestants.items()
    ]


if __name__ == "__main__":
    main()
