"""A sequence of values that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_T_co = TypeVar("_T_co", covariant=True)


class MadeSequence(Sequence[_T_co]):
    """An immutable sequence. It equals another one of its class, and a tuple, of equal values."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (type(self), tuple)):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
