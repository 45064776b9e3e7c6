"""Output of describe commands and EventBridge events: EC2, Auto Scaling and EBS user guides."""

import json
from datetime import UTC, datetime

import pytest

from ebs_kms_audit import audit
from ebs_kms_audit.context.descriptions import read_descriptions
from ebs_kms_audit.model.command_output import Description
from tests.records import ACCOUNT, KEY_ARN

VOLUME = "vol-0123456789abcdef0"
INSTANCE = "i-0123456789abcdef0"
AUTO_SCALING = "AWSServiceRoleForAutoScaling"


def instance(code="Client.InternalError", message="Client error on launch", **more):
    return {
        "InstanceId": INSTANCE,
        "LaunchTime": "2026-05-18T07:00:34.000Z",
        "Placement": {"AvailabilityZone": "eu-west-1b"},
        "StateReason": {"Code": code, "Message": f"{code}: {message}"},
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": VOLUME}}],
    } | more


def activity(message):
    return {
        "ActivityId": "0a1b2c3d-0000-4000-8000-000000000001",
        "AutoScalingGroupName": "workers",
        "Description": f"Launching a new EC2 instance: {INSTANCE}",
        "StartTime": "2026-05-18T07:00:34Z",
        "EndTime": "2026-05-18T07:00:40Z",
        "StatusCode": "Cancelled",
        "StatusMessage": message,
    }


def notification(event, result, cause=""):
    return {
        "detail-type": "EBS Volume Notification",
        "source": "aws.ec2",
        "account": ACCOUNT,
        "time": "2026-05-18T07:00:34Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/{VOLUME}"],
        "detail": {"result": result, "cause": cause, "event": event},
    }


GROUP = [{"Key": "aws:autoscaling:groupName", "Value": "workers"}]
BOTH = (INSTANCE, VOLUME)
LAUNCHER = (
    "AWSServiceRoleForAutoScaling for an Auto Scaling group, AWSServiceRoleForEC2Spot for Spot "
    "Instances, otherwise the role or user that launched the instance"
)
CREATOR = (
    "the caller of CreateVolume, for example AmazonEKS_EBS_CSI_DriverRole for the EBS CSI driver"
)
# The command, its output, the symptom, the usual caller and the resources.
OUTPUTS = {
    "an instance": ("describe-instances", instance(), "client_error_on_launch", LAUNCHER, BOTH),
    "an instance of a group": (
        "describe-instances", instance(Tags=GROUP), "client_error_on_launch", AUTO_SCALING,
        BOTH),
    "a Spot Instance": (
        "describe-instances", instance(InstanceLifecycle="spot"), "client_error_on_launch",
        "AWSServiceRoleForEC2Spot", BOTH),
    "the state of its key": (
        "describe-instances",
        instance("Client.InvalidKMSKey.InvalidState",
                 "The KMS key provided is in an incorrect state"),
        "kms_key_incorrect_state", LAUNCHER, BOTH),
    "a volume": (
        "describe-volumes", {"VolumeId": VOLUME, "State": "error", "Encrypted": True},
        "volume_failed", CREATOR, (VOLUME,)),
    "an activity": (
        "describe-scaling-activities",
        activity("Instance became unhealthy while waiting for instance to be in InService state. "
                 "Termination Reason: Client.InternalError: Client error on launch"),
        "client_error_on_launch", AUTO_SCALING, (INSTANCE,)),
    "a disabled key": (
        "EBS Volume Notification",
        notification("attachVolume", "failed", f"{KEY_ARN} is disabled."),
        "key_state_error", None, (KEY_ARN, VOLUME)),
    "a volume that was deleted": (
        "EBS Volume Notification", notification("deleteVolume", "deleted"), "volume_vanished",
        CREATOR, (VOLUME,)),
    "another failure": (
        "EBS Volume Notification", notification("createVolume", "failed"), "volume_failed",
        CREATOR, (VOLUME,)),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_failure_in_the_output_of_a_command(name):
    command, content, id, caller, resources = OUTPUTS[name]
    found = read_descriptions([Description(file="x.json", command=command, content=content)])
    (symptom,) = found.symptoms
    assert symptom.id == id
    assert symptom.file == "x.json"
    assert (symptom.caller, symptom.resources) == (caller, resources)


FINE = {
    "a running instance": ("describe-instances", {"InstanceId": INSTANCE}),
    "an instance that its user stopped": (
        "describe-instances", instance("Client.UserInitiatedShutdown", "User initiated shutdown")),
    "a text in a tag": (
        "describe-instances",
        {"InstanceId": INSTANCE, "Tags": [{"Key": "n", "Value": "Client error on launch"}]}),
    "an unencrypted volume": (
        "describe-volumes", {"VolumeId": VOLUME, "State": "error", "Encrypted": False}),
    "a volume in use": ("describe-volumes", {"VolumeId": VOLUME, "State": "in-use"}),
    "a successful activity": ("describe-scaling-activities", activity("")),
    "a volume that was created": (
        "EBS Volume Notification", notification("createVolume", "available")),
    "values of another shape": (
        "describe-instances", {"StateReason": [1], "Tags": {"a": 1}, "Placement": "x"}),
    "a detail of another shape": ("EBS Volume Notification", {"detail": [None], "time": 5}),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_output_without_a_failure(name):
    command, content = FINE[name]
    found = read_descriptions([Description(file="x.json", command=command, content=content)])
    assert (found.messages, found.symptoms) == ((), ())


def test_where_and_when_it_failed_are_kept():
    (symptom,) = read_descriptions(
        [Description(file="x", command="describe-instances", content=instance())]
    ).symptoms
    assert (symptom.region, symptom.account) == ("eu-west-1", None)
    assert symptom.first_seen == datetime(2026, 5, 18, 7, 0, 34, tzinfo=UTC)
    assert symptom.command == (
        "aws cloudtrail lookup-events --region eu-west-1 --lookup-attributes "
        "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com "
        "--start-time 2026-05-18T06:45:34Z --end-time 2026-05-18T07:15:34Z"
    )
    event = notification("createVolume", "failed")
    (symptom,) = read_descriptions(
        [Description(file="x", command="EBS Volume Notification", content=event)]
    ).symptoms
    assert (symptom.region, symptom.account) == ("us-east-1", ACCOUNT)


def test_an_access_denied_message_in_an_activity_is_a_denial():
    text = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{AUTO_SCALING}/AutoScaling is not authorized "
        f"to perform: kms:GenerateDataKeyWithoutPlaintext on resource: {KEY_ARN}. Launching EC2 "
        "instance failed."
    )
    found = read_descriptions(
        [Description(file="x", command="describe-scaling-activities", content=activity(text))]
    )
    (pasted,) = found.messages
    assert pasted.message.action == "kms:GenerateDataKeyWithoutPlaintext"
    assert pasted.message.resource == KEY_ARN


def test_the_output_of_describe_instances_is_read_from_its_file(tmp_path):
    # AWS CLI Reference, ec2 describe-instances: the instances are in reservations, which name the
    # account.
    path = tmp_path / "instances.json"
    fine = {"InstanceId": "i-0ffffffffffffffff", "StateTransitionReason": ""}
    reservations = [
        {"ReservationId": "r-1", "OwnerId": ACCOUNT, "Instances": [fine, instance()]},
        {"ReservationId": "r-2", "OwnerId": ACCOUNT, "Instances": [fine]},
    ]
    path.write_text(json.dumps({"Reservations": reservations}), encoding="utf-8")
    (symptom,) = audit(path).symptoms
    assert (symptom.id, symptom.account) == ("client_error_on_launch", ACCOUNT)
    assert symptom.resources == BOTH
