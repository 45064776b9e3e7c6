"""What to get next: the commands for each cause, with the names that are known.

Source: AWS CLI Command Reference. Which piece of evidence settles a cause is the rule of
`diagnosis.next_evidence`; the incidents show it whole (`tests/incidents/test_wording.py`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ebs_kms_audit.diagnosis.case import DenialCause
from ebs_kms_audit.diagnosis.cause import CauseId, Half
from ebs_kms_audit.diagnosis.next_evidence import next_evidence
from ebs_kms_audit.model import Denial, DenialMessage, Evidence, MessageKind, PolicyType
from tests.incidents import (
    ACCOUNT,
    AUTO_SCALING,
    CLIENT,
    FOREIGN_KEY,
    KEY_ARN,
    OTHER,
    ROLE,
    ROOT,
    USER,
    VISITOR,
    denied,
)
from tests.incidents.wording import iam
from tests.records import KEY_ID, audit
from tests.rows import SESSION, row
from tests.rows import audit as audit_rows

HERE = "--region us-east-1"


def of(
    id: CauseId,
    denial: Denial,
    *,
    policy_type: PolicyType | None = None,
    iam_given: bool = False,
    **fields: Any,
) -> list[str | None]:
    """Return the commands for a cause of a denial."""
    cause = DenialCause(id=id, evidence=Evidence.RECORDED, policy_type=policy_type, **fields)
    return [one.command for one in next_evidence(cause, denial, iam_given=iam_given)]


def call(reason: str | None = None, caller: str = ROLE, **fields: Any) -> Denial:
    return audit(denied("Decrypt", reason, caller, **fields)).findings[0].denials[0]


RECORDED, SAID = call(), call("resource")
BY_EC2, BY_HAND = RECORDED, call(sourceIPAddress=CLIENT)
POLICY = (
    f"aws kms get-key-policy --key-id {KEY_ARN} --policy-name default {HERE} --query Policy "
    "--output text"
)
RECORDS = (
    "aws cloudtrail lookup-events --lookup-attributes "
    "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com --start-time 2026-05-18T06:45:34Z "
    f"--end-time 2026-05-18T07:15:34Z {HERE}"
)
DEFAULT_KEY = f"aws ec2 get-ebs-default-kms-key-id {HERE}"
STATE = f"aws kms describe-key --key-id {KEY_ARN} {HERE}"
GRANTS = f"aws kms list-grants --key-id {KEY_ARN} {HERE}"
IAM_ROLE = iam("role", "deploy")
TARGETS = "aws organizations list-policies-for-target"
SCPS = f"{TARGETS} --target-id {ACCOUNT} --filter SERVICE_CONTROL_POLICY"
RCPS = f"{TARGETS} --target-id {ACCOUNT} --filter RESOURCE_CONTROL_POLICY"
BOUNDARY = "aws iam get-role --role-name deploy --query Role.PermissionsBoundary"
ASSUMED = (
    "aws cloudtrail lookup-events --lookup-attributes "
    f"AttributeKey=EventName,AttributeValue=AssumeRole {HERE}"
)
ENDPOINTS = (
    "aws ec2 describe-vpc-endpoints --filters "
    f"Name=service-name,Values=com.amazonaws.us-east-1.kms {HERE}"
)

# The cause and what is known of it, the denial, and the commands, the least effort first.
CAUSES: list[tuple[CauseId, dict[str, Any], Denial, list[str]]] = [
    (CauseId.HARMLESS_PROBE, {}, RECORDED, []),
    (CauseId.FIXED_SINCE, {}, RECORDED, []),
    (CauseId.INFRASTRUCTURE, {}, RECORDED, [RECORDS, GRANTS, POLICY]),
    (CauseId.INFRASTRUCTURE, {}, SAID, [GRANTS, POLICY]),
    (CauseId.INFRASTRUCTURE, {"variant": "limited", "policy_type": PolicyType.SERVICE_CONTROL},
     RECORDED, [SCPS]),
    (CauseId.INFRASTRUCTURE, {"variant": "limited", "policy_type": PolicyType.RESOURCE_BASED},
     RECORDED, [POLICY]),
    (CauseId.INFRASTRUCTURE, {"variant": "limited"}, RECORDED, [POLICY]),
    (CauseId.NOT_GRANTABLE, {"variant": "identity_only"}, RECORDED, [IAM_ROLE]),
    (CauseId.NOT_GRANTABLE, {"variant": "grant"}, RECORDED, [GRANTS]),
    (CauseId.NOT_GRANTABLE, {"variant": "across_accounts"}, RECORDED, []),
    (CauseId.AWS_MANAGED_KEY, {}, RECORDED, [DEFAULT_KEY]),
    (CauseId.OTHER_POLICY, {"policy_type": PolicyType.SERVICE_CONTROL}, RECORDED, [SCPS]),
    (CauseId.OTHER_POLICY, {"policy_type": PolicyType.RESOURCE_CONTROL}, RECORDED, [RCPS]),
    (CauseId.OTHER_POLICY, {"policy_type": PolicyType.PERMISSIONS_BOUNDARY}, RECORDED,
     [BOUNDARY]),
    (CauseId.OTHER_POLICY, {"policy_type": PolicyType.SESSION}, RECORDED, [ASSUMED]),
    (CauseId.OTHER_POLICY, {"policy_type": PolicyType.VPC_ENDPOINT}, RECORDED, [ENDPOINTS]),
    (CauseId.OTHER_POLICY, {"policy_type": PolicyType.ROLE_TRUST}, RECORDED, [RECORDS]),
    (CauseId.OTHER_KEY, {}, RECORDED, [POLICY, DEFAULT_KEY]),
    (CauseId.EXPLICIT_DENY, {}, RECORDED, [POLICY, IAM_ROLE]),
    (CauseId.EXPLICIT_DENY, {"by_policy": True}, RECORDED, [IAM_ROLE]),
    (CauseId.EXPLICIT_DENY, {"policy_type": PolicyType.RESOURCE_BASED}, RECORDED, [POLICY]),
    (CauseId.EXPLICIT_DENY, {"policy_type": PolicyType.RESOURCE_BASED, "by_policy": True},
     RECORDED, []),
    (CauseId.EXPLICIT_DENY, {"policy_type": PolicyType.IDENTITY_BASED}, RECORDED, [IAM_ROLE]),
    (CauseId.EXPLICIT_DENY, {"policy_type": PolicyType.IDENTITY_BASED, "by_policy": True},
     RECORDED, [IAM_ROLE]),
    (CauseId.DIRECT_GRANT_CALL, {}, RECORDED, [RECORDS]),
    (CauseId.DIRECT_GRANT_CALL, {"by_message": True}, RECORDED, []),
    (CauseId.CONDITION_NOT_MET, {}, RECORDED, [RECORDS]),
    (CauseId.CONDITION_NOT_MET, {}, SAID, []),
    (CauseId.CONFLICTING_EVIDENCE, {}, BY_EC2, [POLICY, RECORDS, DEFAULT_KEY, IAM_ROLE]),
    (CauseId.CONFLICTING_EVIDENCE, {}, BY_HAND, [POLICY, RECORDS, IAM_ROLE]),
    (CauseId.CROSS_ACCOUNT_HALF_MISSING, {"missing": (Half.KEY_POLICY,)}, RECORDED,
     [POLICY, IAM_ROLE]),
    (CauseId.CROSS_ACCOUNT_HALF_MISSING, {"missing": (Half.KEY_POLICY,), "by_policy": True},
     RECORDED, [IAM_ROLE]),
    (CauseId.CROSS_ACCOUNT_HALF_MISSING, {"missing": (Half.IAM_POLICY,), "by_policy": True},
     RECORDED, [IAM_ROLE]),
    (CauseId.CROSS_ACCOUNT_HALF_MISSING, {"missing": (Half.GRANT,), "by_policy": True}, RECORDED,
     [GRANTS]),
    (CauseId.NO_STATEMENT, {}, RECORDED, [POLICY, RECORDS]),
    (CauseId.NO_STATEMENT, {"by_policy": True}, RECORDED, [RECORDS]),
    (CauseId.NO_STATEMENT, {"by_message": True}, RECORDED, [POLICY]),
    (CauseId.NO_STATEMENT, {"by_policy": True, "by_message": True}, RECORDED, []),
    (CauseId.IAM_POLICY_MISSING, {}, RECORDED, [POLICY, IAM_ROLE]),
    (CauseId.IAM_POLICY_MISSING, {"by_policy": True}, RECORDED, [IAM_ROLE]),
    (CauseId.KEY_UNUSABLE, {}, RECORDED, [STATE, RECORDS]),
    (CauseId.UNKNOWN, {}, RECORDED, [RECORDS, POLICY, STATE]),
    (CauseId.UNKNOWN, {}, SAID, [POLICY, STATE]),
]  # fmt: skip


@pytest.mark.parametrize(("id", "fields", "denial", "commands"), CAUSES)
def test_what_to_get_next(id, fields, denial, commands):
    assert of(id, denial, **fields) == commands
    # what was given is not asked for again
    given = [one for one in commands if one != IAM_ROLE]
    assert of(id, denial, iam_given=True, **fields) == given


def test_every_cause_is_in_the_table():
    assert {id for id, *_ in CAUSES} == set(CauseId)


# --- the words of the commands

AT = datetime(2026, 5, 18, 7, 0, 34)


@pytest.mark.parametrize(
    ("time", "start", "end"),
    [
        (AT.replace(tzinfo=UTC), "2026-05-18T06:45:34Z", "2026-05-18T07:15:34Z"),
        (datetime(2026, 5, 18, 23, 50, tzinfo=UTC), "2026-05-18T23:35:00Z",
         "2026-05-19T00:05:00Z"),
        (AT, None, None),  # without a time zone
        (None, None, None),
        (datetime(1, 1, 1, 0, 1, tzinfo=UTC), None, None),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), None, None),
    ],
)  # fmt: skip
def test_the_records_are_looked_up_15_minutes_around_the_denial(time, start, end):
    denial = replace(RECORDED, event=replace(RECORDED.event, time=time))
    (command,) = of(CauseId.CONDITION_NOT_MET, denial)
    if start is None:
        assert command == (
            "CloudTrail console > Event history > Event source = kms.amazonaws.com > Download "
            "events > Download JSON"
        )
    else:
        assert command == RECORDS.replace("2026-05-18T06:45:34Z", start).replace(
            "2026-05-18T07:15:34Z", end
        )


def key(**names: str | None) -> Denial:
    named = replace(RECORDED.key, **({"arn": None, "id": None, "alias": None} | names))
    return replace(RECORDED, key=named)


@pytest.mark.parametrize(
    ("names", "word"),
    [
        ({"arn": KEY_ARN, "id": KEY_ID, "alias": "alias/a"}, KEY_ARN),
        ({"id": KEY_ID, "alias": "alias/a"}, KEY_ID),
        ({"alias": "alias/a"}, "alias/a"),
        ({}, "KEY_ARN"),
    ],
)
def test_the_fullest_name_of_the_key_is_in_the_commands(names, word):
    commands = of(CauseId.UNKNOWN, key(**names))
    assert commands == [RECORDS, POLICY.replace(KEY_ARN, word), STATE.replace(KEY_ARN, word)]


def test_without_a_region_the_commands_name_none():
    nowhere = replace(RECORDED, event=replace(RECORDED.event, region=None))
    for id, kind, command in (
        (CauseId.AWS_MANAGED_KEY, None, DEFAULT_KEY),
        (CauseId.CONDITION_NOT_MET, None, RECORDS),
        (CauseId.OTHER_POLICY, PolicyType.SESSION, ASSUMED),
    ):
        assert of(id, nowhere, policy_type=kind) == [command.removesuffix(f" {HERE}")]
    assert of(CauseId.OTHER_POLICY, nowhere, policy_type=PolicyType.VPC_ENDPOINT) == [
        "aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=com.amazonaws.REGION.kms"
    ]


ROW = audit_rows(row(user_name="deploy-7f3a", aws_access_key=SESSION)).findings[0].denials[0]


@pytest.mark.parametrize(
    ("denial", "commands"),
    [
        (call(caller=ROLE), [IAM_ROLE]),
        (call(caller=USER), [iam("user", "alice")]),
        (call(caller=VISITOR), [iam("role", "visitor")]),
        (call(caller=AUTO_SCALING), []),  # a service-linked role takes no IAM policy
        (call(caller=ROOT), []),  # the root user has none
        (ROW, []),  # the role is unknown
        (replace(ROW, principal=replace(ROW.principal, role_name="deploy")), [IAM_ROLE]),
        (replace(ROW, principal=replace(ROW.principal, role_name="de ploy; x")), []),
    ],
)
def test_the_iam_policies_of_a_caller_with_a_name(denial, commands):
    assert of(CauseId.EXPLICIT_DENY, denial, policy_type=PolicyType.IDENTITY_BASED) == commands


@pytest.mark.parametrize(
    ("denial", "commands"),
    [
        (call(caller=ROLE), [BOUNDARY]),
        (
            call(caller=USER),
            ["aws iam get-user --user-name alice --query User.PermissionsBoundary"],
        ),
        (ROW, []),
    ],
)
def test_the_permissions_boundary_of_a_caller_with_a_name(denial, commands):
    kind = PolicyType.PERMISSIONS_BOUNDARY
    assert of(CauseId.OTHER_POLICY, denial, policy_type=kind) == commands


# An SCP applies to the account of the caller, an RCP to that of the key.
@pytest.mark.parametrize(
    ("denial", "caller", "owner"),
    [
        (call(caller=VISITOR), OTHER, ACCOUNT),
        (call(caller=ROLE, key=FOREIGN_KEY), ACCOUNT, OTHER),
        (key(), ACCOUNT, "ACCOUNT_ID"),
    ],
)
def test_the_account_of_an_organization_policy(denial, caller, owner):
    assert of(CauseId.OTHER_POLICY, denial, policy_type=PolicyType.SERVICE_CONTROL) == [
        SCPS.replace(ACCOUNT, caller)
    ]
    assert of(CauseId.OTHER_POLICY, denial, policy_type=PolicyType.RESOURCE_CONTROL) == [
        RCPS.replace(ACCOUNT, owner)
    ]


ORGANIZATION = "arn:aws:organizations::444455556666:policy/o-ab12cd34ef"


def with_message(**fields: Any) -> Denial:
    return replace(RECORDED, message=DenialMessage(kind=MessageKind.DENIAL, **fields))


@pytest.mark.parametrize(
    ("arn", "command"),
    [
        (f"{ORGANIZATION}/service_control_policy/p-12ab34cd",
         "aws organizations describe-policy --policy-id p-12ab34cd"),
        # the policy of AWS itself has another id
        ("arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", SCPS),
        (f"{ORGANIZATION}/service_control_policy/p-12ab34c", SCPS),
        (None, SCPS),
    ],
)  # fmt: skip
def test_the_organization_policy_that_the_message_names(arn, command):
    denial = with_message(policy_arn=arn, policy_type=PolicyType.SERVICE_CONTROL)
    assert of(CauseId.OTHER_POLICY, denial, policy_type=PolicyType.SERVICE_CONTROL) == [command]


def test_the_authorization_id_of_a_message_comes_first():
    command = "aws iam-toolbox get-request-authorization-details --authorization-id 0a1b"
    denial = with_message(authorization_id="0a1b")
    assert of(CauseId.FIXED_SINCE, denial) == [command]
    there = with_message(authorization_id="0a1b", authorization_region="eu-west-1")
    assert of(CauseId.AWS_MANAGED_KEY, there) == [f"{command} --region eu-west-1", DEFAULT_KEY]
    assert of(CauseId.FIXED_SINCE, with_message()) == []


def test_a_message_without_a_type_of_policy_does_not_replace_the_records():
    assert of(CauseId.CONDITION_NOT_MET, with_message()) == [RECORDS]
    typed = with_message(policy_type=PolicyType.RESOURCE_BASED)
    assert of(CauseId.CONDITION_NOT_MET, typed) == []


def test_each_piece_of_evidence_has_a_name_and_a_reason():
    cause = DenialCause(id=CauseId.CONFLICTING_EVIDENCE, evidence=Evidence.INFERRED)
    found = [(one.what, one.why) for one in next_evidence(cause, RECORDED)]
    assert found == [
        ("the present policy of the denied key", "It shows whether a statement allows the call."),
        ("the records of the same events, as JSON",
         "The error message of a record names the type of policy that denied the call."),
        ("the default key for EBS encryption in this account and Region",
         "A volume without a named key uses it, and it may be another key than the edited one."),
        ("the IAM policies of the role",
         "They show whether IAM allows the action; give them as --iam-policy ARN=FILE."),
    ]  # fmt: skip
