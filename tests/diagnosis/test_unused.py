"""What was given and used by nothing is reported, with the nearest name."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ebs_kms_audit
from tests import rows
from tests.incidents import DELEGATES, OTHER_KEY, VISITOR, key_policy
from tests.records import KEY_ARN, ROLE, audit, record

ALICE = "arn:aws:iam::111122223333:user/alice"
KEY_ELSEWHERE = KEY_ARN.replace("us-east-1", "eu-west-1")
MESSAGE = (
    "User: arn:aws:iam::111122223333:user/{name} is not authorized to perform: kms:CreateGrant on "
    f"resource: {KEY_ARN} because no resource-based policy allows the kms:CreateGrant action"
)
POLICY = key_policy(DELEGATES)


NO_KEY, NO_CALLER = "No denial is about this key.", "No denial has this caller."
UNUSED: list[Any] = [
    ({"key_policies": {OTHER_KEY: POLICY}}, "--key-policy", f"{OTHER_KEY}=key policy", NO_KEY,
     KEY_ARN),
    ({"key_policies": {KEY_ELSEWHERE: POLICY}}, "--key-policy", f"{KEY_ELSEWHERE}=key policy",
     NO_KEY, KEY_ARN),
    ({"principals": {"deploy-7f3b": ROLE}}, "--principal", f"deploy-7f3b={ROLE}",
     "No denied row has this User name.", "deploy-7f3a"),
    ({"key": KEY_ELSEWHERE}, "--key", KEY_ELSEWHERE,
     "The key is of eu-west-1, and the denials are of us-east-1.", KEY_ARN),
    ({"messages": MESSAGE.format(name="deploy-7f3")}, "--message",
     "kms:CreateGrant by arn:aws:iam::111122223333:user/deploy-7f3",
     "The message fits no denial of the input, so it is a denial of its own.", "deploy-7f3a"),
    ({"messages": "The request was denied due to a VPC endpoint policy"}, "--message",
     "a denied call by unknown",
     "The message fits no denial of the input, so it is a denial of its own.", None),
    ({"iam_policies": {f"{ROLE}s": POLICY}}, "--iam-policy", f"{ROLE}s", NO_CALLER, ROLE),
    ({"iam_policies": {VISITOR: POLICY}}, "--iam-policy", VISITOR, NO_CALLER, None),
]  # fmt: skip


@pytest.mark.parametrize(("options", "option", "value", "why", "nearest"), UNUSED)
def test_what_no_denial_used(options, option, value, why, nearest):
    (unused,) = audit(record(), **options).unused
    assert (unused.option, unused.value, unused.why, unused.nearest) == (
        option, value, why, nearest,
    )  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"key_policies": {KEY_ARN: POLICY}},
        {"key_policies": POLICY},
        {"principals": {"deploy-7f3a": ROLE}},
        {"key": KEY_ARN},
        {"iam_policies": {ROLE: POLICY}},
        {"iam_policies": POLICY},
    ],
)
def test_what_a_denial_used(options):
    assert audit(record(), **options).unused == ()


def test_a_policy_after_one_that_was_used_is_reported(tmp_path):
    by_id = tmp_path / f"{KEY_ARN.rpartition('/')[2]}.json"
    by_id.write_text(json.dumps(POLICY), encoding="utf-8")
    for report, value in (
        (audit(record(), key_policies={KEY_ARN: POLICY, OTHER_KEY: POLICY}), OTHER_KEY),
        (audit(record(), key_policies=[str(by_id), {OTHER_KEY: POLICY}]), OTHER_KEY),
        (audit(record(), key_policies=[POLICY, {OTHER_KEY: POLICY}]), OTHER_KEY),
        (rows.audit(rows.row(), key_policies={KEY_ARN: POLICY, KEY_ELSEWHERE: POLICY}),
         KEY_ELSEWHERE),
    ):  # fmt: skip
        assert [one.value for one in report.unused] == [f"{value}=key policy"]


def test_a_key_and_a_policy_can_be_those_of_a_row_without_a_key():
    for options in ({"key": KEY_ARN}, {"key_policies": {KEY_ARN: POLICY}}):
        assert rows.audit(rows.row(), **options).unused == ()


def test_the_region_of_the_key_is_the_reason():
    (unused,) = rows.audit(rows.row(), key=KEY_ELSEWHERE).unused
    assert unused.why == "The key is of eu-west-1, and the denials are of us-east-1."


def test_a_policy_is_named_by_its_file_or_its_key(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY), encoding="utf-8")
    (unused,) = audit(record(), key_policies={OTHER_KEY: path}).unused
    assert unused.value == f"{OTHER_KEY}={path}"
    # a bare id, in the name of the file
    by_id = tmp_path / f"{OTHER_KEY.rpartition('/')[2]}.json"
    by_id.write_text(json.dumps(POLICY), encoding="utf-8")
    (unused,) = audit(record(), key_policies=by_id).unused
    assert unused.value == f"{by_id.stem}={by_id}"
    own = tmp_path / f"{KEY_ARN.rpartition('/')[2]}.json"
    own.write_text(json.dumps(POLICY), encoding="utf-8")
    assert audit(record(), key_policies=own).unused == ()


def test_a_key_that_no_denial_can_be_about():
    # the denial names another key of the same Region
    (unused,) = audit(record(), key=OTHER_KEY).unused
    assert (unused.why, unused.nearest) == ("No denial can be about this key.", KEY_ARN)
    # the Region of the denials is unknown
    (unused,) = audit(record(awsRegion="absent"), key=OTHER_KEY).unused
    assert unused.why == "No denial can be about this key."


def test_several_regions_are_named_in_order():
    west = record(eventID="west", awsRegion="us-west-2")
    (unused,) = audit(west, record(), key=KEY_ELSEWHERE).unused
    assert unused.why == "The key is of eu-west-1, and the denials are of us-east-1, us-west-2."


def test_what_is_not_used_is_listed_in_the_order_of_the_options():
    options = {name: value for given, *_ in UNUSED[1:5] for name, value in given.items()}
    options |= UNUSED[6][0]
    found = [one.option for one in audit(record(), **options).unused]
    assert found == ["--key-policy", "--principal", "--key", "--message", "--iam-policy"]


def test_a_message_alone_is_used():
    assert ebs_kms_audit.audit(messages=MESSAGE.format(name="alice")).unused == ()


def of_key(name):
    return rows.row(resources=json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": name}]))


def test_a_policy_by_arn_can_be_that_of_a_row_with_a_bare_key_id():
    key_id = KEY_ARN.rpartition("/")[2]
    report = rows.audit(of_key(key_id), key_policies={KEY_ARN: POLICY})
    assert report.findings[0].judgements[0].policy.key == KEY_ARN
    assert report.unused == ()
    (unused,) = rows.audit(of_key(key_id), key_policies={OTHER_KEY: POLICY}).unused
    assert (unused.why, unused.nearest) == (NO_KEY, key_id)
    # an ARN in the row says which of two keys with this id it is
    (unused,) = rows.audit(of_key(KEY_ARN), key_policies={KEY_ELSEWHERE: POLICY}).unused
    assert (unused.why, unused.nearest) == (NO_KEY, KEY_ARN)


ANOTHER = "The input shows another caller for the denied rows with this User name."
OTHER_ROLE = f"{ROLE}-2"
NAMED = "deploy-7f3a"


@pytest.mark.parametrize(
    ("report", "given", "why", "nearest"),
    [
        # A record names the caller, with or without the path of the role.
        (lambda **options: audit(record(), **options), {NAMED: OTHER_ROLE}, ANOTHER, ROLE),
        (lambda **options: audit(record(), **options), {NAMED: ALICE}, ANOTHER, ROLE),
        # The ARN is of another account than the row.
        (lambda **options: rows.audit(rows.row(), **options),
         {"alice": ALICE.replace("111122223333", "444455556666")},
         "The denied rows with this User name are of account 111122223333.", ALICE),
        # EC2 infrastructure has no ARN.
        (lambda **options: rows.audit(
            rows.row(event_name="Decrypt", user_name="i-0123456789abcdef0",
                     aws_access_key=rows.SESSION, source_ip_address="AWS Internal"), **options),
         {"i-0123456789abcdef0": ROLE}, ANOTHER, None),
    ],
)  # fmt: skip
def test_an_arn_that_the_input_contradicts(report, given, why, nearest):
    (name, arn), = given.items()  # fmt: skip
    (unused,) = report(principals=given).unused
    assert (unused.option, unused.value) == ("--principal", f"{name}={arn}")
    assert (unused.why, unused.nearest) == (why, nearest)


def test_an_arn_that_an_assume_role_event_contradicts():
    """Source: IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail"."""
    issued = [
        ("AWS::IAM::AccessKey", rows.SESSION),
        ("AWS::IAM::Role", ROLE),
        ("AWS::STS::AssumedRole", "arn:aws:sts::111122223333:assumed-role/deploy/deploy-7f3a"),
    ]
    cell = json.dumps([{"resourceType": kind, "resourceName": name} for kind, name in issued])
    given = rows.row(event_source="sts.amazonaws.com", event_name="AssumeRole", error_code="",
                     user_name="ci", event_time="2026-05-18T06:50:00Z", resources=cell)  # fmt: skip
    denied = rows.row(user_name=NAMED, aws_access_key=rows.SESSION)
    (unused,) = rows.audit(given, denied, principals={NAMED: OTHER_ROLE}).unused
    assert (unused.value, unused.why) == (f"{NAMED}={OTHER_ROLE}", ANOTHER)
    assert unused.nearest == ROLE
    assert rows.audit(given, denied, principals={NAMED: ROLE}).unused == ()
