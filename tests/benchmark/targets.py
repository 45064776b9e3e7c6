"""The required times and memory, and a table that compares them with the measured ones."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmark.contestants import CONTESTANTS, FORMATS
from tests.benchmark.events import LOG_MIXES
from tests.benchmark.results import Input, Result

_FILTERS = ("duckdb", "polars")
_UNPACKERS = ("gunzip", "zlib")
REFERENCES = {
    "export": _FILTERS,
    "logs": _UNPACKERS,
    "log file": _UNPACKERS,
    "packed export": _UNPACKERS,
}
"""The contestants whose quickest is 1 in the tables of a kind of input."""
_MEMORY_LIMIT, _MEMORY_DENIALS = 150, 40_000


@dataclass(frozen=True, kw_only=True)
class Target:
    """A limit of the time of the whole command, as a multiple of the time of the references."""

    input: Input
    required: dict[str, float]
    """The limit by format of the report."""
    aim: float
    references: tuple[str, ...] = ()
    """The contestants to compare with: the quickest counts. Empty for those of the input's kind."""


def _both(limit: float) -> dict[str, float]:
    return dict.fromkeys(FORMATS, limit)


_DENSE_6 = {"text": 2.0, "json": 2.2}

TARGETS = (
    Target(input=Input("export", "typical", 200), required=_both(1.2), aim=0.9),
    Target(input=Input("export", "typical", 1000), required=_both(1.2), aim=0.9),
    Target(input=Input("export", "users", 200), required=_both(1.2), aim=0.9),
    Target(input=Input("export", "roles", 200), required=_both(1.2), aim=1.0),
    Target(input=Input("export", "organization", 200), required=_both(1.2), aim=1.0),
    Target(input=Input("export", "spreadsheet", 200), required=_both(1.2), aim=1.0),
    Target(input=Input("export", "busy", 200), required=_both(1.2), aim=1.0),
    Target(input=Input("export", "busy", 1000), required=_both(1.9), aim=1.3),
    Target(input=Input("export", "dense-0.5", 200), required=_both(1.4), aim=1.0),
    Target(input=Input("export", "dense-throttled", 200), required=_both(1.4), aim=1.0),
    Target(input=Input("export", "dense-6", 200), required=_DENSE_6, aim=1.2),
    Target(input=Input("export", "dense-6-team", 200), required=_DENSE_6, aim=1.2),
    *(
        target
        for mix in LOG_MIXES
        for target in (
            Target(input=Input("logs", mix, 200), required=_both(1.5), aim=1.2),
            Target(input=Input("logs", mix, 200), required=_both(1.0), aim=1.0,
                   references=("gzip-orjson",)),
            Target(input=Input("log file", mix, 200), required=_both(2.0), aim=1.4),
        )
    ),
    Target(input=Input("packed export", "typical", 200), required=_both(2.0), aim=1.4),
    Target(input=Input("export", "typical", 1), required=_both(0.25), aim=0.18,
           references=("import",)),
    Target(input=Input("export", "typical", 1000), required=_both(1 / 12), aim=1 / 20,
           references=("pandas",)),
)  # fmt: skip


def summary(results: dict[Input, Result]) -> list[tuple[str, ...]]:
    """Return the rows of the table of targets, its header first, for the inputs that were run."""
    header = ("", "format", "compared with", "required", "aim", "measured", "CPU time", "holds")
    rows: list[tuple[str, ...]] = [header]
    for target in TARGETS:
        result = results.get(target.input)
        names = target.references or REFERENCES[target.input.kind]
        reference = result.best(*names) if result else None
        if result is None or reference is None:
            continue
        contestants = CONTESTANTS[target.input.kind]
        titles = " or ".join(contestants[name].title for name in names)
        for format_, limit in target.required.items():
            run = result.best(format_)
            if run is not None:
                ratio = run.wall / reference.wall
                rows.append((
                    target.input.title, format_, titles, f"≤ {limit:.2g}", f"{target.aim:.2g}",
                    f"{ratio:.2f}", f"{run.cpu / reference.cpu:.2f}", _holds(ratio <= limit),
                ))  # fmt: skip
    return [*rows, *_memory(results)]


def memory_limit(denials: int) -> float:
    """Return the limit of the peak memory in MB. Above 40,000 denials it is linear in these."""
    return _MEMORY_LIMIT * max(1.0, denials / _MEMORY_DENIALS)


def _memory(results: dict[Input, Result]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for format_ in FORMATS:
        peaks = [
            (run.peak / limit, run.peak, limit, key.title)
            for key, result in results.items()
            if (run := result.best(format_)) and (limit := memory_limit(result.denied))
        ]
        if peaks:
            share, peak, limit, title = max(peaks)
            rows.append((
                f"Peak memory, highest: {title}", format_, "", f"≤ {limit:.0f} MB", "",
                f"{peak:.0f} MB", "", _holds(share <= 1),
            ))  # fmt: skip
    return rows


def _holds(held: bool) -> str:
    return "yes" if held else "**no**"
