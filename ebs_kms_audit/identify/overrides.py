"""Checks the overrides of `audit()`: the ARNs for User names, and the key."""

from __future__ import annotations

from collections.abc import Mapping

from ebs_kms_audit.aws.arns import Arn, is_iam_name
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Evidence, KeyRef, PrincipalKind


def principal_overrides(mapping: Mapping[str, str] | None) -> dict[str, Arn]:
    """Check `principals={"NAME": "ARN"}`. Raises UsageError for an ARN that no policy can name."""
    return {name: _principal(name, text) for name, text in (mapping or {}).items()}


def _principal(name: str, text: str) -> Arn:
    arn = Arn.parse(text)
    if arn and arn.service == "sts" and arn.resource.startswith("assumed-role/"):
        role = arn.resource.split("/")[1]
        raise UsageError(
            f"principal {name}: {text} is a session; give the ARN of its role, with its path "
            f"(aws iam get-role --role-name {role})"
        )
    if arn and arn.service == "iam" and arn.resource.startswith("group/"):
        raise UsageError(f"principal {name}: {text} is a group; no policy can name a group")
    if arn is None or not arn.is_user_or_role or not is_iam_name(arn.name):
        raise UsageError(
            f"principal {name}: {text} is not the ARN of an IAM user or role "
            "(arn:aws:iam::111122223333:role/NAME)"
        )
    return arn


def kind_of(arn: Arn) -> PrincipalKind:
    """Return the kind of principal that an ARN names."""
    if arn.resource.startswith("role/aws-service-role/"):
        return PrincipalKind.SERVICE_LINKED_ROLE
    return PrincipalKind.ROLE if arn.resource_type == "role" else PrincipalKind.USER


def key_override(text: str | None) -> KeyRef | None:
    """Check `key=ARN`. Raises UsageError for a text that is not a key ARN."""
    if text is None:
        return None
    arn = Arn.parse(text)
    if arn is None or not arn.is_key:
        raise UsageError(
            f"key: {text} is not a key ARN (arn:aws:kms:us-east-1:111122223333:key/…); give the "
            "ARN of the key, because an alias can be moved to another key"
        )
    return KeyRef(
        arn=text, id=arn.name, alias=None, evidence=Evidence.GIVEN, why="the caller named the key"
    )
