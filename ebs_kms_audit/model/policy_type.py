"""The types of policy, and how a policy denies."""

from __future__ import annotations

from enum import StrEnum


class PolicyType(StrEnum):
    """The types of policy that a message can name.

    The resource-based policy of a key is its key policy.
    """

    IDENTITY_BASED = "identity-based policy"
    RESOURCE_BASED = "resource-based policy"
    PERMISSIONS_BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    VPC_ENDPOINT = "VPC endpoint policy"
    SERVICE_CONTROL = "service control policy"
    RESOURCE_CONTROL = "resource control policy"
    ROLE_TRUST = "role trust policy"


class Effect(StrEnum):
    """How a policy denies: no statement allows it (implicit), or a Deny matches (explicit)."""

    IMPLICIT = "implicit"
    EXPLICIT = "explicit"
