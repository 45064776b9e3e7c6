"""The parts of an access-denied message, in the terms of AWS."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ebs_kms_audit.model.policy_type import Effect, PolicyType


class MessageKind(StrEnum):
    """The kind of a text."""

    DENIAL = "denial"
    ENCODED = "encoded"
    """A denial by EC2 with only an encoded authorization failure message."""
    NOT_RECOGNISED = "not_recognised"


@dataclass(frozen=True, kw_only=True, slots=True)
class DenialMessage:
    """The parts of an access-denied message. Missing parts are None.

    kind                  the kind of the text
    principal             the ARN in the message: a user, the root user, a session, or a role
    role_name             the name of the role, for a role and its sessions
    role_arn              the ARN of the role, with its path; None for most sessions, because the
                          ARN of a session does not contain the path
    role_why              how the role is known, as a clause
    action                the denied action (`kms:Decrypt`)
    resource              the ARN of the resource
    policy_type           the type of policy that denied; AWS names one, even if several deny
    effect                whether the denial is implicit or explicit
    through               the policy that passed the denial on ("… transitively through …")
    policy_arn            the policy that denied, if the message names it
    key_not_found         whether KMS reports that the key does not exist or cannot be accessed
    encoded               whether an encoded authorization failure message of EC2 follows
    authorization_id      the id of AWS's evaluation, which can be read for at least 24 hours
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
