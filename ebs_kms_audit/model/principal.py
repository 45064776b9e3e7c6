"""Who called, on which key, and how each is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """How a thing is known, best first."""

    RECORDED = "recorded"
    """A row or record says so."""
    DERIVED = "derived"
    """Another event proves it."""
    GIVEN = "given"
    """The caller of the audit said so."""
    INFERRED = "inferred"
    """A rule of thumb, named in `why`."""
    UNKNOWN = "unknown"


class PrincipalKind(StrEnum):
    """The kind of the caller of a denied call."""

    USER = "user"
    ROLE = "role"
    SERVICE_LINKED_ROLE = "service_linked_role"
    INSTANCE_ROLE = "instance_role"
    """The session of an instance-profile role: named after the instance, role unknown."""
    INFRASTRUCTURE = "infrastructure"
    """aws:ec2-infrastructure, the identity-only role of an instance; never a principal to add."""
    FEDERATED_USER = "federated_user"
    """A GetFederationToken session; the policy names the user who asked for the token."""
    ACCOUNT = "account"
    """A caller of another account. Only the account is known."""
    ROOT = "root"
    SERVICE = "service"
    USER_OR_ROLE_SESSION = "user_or_role_session"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who was denied, as a key policy would name them, and how that is known.

    `arn` is what a policy may name: a user, a role or an account, never a session. `user_name` is
    the export's User name column; `session_name` the same where it surely names a session.
    `role_name` is set if the role's name is known and its ARN is not, because its path is unknown.
    `event_ids` are the events that prove it.
    """

    arn: str | None
    kind: PrincipalKind
    user_name: str | None
    session_name: str | None
    evidence: Evidence
    why: str
    role_name: str | None = None
    event_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRef:
    """The KMS key of a denial: ARN, bare id or alias, as far as known, and how that is known."""

    arn: str | None
    id: str | None
    alias: str | None
    evidence: Evidence
    why: str

    @property
    def known(self) -> bool:
        """Whether anything is known of the key."""
        return bool(self.arn or self.id or self.alias)

    @property
    def aws_managed(self) -> bool:
        """Whether it is an AWS managed key (`alias/aws/ebs`): its policy cannot be edited."""
        return bool(self.alias and self.alias.startswith("alias/aws/"))
