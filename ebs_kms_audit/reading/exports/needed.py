"""The rows of a range of a large export that an audit needs one by one.

Most denied rows differ from an earlier row in time, ids and access key only. The cells are parsed
once for each kind of row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.header import Layout

_OWN = (columns.EVENT_ID, columns.REQUEST_ID, columns.ACCESS_KEY)
"""The columns, beside Event time, in which rows of one kind differ."""
_KINDS_KEPT = 5_000
_LONGEST_KEPT = 2_000  # bytes

NeededRow = tuple[int, int, int | None, str, str, str, bool]
"""Line, counted from the start of the range; number of the kind; time in seconds since 1970, or
None if it is to be read from the cells; Event ID, Request ID, access key, "" without one; and
`needed` as in `events.NeededRow`."""


class NeededRows:
    """Collects the needed rows of one range after the other.

    kinds  the cells of one row of each kind
    rows   the rows, in the order in which they were added
    """

    def __init__(self, layout: Layout, delimiter: str, parse: Callable[[bytes], list[str]]) -> None:
        self._delimiter = delimiter.encode()
        self._parse = parse
        self._own = [layout.positions.get(name) for name in _OWN]
        own = {*self._own, layout.positions[columns.EVENT_TIME]}
        self._shared = _runs([at for at in range(layout.width) if at not in own])
        self._known: dict[bytes, list[str]] = {}
        self.clear()

    def clear(self) -> None:
        """Begin a range."""
        self.kinds: list[list[str]] = []
        self.rows: list[NeededRow] = []
        self._numbers: dict[bytes, int] = {}

    def add(self, line: int, cells: list[str], *, needed: bool) -> None:
        """Add a row by its cells."""
        event_id, request_id, access_key = (
            cells[at] if at is not None and at < len(cells) else "" for at in self._own
        )
        number = len(self.kinds)
        self.rows.append((line, number, None, event_id, request_id, access_key, needed))
        self.kinds.append(cells)

    def add_regular(self, line: int, text: bytes, ends: Sequence[int], seconds: int) -> None:
        """Add a regular row. In its text, cell n is between `ends[n]` and `ends[n + 1]`."""
        event_id, request_id, access_key = (
            "" if at is None else text[ends[at] + 1 : ends[at + 1]].decode() for at in self._own
        )
        if '"' in event_id or '"' in request_id or '"' in access_key:
            self.add(line, self._parse(text), needed=True)
            return
        shared = self._delimiter.join(
            [text[ends[first] + 1 : ends[after]] for first, after in self._shared]
        )
        number = self._numbers.get(shared)
        if number is None:
            number = self._numbers[shared] = len(self.kinds)
            self.kinds.append(self._cells(shared, text))
        self.rows.append((line, number, seconds, event_id, request_id, access_key, True))

    def _cells(self, shared: bytes, text: bytes) -> list[str]:
        cells = self._known.get(shared)
        if cells is None:
            cells = self._parse(text)
            if len(shared) < _LONGEST_KEPT:
                if len(self._known) >= _KINDS_KEPT:
                    self._known.clear()
                self._known[shared] = cells
        return cells


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return runs of neighbours among sorted places: the first, and the one after the last."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place:
            runs[-1] = runs[-1][0], place + 1
        else:
            runs.append((place, place + 1))
    return runs
