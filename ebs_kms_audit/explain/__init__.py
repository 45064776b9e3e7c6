"""One registry of every id that a report prints, each with its page.

`ebs-kms-audit explain ID` prints the pages; reports take their sentences from the same entries.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.explain.entry import Entry, EntryKind

__all__ = ["Entry", "EntryKind", "entries", "entry", "pages"]

# The module that holds the entries of each kind, imported when one of them is needed.
_MODULES = {
    EntryKind.CAUSE: "causes",
    EntryKind.CAVEAT: "caveats",
    EntryKind.VERDICT: "verdicts",
    EntryKind.SYMPTOM: "symptoms",
    EntryKind.LINT: "lint",
    EntryKind.TERM: "terms",
}


@cache
def _of_kind(kind: EntryKind) -> dict[str, Entry]:
    module = import_module(f"{__name__}.{_MODULES[kind]}")
    return {one.id: one for one in module.ENTRIES}


def entries(kind: EntryKind | None = None) -> tuple[Entry, ...]:
    """Return the entries of one kind, or all of them, in the order of the registry."""
    kinds = _MODULES if kind is None else (kind,)
    return tuple(one for each in kinds for one in _of_kind(each).values())


def entry(kind: EntryKind, id: str) -> Entry:
    """Return the entry of an id that is known to exist. Raises KeyError otherwise."""
    return _of_kind(kind)[id]


def pages(id: str) -> tuple[Entry, ...]:
    """Return the entries with this id: a cause and a verdict can share one.

    Raises UsageError for an unknown id; the message names the nearest one.
    """
    found = tuple(one for one in entries() if one.id == id)
    if found:
        return found
    from difflib import get_close_matches

    nearest = get_close_matches(id.lower().replace("-", "_"), [one.id for one in entries()], n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise UsageError(
        f"explain: {id} is not an id of the report.{hint} List all: ebs-kms-audit explain"
    )
