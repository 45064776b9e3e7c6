"""Which errors of a key's state, and which changes, bear on a denial.

Sources: AWS KMS Developer Guide, "Key states of AWS KMS keys" (which operations fail in which
state) and "AWS KMS eventual consistency" (a change can take several minutes).
"""

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


DISABLED_CODE, INVALID = "DisabledException", "KMSInvalidStateException"
ERROR = "Decrypt 06:55:00"


def at(time, name, key=KEY_ARN, **fields):
    made = {"eventTime": f"2026-05-18T{time}Z", "eventID": f"{name} {time}"}
    return event(name, **(made | of_key(key) | fields))


@pytest.mark.parametrize(
    ("code", "later", "explains", "steps"),
    [
        (DISABLED_CODE, [], True, 1),
        (DISABLED_CODE, [at("06:56:00", "EnableKey")], False, 0),  # before the denial
        (DISABLED_CODE, [at("09:00:00", "EnableKey")], False, 0),
        (DISABLED_CODE, [at("06:54:59", "EnableKey")], True, 1),
        (DISABLED_CODE, [at("06:55:00", "EnableKey")], True, 1),  # which was first is not known
        (DISABLED_CODE, [at("09:00:00", "EnableKey", errorCode=INVALID)], True, 1),
        (DISABLED_CODE, [at("09:00:00", "EnableKey", OTHER_KEY)], True, 1),
        (DISABLED_CODE, [at("09:00:00", "ImportKeyMaterial")], True, 1),
        (DISABLED_CODE, [at("09:00:00", "CancelKeyDeletion")], True, 1),
        (DISABLED_CODE, [at("07:05:00", "Decrypt")], False, 0),
        (DISABLED_CODE, [at("07:04:59", "Decrypt")], True, 1),
        (DISABLED_CODE, [at("09:00:00", "DescribeKey")], True, 1),
        (DISABLED_CODE, [at("09:00:00", "Decrypt", OTHER_KEY)], True, 1),
        (DISABLED_CODE, [at("09:00:00", "EnableKey"), at("10:00:00", "DisableKey")], False, 1),
        (INVALID, [], True, 1),
        (INVALID, [at("09:00:00", "ImportKeyMaterial")], False, 0),
        (INVALID, [at("09:00:00", "EnableKey")], False, 0),
        (INVALID, [at("09:00:00", "CancelKeyDeletion")], True, 1),
        (INVALID, [at("09:00:00", "CancelKeyDeletion"), at("09:05:00", "EnableKey")], False, 0),
        (INVALID, [at("07:05:00", "GenerateDataKey")], False, 0),
        ("KeyUnavailableException", [at("07:05:00", "CreateGrant")], False, 0),
    ],
)  # fmt: skip
def test_a_key_that_became_usable_after_an_error(code, later, explains, steps):
    report = audit(denied("Decrypt", None), at("06:55:00", "Decrypt", errorCode=code), *later)
    (finding,) = report.findings
    assert [one.event_id for one in finding.history.key_errors] == [ERROR] * explains
    assert (finding.cause.id == "key_unusable") == explains
    assert sum(step.kind == "key_state" for step in report.plan) == steps
    assert (
        any("Make the key usable" in text for step in report.plan for text in step.afterwards) == 0
    )


@pytest.mark.parametrize(
    ("name", "code", "shown"),
    [
        ("CancelKeyDeletion", INVALID, False),  # the key is not pending deletion
        ("ImportKeyMaterial", INVALID, False),
        ("GetParametersForImport", INVALID, False),
        ("DeleteImportedKeyMaterial", INVALID, False),
        ("RotateKeyOnDemand", INVALID, False),
        ("ReplicateKey", INVALID, False),
        ("UpdatePrimaryRegion", INVALID, False),
        ("ReplicateKey", DISABLED_CODE, True),
        ("EnableKey", INVALID, True),  # pending deletion or pending import
        ("ScheduleKeyDeletion", INVALID, True),
        ("TagResource", INVALID, True),
        ("EnableKeyRotation", DISABLED_CODE, True),
        ("Decrypt", INVALID, True),
    ],
)
def test_an_operation_that_needs_another_state_does_not_show_an_unusable_key(name, code, shown):
    report = audit(denied("Decrypt", None), at("06:55:00", name, errorCode=code))
    (finding,) = report.findings
    assert [one.event_id for one in finding.history.key_errors] == [f"{name} 06:55:00"] * shown
    assert [step.kind for step in report.plan if step.kind == "key_state"] == ["key_state"] * shown
    (failed,) = report.other_errors
    assert (failed.meaning == "the call is not possible in the present state of the key") != shown


FIRST = at("06:55:00", "Decrypt", errorCode=DISABLED_CODE)
OTHERS = at("08:00:00", "Decrypt", OTHER_KEY, errorCode=DISABLED_CODE)
TWO_KEYS = {"resources": [{"ARN": KEY_ARN}, {"ARN": OTHER_KEY}]}
AGAIN = (
    "a key could not be used at that time; later events show that the keys named in these errors "
    "are usable again: make the call again"
)
DISABLED_NOW = "the key is disabled: enable the key"


@pytest.mark.parametrize(
    ("records", "targets", "meanings"),
    [
        ([FIRST, OTHERS], [KEY_ARN, OTHER_KEY], [DISABLED_NOW]),
        # The times of the errors are those of two keys.
        ([FIRST, OTHERS, at("07:30:00", "EnableKey")], [OTHER_KEY], [DISABLED_NOW]),
        ([FIRST, OTHERS, at("07:30:00", "Encrypt")], [OTHER_KEY], [DISABLED_NOW]),
        ([FIRST, OTHERS, at("08:30:00", "Encrypt", OTHER_KEY)], [KEY_ARN], [DISABLED_NOW]),
        ([FIRST, OTHERS, at("07:30:00", "Encrypt"), at("08:30:00", "Encrypt", OTHER_KEY)], [],
         [AGAIN]),
        ([FIRST, at("07:30:00", "EnableKey"), at("07:40:00", "DisableKey")], [KEY_ARN],
         [DISABLED_NOW]),
        # Which of the two keys cannot be used is not known.
        ([at("08:00:00", "ReEncrypt", errorCode=DISABLED_CODE, **TWO_KEYS), FIRST,
          at("07:30:00", "EnableKey")], [KEY_ARN, OTHER_KEY], [DISABLED_NOW, AGAIN]),
        ([at("08:00:00", "ReEncrypt", errorCode=DISABLED_CODE, **TWO_KEYS),
          at("08:30:00", "EnableKey")], [OTHER_KEY], [DISABLED_NOW]),
    ],
)  # fmt: skip
def test_the_step_of_an_error_without_a_denial(records, targets, meanings):
    report = audit(*records)
    assert sorted(step.target or "" for step in report.plan) == sorted(targets)
    assert [error.meaning for error in report.other_errors] == meanings
