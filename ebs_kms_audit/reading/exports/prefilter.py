"""Which rows can't matter, told by their lines: most rows of an export are counted, and not parsed.

A line is passed over if it begins as rows of other services do, each cell in its place: a time, a
service that is not KMS, an event name that is none of those that matter. All others are parsed: a
row of KMS, one whose columns are shifted, one that lacks its Event source. What is malformed in a
row that can't matter is not looked for.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE
from ebs_kms_audit.aws.relevance import HOLDERS_KEPT, names_that_matter
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.header import Layout
from ebs_kms_audit.reading.timestamps import TimeReader

_TOLD_BY = {columns.EVENT_TIME, columns.EVENT_SOURCE, columns.EVENT_NAME}
_ACCOUNT_LENGTH = 12
_TEMPORARY_KEY = "(?!AKIA)[A-Za-z0-9]*+"
_LONG_TERM_KEY = "(AKIA[A-Za-z0-9]*+)"


class RowPrefilter:
    """Tells which lines of one file can't matter.

    Of the rows that matter only for their long-term access key, the first of each user, key and
    account is enough: it proves that the user is an IAM user.
    """

    def __init__(self, layout: Layout, delimiter: str) -> None:
        self._layout = layout
        self._delimiter = delimiter
        self._behind_account = layout.width - layout.positions.get(columns.ACCOUNT, layout.width)
        ordinary = _beginning(layout.positions, delimiter, _TEMPORARY_KEY)
        holder = _beginning(layout.positions, delimiter, _LONG_TERM_KEY)
        self._ordinary = re.compile(ordinary.encode())
        self._others = re.compile(rb"\n(?!" + ordinary.encode() + rb")")
        self._holder = re.compile(holder.encode())
        self._holders: set[tuple[bytes | None, ...]] = set()

    @classmethod
    def of(cls, layout: Layout, delimiter: str = ",") -> RowPrefilter | None:
        """Return it for a layout; None where a column is missing by which rows are told apart."""
        return cls(layout, delimiter) if layout.positions.keys() >= _TOLD_BY else None

    def passes(self, line: str) -> bool:
        """Tell whether a line is that of a row that can't matter.

        The line has its line end, and an even number of quotes.
        """
        raw = line.encode(errors="surrogatepass")
        if raw[-1:] not in (b"\n", b"\r"):
            return False
        return self._ordinary.match(raw) is not None or self.is_known_holder(raw)

    def others(self, block: bytes) -> Iterator[int]:
        """Yield where the lines of a block begin that do not begin as ordinary ones do."""
        if self._ordinary.match(block) is None:
            yield 0
        for found in self._others.finditer(block, 0, len(block) - 1):
            yield found.end()

    def has_holder(self, block: bytes, at: int) -> bool:
        """Tell whether a row is ordinary but for its long-term key."""
        return self._holder.match(block, at) is not None

    def is_known_holder(self, line: bytes) -> bool:
        """Tell whether a row is ordinary but for its long-term key, of a holder seen before.

        If not, the row is read, and so its holder is known from then on.
        """
        begins = self._holder.match(line)
        if begins is None:
            return False
        delimiter = self._delimiter.encode()
        account = line.rsplit(delimiter, self._behind_account)[1:2]
        if account and not (account[0].isdigit() and len(account[0]) == _ACCOUNT_LENGTH):
            return False  # more or fewer cells than the header has
        holder = (*begins.groups(), *account)
        if holder in self._holders:
            return True
        if len(self._holders) < HOLDERS_KEPT and self._is_sound_line(line):
            self._holders.add(holder)
        return False

    def _is_sound_line(self, line: bytes) -> bool:
        text = line.decode("utf-8", "replace")
        try:
            cells = next(csv.reader((text,), delimiter=self._delimiter, strict=True))
        except csv.Error:
            return False
        return self.is_sound(cells)

    def is_sound(self, cells: list[str]) -> bool:
        """Tell whether a row is not to be set aside: such a one proves nothing."""
        time = self._layout.positions[columns.EVENT_TIME]
        return self._layout.misfit(cells) is None and TimeReader().read(cells[time]) is not None


def _beginning(positions: dict[str, int], delimiter: str, access_key: str) -> str:
    """Return the pattern of an ordinary row's cells, up to the last one that tells."""
    mark = re.escape(delimiter)
    looks = {
        columns.USER_NAME: rf'((?:[^{mark}"\n]*+|"[^"\n]*+"))',
        columns.ACCESS_KEY: access_key,
        columns.EVENT_TIME: r"[0-9]{4}-[0-9:TZ-]*+",
        columns.EVENT_SOURCE: rf"(?!{re.escape(KMS_EVENT_SOURCE)})[a-z0-9-]++\.amazonaws\.com",
        columns.EVENT_NAME: rf"(?!{names_that_matter(mark)})[A-Za-z][A-Za-z0-9_]*+",
    }
    at = {positions[name]: look for name, look in looks.items() if name in positions}
    other = rf'(?:[^{mark}"\n]*+|"[^"\n]*+")'
    return "".join(at.get(number, other) + mark for number in range(max(at) + 1))
