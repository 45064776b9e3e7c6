"""What a generator is, and what runs one."""

from __future__ import annotations

import random
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

_LONGEST = 30.0  # seconds; an input that takes longer is one that does not end


@dataclass(frozen=True, kw_only=True, slots=True)
class Generator:
    """A kind of input, and what must hold of it.

    name   the name on the command line
    make   makes one input from a source of random numbers
    check  raises where the library fails on the input
    count  how many inputs the test suite tries
    """

    name: str
    make: Callable[[random.Random], Any]
    check: Callable[[Any], None]
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """An input on which the library fails; `again` is the command that runs it by itself."""

    generator: str
    seed: int
    number: int
    error: str
    input: str

    @property
    def again(self) -> str:
        """The command that tries this input alone."""
        return f"python -m tests.fuzz --only {self.generator} --seed {self.seed} --at {self.number}"

    def __str__(self) -> str:
        return f"{self.again}\n{self.error}\ninput: {self.input}"


class DoesNotEndError(Exception):
    """An input took longer than any may."""


def attempt(
    generator: Generator, seed: int, number: int, longest: float = _LONGEST
) -> Failure | None:
    """Try one input; return the failure, if it is one."""
    made = generator.make(random.Random(f"{generator.name} {seed} {number}"))
    try:
        with _at_most(longest):
            generator.check(made)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        lines = traceback.format_exception(error, limit=-4)
        return Failure(
            generator=generator.name,
            seed=seed,
            number=number,
            error="".join(lines)[-3000:],
            input=ascii(made)[:2000],
        )
    return None


def campaign(
    generators: list[Generator], seed: int, minutes: float
) -> Iterator[tuple[Generator, int, Failure | None]]:
    """Try inputs of each generator in turn until the time is over."""
    end = monotonic() + minutes * 60
    number = 0
    while monotonic() < end:
        for generator in generators:
            yield generator, number, attempt(generator, seed, number)
        number += 1


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise DoesNotEndError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
