"""Results that are remembered. Texts of policies and logs can be long: no cache keeps these."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

_OfTexts = TypeVar("_OfTexts", bound=Callable[..., Any])
_LONGEST_KEPT = 2048  # characters of all texts; no ARN is longer


def cached_if_short(size: int) -> Callable[[_OfTexts], _OfTexts]:
    """Remember the last `size` results of a function of texts, but not those of long texts.

    Keyword arguments can have any type that has a hash.
    """

    def cached(function: _OfTexts) -> _OfTexts:
        kept = lru_cache(size)(function)

        @wraps(function)
        def call(*texts: str, **options: Any) -> Any:
            is_short = sum(map(len, texts)) <= _LONGEST_KEPT
            return kept(*texts, **options) if is_short else function(*texts, **options)

        return cast("_OfTexts", call)

    return cached
