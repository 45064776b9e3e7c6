"""Which errors of a key's state, and which changes, bear on a denial."""

from __future__ import annotations

import json

import pytest

import ebs_kms_audit
from tests.incidents import OTHER_KEY, denied, event, of_key
from tests.records import KEY_ARN, audit
from tests.rows import export, row

DISABLED = {"errorCode": "DisabledException", "eventID": "error"}


def error(time="2026-05-18T07:00:00Z", key=KEY_ARN, **fields):
    return event("GenerateDataKey", eventTime=time, **(DISABLED | of_key(key) | fields))


@pytest.mark.parametrize(
    ("failed", "near"),
    [
        (error(), True),
        (error(errorCode="KMSInvalidStateException"), True),
        (error(errorCode="NotFoundException"), False),  # not a state of this key
        (error("2026-05-18T06:00:34Z"), True),  # an hour before, exactly
        (error("2026-05-18T06:00:33Z"), False),
        (error("2026-05-18T08:00:34Z"), True),
        (error("2026-05-18T08:00:35Z"), False),
        (error(key=OTHER_KEY), False),
        (error(awsRegion="eu-west-1"), False),
        (error(resources=[], requestParameters=None, errorMessage=f"{KEY_ARN} is disabled."), True),
        (error(resources=[], requestParameters=None), False),  # which key is not known
    ],
)
def test_errors_of_the_same_key_within_an_hour(failed, near):
    report = audit(denied("Decrypt", None), failed)
    found = [one.event_id for finding in report.findings for one in finding.history.key_errors]
    assert found == ["error"] * near


def test_one_error_in_two_exports_is_listed_once():
    named = json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": KEY_ARN}])
    failed = row(event_name="Decrypt", error_code="DisabledException", resources=named)
    rows = [row(resources=named), failed | {"Event ID": "error"}]
    (finding,) = ebs_kms_audit.audit([export(*rows), export(*rows)]).findings
    assert [one.event_id for one in finding.history.key_errors] == ["error"]


@pytest.mark.parametrize(
    ("time", "account", "key", "listed"),
    [
        ("2026-05-18T07:00:34Z", "111122223333", KEY_ARN, True),
        ("2026-05-17T07:00:34Z", "111122223333", KEY_ARN, True),  # a day before, exactly
        ("2026-05-10T07:00:34Z", "111122223333", KEY_ARN, True),  # the last one known
        ("2026-05-18T07:00:34Z", "444455556666", KEY_ARN, False),
        ("2026-05-18T07:00:34Z", "111122223333", OTHER_KEY, False),
    ],
)
def test_a_change_bears_on_the_denial_of_the_same_key(time, account, key, listed):
    put = event("PutKeyPolicy", eventTime=time, eventID="put", recipientAccountId=account)
    (finding,) = audit(denied("Decrypt", None), put | of_key(key)).findings
    assert [one.event_id for one in finding.history.changes] == ["put"] * listed


def test_changes_of_the_last_day_hide_older_ones():
    old = event("PutKeyPolicy", eventTime="2026-05-10T07:00:00Z", eventID="old", **of_key())
    new = event("PutKeyPolicy", eventTime="2026-05-18T06:00:00Z", eventID="new", **of_key())
    (finding,) = audit(denied("Decrypt", None), old, new).findings
    assert [one.event_id for one in finding.history.changes] == ["new"]
    assert finding.history.changes_count == 1


def test_a_change_after_the_last_denial_is_no_change_before():
    late = event("PutKeyPolicy", eventTime="2026-05-18T07:00:35Z", eventID="late", **of_key())
    (finding,) = audit(denied("Decrypt", None), late).findings
    assert finding.history.changes == ()
    assert [one.event_id for one in finding.history.policy_changes_after] == ["late"]


@pytest.mark.parametrize("near_the_first", [25, 20, 19, 0])
def test_the_first_20_errors_near_a_denial_are_listed(near_the_first):
    """The other errors are near the second denial only, two hours later."""
    errors = [
        error(f"2026-05-18T0{7 if at < near_the_first else 9}:00:{at:02}Z", eventID=f"{at}")
        for at in range(25)
    ]
    later = denied("Decrypt", None) | {"eventTime": "2026-05-18T09:00:34Z", "eventID": "later"}
    (finding,) = audit(denied("Decrypt", None), later, *errors[::-1]).findings
    assert [one.event_id for one in finding.history.key_errors] == [f"{at}" for at in range(20)]
