"""How a cause is put into words: which events are named, how many, and by what name the caller is.

The rule: at most three events are named, and the others are counted.
"""

from __future__ import annotations

import pytest

from tests import rows
from tests.incidents import (
    ADMINS,
    CLIENT,
    DELEGATES,
    FOREIGN_KEY,
    KEY_ARN,
    OTHER_ROOT,
    ROLE,
    ROOT,
    USER,
    bound,
    denied,
    event,
    key_policy,
    of_key,
    pair,
    statement,
)
from tests.incidents.documents import LATER
from tests.records import KEY_ID, audit


def cause(*records, **options):
    (finding,) = audit(*records, **options).findings
    return finding.cause


def decrypts(count, reason=None):
    return [denied("Decrypt", reason, eventID=f"e{number}") for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("count", "listed"),
    [
        (1, "event e1"),
        (2, "events e1, e2"),
        (3, "events e1, e2, e3"),
        (4, "events e1, e2, e3 and 1 more"),
        (1237, "events e1, e2, e3 and 1,234 more"),
    ],
)
def test_three_events_are_named_and_the_others_counted(count, listed):
    assert cause(*decrypts(count)).supported_by == (f"Denied: {listed}.",)
    said = cause(*decrypts(count, "resource")).supported_by
    assert said == (f"The error message of {listed} names the resource-based policy (no Allow).",)


def test_only_events_with_a_message_are_named_as_such():
    found = cause(
        denied("Decrypt", "resource", eventID="said"),
        denied("Encrypt", None, eventID="silent"),
        **bound(ADMINS),
    )
    assert found.supported_by[0] == (
        "The error message of event said names the resource-based policy (no Allow)."
    )


def put(minute):
    return event("PutKeyPolicy", eventTime=f"2026-05-18T08:0{minute}:00Z", eventID=f"put {minute}",
                 **of_key())  # fmt: skip


def test_the_last_three_changes_of_the_policy_are_named():
    found = cause(denied("Decrypt"), *(put(minute) for minute in range(4)),
                  **bound(DELEGATES, *pair(ROLE)))  # fmt: skip
    assert found.id == "fixed_since"
    assert found.supported_by[-3:] == (
        "Event put 1: PutKeyPolicy after the denial.",
        "Event put 2: PutKeyPolicy after the denial.",
        "Event put 3: PutKeyPolicy after the denial.",
    )
    assert not any("put 0" in text for text in found.supported_by)


def test_three_errors_of_the_key_are_named():
    failed = [
        event("GenerateDataKey", USER, errorCode="DisabledException", eventID=f"d{number}",
              errorMessage=f"{KEY_ARN} is disabled.", **of_key())
        for number in range(4)
    ]  # fmt: skip
    found = cause(denied("Decrypt", None), *failed)
    assert found.supported_by == tuple(
        f"Event d{number}: GenerateDataKey failed with DisabledException on the same key."
        for number in range(3)
    )


# --- what else the report says against a cause


def test_a_later_success_speaks_against_other_causes():
    found = cause(denied("Decrypt"), LATER)
    assert (found.id, found.contradicted_by) == (
        "no_statement",
        ("Event later: Decrypt by the same caller succeeded after it was last denied.",),
    )


def test_a_later_success_speaks_for_a_change():
    found = cause(denied("Decrypt"), LATER, **bound(DELEGATES, *pair(ROLE)))
    assert (found.id, found.contradicted_by) == ("fixed_since", ())


@pytest.mark.parametrize(
    ("records", "options", "against"),
    [
        # the message names a Deny in the key policy that was given, which has none
        ([denied("Decrypt", "deny resource")], bound(DELEGATES, *pair(ROLE)),
         ("The key policy that was given has no Deny that can cover the call.",)),
        ([denied("Decrypt", "deny resource")], {}, ()),
        ([denied("Decrypt", "deny identity")], bound(DELEGATES), ()),
        ([denied("Decrypt", "deny")], bound(DELEGATES), ()),
        # a Deny of the given policy covers the call, and the message names none
        ([denied("Decrypt", "resource")],
         bound(DELEGATES, statement(ROOT, "kms:Decrypt", "fence", Effect="Deny")),
         ("The error message names no explicit deny.",)),
        ([denied("Decrypt", "")],
         bound(DELEGATES, statement(ROOT, "kms:Decrypt", "fence", Effect="Deny")), ()),
        ([denied("Decrypt", None)],
         bound(DELEGATES, statement(ROOT, "kms:Decrypt", "fence", Effect="Deny")), ()),
        # a condition is not met, and the message says that an IAM policy is missing
        ([denied("Decrypt", "identity")],
         bound(ADMINS, statement(ROLE, "kms:*", "x",
                                 Condition={"StringEquals": {"kms:ViaService": "y"}})),
         ("The error message says that an IAM policy is missing.",)),
        ([denied("Decrypt", "resource")],
         bound(ADMINS, statement(ROLE, "kms:*", "x",
                                 Condition={"StringEquals": {"kms:ViaService": "y"}})), ()),
    ],
)  # fmt: skip
def test_what_speaks_against_a_cause(records, options, against):
    assert cause(*records, **options).contradicted_by == against


# --- names in the sentence


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        (ROLE, "deploy"),
        (USER, "alice"),
        (ROOT, "the root user"),
    ],
)
def test_the_name_of_the_caller(caller, name):
    found = cause(denied("Decrypt", "resource", caller))
    assert found.text == f"No statement in the key policy allows {name} to call kms:Decrypt."


def test_a_caller_that_is_an_account():
    identity = {"type": "AWSAccount", "accountId": "444455556666", "principalId": "AROAX:y"}
    found = cause(denied("Decrypt", "resource", OTHER_ROOT, userIdentity=identity))
    assert found.text == (
        "Account 444455556666 and the key are in different accounts, and the key policy allows "
        "neither the caller nor the caller's account."
    )


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"user_name": "deploy-7f3a", "aws_access_key": ""}, "deploy-7f3a"),
        ({"user_name": "", "aws_access_key": "", "source_ip_address": CLIENT}, "the caller"),
    ],
)
def test_the_name_of_a_caller_without_an_arn(cells, name):
    (finding,) = rows.audit(rows.row(event_name="RetireGrant", **cells)).findings
    assert finding.cause.text == (
        f"The grant decides who can retire it, not a key policy, and it does not name {name}."
    )


def test_the_role_of_a_session_is_named_without_its_path():
    identity = {"type": "AssumedRole", "accountId": "111122223333", "userName": "run-1",
                "arn": "arn:aws:sts::111122223333:assumed-role/deploy/run-1"}  # fmt: skip
    found = cause(denied("Decrypt", "resource", userIdentity=identity))
    assert found.text == "No statement in the key policy allows deploy to call kms:Decrypt."


@pytest.mark.parametrize(
    ("count", "listed"),
    [
        (1, "kms:Decrypt"),
        (2, "kms:Decrypt and kms:Encrypt"),
        (3, "kms:Decrypt, kms:Encrypt and kms:DescribeKey"),
    ],
)
def test_the_actions_are_listed_once_in_their_order(count, listed):
    names = ("Decrypt", "Encrypt", "DescribeKey")[:count]
    made = [denied(name, eventID=f"{name} {number}") for name in names for number in range(2)]
    assert cause(*made).text == f"No statement in the key policy allows deploy to call {listed}."


def test_an_operation_that_is_not_known_is_named_by_its_event():
    assert cause(denied("DeleteKey", None, sourceIPAddress=CLIENT, key=FOREIGN_KEY)).text == (
        "kms:DeleteKey cannot be called on a key of another account, whatever the key policy says."
    )


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"resources": [{"ARN": KEY_ARN}]}, KEY_ARN),
        ({"resources": [], "requestParameters": {"keyId": KEY_ID}}, KEY_ID),
    ],
)
def test_the_name_of_the_key(fields, name):
    found = cause(denied("Decrypt", None, **fields), key_policies={FOREIGN_KEY[:-1] + "0": POLICY})
    assert found.text == (
        f"The key policy that was given is for another key's ARN, not for the denied key ({name})."
    )


POLICY = key_policy(ADMINS)
