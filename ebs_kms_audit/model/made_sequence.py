"""A sequence of values that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

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


class Deferred(MadeSequence[_T_co]):
    """An immutable sequence, like a tuple, of which all values are made at the first use.

    A report has thousands of explanations, and its text shows a few of them.
    """

    __slots__ = ("_make", "_values")

    def __init__(self, make: Callable[..., Iterable[_T_co]], *arguments: Any) -> None:
        """Hold a function and its arguments. It returns the values."""
        self._make: tuple[Callable[..., Iterable[_T_co]], tuple[Any, ...]] | None
        self._make = make, arguments
        self._values: tuple[_T_co, ...] = ()

    def _made(self) -> tuple[_T_co, ...]:
        unmade = self._make  # read once: another thread can make the values meanwhile
        if unmade is not None:
            make, arguments = unmade
            self._values = tuple(make(*arguments))
            self._make = None
        return self._values

    def __len__(self) -> int:
        return len(self._made())

    def __iter__(self) -> Iterator[_T_co]:
        return iter(self._made())

    @overload
    def __getitem__(self, at: int) -> _T_co: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[_T_co, ...]: ...
    def __getitem__(self, at: int | slice) -> _T_co | tuple[_T_co, ...]:
        return self._made()[at]

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to copy and to pickle the sequence: as a tuple."""
        return tuple, (self._made(),)
