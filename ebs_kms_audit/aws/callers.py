"""Who made a call: what the form of Source IP address and User name shows.

Sources: EBS User Guide, "How Amazon EBS encryption works" and "Requirements for Amazon EBS
encryption"; Auto Scaling User Guide, "Service-linked roles". What real exports hold in these
columns was measured; where a rule is an inference, its evidence is `inferred`.
"""

from __future__ import annotations

import re

AUTO_SCALING_SESSION = "AutoScaling"
ROOT_USER = "root"
HIDDEN_USER = "HIDDEN_DUE_TO_SECURITY_REASONS"

_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.amazonaws\.(?:com(?:\.cn)?|eu)")
_AWS_INTERNAL = re.compile(r"AWS Internal(?:/\d+)?")
_PROBING = frozenset({"config", "access-analyzer", "resource-explorer-2", "airflow"})
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")


def service_behind(source_ip: str | None) -> str | None:
    """Return the service that made the call (`ec2-frontend-api.amazonaws.com`, `AWS Internal`).

    None where a client called from an address of its own. The Source IP address decides, never
    the user agent: a browser on the AWS console shows `AWS Internal` as its user agent only.
    """
    text = source_ip or ""
    return text if _SERVICE.fullmatch(text) or is_aws_internal(text) else None


def is_aws_internal(source_ip: str | None) -> bool:
    """Return whether the Source IP address is `AWS Internal`, or `AWS Internal/3` and the like."""
    return bool(_AWS_INTERNAL.fullmatch(source_ip or ""))


def is_ebs_traffic(source_ip: str | None) -> bool:
    """Return whether EC2 or Auto Scaling (or AWS itself) made the call for the caller."""
    service = service_behind(source_ip)
    return bool(service and service.startswith(("ec2", "autoscaling", "AWS Internal")))


def probing_service(source_ip: str | None) -> str | None:
    """Return the AWS service that looks over keys on its own account, or None.

    Such services call every key, and the keys that do not name them deny the call. It is harmless.
    """
    service = service_behind(source_ip) or ""
    return service if service.partition(".")[0] in _PROBING else None


def is_instance_id(name: str | None) -> bool:
    """Return whether a session is named after an EC2 instance."""
    return bool(_INSTANCE_ID.fullmatch(name or ""))


def auto_scaling_role_arn(partition: str, account: str) -> str:
    """Return the ARN, with its path, of the default service-linked role of EC2 Auto Scaling."""
    return (
        f"arn:{partition}:iam::{account}:role/aws-service-role/"
        "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    )
