"""The KMS keys that rows of other services name under Resources.

A policy that is given without its key is safely the policy of a denied key only where the input
names no other key.
"""

from __future__ import annotations

from ebs_kms_audit.aws.kms_actions import KMS_KEY
from ebs_kms_audit.reading.exports.cells import read_resources

KEY_TYPE = f'"{KMS_KEY}"'
"""What a cell has that names a key."""
_MOST = 100  # so many are never of one key
_CELLS_KEPT = 10_000


class NamedKeys:
    """Collects the keys in cells under Resources.

    found  for each cell the names of the keys in it, each combination once
    """

    def __init__(self) -> None:
        self.found: set[tuple[str, ...]] = set()
        self._cells: set[str] = set()

    def add(self, cell: str) -> None:
        """Add the keys that a cell names."""
        if KEY_TYPE not in cell or cell in self._cells or len(self.found) >= _MOST:
            return
        if len(self._cells) < _CELLS_KEPT:
            self._cells.add(cell)
        keys = [one for one in read_resources(cell) or () if one.type == KMS_KEY]
        if names := tuple([one.name for one in keys if one.name]):
            self.found.add(names)
