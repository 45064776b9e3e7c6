"""Sizes of the vectorised reader that are tiny, so that rows lie across every border."""

from __future__ import annotations

from typing import Any

import pytest

from ebs_kms_audit.reading import exports
from ebs_kms_audit.reading.exports.large import ranges, window


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what sets the sizes: those of the vectorised reader, or None for the plain reader."""

    def set_sizes(sizes: tuple[int, int] | None) -> None:
        monkeypatch.setattr(exports, "LARGE", 1 << 60 if sizes is None else 0)
        if sizes is not None:
            monkeypatch.setattr(window, "BLOCK", sizes[0])
            monkeypatch.setattr(ranges, "RANGE", sizes[1])

    return set_sizes
