"""How long a report is used: a report that is written once reads little of what it does not show.

A finding of a large export lists up to 20 changes and 20 EC2 calls. The text of a report shows a
few of all of them, and reading the others takes 5 % of the time of a dense export.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_AT_ONCE = ContextVar("_AT_ONCE", default=False)


@contextmanager
def used_at_once() -> Iterator[None]:
    """Audit for a report that is used before its inputs change.

    Rows that findings list are read when they are asked for. InputError is raised then if a file
    has changed.
    """
    token = _AT_ONCE.set(True)
    try:
        yield
    finally:
        _AT_ONCE.reset(token)


def is_used_at_once() -> bool:
    """Return whether the report of the present audit is used before its inputs change."""
    return _AT_ONCE.get()
