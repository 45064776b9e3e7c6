"""What an access-denied message says, in AWS's own terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MessageKind(StrEnum):
    """What the text is."""

    DENIAL = "denial"
    ENCODED = "encoded"
    """A denial of EC2 with an encoded authorization failure message and nothing else."""
    NOT_RECOGNISED = "not_recognised"


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
    """How a policy denied: nothing in it allows the call, or a Deny in it matches the call."""

    IMPLICIT = "implicit"
    EXPLICIT = "explicit"


@dataclass(frozen=True, kw_only=True, slots=True)
class DenialMessage:
    """The parts of an access-denied message. What the message does not say is None.

    kind                  what the text is
    principal             the ARN in the message: a user, the root user, a session, or a role
    role_name             the name of the role, for a role and its sessions
    role_arn              the ARN of the role that a policy would name; a session does not show the
                          role's path, so mostly None
    role_why              what is known about the role, as a clause
    action                the denied action (`kms:Decrypt`)
    resource              the ARN of the resource
    policy_type           the type of policy that denied; AWS names one, even if several deny
    effect                how it denied
    through               the policy that passed the denial on ("… transitively through …")
    policy_arn            the policy that denied, if the message names it
    key_not_found         whether KMS did not show the key: it does not exist, or the caller may not
                          know of it
    encoded               whether an encoded authorization failure message of EC2 follows
    authorization_id      the id by which AWS's own evaluation can be read for at least 24 hours
    authorization_region  the Region of that id
    truncated             the parts that are cut off or masked in the text ("action", "principal",
                          "resource", "policy"); such a part is None
    """

    kind: MessageKind
    principal: str | None = None
    role_name: str | None = None
    role_arn: str | None = None
    role_why: str | None = None
    action: str | None = None
    resource: str | None = None
    policy_type: PolicyType | None = None
    effect: Effect | None = None
    through: PolicyType | None = None
    policy_arn: str | None = None
    key_not_found: bool = False
    encoded: bool = False
    authorization_id: str | None = None
    authorization_region: str | None = None
    truncated: tuple[str, ...] = ()
