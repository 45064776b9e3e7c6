"""The cells of a block that name KMS keys. One search in its bytes finds all: they are few."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.large.blocks import Block
from ebs_kms_audit.reading.exports.large.flags import CHANGE, ERROR, SUCCESS
from ebs_kms_audit.reading.exports.named_keys import KEY_TYPE

_KEY_TYPE = KEY_TYPE.encode()
_OF_KMS = SUCCESS | CHANGE | ERROR
"""Rows of KMS whose groups have the keys that they name."""


def cells_naming_keys(block: Block) -> Iterator[str]:
    """Yield the cells under Resources that name a key, but those of the rows in `_OF_KMS`."""
    find, end = block.buffer.find, int(block.index.row_ends[-1])
    found = []
    at = find(_KEY_TYPE, int(block.index.row_starts[0]), end)
    while at != -1:
        found.append(at)
        at = find(_KEY_TYPE, at + len(_KEY_TYPE), end)
    places = np.array(found, dtype=np.intp)
    rows = np.searchsorted(block.index.row_starts, places, side="right") - 1
    others = block.groups.flags[rows] & _OF_KMS == 0
    places, rows = places[others], rows[others]
    starts, ends = block.cells(columns.RESOURCES, rows)
    inside = (starts < places) & (places < ends)
    for start, end in zip(starts[inside].tolist(), ends[inside].tolist(), strict=True):
        yield block.buffer[start:end].decode().replace('""', '"')
