"""The roles with which AWS services use the KMS key of an EBS volume.

Sources: IAM User Guide, "Create a service-linked role"; the user guides of the services, section
"Service-linked roles"; AWS Managed Policy Reference (as of 2026-03), for the KMS actions that the
role already has.
"""

from __future__ import annotations

from typing import NamedTuple


class ServiceRole(NamedTuple):
    """A role of an AWS service, as AWS documents it.

    name        the name of the role; some names take a suffix (`_blue`)
    path        the path of a service-linked role; None for a role that the customer makes
    service     the service, for the reader
    kms_actions whether AWS's own policy for the role has KMS actions: if it has none, a key policy
                must name the role, and a statement for the account cannot help a service-linked
                role
    has_suffix  whether the name may end in an underscore and a custom suffix
    """

    name: str
    path: str | None
    service: str
    kms_actions: bool
    has_suffix: bool = False


_AUTO_SCALING = ServiceRole(
    "AWSServiceRoleForAutoScaling",
    "aws-service-role/autoscaling.amazonaws.com/",
    "EC2 Auto Scaling",
    kms_actions=False,
    has_suffix=True,
)
_ROLES = {
    role.name: role
    for role in (
        _AUTO_SCALING,
        ServiceRole(
            "AWSServiceRoleForEC2Spot",
            "aws-service-role/spot.amazonaws.com/",
            "EC2 Spot",
            kms_actions=False,
        ),
        ServiceRole(
            "AWSServiceRoleForEC2Fleet",
            "aws-service-role/ec2fleet.amazonaws.com/",
            "EC2 Fleet",
            kms_actions=False,
        ),
        ServiceRole(
            "AWSServiceRoleForEC2SpotFleet",
            "aws-service-role/spotfleet.amazonaws.com/",
            "Spot Fleet",
            kms_actions=False,
        ),
        ServiceRole(
            "AWSServiceRoleForImageBuilder",
            "aws-service-role/imagebuilder.amazonaws.com/",
            "EC2 Image Builder",
            kms_actions=True,
        ),
        ServiceRole(
            "AWSServiceRoleForBackup",
            "aws-service-role/backup.amazonaws.com/",
            "AWS Backup",
            kms_actions=True,
        ),
        ServiceRole("AWSBackupDefaultServiceRole", None, "AWS Backup", kms_actions=True),
        ServiceRole("AWSDataLifecycleManagerDefaultRole", None, "Data Lifecycle Manager",
                    kms_actions=False),
        ServiceRole("AmazonEKS_EBS_CSI_DriverRole", None, "the EBS CSI driver", kms_actions=False),
    )
}  # fmt: skip
# EC2 Fleet: seen in one export. Spot Fleet: follows the pattern of the others.
_PATH_NOT_DOCUMENTED = frozenset({"AWSServiceRoleForEC2Fleet", "AWSServiceRoleForEC2SpotFleet"})


def service_role(name: str | None) -> ServiceRole | None:
    """Return the documented role of a name, also of one with a custom suffix; None for others."""
    if not name:
        return None
    role = _ROLES.get(name)
    if role is None:
        base = _ROLES.get(name.partition("_")[0])
        role = base if base and base.has_suffix else None
    return role


def documented_arn(name: str, partition: str, account: str) -> str | None:
    """Return the ARN of a service-linked role, path included; None where AWS documents no path."""
    role = service_role(name)
    if role is None or role.path is None or role.name in _PATH_NOT_DOCUMENTED:
        return None
    return f"arn:{partition}:iam::{account}:role/{role.path}{name}"
