"""The roles that AWS services use to call KMS for an EBS volume.

Sources: IAM User Guide, "Create a service-linked role"; the user guides of the services, section
"Service-linked roles"; AWS Managed Policy Reference (2026-03), for the KMS actions of the roles.
"""

from __future__ import annotations

from typing import NamedTuple


class ServiceRole(NamedTuple):
    """A documented role of an AWS service.

    name        the name of the role; some names take a suffix (`_blue`)
    path        the path of a service-linked role; None for a role that the customer creates
    service     the name of the service
    kms_actions whether the AWS managed policy of the role has KMS actions; if not, the key policy
                must name the role, because a statement for the account does not allow a
                service-linked role
    has_suffix  whether the name can end with an underscore and a custom suffix
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
# EC2 Fleet is in one real export. Spot Fleet follows the pattern of the others.
_PATH_NOT_DOCUMENTED = frozenset({"AWSServiceRoleForEC2Fleet", "AWSServiceRoleForEC2SpotFleet"})


def service_role(name: str | None) -> ServiceRole | None:
    """Return the documented role with a name, with or without a custom suffix; or None."""
    if not name:
        return None
    role = _ROLES.get(name)
    if role is None:
        base = _ROLES.get(name.partition("_")[0])
        role = base if base and base.has_suffix else None
    return role


def documented_arn(name: str, partition: str, account: str) -> str | None:
    """Return the ARN, with its path, of a service-linked role; None if AWS documents no path."""
    role = service_role(name)
    if role is None or role.path is None or role.name in _PATH_NOT_DOCUMENTED:
        return None
    return f"arn:{partition}:iam::{account}:role/{role.path}{name}"
