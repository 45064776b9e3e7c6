"""The header of an export → where each column is. Columns are found by name, not by position.

Layouts met in real exports: the current one of 16 columns (with columns added, removed or moved by
hand), those of 2019-2020 without an Event source, and both as a spreadsheet re-saved them
(semicolons, trailing commas, a byte-order mark). The result of a query has names of its own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ebs_kms_audit.errors import InputError
from ebs_kms_audit.reading.formats import EXPORTS

if TYPE_CHECKING:
    from ebs_kms_audit.model import Completeness

USER_NAME = "User name"
ACCESS_KEY = "AWS access key"
EVENT_TIME = "Event time"
EVENT_SOURCE = "Event source"
EVENT_NAME = "Event name"
REGION = "AWS region"
SOURCE_IP = "Source IP address"
USER_AGENT = "User agent"
ERROR_CODE = "Error code"
RESOURCES = "Resources"
REQUEST_ID = "Request ID"
EVENT_ID = "Event ID"
READ_ONLY = "Read-only"
EVENT_TYPE = "Event type"
ACCOUNT = "Recipient Account Id"
CATEGORY = "Event category"
RESOURCE_TYPE = "Resource type"  # only in the layout of 2019-2020

COLUMNS = (
    USER_NAME, ACCESS_KEY, EVENT_TIME, EVENT_SOURCE, EVENT_NAME, REGION, SOURCE_IP, USER_AGENT,
    ERROR_CODE, RESOURCES, REQUEST_ID, EVENT_ID, READ_ONLY, EVENT_TYPE, ACCOUNT, CATEGORY,
)  # fmt: skip
REQUIRED = (EVENT_NAME, ERROR_CODE)

DELIMITERS = (",", ";", "\t", "|")
SEARCHED_LINES = 50
"""How many lines at the start of a file are searched for the header."""
_NO_HEADER = "no line has the column names Event name and Error code"
_FLATTENED = "this is CloudTrail JSON flattened into columns"

# What a cell of a column always looks like: a cell that does not shows that the row's columns
# are shifted (a user agent with a comma that lost its quotes, say).
_SHAPES = {
    REGION: re.compile(r"[A-Za-z0-9-]{0,30}"),
    READ_ONLY: re.compile(r"\w{0,12}"),
    ACCOUNT: re.compile(r"""["'=]{0,2}[0-9.,]*(?:[Ee]\+?[0-9]+)?["]?"""),
    CATEGORY: re.compile(r"[A-Za-z]{0,20}"),
}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


_BY_PLAIN_NAME = {_plain(name): name for name in (*COLUMNS, RESOURCE_TYPE)}


class Layout(NamedTuple):
    """Where each known column is (`positions`), and how many columns the header has."""

    positions: dict[str, int]
    width: int

    @classmethod
    def of_header(cls, cells: Sequence[str]) -> Layout:
        """Take the known names out of a header; the first of two columns of one name counts."""
        positions: dict[str, int] = {}
        for position, cell in enumerate(cells):
            name = _BY_PLAIN_NAME.get(_plain(cell))
            if name is not None:
                positions.setdefault(name, position)
        width = len(cells)
        while width and not cells[width - 1].strip():  # trailing commas name no column
            width -= 1
        return cls(positions, width)

    @property
    def missing(self) -> tuple[str, ...]:
        """The columns of the current layout that this one lacks."""
        return tuple(name for name in COLUMNS if name not in self.positions)

    @property
    def completeness(self) -> Completeness:
        """How much a row says at most, to compare with events of other inputs."""
        places = (USER_NAME, REGION, ACCOUNT, REQUEST_ID)
        known = sum(name in self.positions for name in places)
        return False, known, ACCESS_KEY in self.positions, RESOURCES in self.positions

    @property
    def label(self) -> str:
        """Name the layout for a reader."""
        if RESOURCE_TYPE in self.positions and EVENT_SOURCE not in self.positions:
            return "2019-2020"
        if self.missing:
            return "current, without " + ", ".join(self.missing)
        return "current"

    def is_header(self, cells: Sequence[str]) -> bool:
        """Return whether cells are the header again: several exports were joined into one file."""
        first, *others = cells or ("",)
        return Layout.of_header([first.strip('"\ufeff'), *others]) == self

    def before_header(self, cells: Sequence[str]) -> list[str] | None:
        """Return the cells of a row that the header follows on the same line; None for others.

        An export of the console has no line end after its last row, so the header of an export
        that is joined to it begins inside the last cell.
        """
        first = next((name for name, at in self.positions.items() if at == 0), None)
        if first is None or len(cells) < 2 * self.width - 1:
            return None
        *row, last = cells[: self.width]
        if not last.endswith(first) or not self.is_header([first, *cells[self.width :]]):
            return None
        return [*row, last.removesuffix(first).rstrip('"\ufeff')]

    def misfit(self, cells: Sequence[str]) -> str | None:
        """Say why a row does not fit under the header; None where it does."""
        if len(cells) < self.width:
            if not any(cell.strip() for cell in cells):
                return "every cell is empty"
            return f"too few fields: {len(cells)} where the header has {self.width}"
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            return (
                f"too many fields: {len(cells)} where the header has {self.width}; a comma may "
                "have lost its quotes"
            )
        for name, shape in _SHAPES.items():
            position = self.positions.get(name)
            if position is not None and not shape.fullmatch(cells[position].strip()):
                return (
                    f"the columns are shifted: the cell under {name} has another kind of value; a "
                    "comma may have lost its quotes"
                )
        return None


def find_header(name: str, lines: Sequence[str]) -> tuple[int, str, list[str]]:
    """Find the header among the first lines of an export.

    Return the index of its line, the delimiter and its cells.

    Raises InputError if there is no header, or if a required column is missing.
    """
    best: tuple[int, str, Layout] | None = None
    for index, line in enumerate(lines[:SEARCHED_LINES]):
        if line.lstrip().startswith(("{", "[")):
            continue  # JSON may hold the names as well
        for delimiter in DELIMITERS:
            try:
                cells = next(csv.reader([line.strip("\r\n")], delimiter=delimiter), [])
            except csv.Error:
                continue
            layout = Layout.of_header(cells)
            if len(layout.positions) > (len(best[2].positions) if best else 1):
                best = index, delimiter, layout
        # The first that will do: a fuller one further down may be part of what a caller wrote.
        if best and best[2].positions.keys() >= set(REQUIRED):
            break
    if best is None:
        raise InputError(f"{name}: {_NO_HEADER}; {EXPORTS.expected}")
    index, delimiter, layout = best
    header = next(csv.reader([lines[index].strip("\r\n")], delimiter=delimiter))
    require_columns(name, header, layout)
    return index, delimiter, header


def require_columns(name: str, header: Sequence[str], layout: Layout) -> None:
    """Raise InputError if a required column is missing.

    Flattened records (`eventName,userIdentity.arn`) are also an error, because the caller is in
    columns that this reader does not read.
    """
    if any("useridentity" in cell.casefold() for cell in header):
        raise InputError(f"{name}: {_FLATTENED}; {EXPORTS.expected}")
    absent = [column for column in REQUIRED if column not in layout.positions]
    if absent:
        raise InputError(
            f"{name}: the header has no column {' and no column '.join(absent)}, without which "
            f"no denial can be recognized; {EXPORTS.how_to_get_it} and keep its columns"
        )


def runs_of(places: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and the last of each run of neighbours among sorted places of columns."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = runs[-1][0], place
        else:
            runs.append((place, place))
    return runs
