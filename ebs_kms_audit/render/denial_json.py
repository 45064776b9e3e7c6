"""Denials → JSON. The members that denials of one kind share are written once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ebs_kms_audit.model import AlikeDenials, Denial, DenialMessage, Denials, EventColumns
from ebs_kms_audit.render.json_text import Alike, Items, seconds_text, time_text


def denials_json(denials: Sequence[Denial], alike: Alike) -> Items:
    """Return denials as an array. Those of one kind differ in id, time and line."""
    each = list(Denials.of(denials).each())
    return Items(each, lambda one: denial_dict(one[0].denial(one[1])), alike)


def alike_denials() -> Alike:
    """Return how denials are alike in one report. Their kinds are known while it exists."""
    numbers: dict[Hashable, int] = {}
    known: dict[AlikeDenials, tuple[int, EventColumns]] = {}

    def split(one: tuple[AlikeDenials, int]) -> tuple[Hashable, tuple[Any, ...]]:
        alike, at = one
        found = known.get(alike)
        if found is None:
            number = numbers.setdefault(kind_of(alike.sample), len(numbers))
            found = known[alike] = number, alike.events.columns
        kind, columns = found
        lines = columns.lines
        if len(lines) == 1:
            time = time_text(alike.events.first.time)
        else:
            time = seconds_text(columns.seconds[at])
        return kind, (columns.event_ids[at], time, lines[at])

    return Alike(split, ("event_id", "event_time", "line"))


def kind_of(denial: Denial) -> Hashable:
    """Return a value that is equal for denials that differ only in event id, time and line.

    It is valid while the report exists.
    """
    event = denial.event
    return (
        event.name,
        denial.iam_actions,
        id(denial.statement_kind),
        event.error_code,
        denial.via_service,
        event.source_ip,
        event.error_message,
        id(denial.message),
        event.file,
        event.record,
        id(denial.verdict),
    )


def denial_dict(denial: Denial) -> dict[str, Any]:
    """Return one denial as JSON-ready values."""
    event = denial.event
    return {
        "event_id": event.event_id,
        "event_time": time_text(event.time),
        "event_name": event.name,
        "iam_actions": list(denial.iam_actions),
        "statement_kind": str(denial.statement_kind),
        "error_code": event.error_code,
        "via_service": denial.via_service,
        "source_ip": event.source_ip,
        "error_message": event.error_message,
        "denied_by": denial.message and _denied_by(denial.message),
        "file": event.file,
        "line": event.line,
        "record": event.record and {"file": event.record.file, "number": event.record.number},
        "verdict": str(denial.verdict),
    }


def _denied_by(message: DenialMessage) -> dict[str, Any]:
    return {
        "policy_type": message.policy_type,
        "effect": message.effect,
        "policy_arn": message.policy_arn,
    }
