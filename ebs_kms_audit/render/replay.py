"""Replay → text or JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.printable import escape_unprintable

if TYPE_CHECKING:
    from ebs_kms_audit.checking.replay import Replay, ReplayedCall

_WIDTH = 80
_HEADINGS = {
    "broken": "Broken: allowed before, denied by the planned policy",
    "still_denied": "Still denied",
    "undecided": "Undecided",
    "cured": "Cured: denied before, allowed by the planned policy",
    "still_allowed": "Still allowed",
}


def as_text(replay: Replay) -> str:
    """Return the replay as text for a terminal, the worst first."""
    return "\n".join(_lines(replay)) + "\n"


def _lines(replay: Replay) -> Iterator[str]:
    yield from _filled(f"Key: {replay.key}")
    yield from _filled(f"Policy in force: {replay.in_force or 'not known'}")
    for status, calls in groupby(replay.calls, key=lambda call: call.status):
        yield ""
        yield _HEADINGS[status]
        for call in calls:
            yield from _filled(_call(call), 2)
            yield from _filled(call.why, 4)
    if replay.allowed:
        yield ""
        yield "Newly allowed by the planned policy"
        for one in replay.allowed:
            condition = f" ({one.condition})" if one.condition else ""
            yield from _filled(f"{one.principal}: {one.action}{condition}", 2)
    elif replay.in_force is None:
        yield ""
        yield from _filled(
            "What the planned policy newly allows is not known. Give the policy in force: "
            "--in-force FILE"
        )
    if replay.not_judged:
        yield ""
        yield "Not judged"
        for why, count in sorted(replay.not_judged.items()):
            yield f"  {count:,} {'call' if count == 1 else 'calls'}: {why}"


def _call(call: ReplayedCall) -> str:
    via = f" through {call.via}" if call.via else ""
    times = "1 call" if call.count == 1 else f"{call.count:,} calls"
    last = f", last {call.last_seen:%Y-%m-%d %H:%M:%S}" if call.last_seen else ""
    return f"{call.principal}: {call.action}{via}, {times}{last}"


def _filled(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(
        escape_unprintable(text),
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_json(replay: Replay) -> str:
    """Return the replay as JSON text, in ASCII."""
    return json.dumps(as_dict(replay), indent=2) + "\n"


def as_dict(replay: Replay) -> dict[str, Any]:
    """Return the replay as JSON-ready values. What is not known is None."""
    return {
        "schema": "ebs_kms_audit.replay/1",
        "outcome": str(replay.outcome),
        "key": replay.key,
        "in_force": replay.in_force,
        "calls": [
            {
                "principal": call.principal,
                "action": call.action,
                "via": call.via,
                "was": "denied" if call.denied else "allowed",
                "status": str(call.status),
                "evidence": str(call.evidence),
                "why": call.why,
                "count": call.count,
                "first_seen": _time(call.first_seen),
                "last_seen": _time(call.last_seen),
                "event_ids": list(call.event_ids),
            }
            for call in replay.calls
        ],
        "newly_allowed": [
            {"principal": one.principal, "action": one.action, "condition": one.condition}
            for one in replay.allowed
        ],
        "not_judged": dict(replay.not_judged),
    }


def _time(time: datetime | None) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time else None


def summary(replay: Replay) -> str:
    """Return one line for the terminal."""
    counts: Counter[str] = Counter()
    for call in replay.calls:
        counts[str(call.status).replace("_", " ")] += call.count
    parts = [f"{count:,} {status}" for status, count in counts.items()]
    passed_over = sum(replay.not_judged.values())
    return f"{', '.join(parts) or 'no calls on the key'}; {passed_over:,} not judged"


RENDERERS: dict[str, Callable[[Replay], str]] = {"text": as_text, "json": as_json}
