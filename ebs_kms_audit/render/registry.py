"""The formats of a report: one module for each.

A module has `render(report) -> str`. One that lists all denials also has
`pieces(report) -> Iterator[str]`, so that its whole text is never in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ebs_kms_audit.report import Report


class Format(NamedTuple):
    """A format of a report.

    name     as `--format` takes it
    endings  the endings of a file name that choose it
    module   the module of `render` that has its function, imported when it is used
    """

    name: str
    endings: tuple[str, ...]
    module: str

    def render(self, report: Report) -> str:
        """Return the report in this format."""
        return "".join(self.pieces(report))

    def pieces(self, report: Report) -> Iterable[str]:
        """Return the report in this format, in pieces that are made one by one."""
        module = import_module(f"{__package__}.{self.module}")
        return module.pieces(report) if hasattr(module, "pieces") else (module.render(report),)


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(name="text", endings=(".txt",), module="text"),
        Format(name="json", endings=(".json",), module="json"),
        Format(name="markdown", endings=(".md", ".markdown"), module="markdown"),
        Format(name="html", endings=(".html", ".htm"), module="html"),
        Format(name="csv", endings=(".csv",), module="csv"),
        Format(name="ocsf", endings=(".jsonl",), module="ocsf"),
    )
}


def format_for(name: str | None, file: str | None) -> Format:
    """Return the format asked for by name, else the one that the ending of a file chooses.

    Any other ending chooses text. Raises KeyError for an unknown name.
    """
    if name is not None:
        return FORMATS[name]
    ending = (file or "").lower()
    chosen = (one for one in FORMATS.values() if ending.endswith(one.endings))
    return next(chosen, FORMATS["text"])
