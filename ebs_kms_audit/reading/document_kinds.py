"""JSON objects that are not events → which document each is: a policy, or output of a command.

A document is recognized by the members that only it has. The shapes are those of the AWS CLI, as
botocore's service models have them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY_POLICY = "key policy"
WITH_MESSAGE = "text with an error message"
DESCRIBE_KEY = "output of kms describe-key"
LIST_GRANTS = "output of kms list-grants"
DEFAULT_KEY = "output of ec2 get-ebs-default-kms-key-id"
DECODED = "decoded authorization message"
DETAILS = "output of iam-toolbox get-request-authorization-details"
VOLUME_NOTIFICATION = "EBS Volume Notification"
DESCRIBED = {
    "Reservations": ("describe-instances", "Instances"),
    "Volumes": ("describe-volumes", "VolumeId"),
    "Snapshots": ("describe-snapshots", "SnapshotId"),
    "Activities": ("describe-scaling-activities", "ActivityId"),
    "InstanceStatuses": ("describe-instance-status", "InstanceId"),
    "SpotInstanceRequests": ("describe-spot-instance-requests", "SpotInstanceRequestId"),
}
"""The member of the output of a describe command → the command, and a member that each element has.

Other outputs have lists of the same name.
"""


def document_kind(value: dict[str, Any]) -> str | None:
    """Return what a JSON object is, as a short noun phrase; None if it is no known document."""
    for name, is_one in _RECOGNIZED:
        if is_one(value):
            return name
    if str(value.get("detail-type", "")).startswith("EBS ") and "detail" in value:
        return VOLUME_NOTIFICATION
    for member, (command, telling) in DESCRIBED.items():
        elements = value.get(member)
        if isinstance(elements, list) and all(
            isinstance(one, dict) and telling in one for one in elements
        ):
            return f"output of {command}"
    return None


def _is_policy(value: dict[str, Any]) -> bool:
    """Return whether it is a policy of any service, bare or as a get command prints it."""
    if isinstance(value.get("Statement"), (list, dict)):
        return True
    if isinstance(value.get("PolicyDocument"), (dict, str)) or isinstance(
        value.get("PolicyVersion"), dict
    ):
        return True
    policy = value.get("Policy")
    if isinstance(policy, str):
        return policy.lstrip().startswith("{")
    return isinstance(policy, dict) and "Statement" in policy


def _is_decoded(value: dict[str, Any]) -> bool:
    return isinstance(value.get("DecodedMessage"), str) or (
        isinstance(value.get("allowed"), bool) and isinstance(value.get("context"), dict)
    )


_RECOGNIZED: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    (KEY_POLICY, _is_policy),
    (DESCRIBE_KEY, lambda value: isinstance(value.get("KeyMetadata"), dict)),
    (
        LIST_GRANTS,
        lambda value: (
            isinstance(value.get("Grants"), list)
            and all(isinstance(one, dict) and "GrantId" in one for one in value["Grants"])
        ),
    ),
    (DEFAULT_KEY, lambda value: isinstance(value.get("KmsKeyId"), str) and len(value) == 1),
    (DECODED, _is_decoded),
    (
        DETAILS,
        lambda value: (
            isinstance(value.get("evaluations"), list)
            and all(isinstance(one, dict) and "action" in one for one in value["evaluations"])
        ),
    ),
)
