"""The use of a KMS key by EC2 and EBS: operations, KMS calls, error codes.

Sources: EBS User Guide, "How Amazon EBS encryption works", "Requirements for Amazon EBS
encryption", "Copy an Amazon EBS snapshot", "Required IAM permissions for archiving Amazon EBS
snapshots" and "Control access to EBS direct APIs using IAM"; EC2 API Reference, the operations with
a KMS key among their parameters, and "Error codes". If AWS documents the permissions
of an operation and not the order of its calls, `ordered` is False.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import NamedTuple

EC2_EVENT_SOURCE = "ec2.amazonaws.com"
EBS_EVENT_SOURCE = "ebs.amazonaws.com"

EC2_ID = re.compile(r"\b(?:vol|i|snap|ami)-[0-9a-f]{8,17}\b")
"""The id of a volume, an instance, a snapshot or an image in a text."""

NETWORK_KEYS = frozenset({"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"})
"""Condition keys on the network of the caller, in lower case. EC2 calls KMS from its own network.

Source: EBS User Guide, "Requirements for Amazon EBS encryption".
"""

_HOW_EBS_WORKS = "https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html"
_REQUIREMENTS = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html"
_COPY_SNAPSHOT = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html"
_ARCHIVE = "https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archiving-iam.html"
_DIRECT_APIS = "https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-permissions.html"


class Workflow(NamedTuple):
    """The KMS permissions that the caller of an operation needs, in the order of the calls.

    Calls that EC2 makes with a grant are not listed, because the caller needs no permission for
    them. For example, `aws:ec2-infrastructure` calls Decrypt when a volume is attached.

    operation  the name of the operation, or a description
    actions    the KMS actions
    ordered    whether AWS documents this order of the calls
    source     the page of AWS's documentation
    """

    operation: str
    actions: tuple[str, ...]
    ordered: bool
    source: str


_CREATE = ("kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt")
_BASE = (*_CREATE, "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey")
_DIRECT = (
    "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:Encrypt", "kms:Decrypt",
    "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey",
)  # fmt: skip

_ARCHIVED = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey")

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
        Workflow("CopyVolumes", _BASE, False, _REQUIREMENTS),
        Workflow("CreateReplaceRootVolumeTask", _BASE, False, _REQUIREMENTS),
        Workflow("RestoreVolumeFromRecycleBin", _BASE, False, _REQUIREMENTS),
        Workflow("RestoreSnapshotFromRecycleBin", _BASE, False, _REQUIREMENTS),
        Workflow("ModifySnapshotTier", _ARCHIVED, False, _ARCHIVE),
        Workflow("RestoreSnapshotTier", _ARCHIVED, False, _ARCHIVE),
        Workflow("StartSnapshot", _DIRECT, False, _DIRECT_APIS),
        Workflow("PutSnapshotBlock", _DIRECT, False, _DIRECT_APIS),
        Workflow("GetSnapshotBlock", _DIRECT, False, _DIRECT_APIS),
    )
}  # fmt: skip

# Used for an export without EC2 rows.
VOLUME_WORKFLOW = Workflow(
    "creating and attaching a volume", (*_CREATE, "kms:CreateGrant"), True, _HOW_EBS_WORKS
)

# The EBS direct APIs are a separate service.
EBS_DIRECT_OPERATIONS = frozenset({"StartSnapshot", "PutSnapshotBlock", "GetSnapshotBlock"})

# Operations of EC2 that use, or set, the KMS key of a volume, a snapshot or an image.
EBS_OPERATIONS = (frozenset(_WORKFLOWS) - EBS_DIRECT_OPERATIONS) | {
    "AssociateKmsKeyId",
    "CreateFleet",
    "CreateImage",
    "CreateLaunchTemplate",
    "CreateLaunchTemplateVersion",
    "CreateRestoreImageTask",
    "CreateSnapshots",
    "DisassociateKmsKeyId",
    "EnableEbsEncryptionByDefault",
    "EnableFastSnapshotRestores",
    "ImportImage",
    "ImportSnapshot",
    "ModifyEbsDefaultKmsKeyId",
    "ModifyFleet",
    "ModifySnapshotAttribute",
    "ModifyVolume",
    "RegisterImage",
    "RequestSpotFleet",
    "RequestSpotInstances",
    "ResetEbsDefaultKmsKeyId",
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
        "EC2 denied the call: an EC2 permission is missing, and no key policy causes this"
    ),
    "Client.InvalidVolume.NotFound": (
        "the volume does not exist: EC2 deletes a volume that it could not create"
    ),
    "Client.InvalidSnapshot.NotFound": "the snapshot does not exist or is not shared",
    "Client.InternalError": "the launch failed; for an encrypted volume often a missing permission",
    "Server.InternalError": "the launch failed; for an encrypted volume often a missing permission",
    "Client.DryRunOperation": "a dry run that would have succeeded",
}


def workflow_of(operation: str) -> Workflow | None:
    """Return the documented workflow of an operation; None if AWS documents none."""
    return _WORKFLOWS.get(operation)


def workflows_of(operations: Container[str]) -> Iterator[Workflow]:
    """Yield the documented workflows of operations, in an order that does not depend on these."""
    return (workflow for workflow in _WORKFLOWS.values() if workflow.operation in operations)


def ec2_error_meaning(error_code: str) -> str | None:
    """Return the meaning of an EC2 error code for an encrypted volume; None if unknown."""
    return _ERROR_MEANINGS.get(error_code)


def is_ebs_operation(source: str | None, name: str) -> bool:
    """Return whether an operation uses the KMS key of a volume or snapshot.

    `source` is the Event source, or None if the export has none. `name` is the Event name.
    """
    if name in EBS_OPERATIONS:
        return source in (EC2_EVENT_SOURCE, None)
    return name in EBS_DIRECT_OPERATIONS and source in (EBS_EVENT_SOURCE, None)
