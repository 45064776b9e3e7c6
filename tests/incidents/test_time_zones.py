"""A record whose time has no zone costs nothing: such a time is UTC, as all times of CloudTrail.

Source: CloudTrail User Guide, "CloudTrail record contents": eventTime is in UTC.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from . import Incident
from .test_incidents import TABLE, audited

SEVERAL = [
    param for param in TABLE if sum("eventTime" in one for one in param.values[0].records) > 1
]


def without_zone(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"eventTime": record["eventTime"].removesuffix("Z")}


def answer(incident: Incident, records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    report = audited(replace(incident, records=records))
    return [(one.cause.id, one.cause.evidence, one.steps) for one in report.findings]


@pytest.mark.parametrize("incident", SEVERAL)
def test_one_record_without_a_zone_does_not_change_the_answer(incident: Incident) -> None:
    records = incident.records
    expected = answer(incident, records)
    for at, record in enumerate(records):
        changed = [*records[:at], without_zone(record), *records[at + 1 :]]
        assert answer(incident, changed) == expected, at
