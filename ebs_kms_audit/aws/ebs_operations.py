"""What EC2 does with the KMS key of an encrypted EBS volume: operations, calls, error codes.

Sources: EBS User Guide, "How Amazon EBS encryption works" and "Requirements for Amazon EBS
encryption"; EC2 User Guide, "Copy an Amazon EBS snapshot"; EC2 API Reference, "Error codes". Where
AWS documents the permissions of an operation but not the order of its calls, `ordered` is False.
"""

from __future__ import annotations

from typing import NamedTuple

EC2_EVENT_SOURCE = "ec2.amazonaws.com"

_HOW_EBS_WORKS = "https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html"
_REQUIREMENTS = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html"
_COPY_SNAPSHOT = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html"


class Workflow(NamedTuple):
    """The KMS permissions that the caller of an EC2 operation needs, in the order of the calls.

    What EC2 itself then does under a grant (`aws:ec2-infrastructure` decrypting at attach time) is
    not the caller's and not listed.
    """

    operation: str
    actions: tuple[str, ...]
    ordered: bool
    source: str


_CREATE = ("kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt")
_BASE = (*_CREATE, "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey")

_WORKFLOWS = {
    workflow.operation: workflow
    for workflow in (
        Workflow("CreateVolume", _CREATE, True, _HOW_EBS_WORKS),
        Workflow("AttachVolume", ("kms:CreateGrant",), True, _HOW_EBS_WORKS),
        Workflow("StartInstances", ("kms:CreateGrant",), True, _HOW_EBS_WORKS),
        Workflow("RunInstances", (*_CREATE, "kms:CreateGrant"), True, _HOW_EBS_WORKS),
        Workflow("CopySnapshot", (*_CREATE, "kms:ReEncrypt*", "kms:CreateGrant",
                                  "kms:DescribeKey"), False, _COPY_SNAPSHOT),
        Workflow("CopyImage", _BASE, False, _REQUIREMENTS),
        Workflow("CreateSnapshot", _BASE, False, _REQUIREMENTS),
    )
}  # fmt: skip

# Where the export has no EC2 row: a volume is created, and then attached.
VOLUME_WORKFLOW = Workflow(
    "creating and attaching a volume", (*_CREATE, "kms:CreateGrant"), True, _HOW_EBS_WORKS
)

EBS_OPERATIONS = frozenset(_WORKFLOWS) | {
    "CreateSnapshots",
    "CreateImage",
    "RegisterImage",
    "ModifyVolume",
    "CopyVolumes",
    "ModifyEbsDefaultKmsKeyId",
    "EnableFastSnapshotRestores",
    "RequestSpotInstances",
    "RequestSpotFleet",
    "CreateFleet",
}

_ERROR_MEANINGS = {
    "Client.CustomerKeyHasBeenRevoked": (
        "the volume could not use its KMS key: a missing CreateGrant permission, or a disabled key"
    ),
    "Client.InvalidKMSKey.InvalidState": (
        "EC2 could not use the KMS key: in an incorrect state, or not permitted"
    ),
    "Client.InvalidKMSKey.NotFound": "EC2 did not find the KMS key in this Region and account",
    "Client.UnauthorizedOperation": (
        "EC2's own refusal: an ec2 permission is missing, no KMS policy is concerned"
    ),
    "Client.InvalidVolume.NotFound": (
        "the volume does not exist: a volume that failed to be created vanishes so"
    ),
    "Client.InvalidSnapshot.NotFound": "the snapshot does not exist or is not shared",
    "Client.InternalError": "an error on launch; with encrypted volumes often a missing permission",
    "Server.InternalError": "an error on launch; with encrypted volumes often a missing permission",
    "Client.DryRunOperation": "a dry run that would have succeeded",
}


def workflow_of(operation: str) -> Workflow | None:
    """Return the documented workflow of an EC2 operation; None where none is documented."""
    return _WORKFLOWS.get(operation)


def ec2_error_meaning(error_code: str) -> str | None:
    """Say what an EC2 error code means for an encrypted volume; None where it is not known."""
    return _ERROR_MEANINGS.get(error_code)
