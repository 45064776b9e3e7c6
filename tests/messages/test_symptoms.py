"""What a symptom names: its text, resources, Region, Request ID, usual caller and command.

Sources: AWS CLI Command Reference (the commands); EC2 User Guide, "Resource IDs"; the limits are
those of `messages.symptoms`.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ebs_kms_audit.aws.ebs_operations import workflow_of
from ebs_kms_audit.messages import parse_denial_message, read_error_text
from ebs_kms_audit.messages.symptoms import (
    denied_by_other_service,
    names_in,
    placed,
    symptom,
)
from ebs_kms_audit.model import PolicyType, Symptom

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = KEY.replace("eu-west-1", "us-east-1")
VOLUME, INSTANCE = "vol-0123456789abcdef0", "i-0123456789abcdef0"
REQUEST = "f3b1a2c4-0000-4000-8000-000000000001"
LAUNCH = "Client error on launch"
TIME = datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC)
LOOK_UP = (
    "aws cloudtrail lookup-events --region {region} --lookup-attributes "
    "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com --start-time {start} --end-time "
    "{end}"
)
UNKNOWN_TIME = {"start": "START", "end": "END"}
DECODE = "aws sts decode-authorization-message --encoded-message TEXT"


def of(text: str) -> Symptom:
    (found,) = read_error_text(text, file="pasted").symptoms
    return found


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (1000, lambda words: words),
        (1001, lambda words: words[-len(LAUNCH) - 200 :]),
        (5000, lambda words: words[-len(LAUNCH) - 200 :]),
    ],
)
def test_a_text_of_more_than_1000_characters_is_cut_200_before_the_error(length, text):
    words = "x" * (length - len(LAUNCH) - 1) + " " + LAUNCH
    assert of(words).text == text(words)


def test_the_cut_text_has_at_most_1000_characters():
    words = f"{LAUNCH} " + "x" * 2000
    assert of(words).text == words[:1000]
    denied = "User: x is not authorized to perform: ec2:RunInstances " + "x" * 2000
    assert of(denied).text == denied[:1000]


@pytest.mark.parametrize(
    ("words", "resources", "region", "request_id"),
    [
        (f"{VOLUME} {INSTANCE}", (VOLUME, INSTANCE), None, None),
        (f"{VOLUME} {KEY} {VOLUME}", (KEY, VOLUME), "eu-west-1", None),
        (f"{KEY} {OTHER_KEY}", (KEY, OTHER_KEY), "eu-west-1", None),
        ("snap-01234567 ami-0123456789abcdef0", ("snap-01234567", "ami-0123456789abcdef0"), None,
         None),
        ("vol-0123456 i-0123456789abcdef01 xvol-01234567 VOL-01234567", (), None, None),
        (KEY[:-1], (), None, None),  # cut off
        (f"{KEY}0", (), None, None),
        (f"Request ID: {REQUEST}", (), None, REQUEST),
        (f"requestid={REQUEST}", (), None, REQUEST),
        (f"request-id {REQUEST}", (), None, REQUEST),
        (f"id {REQUEST}", (), None, None),
    ],
)  # fmt: skip
def test_the_names_in_a_text(words, resources, region, request_id):
    assert names_in(words) == {
        "resources": resources,
        "region": region,
        "request_id": request_id,
    }


def test_at_most_20_resources_are_listed():
    words = " ".join(f"vol-{number:08x}" for number in range(21))
    assert names_in(words)["resources"] == tuple(f"vol-{number:08x}" for number in range(20))


@pytest.mark.parametrize(
    ("fields", "region", "times"),
    [
        ({}, "REGION", UNKNOWN_TIME),
        ({"region": "eu-west-1"}, "eu-west-1", UNKNOWN_TIME),
        ({"first_seen": TIME}, "REGION",
         {"start": "2026-05-18T06:45:34Z", "end": "2026-05-18T07:15:34Z"}),
        # without a time zone the time may be any of 24
        ({"first_seen": TIME.replace(tzinfo=None)}, "REGION", UNKNOWN_TIME),
    ],
)  # fmt: skip
def test_the_command_gets_the_kms_events_within_15_minutes(fields, region, times):
    made = symptom("client_error_on_launch", file="x", text=LAUNCH, **fields)
    assert made.command == LOOK_UP.format(region=region, **times)


# The other commands, by symptom and by what its text names.
COMMANDS = [
    ("MalformedPolicyDocumentException: one or more invalid principals",
     "aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com"),
    ("AWS Managed CMK can not be shared",
     "aws ec2 copy-snapshot --source-region REGION --source-snapshot-id SNAPSHOT --encrypted "
     "--kms-key-id KEY"),
    ("DisabledException", "aws kms describe-key --key-id KEY --region REGION"),
    (f"{KEY} is disabled of {VOLUME}",
     f"aws kms describe-key --key-id {KEY} --region eu-west-1"),
    ("Encoded authorization failure message: 0l-KP", DECODE),
    ("User: x is not authorized to perform: ec2:RunInstances on resource: *", None),
    ("User: x is not authorized to perform: ec2:RunInstances on resource: *. Encoded "
     "authorization failure message: 0l-KP", DECODE),
]  # fmt: skip


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_the_command_of_other_symptoms(text, command):
    assert of(text).command == command


def test_a_symptom_gets_the_place_of_its_input():
    found = placed(
        of(LAUNCH),
        region="eu-west-1",
        first_seen=TIME,
        resources=(VOLUME,),
        operation="RunInstances",
    )
    assert (found.region, found.first_seen, found.resources) == ("eu-west-1", TIME, (VOLUME,))
    assert found.operation == "RunInstances"
    assert found.command == LOOK_UP.format(
        region="eu-west-1", start="2026-05-18T06:45:34Z", end="2026-05-18T07:15:34Z"
    )
    # where the kind has no command of its own, that of the text is kept
    encoded = of("User: x is not authorized to perform: ec2:RunInstances on resource: *. Encoded "
                 "authorization failure message: 0l-KP")  # fmt: skip
    assert placed(encoded, region=None, first_seen=None, resources=()).command == DECODE


ROLE = "AWSServiceRoleForAutoScaling"
CREATOR = (
    "the caller of CreateVolume, for example AmazonEKS_EBS_CSI_DriverRole for the EBS CSI driver"
)


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        ("Auto Scaling: Client error on launch", ROLE),
        ("AutoScaling: Client error on launch", ROLE),
        ("Karpenter on Auto Scaling: Client error on launch", ROLE),  # the first pattern counts
        ("AsgInstanceLaunchFailures: Client error on launch", ROLE),
        ("Launching a new EC2 instance: Client error on launch", ROLE),
        ("KARPENTER: Client error on launch", "the role of the Karpenter controller"),
        ("ebs.csi.aws.com: InvalidVolume.NotFound", "AmazonEKS_EBS_CSI_DriverRole"),
        ("a CSI driver: InvalidVolume.NotFound", "AmazonEKS_EBS_CSI_DriverRole"),
        ("SCSI: InvalidVolume.NotFound", CREATOR),
        # no KMS call is the reason, so nobody is its usual caller
        ("Auto Scaling: one or more invalid principals", None),
    ],
)
def test_the_usual_caller(text, caller):
    assert of(text).caller == caller


def test_the_actions_are_those_of_the_failed_operation():
    assert (
        symptom("volume_failed", file="x", text="").actions == workflow_of("RunInstances").actions
    )
    assert symptom("encoded_message", file="x", text="").actions == ()


def test_a_denial_by_another_service_is_described_whole():
    text = (
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: "
        "ec2:CreateVolume on resource: arn:aws:ec2:us-east-1:111122223333:volume/x with an "
        "explicit deny in a service control policy"
    )
    found = denied_by_other_service(parse_denial_message(text), file="pasted", text=text)
    assert (found.id, found.file, found.text) == ("other_service_denied", "pasted", text)
    assert (found.operation, found.principal) == (
        "CreateVolume", "arn:aws:iam::111122223333:user/alice"
    )  # fmt: skip
    assert found.policy_type is PolicyType.SERVICE_CONTROL
    assert found.resources == ("arn:aws:ec2:us-east-1:111122223333:volume/x",)
    assert (found.command, found.code) == (None, None)
    alone = of("User: x is not authorized to perform: ec2:CreateVolume y")
    assert (alone.resources, alone.principal) == ((), None)


# Each kind: a text without a code, its codes, whether a code alone is enough, and the operation
# that needs the KMS actions. Sources: EC2 User Guide, "Instance terminates immediately"; EBS User
# Guide, "Requirements for Amazon EBS encryption".
KINDS = [
    ("client_error_on_launch", "Client error on launch",
     ["Client.InternalError", "Server.InternalError"], False, "RunInstances"),
    ("kms_key_incorrect_state", "The KMS key provided is in an incorrect state",
     ["InvalidKMSKey.InvalidState", "Client.InvalidKMSKey.InvalidState"], True, "RunInstances"),
    ("kms_key_revoked", "The encrypted volume was unable to access the KMS key",
     ["CustomerKeyHasBeenRevoked", "Client.CustomerKeyHasBeenRevoked"], True, "AttachVolume"),
    ("kms_key_inaccessible", "encrypted with an inaccessible KMS key", [], True, "RunInstances"),
    ("kms_key_inaccessible", "encrypted with an inaccessible AWS KMS key", [], True,
     "RunInstances"),
    ("key_id_not_accessible", "Given key ID is not accessible",
     ["InvalidKMSKey.NotFound", "Client.InvalidKMSKey.NotFound"], True, "CopySnapshot"),
    ("key_id_not_accessible", f"Key {KEY} does not exist", [], True, "CopySnapshot"),
    ("key_id_not_accessible", f"Alias {KEY.partition('key/')[0]}alias/a is not found", [], True,
     "CopySnapshot"),
    ("volume_vanished", f"The volume {VOLUME} does not exist",
     ["InvalidVolume.NotFound", "Client.InvalidVolume.NotFound"], True, "CreateVolume"),
    ("invalid_policy_principal", "a statement with one or more invalid principals",
     ["MalformedPolicyDocument", "MalformedPolicyDocumentException"], False, None),
    ("aws_managed_key_shared", "AWS Managed KMS keys can not be shared", [], True, None),
    ("aws_managed_key_shared", "AWS Managed CMKs can't be shared", [], True, None),
    ("aws_managed_key_shared", "AWS Managed CMK cannot be shared", [], True, None),
    ("aws_managed_key_shared", "snapshots with EBS default key cannot be shared", [], True, None),
    ("key_state_error", f"{KEY} is disabled", ["DisabledException", "KMSInvalidStateException"],
     True, None),
    ("key_state_error", f"{KEY} is pending deletion", [], True, None),
    ("key_state_error", f"{KEY} is pending import", [], True, None),
]  # fmt: skip


@pytest.mark.parametrize(("id", "text", "codes", "by_code", "operation"), KINDS)
def test_the_text_and_the_codes_of_each_kind(id, text, codes, by_code, operation):
    actions = workflow_of(operation).actions if operation else ()
    found = of(text)
    assert (found.id, found.code, found.actions) == (id, None, actions)
    for code in codes:
        both = of(f"{code}: {text}")
        assert (both.id, both.code, both.actions) == (id, code, actions)
        alone = read_error_text(code, file="x").symptoms
        assert [(one.id, one.code) for one in alone] == [(id, code)] * by_code
        assert read_error_text(f"X{code} {code}X", file="x").symptoms == ()


def test_a_code_without_a_text():
    found = of("Reason: DEPENDENCY_ACCESS_DENIED")
    assert (found.id, found.code, found.caller) == (
        "ebs_dependency_denied", "DEPENDENCY_ACCESS_DENIED", "the caller of the EBS direct APIs"
    )  # fmt: skip
    assert found.actions == workflow_of("CopyImage").actions


def test_the_region_is_that_of_the_key():
    found = of(f"{KEY} is disabled. Request ID: {REQUEST}")
    assert (found.region, found.request_id, found.resources) == ("eu-west-1", REQUEST, (KEY,))
    assert (found.first_seen, found.file) == (None, "pasted")


def test_the_command_names_the_key_among_other_resources():
    found = placed(
        of(f"{KEY} is disabled"), region="eu-west-1", first_seen=None, resources=(VOLUME, KEY)
    )
    assert found.command == f"aws kms describe-key --key-id {KEY} --region eu-west-1"


def test_a_text_with_two_errors_gives_two_symptoms_in_the_order_of_the_table():
    found = read_error_text(f"InvalidVolume.NotFound then {LAUNCH} {LAUNCH}", file="x").symptoms
    assert [(one.id, one.code) for one in found] == [
        ("client_error_on_launch", None),
        ("volume_vanished", "InvalidVolume.NotFound"),
    ]
