"""Measures the command and other readers on the same files, in turns, and prints tables.

python -m tests.benchmark --sizes 1,200,1000 --mixes typical,busy --logs 200 --markdown table.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmark import generate
from tests.benchmark.contestants import CONTESTANTS, FORMATS
from tests.benchmark.events import LOG_MIXES, MIXES
from tests.benchmark.generate import Made
from tests.benchmark.growth import GROWING, growth
from tests.benchmark.measure import missing, run
from tests.benchmark.results import Input, Result, load, save
from tests.benchmark.table import aligned, heading, table
from tests.benchmark.targets import summary


def main() -> None:
    options = _parser().parse_args()
    if options.folder is not None:
        _measure(options, options.folder)
        return
    with TemporaryDirectory() as folder:
        _measure(options, Path(folder))


def _parser() -> argparse.ArgumentParser:
    names = dict.fromkeys(name for kind in CONTESTANTS.values() for name in kind)
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    numbers = partial(_listed, convert=float)
    add = parser.add_argument
    add("--sizes", type=numbers, default="1,10,200", help="of exports, in MB")
    add("--mixes", type=_listed, default="typical", help=f"of exports: {', '.join(MIXES)}")
    add("--logs", type=numbers, default="", help="sizes of folders of log files, in MB")
    add("--log-mixes", type=_listed, default="typical",
        help=f"of logs and of one .json.gz: {', '.join(LOG_MIXES)}")  # fmt: skip
    add("--one-file", type=numbers, default="",
        help="sizes of one .json.gz and one .csv.gz, in MB unpacked")  # fmt: skip
    add("--growth", type=_listed, default="", nargs="?", const=",".join(GROWING),
        help=f"CPU time for n and 4n of: {', '.join(GROWING)} (default: all)")  # fmt: skip
    add("--formats", type=_listed, default=",".join(FORMATS), help="of the command's report")
    add("--contestants", type=_listed, default="", help=f"besides the command: {', '.join(names)}")
    add("--runs", type=int, default=3, help="of each; the best counts")
    add("--folder", type=Path, help="where generated files are kept for the next benchmark")
    add("--results", type=Path, help="a JSON file to which the runs are added; all are printed")
    add("--markdown", type=Path, help="a file to write the tables to as well")
    return parser


def _listed(text: str, convert=str) -> list:
    return [convert(part) for part in text.split(",") if part]


def _measure(options: argparse.Namespace, folder: Path) -> None:
    results = load(options.results)
    for key, made in _inputs(options, folder):
        result = results.setdefault(key, Result(events=made.events, denied=made.denied))
        _race(key, made, result, options)
        if options.results:
            save(options.results, results)
    texts = [heading()]
    targets = summary(results)
    if len(targets) > 1:
        texts.append(aligned("Targets", targets))
    if options.growth:
        texts.append(
            aligned("Growth", growth(options.growth, options.formats, options.runs, folder))
        )
    texts += [table(key, result) for key, result in results.items()]
    text = "\n\n".join(texts)
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n", encoding="utf-8")


def _inputs(options: argparse.Namespace, folder: Path) -> Iterator[tuple[Input, Made]]:
    for mix in options.mixes:
        for size in options.sizes:
            yield Input("export", mix, size), generate.make_export(folder, size, mix)
    for mix in options.log_mixes:
        for size in options.logs:
            yield Input("logs", mix, size), generate.make_logs(folder, size, mix)
        for size in options.one_file:
            yield Input("log file", mix, size), generate.make_log_file(folder, size, mix)
    for size in options.one_file:
        yield Input("packed export", "typical", size), generate.make_packed_export(folder, size)


def _race(key: Input, made: Made, result: Result, options: argparse.Namespace) -> None:
    """Run the contestants in turns, several times, which spreads disturbances over all of them."""
    chosen = {
        name: one
        for name, one in CONTESTANTS[key.kind].items()
        if (name in options.formats if name in FORMATS else _chosen(name, options.contestants))
    }
    for name, one in chosen.items():
        if lack := missing(one):
            result.absent[name] = ", ".join(lack)
    for _ in range(options.runs):
        for name, one in chosen.items():
            runs = result.runs.setdefault(name, [])
            if name not in result.absent and not any(earlier.failed for earlier in runs):
                runs.append(run(one, made.path))


def _chosen(name: str, contestants: list[str]) -> bool:
    return not contestants or name in contestants


if __name__ == "__main__":
    main()
