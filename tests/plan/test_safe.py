"""What keeps a step from being `safe` (issue 13, "Safe"): each case was once called safe."""

import json

import pytest

from tests.records import ACCOUNT, KEY_ARN, ROLE, audit, record, session

OTHER = "444455556666"
ADMINS = {"Sid": "admins", "Effect": "Allow",
          "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/admins"},
          "Action": ["kms:Create*", "kms:Put*", "kms:Get*"], "Resource": "*"}  # fmt: skip
MESSAGE = (
    f"User: x is not authorized to perform: kms:CreateGrant on resource: {KEY_ARN} because no "
    "resource-based policy allows the kms:CreateGrant action"
)
REPLICA = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"


def policy(*more):
    return {"Version": "2012-10-17", "Statement": [ADMINS, *more]}


def step(*records, given=None, **options):
    given = {KEY_ARN: policy()} if given is None else given
    plan = audit(*(records or [denied()]), key_policies=given, **options).plan
    return next(one for one in plan if one.kind == "key_policy")


def denied(**fields):
    return record(**({"errorMessage": MESSAGE} | fields))


def test_everything_known_is_safe():
    assert (step().disposition, step().reasons) == ("safe", ())
    assert step(given=policy()).disposition == "safe"  # the only policy, and only one key


def deny(**fields):
    return {"Sid": "fence", "Effect": "Deny", "Principal": {"AWS": ROLE}, "Resource": "*",
            "Action": "kms:Decrypt"} | fields  # fmt: skip


def limited(condition):
    return {"Sid": "use", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["kms:Decrypt"], "Resource": "*", "Condition": condition}  # fmt: skip


ALIAS = f"{KEY_ARN.rpartition(':')[0]}:alias/x"
DELETED = "AROA2NCBAL3RPBAGXM7CZ"
ANOTHER = KEY_ARN.replace("1234abcd", "5678abcd")
OTHER_KEY = {"eventID": "e2", "errorMessage": "absent"}
CASES = {
    "bare id of a multi-Region key": (
        [denied(errorMessage=MESSAGE.replace(KEY_ARN, REPLICA))],
        "mrk-file",
    ),
    "another key known by its alias only": (
        [denied(), denied(resources=[{"ARN": ALIAS}], **OTHER_KEY)],
        policy(),
    ),
    "another key is unknown": ([denied(), denied(**OTHER_KEY)], policy()),
    "another key in a call that succeeded": (
        [denied(), record(eventID="e2", eventName="Decrypt", errorCode="absent",
                          errorMessage="absent", resources=[{"ARN": ANOTHER}])],
        policy(),
    ),
    "another key in a call that failed": (
        [denied(), record(eventID="e2", eventName="Decrypt", errorCode="DisabledException",
                          errorMessage=f"{ANOTHER} is disabled.")],
        policy(),
    ),
    "the half of another account": (
        [denied(userIdentity=session(ROLE.replace(ACCOUNT, OTHER)), recipientAccountId=OTHER)],
        None,
    ),
    "only the ARN shows the other account": (
        [denied(userIdentity=session(ROLE.replace(ACCOUNT, OTHER)), recipientAccountId="absent")],
        None,
    ),
    "a Deny on an action that is needed next": (None, {KEY_ARN: policy(deny())}),
    # EBS User Guide, "Requirements for Amazon EBS encryption": a user needs kms:DescribeKey, too.
    "a Deny on an action of the new statement": (
        None, {KEY_ARN: policy(deny(Action="kms:DescribeKey"))},
    ),
    "a Deny with an unknown condition": (
        None,
        {KEY_ARN: policy(deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}))},
    ),
    "a condition of the owner": (
        None,
        {KEY_ARN: policy(limited({"StringEquals": {"aws:PrincipalTag/team": "storage"}}))},
    ),
    "an unknown operator": (
        None, {KEY_ARN: policy(deny(Action="kms:Sign", Condition={"StringIs": {"aws:x": "y"}}))},
    ),
    "an unreadable date": (
        None,
        {KEY_ARN: policy(deny(Action="kms:Sign",
                              Condition={"DateLessThan": {"aws:CurrentTime": "soon"}}))},
    ),
    "an action without a service": (None, {KEY_ARN: policy(deny(Action=["kms:Sign", "Verify"]))}),
    "an invalid principal type": (
        None, {KEY_ARN: policy(deny(Action="kms:Sign", Principal={"Person": ROLE}))},
    ),
    "a message that the policy contradicts": (
        [denied(errorMessage=MESSAGE.replace("resource-based", "identity-based"))], None,
    ),
    "too large with two spaces a level": (
        None,
        {KEY_ARN: policy(*[deny(Sid=f"{n:0100}", Action="kms:Sign") for n in range(120)])},
    ),
    "a placeholder of a deleted principal": (
        None, {KEY_ARN: policy(deny(Action="kms:Sign", Principal={"AWS": DELETED}))},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_doubt_makes_it_review(name, tmp_path):
    records, given = CASES[name]
    if given == "mrk-file":
        path = tmp_path / f"{REPLICA.rpartition('/')[2]}.json"
        path.write_text(json.dumps(policy()), encoding="utf-8")
        given = str(path)
    found = step(*(records or []), given=given)
    assert found.disposition == "review"
    assert found.reasons


def test_repeated_members_of_the_json_text(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(
        json.dumps(policy()).replace('"Sid": "admins"', '"Sid": "x", "Sid": "admins"'), "utf-8"
    )
    found = step(given={KEY_ARN: str(path)})
    assert found.disposition == "review"


@pytest.mark.parametrize("name", ["x;touch y", "a b", "x$(id)", "n" * 65])
def test_a_name_that_iam_does_not_give_out(name):
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    plan = audit(denied(userIdentity=session(role)), key_policies={KEY_ARN: policy()}).plan
    assert all(one.disposition == "review" for one in plan)


def test_a_path_of_any_characters_is_quoted_and_not_rejected():
    role = f"arn:aws:iam::{ACCOUNT}:role/!$(x)/deploy"
    found = step(denied(userIdentity=session(role)))
    assert found.disposition == "safe"
    assert role in found.document["Statement"][1]["Principal"]["AWS"]


def test_a_record_that_holds_the_same_policy_binds_it_to_the_key():
    """Source: AWS KMS Developer Guide, "PutKeyPolicy": the record holds the whole policy."""
    put = record(
        eventID="e1", eventName="PutKeyPolicy", eventTime="2026-05-18T06:00:00Z",
        errorCode="absent", errorMessage="absent", resources=[{"ARN": KEY_ARN}],
        requestParameters={
            "keyId": KEY_ARN, "policyName": "default", "policy": json.dumps(policy()),
        },
    )  # fmt: skip
    other = record(eventID="e2", eventName="Decrypt", errorCode="absent", errorMessage="absent",
                   resources=[{"ARN": ANOTHER}])  # fmt: skip
    assert step(denied(), put, other, given=policy()).disposition == "safe"
    assert step(denied(), other, given=policy()).disposition == "review"
