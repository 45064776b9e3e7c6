"""The figures of a finding: how many denials, and when the first and the last one were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ebs_kms_audit.model import Denials
from tests.records import audit, record

FINDING = audit(record()).findings[0]
DENIAL = FINDING.denials[0]
SEVEN, EIGHT = datetime(2026, 5, 18, 7, tzinfo=UTC), datetime(2026, 5, 18, 8, tzinfo=UTC)
HALF_PAST = datetime(2026, 5, 18, 7, 30)  # the time zone is unknown


def of(*times):
    """Return a finding with denials at these times, in order; those without a time are last."""
    denials = (replace(DENIAL, event=replace(DENIAL.event, time=time)) for time in times)
    return replace(FINDING, denials=Denials.of(denials))


@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        ([SEVEN], SEVEN, SEVEN),
        ([SEVEN, EIGHT], SEVEN, EIGHT),
        ([HALF_PAST, EIGHT, None], HALF_PAST, EIGHT),
        ([SEVEN, HALF_PAST, None, None], SEVEN, HALF_PAST),
        ([None], None, None),
    ],
)
def test_the_first_and_the_last_denial(times, first, last):
    finding = of(*times)
    assert (finding.count, finding.first_seen, finding.last_seen) == (len(times), first, last)


def test_the_finding_in_a_debugger():
    assert repr(of(SEVEN)) == f"<Finding {FINDING.id}: 1 denial, cause iam_policy_missing>"
    assert repr(of(SEVEN, EIGHT)) == f"<Finding {FINDING.id}: 2 denials, cause iam_policy_missing>"


def test_a_harmless_probe_is_noise():
    probe = audit(record(eventName="DescribeKey", sourceIPAddress="config.amazonaws.com"))
    assert (probe.findings[0].noise, FINDING.noise) == (True, False)
