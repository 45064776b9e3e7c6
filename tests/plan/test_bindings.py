"""Which given policy is a key's: bound by its ARN, by a record, or as the only one for one key.

A policy that may be another key's never makes a step `safe`, and is changed for one key at most.
Sources: AWS KMS Developer Guide, "Key identifiers" (an id is unique in an account and Region only),
"Multi-Region keys" (each replica has the same id, and its own key policy).
"""

import json

import pytest

from tests.incidents import (
    ADMINS,
    DELEGATES,
    OTHER_KEY,
    ROLE,
    USER,
    denied,
    event,
    key_policy,
    of_key,
)
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, audit

POLICY = key_policy(ADMINS)
ALIAS = {"resources": [{"ARN": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/x"}]}
REPLICA = "mrk-1234abcd12ab34cd56ef1234567890ab"
EAST, WEST = (f"arn:aws:kms:{one}:{ACCOUNT}:key/{REPLICA}" for one in ("us-east-1", "eu-west-1"))
BOUND = {KEY_ARN: POLICY}
NO_ARN = "The full ARN of the key is unknown."
NO_KEY = "The input does not name the key."
NOT_GIVEN = "The key policy was not given."
WHICH = "It is not known which of the given policies is this key's."
UNBOUND = (
    "It is not known that key policy is the policy of this key. Give it as --key-policy "
    "KEY_ARN=FILE."
)
BY_ID = "The policy is bound to the key by its key id only. The full ARN of the key is not known."
FOR_ANOTHER = f"The policy was given for {KEY_ARN}. It is not known that this is the denied key."
FOR_WEST = f"The policy was given for {WEST}, which is another key."


def at(key=KEY_ARN, number=1, **fields):
    """Return a denied call on a key that the record names by its ARN."""
    return denied("Decrypt", key=key, eventID=f"e{number}", **fields)


def by(number=2, key_id=None, caller=ROLE, **fields):
    """Return a denied call of which the record shows the key's id, its alias, or nothing."""
    asked = {"requestParameters": {"keyId": key_id}} if key_id else {}
    return denied("Decrypt", None, caller, eventID=f"e{number}", resources=[]) | asked | fields


def changed(document, hour):
    """Return a successful PutKeyPolicy of the key, with the document that it set."""
    parameters = {"keyId": KEY_ARN, "policyName": "default", "policy": json.dumps(document)}
    fields = of_key() | {"requestParameters": parameters if document else None}
    return event("PutKeyPolicy", eventTime=f"2026-05-18T{hour}:00:00Z", eventID=hour, **fields)


OTHER_CALL = event("Encrypt", **of_key(OTHER_KEY))
TWO = [POLICY, key_policy(DELEGATES)]
CASES = {
    "bound by the ARN": ([at()], BOUND, [("safe", True, [])]),
    "the only policy, and one key": ([at()], POLICY, [("safe", True, [])]),
    "the only policy, and one key in several spellings": (
        [at(), by(key_id=KEY_ID)], POLICY, [("review", True, [NO_ARN])],
    ),
    "bound, and the key is unknown": (
        [by()], BOUND, [("review", True, [NO_KEY, FOR_ANOTHER])],
    ),
    "bound, and an alias": ([by(**ALIAS)], BOUND, [("review", True, [NO_ARN, FOR_ANOTHER])]),
    "bound, and the key's id": (
        [by(key_id=KEY_ID)], BOUND, [("review", True, [NO_ARN, BY_ID])],
    ),
    "bound, and an alias beside the key": (
        [at(), by(**ALIAS)], BOUND,
        [("review", True, [NO_ARN, FOR_ANOTHER]), ("safe", True, [])],
    ),
    "the only policy, and the key is unknown": (
        [by()], POLICY, [("review", True, [NO_KEY, UNBOUND])],
    ),
    "the only policy, and an alias": (
        [by(**ALIAS)], POLICY, [("review", True, [NO_ARN, UNBOUND])],
    ),
    "the only policy, and the key's id": (
        [by(key_id=KEY_ID)], POLICY, [("review", True, [NO_ARN, UNBOUND])],
    ),
    "the only policy, a known key and an unknown one": (
        [at(), by()], POLICY,
        [("review", True, [UNBOUND]), ("review", False, [NO_KEY, UNBOUND])],
    ),
    "the only policy, and two keys": (
        [at(), at(OTHER_KEY, 2)], POLICY,
        [("review", False, [UNBOUND]), ("review", False, [UNBOUND])],
    ),
    "the only policy, and another key in a call that was allowed": (
        [at(), OTHER_CALL], POLICY, [("review", True, [UNBOUND])],
    ),
    "two policies without a key": ([at()], TWO, [("review", False, [WHICH])]),
    "one of two is bound": (
        [at(), at(OTHER_KEY, 2)], {KEY_ARN: POLICY, OTHER_KEY: POLICY},
        [("safe", True, []), ("safe", True, [])],
    ),
    "another key's": (
        [at()], {OTHER_KEY: POLICY},
        [("review", False, [
            f"The key policy that was given is for another key's ARN, not for the denied key "
            f"({KEY_ARN}).", NOT_GIVEN])],
    ),
    "a replica's": (
        [at(EAST), at(WEST, 2, awsRegion="eu-west-1")], {EAST: POLICY},
        [("review", False, [NOT_GIVEN]), ("safe", True, [])],
    ),
    "another replica's, for a caller whose calls show the id only": (
        [at(EAST), at(EAST, 2), by(3, REPLICA, USER)], {WEST: POLICY},
        [("review", False, [NO_ARN, FOR_WEST])],
    ),
    # The id alone may be that of the replica in another Region.
    "the only policy, and a replica by its id": (
        [at(EAST), by(key_id=REPLICA)], POLICY, [("review", True, [NO_ARN, UNBOUND])],
    ),
    "the log holds the same policy": (
        [at(), changed(POLICY, "06"), OTHER_CALL], POLICY, [("safe", True, [])],
    ),
    "the log holds the policy": ([at(), changed(POLICY, "06")], None, [("safe", True, [])]),
    "the log shows a later change without its document": (
        [at(), changed(POLICY, "06"), changed(None, "08")], None,
        [("review", False, ["The log shows a later change of the key policy than PutKeyPolicy "
                            "event 06."])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_whether_a_policy_is_changed_and_whether_it_is_safe(name):
    records, policies, expected = CASES[name]
    plan = audit(*records, key_policies=policies).plan
    steps = [step for step in plan if step.kind == "key_policy"]
    assert [
        (str(step.disposition), step.document is not None, list(step.reasons)) for step in steps
    ] == expected


def test_no_policy_is_changed_for_two_keys():
    for records, policies, _ in CASES.values():
        plan = audit(*records, key_policies=policies).plan
        changed = [step for step in plan if step.document and step.kind == "key_policy"]
        by_policy = {json.dumps(step.before) for step in changed if step.reasons}
        assert len(by_policy) == sum(bool(step.reasons) for step in changed)


@pytest.mark.parametrize(
    ("minutes", "age"),
    [
        # At 07:00:34 the call was denied.
        ("06:00:34", "1 hour old at the last denied call."),
        ("05:00:35", "1 hour old at the last denied call."),
        ("05:00:34", "2 hours old at the last denied call."),
        ("06:00:35", "59 minutes old at the last denied call."),
        ("06:59:34", "1 minute old at the last denied call."),
        ("06:59:35", "59 seconds old at the last denied call."),
        ("07:00:33", "1 second old at the last denied call."),
        ("07:00:34", "0 seconds old at the last denied call."),
        ("07:00:35", "set after the last denied call."),
    ],
)
def test_how_old_the_policy_of_the_log_is(minutes, age):
    put = changed(POLICY, "06") | {"eventTime": f"2026-05-18T{minutes}Z"}
    earlier = at(number=2, eventTime="2026-05-18T05:30:00Z")
    step = audit(at(), earlier, put).plan[0]
    assert step.text == (
        f"Add these statements for 1 caller to the policy of key {KEY_ID}. The policy is that of "
        f"PutKeyPolicy event 06 (2026-05-18 {minutes} UTC), {age}"
    )


def test_a_time_without_a_zone_is_utc():
    put = changed(POLICY, "06") | {"eventTime": "2026-05-18T06:59:34Z"}
    earlier = at(number=2, eventTime="2026-05-18T05:30:00")
    later = at(number=3, eventTime="2026-05-18T07:01:34")
    for denials, age in (([at(), earlier], "1 minute old"), ([at(), later], "2 minutes old")):
        report = audit(*denials, put)
        zones = {bool(one.event.time.tzinfo) for one in report.findings[0].denials}
        assert zones == {True, False}
        assert report.plan[0].text.endswith(f"UTC), {age} at the last denied call.")


def test_days_are_counted_too():
    put = changed(POLICY, "06") | {"eventTime": "2026-05-16T07:00:33Z"}
    assert audit(at(), put).plan[0].text.endswith("UTC), 2 days old at the last denied call.")


@pytest.mark.parametrize(
    ("key", "disposition"), [(KEY_ARN, "safe"), (EAST, "review")], ids=["one Region", "replica"]
)
def test_a_file_that_is_named_after_the_only_key_is_its_policy(tmp_path, key, disposition):
    """The id of a multi-Region key may be that of the replica in another Region."""
    path = tmp_path / f"{key.rpartition('/')[2]}.json"
    path.write_text(json.dumps(POLICY), encoding="utf-8")
    (step,) = audit(at(key), key_policies=str(path)).plan
    assert step.disposition == disposition
    assert step.reasons == (
        () if key == KEY_ARN else (UNBOUND.replace("key policy is", f"{path} is"),)
    )


def test_a_file_that_is_named_after_a_key_is_changed_for_this_key(tmp_path):
    """Nothing but the name of the file binds it, so it is not safe beside another key."""
    path = tmp_path / f"{KEY_ID}.json"
    path.write_text(json.dumps(POLICY), encoding="utf-8")
    plan = audit(at(), at(OTHER_KEY, 2), key_policies=str(path)).plan
    steps = {step.target: step for step in plan if step.kind == "key_policy"}
    assert steps[KEY_ARN].document is not None
    assert steps[KEY_ARN].reasons == (UNBOUND.replace("key policy is", f"{path} is"),)
    assert steps[OTHER_KEY].document is None


@pytest.mark.parametrize(
    ("policies", "redact", "reason"),
    [
        (None, False, NOT_GIVEN),
        (None, True, NOT_GIVEN),
        (BOUND, True,
         "A redacted report does not show the change of the policy. Run the audit again without "
         "redact."),
    ],
)  # fmt: skip
def test_a_redacted_report_says_whether_the_policy_was_given(policies, redact, reason):
    report = audit(at(), key_policies=policies, redact=redact)
    (step,) = [one for one in report.plan if one.kind == "key_policy"]
    assert reason in step.reasons
    assert (NOT_GIVEN in step.reasons) == (reason == NOT_GIVEN)
    assert step.document is None
