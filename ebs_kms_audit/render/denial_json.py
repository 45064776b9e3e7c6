"""Denials → JSON. The members that denials of one kind share are written once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from json.encoder import encode_basestring_ascii as string_text
from typing import Any

from ebs_kms_audit.model import Denial, DenialMessage, Denials
from ebs_kms_audit.render.json_text import (
    Items,
    KindParts,
    chunks,
    null_or_text,
    seconds_text,
    time_text,
)

_OWN = ("event_id", "event_time", "source_ip", "line")
"""The members in which denials of one kind differ."""


class DenialsJson:
    """Writes the denials of one report, while it exists."""

    def __init__(self) -> None:
        self._parts = KindParts(_OWN)

    def array(self, denials: Sequence[Denial]) -> Items:
        """Return denials as an array."""
        denials = Denials.of(denials)
        return Items(denials.places, partial(_at, denials), partial(self._texts, denials))

    def _texts(self, denials: Denials, margin: str) -> Iterator[str]:
        """Yield the texts of denials, as in `Items`."""
        kinds = []
        for one in denials.alike:
            columns = one.events.columns
            # A single event can have a time with a part of a second, or none.
            single = (
                null_or_text(time_text(one.events.first.time)) if len(one.events) == 1 else None
            )
            kind = kind_of(one.sample)
            parts = self._parts.of(kind, margin, denial_dict, one.sample)
            kinds.append((parts, columns, single, one.events.have_zone))
        for places in chunks(denials.places):
            texts: list[str] = []
            for number, at in places:
                parts, columns, single, have_zone = kinds[number]
                start, to_time, to_source, to_line, end = parts
                event_id, source_ip = columns.event_ids[at], columns.source_ips[at]
                texts += (
                    start,
                    "null" if event_id is None else string_text(event_id),
                    to_time,
                    single or f'"{seconds_text(columns.seconds[at], have_zone)}"',
                    to_source,
                    "null" if source_ip is None else string_text(source_ip),
                    to_line,
                    str(columns.lines[at]),
                    end,
                )
            yield "".join(texts)


def _at(denials: Denials, place: tuple[int, int]) -> dict[str, Any]:
    """Return the denial at one of the places of `Denials`."""
    number, at = place
    return denial_dict(denials.alike[number].denial(at))


def kind_of(denial: Denial) -> Hashable:
    """Return a value that is equal for denials that differ only in the members of `_OWN`.

    It has all other members of `denial_dict`. It is valid while the report exists, because it has
    ids of objects of the report: they are hashed faster than the objects.
    """
    event = denial.event
    return (
        event.name,
        denial.iam_actions,
        id(denial.statement_kind),
        event.error_code,
        denial.via_service,
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
        "iam_actions": denial.iam_actions,
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
