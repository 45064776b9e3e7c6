"""The EC2 operations that use the KMS key of an encrypted EBS volume or snapshot.

Source: EBS User Guide, "How Amazon EBS encryption works"; EC2 API Reference (KmsKeyId parameters).
"""

from __future__ import annotations

EC2_EVENT_SOURCE = "ec2.amazonaws.com"

EBS_OPERATIONS = frozenset(
    "CreateVolume AttachVolume RunInstances StartInstances CopySnapshot CopyImage CreateSnapshot "
    "CreateSnapshots CreateImage RegisterImage ModifyVolume CopyVolumes "
    "ModifyEbsDefaultKmsKeyId EnableFastSnapshotRestores "
    "RequestSpotInstances RequestSpotFleet CreateFleet".split()
)
