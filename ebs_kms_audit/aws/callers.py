"""The caller of an event, from the form of its Source IP address and User name.

Sources: EBS User Guide, "How Amazon EBS encryption works" and "Requirements for Amazon EBS
encryption"; Auto Scaling User Guide, "Service-linked roles". Other rules
follow from the values in real exports. Their evidence is `inferred`.
"""

from __future__ import annotations

import re
from functools import lru_cache

AUTO_SCALING_SESSION = "AutoScaling"
ROOT_USER = "root"
HIDDEN_USER = "HIDDEN_DUE_TO_SECURITY_REASONS"

_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.amazonaws\.(?:com(?:\.cn)?|eu)")
_AWS_INTERNAL = re.compile(r"AWS Internal(?:/\d+)?")
_ANY_ADDRESS = "192.0.2.0"  # one of those for documentation
_PROBING = frozenset({"config", "access-analyzer", "resource-explorer-2", "airflow"})
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")


@lru_cache(maxsize=1_000)
def service_behind(source_ip: str | None) -> str | None:
    """Return the service that made the call (`ec2-frontend-api.amazonaws.com`, `AWS Internal`).

    The result is None if a client called from an IP address. Only the Source IP address is used,
    because the user agent of the console can be `AWS Internal` for a call from a browser.
    """
    text = source_ip or ""
    return text if _SERVICE.fullmatch(text) or is_aws_internal(text) else None


@lru_cache(maxsize=1_000)
def is_aws_internal(source_ip: str | None) -> bool:
    """Return whether the Source IP address is `AWS Internal` or similar (`AWS Internal/3`)."""
    return bool(_AWS_INTERNAL.fullmatch(source_ip or ""))


@lru_cache(maxsize=1_000)
def is_ebs_traffic(source_ip: str | None) -> bool:
    """Return whether EC2, EC2 Auto Scaling or AWS itself made the call for the caller."""
    service = service_behind(source_ip)
    return bool(service and service.startswith(("ec2", "autoscaling", "AWS Internal")))


def probing_service(source_ip: str | None) -> str | None:
    """Return the AWS service that lists or describes all keys by itself, or None.

    Such services call every key. A key without permissions for the service denies the call. The
    denial is harmless.
    """
    service = service_behind(source_ip) or ""
    return service if service.partition(".")[0] in _PROBING else None


@lru_cache(maxsize=1_000)
def source_kind(source_ip: str | None) -> str | None:
    """Return what calls have in common that come from one service, or from any IP address.

    This is the Source IP address, but the same one for each IPv4 and IPv6 address: who called and
    why the call was denied do not depend on the address.
    """
    return _ANY_ADDRESS if source_ip and is_address(source_ip) else source_ip


def is_address(text: str) -> bool:
    """Return whether a text is an IPv4 or IPv6 address."""
    if ":" not in text:
        return bool(_IPV4.fullmatch(text))
    import ipaddress  # slow to import, and most addresses are IPv4

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_instance_id(name: str | None) -> bool:
    """Return whether a session name is an EC2 instance id."""
    return bool(_INSTANCE_ID.fullmatch(name or ""))


def auto_scaling_role_arn(partition: str, account: str) -> str:
    """Return the ARN, with its path, of the default service-linked role of EC2 Auto Scaling."""
    return (
        f"arn:{partition}:iam::{account}:role/aws-service-role/"
        "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    )
