"""Errors that point to a KMS key: what they mean, and the findings to which they belong.

The texts are those of EC2's and EBS's documentation and of users' reports.
"""

import io
from dataclasses import fields

import pytest

import ebs_kms_audit
from ebs_kms_audit.explain import EntryKind, entries
from ebs_kms_audit.messages import read_error_text
from tests import rows
from tests.exports import denied, export, row
from tests.records import ACCOUNT, KEY_ARN, audit, record, session

VOLUME = "vol-0123456789abcdef0"
INSTANCE = "i-0123456789abcdef0"
CREATE = ("kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt")
LAUNCH = (*CREATE, "kms:CreateGrant")
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"

# The text, the symptom, the error code in it, and the KMS actions that the usual caller needs.
TEXTS = [
    ("Client.InternalError: Client error on launch", "client_error_on_launch",
     "Client.InternalError", LAUNCH),
    ("Server.InternalError: Client error on launch", "client_error_on_launch",
     "Server.InternalError", LAUNCH),
    ("client error? Client error on launch", "client_error_on_launch", None, LAUNCH),
    ("An error occurred (InvalidKMSKey.InvalidState) when calling the RunInstances operation: The "
     "KMS key provided is in an incorrect state", "kms_key_incorrect_state",
     "InvalidKMSKey.InvalidState", LAUNCH),
    ("Client.InvalidKMSKey.InvalidState", "kms_key_incorrect_state",
     "Client.InvalidKMSKey.InvalidState", LAUNCH),
    ("The KMS key provided is in an incorrect state", "kms_key_incorrect_state", None, LAUNCH),
    (f"Client.CustomerKeyHasBeenRevoked: Volume {VOLUME} cannot be attached. The encrypted volume "
     "was unable to access the KMS key.", "kms_key_revoked", "Client.CustomerKeyHasBeenRevoked",
     ("kms:CreateGrant",)),
    ("One or more of the attached Amazon EBS volumes are encrypted with an inaccessible AWS KMS "
     "key.", "kms_key_inaccessible", None, LAUNCH),
    ("InvalidParameterValue: Given key ID is not accessible", "key_id_not_accessible", None,
     (*CREATE, "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey")),
    (f"NotFoundException: Key '{KEY_ARN}' does not exist", "key_id_not_accessible", None,
     (*CREATE, "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey")),
    (f"NotFoundException: Alias {KEY_ARN.partition('key/')[0]}alias/app is not found.",
     "key_id_not_accessible", None,
     (*CREATE, "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey")),
    (f"InvalidVolume.NotFound: The volume '{VOLUME}' does not exist.", "volume_vanished",
     "InvalidVolume.NotFound", CREATE),
    (f"The volume '{VOLUME}' does not exist.", "volume_vanished", None, CREATE),
    ("MalformedPolicyDocumentException: Policy contains a statement with one or more invalid "
     "principals.", "invalid_policy_principal", "MalformedPolicyDocumentException", ()),
    ("AWS Managed CMK can't be shared", "aws_managed_key_shared", None, ()),
    ("Encrypted snapshots with EBS default key cannot be shared", "aws_managed_key_shared", None,
     ()),
    (f"DisabledException: {KEY_ARN} is disabled.", "key_state_error", "DisabledException", ()),
    ("KMSInvalidStateException", "key_state_error", "KMSInvalidStateException", ()),
    (f"{KEY_ARN} is pending deletion.", "key_state_error", None, ()),
    (f"{KEY_ARN} is pending import.", "key_state_error", None, ()),
    ("UnauthorizedOperation: You are not authorized to perform this operation. Encoded "
     "authorization failure message: 0l-KPWQJ8q5z3YatP3Ybgb5lf0dibDhN6", "encoded_message", None,
     ()),
    (f"User: {ALICE} is not authorized to perform: ec2:CreateVolume on resource: "
     f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/* because no identity-based policy allows the "
     "ec2:CreateVolume action", "other_service_denied", None, ()),
    ("AccessDeniedException: Reason: DEPENDENCY_ACCESS_DENIED", "ebs_dependency_denied",
     "DEPENDENCY_ACCESS_DENIED", ("kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt",
     "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "id", "code", "actions"), TEXTS)
def test_a_pasted_text_is_recognized(text, id, code, actions):
    report = ebs_kms_audit.audit(messages=text)
    (symptom,) = report.symptoms
    assert (symptom.id, symptom.code, symptom.actions) == (id, code, actions)
    assert symptom.text == " ".join(text.replace("'", "").split())
    page = next(one for one in entries(EntryKind.SYMPTOM) if one.id == id)
    assert (symptom.meaning, symptom.next_step) == (page.meaning, page.remedy)
    assert report.findings == ()


def test_every_kind_has_a_page_and_a_text():
    recognized = {id for _, id, _, _ in TEXTS}
    assert {one.id for one in entries(EntryKind.SYMPTOM)} == recognized | {"volume_failed"}


@pytest.mark.parametrize(
    "text",
    ["Client.InternalError", "Client.UserInitiatedShutdown: User initiated shutdown",
     "MalformedPolicyDocumentException: Policy contains invalid JSON", "the volume does not exist",
     "MyDisabledException", "AccessDenied", "Server.InsufficientInstanceCapacity"],
)  # fmt: skip
def test_other_errors_are_not_symptoms(text):
    assert read_error_text(text, file="x") == ((), ())


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        ("AsgInstanceLaunchFailures: Client.InvalidKMSKey.InvalidState",
         "AWSServiceRoleForAutoScaling"),
        ("Launching a new EC2 instance: i-0123456789abcdef0. Status Reason: Client error on "
         "launch", "AWSServiceRoleForAutoScaling"),
        (f"ebs.csi.aws.com could not attach: InvalidVolume.NotFound: {VOLUME}",
         "AmazonEKS_EBS_CSI_DriverRole"),
        ("karpenter: Client error on launch", "the role of the Karpenter controller"),
    ],
)  # fmt: skip
def test_the_text_names_the_usual_caller(text, caller):
    (symptom,) = read_error_text(text, file="x").symptoms
    assert symptom.caller == caller


def test_a_text_with_a_denial_and_a_symptom_gives_both_joined():
    text = (
        f"User: {ALICE} is not authorized to perform: kms:CreateGrant on resource: {KEY_ARN}\n"
        f"Client.CustomerKeyHasBeenRevoked: Volume {VOLUME} cannot be attached."
    )
    report = ebs_kms_audit.audit(messages=text)
    (symptom,) = report.symptoms
    assert symptom.findings == (report.findings[0].id,)
    assert symptom.resources == (KEY_ARN, VOLUME)
    assert symptom.region == "us-east-1"


def attach(**more):
    """Return the record of an AttachVolume that failed a second after the denied CreateGrant."""
    failed = {
        "eventSource": "ec2.amazonaws.com",
        "eventName": "AttachVolume",
        "eventTime": "2026-05-18T07:00:35Z",
        "sourceIPAddress": "198.51.100.7",
        "errorCode": "Client.CustomerKeyHasBeenRevoked",
        "errorMessage": f"Volume {VOLUME} cannot be attached. The encrypted volume was unable to "
        "access the KMS key.",
        "eventID": "event-1",
        "requestID": "f3b1a2c4-0000-4000-8000-000000000002",
    }
    return record(**(failed | more))


# What a record of the failed call has, and what joins it to the finding of `record()`.
JOINED = [
    ({"requestID": "f3b1a2c4-0000-4000-8000-000000000001"},
     "the same Request ID"),
    # the call is one of the finding's own attempts
    ({}, "the same Request ID"),
    ({"errorMessage": None}, "the same Request ID"),
    ({"userIdentity": {"type": "IAMUser", "userName": "bob", "arn": ALICE},
      "errorMessage": f"encrypted volume was unable to access the KMS key {KEY_ARN}"}, KEY_ARN),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "joined_by"), JOINED)
def test_a_failed_call_is_joined_to_the_denial(fields, joined_by):
    report = audit(record(), attach(**fields))
    (symptom,) = report.symptoms
    assert (symptom.id, symptom.operation) == ("kms_key_revoked", "AttachVolume")
    assert symptom.event_id == "event-1"
    assert symptom.findings == (report.findings[0].id,)
    assert symptom.joined_by == (joined_by,)


@pytest.mark.parametrize("name", ["al,ice", "al ice", "al@ice, (x)", "al'ice", "a|b;c", "a\nb"])
def test_a_redacted_report_does_not_name_the_caller_that_joined_a_failed_call(name):
    failed = row(
        event_name="RunInstances", error_code="Client.InternalError", user_name=name,
        event_time="2026-05-18T07:00:30Z", request_id="",
    )  # fmt: skip
    text = export(failed, denied(name, event_time="2026-05-18T07:00:34Z"))
    report = ebs_kms_audit.audit(io.StringIO(text), redact=True)
    assert report.symptoms[0].joined_by == ("the same caller, within five minutes",)
    for shown in (report.to_json(), report.to_html(), report.to_text(details=True)):
        assert name not in shown


def test_a_failed_call_of_another_caller_is_not_joined():
    bob = {"type": "IAMUser", "userName": "bob", "arn": ALICE.replace("alice", "bob")}
    report = audit(record(), attach(userIdentity=bob))
    (symptom,) = report.symptoms
    assert symptom.findings == ()
    assert symptom.principal == ALICE.replace("alice", "bob")


def test_a_row_and_its_record_are_one_event():
    failed = {"event_source": "ec2.amazonaws.com", "event_name": "AttachVolume",
              "error_code": "Client.CustomerKeyHasBeenRevoked", "source_ip_address": rows.CLIENT,
              "event_id": "event-1", "user_name": "deploy-7f3a"}  # fmt: skip
    report = audit(attach(), rows=rows.export(rows.row(**failed)))
    (symptom,) = report.symptoms
    assert symptom.count == 1
    assert symptom.resources == (VOLUME,)
    assert symptom.text == (
        f"Volume {VOLUME} cannot be attached. The encrypted volume was unable to access the KMS "
        "key."
    )


# Rows of EC2 and EBS: the code, the operation, the message of the record; the symptom, or None.
CALLS = [
    ("Client.InternalError", "RunInstances", None, "client_error_on_launch", None),
    ("Client.InternalError", "CreateVolume", None, None, None),
    ("Server.InternalError", "RunInstances", None, None, None),
    ("Client.InvalidKMSKey.InvalidState", "RunInstances", None, "kms_key_incorrect_state", None),
    ("Client.InvalidParameterValue", "CopySnapshot", "Given key ID is not accessible",
     "key_id_not_accessible", None),
    ("Client.InvalidParameterValue", "CopySnapshot", "a bad name", None, None),
    ("Client.InvalidVolume.NotFound", "AttachVolume", None, "volume_vanished", None),
    ("Client.UnauthorizedOperation", "CreateVolume", None, "other_service_denied", None),
    ("Client.UnauthorizedOperation", "CreateVolume",
     f"You are not authorized to perform this operation. User: {ALICE} is not authorized to "
     f"perform: ec2:CreateVolume on resource: arn:aws:ec2:us-east-1:{ACCOUNT}:volume/* with an "
     "explicit deny in a service control policy. Encoded authorization failure message: 0l-K",
     "other_service_denied", "service control policy"),
    ("Client.UnauthorizedOperation", "CreateVolume",
     "You are not authorized to perform this operation. Encoded authorization failure message: 0l",
     "encoded_message", None),
    ("Client.DryRunOperation", "CreateVolume", None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("code", "operation", "message", "id", "policy_type"), CALLS)
def test_failed_calls_of_ec2(code, operation, message, id, policy_type):
    report = audit(attach(errorCode=code, eventName=operation, errorMessage=message))
    assert [one.id for one in report.symptoms] == ([id] if id else [])
    if id:
        assert report.symptoms[0].code == code
        assert report.symptoms[0].policy_type == policy_type


def test_a_denied_call_of_the_ebs_direct_apis_is_listed():
    denied = attach(
        eventSource="ebs.amazonaws.com",
        eventName="StartSnapshot",
        errorCode="AccessDenied",
        errorMessage=f"User: {ALICE} is not authorized to perform: ebs:StartSnapshot on resource: "
        "arn:aws:ec2:us-east-1::snapshot/* because no session policy allows the "
        "ebs:StartSnapshot action",
    )
    (symptom,) = audit(denied).symptoms
    assert (symptom.id, symptom.operation) == ("other_service_denied", "StartSnapshot")
    assert symptom.policy_type == "session policy"


def test_a_kms_row_with_a_state_error_stays_in_other_errors():
    report = audit(record(errorCode="DisabledException", errorMessage=f"{KEY_ARN} is disabled."))
    assert not report.symptoms
    assert report.other_errors[0].error_code == "DisabledException"


def test_a_successful_call_and_one_of_another_service_are_no_symptoms():
    fine = attach(errorCode=None, errorMessage=None)
    other = attach(eventSource="rds.amazonaws.com", eventName="CreateDBInstance", eventID="event-2")
    assert not audit(fine, other).symptoms


REPEATED = (
    "You are not authorized to perform this operation. User: "
    f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a is not authorized to perform: "
    f"kms:CreateGrant on resource: {KEY_ARN} because no resource-based policy allows the "
    "kms:CreateGrant action"
)


def test_a_denial_of_kms_in_the_record_of_a_failed_ec2_call_is_a_denial():
    failed = attach(errorCode="Client.UnauthorizedOperation", errorMessage=REPEATED)
    report = audit(failed)
    (finding,) = report.findings
    (denial,) = finding.denials
    assert (denial.event.name, denial.event.event_id) == ("CreateGrant", "event-1")
    assert (denial.principal.role_name, denial.principal.evidence) == ("deploy", "recorded")
    assert (denial.key.arn, denial.key.evidence) == (KEY_ARN, "recorded")
    assert finding.cause.id == "no_statement"
    assert not report.symptoms


def test_the_record_of_a_failed_ec2_call_explains_the_row_of_kms():
    failed = attach(errorCode="Client.UnauthorizedOperation", errorMessage=REPEATED)
    denied = {"user_name": "deploy-7f3a", "aws_access_key": rows.SESSION, "event_id": "event-0"}
    report = audit(failed, rows=rows.export(rows.row(**denied)))
    (finding,) = report.findings
    assert finding.count == 1
    assert finding.denials[0].message.policy_type == "resource-based policy"
    assert finding.principal.evidence == "derived"


def test_an_instance_joins_the_denial_of_its_infrastructure():
    denied = record(
        eventName="Decrypt",
        errorMessage=None,
        userIdentity=session(f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure", INSTANCE),
    )
    text = f"{INSTANCE}: Client.InternalError: Client error on launch"
    report = audit(denied, messages=text)
    assert report.symptoms[0].joined_by == (INSTANCE,)


def test_a_text_without_a_place_belongs_to_the_only_finding_that_explains_it():
    text = "Client.InternalError: Client error on launch"
    one = audit(record(), messages=text)
    assert one.symptoms[0].findings == (one.findings[0].id,)
    bob = {"type": "IAMUser", "userName": "bob", "arn": ALICE.replace("alice", "bob")}
    two = audit(record(), record(eventID="e-2", userIdentity=bob), messages=text)
    assert two.symptoms[0].findings == ()
    other = audit(record(eventName="PutKeyPolicy"), messages=text)
    assert other.symptoms[0].findings == ()


@pytest.mark.parametrize(
    ("time", "is_joined"),
    [("07:05:34", True), ("07:05:35", False), ("06:55:34", True), ("06:55:33", False)],
)
def test_a_caller_joins_within_five_minutes(time, is_joined):
    failed = attach(eventTime=f"2026-05-18T{time}Z", errorMessage=None, eventName="RunInstances",
                    errorCode="Client.InternalError")  # fmt: skip
    report = audit(record(), failed)
    assert bool(report.symptoms[0].findings) is is_joined


def test_texts_that_say_the_same_in_one_input_are_one_symptom():
    texts = ["Client error on launch", "Client error on launch"]
    assert [one.count for one in ebs_kms_audit.audit(messages=texts).symptoms] == [1, 1]
    again = read_error_text("Client error on launch\nClient error on launch", file="x").symptoms
    assert len(again) == 1


def test_json_has_every_field_of_a_symptom():
    report = audit(record(), attach())
    (symptom,) = report.to_dict()["symptoms"]
    assert symptom["id"] == "kms_key_revoked"
    assert symptom["first_seen"] == "2026-05-18T07:00:35Z"
    assert symptom["resources"] == [VOLUME]
    assert symptom["actions"] == ["kms:CreateGrant"]
    (finding,) = symptom["findings"]
    assert finding["id"] == report.findings[0].id
    own = {field.name for field in fields(report.symptoms[0])} - {"joined_by"}
    assert set(symptom) == own


def test_a_symptom_that_no_denial_explains_is_in_the_answer():
    bob = {"type": "IAMUser", "userName": "bob", "arn": ALICE.replace("alice", "bob")}
    shown = " ".join(str(audit(record(), attach(userIdentity=bob))).split())
    assert (
        f"ALSO AttachVolume by {ALICE.replace('alice', 'bob')} failed with "
        "Client.CustomerKeyHasBeenRevoked, at 2026-05-18 07:00:35 UTC. No denial belongs to this "
        "error. The caller lacks kms:CreateGrant on the key of the volume, or the key is disabled."
    ) in shown
    assert "ALSO" not in str(audit(record(), attach()))
