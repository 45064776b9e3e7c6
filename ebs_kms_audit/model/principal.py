"""The caller and the KMS key of a denial, and the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Evidence(StrEnum):
    """How a fact is known, the best evidence first."""

    RECORDED = "recorded"
    """A row or record contains it."""
    DERIVED = "derived"
    """Another event proves it."""
    GIVEN = "given"
    """The caller of `audit()` gave it."""
    INFERRED = "inferred"
    """A rule that is usually right suggests it. `why` states the rule."""
    UNKNOWN = "unknown"


class PrincipalKind(StrEnum):
    """The kind of the caller of a denied call."""

    USER = "user"
    ROLE = "role"
    SERVICE_LINKED_ROLE = "service_linked_role"
    INSTANCE_ROLE = "instance_role"
    """A session of the role of an instance profile. The role is unknown."""
    INFRASTRUCTURE = "infrastructure"
    """aws:ec2-infrastructure, which EC2 uses for an instance. A policy never names it."""
    FEDERATED_USER = "federated_user"
    """A GetFederationToken session. A policy names the user who requested the token."""
    ACCOUNT = "account"
    """A caller from another account. Only the account is known."""
    ROOT = "root"
    SERVICE = "service"
    USER_OR_ROLE_SESSION = "user_or_role_session"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """The caller of a denied call.

    arn           the ARN that a policy can name: a user, a role or an account, never a session;
                  None if unknown
    kind          the kind of principal
    user_name     the User name of the row or record, or None
    session_name  the User name if it is known to be a session name, or None
    evidence      how the principal is known
    why           the reason, as a clause
    role_name     the name of the role if the ARN is unknown because the path is unknown, or None
    event_ids     the Event IDs of the events that show it
    """

    arn: str | None
    kind: PrincipalKind
    user_name: str | None
    session_name: str | None
    evidence: Evidence
    why: str
    role_name: str | None = None
    event_ids: tuple[str, ...] = ()

    def of_session(self, name: str | None, event_id: str | None) -> Principal:
        """Return the same role in another session, which an event shows."""
        event_ids = (event_id,) if event_id else ()
        return replace(self, user_name=name, session_name=name, event_ids=event_ids)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRef:
    """The KMS key of a denial.

    arn       the key ARN, or None
    id        the key id, or None
    alias     the alias (`alias/NAME`), or None
    evidence  how the key is known
    why       the reason, as a clause
    """

    arn: str | None
    id: str | None
    alias: str | None
    evidence: Evidence
    why: str

    @property
    def known(self) -> bool:
        """Whether the ARN, the id or the alias is known."""
        return bool(self.arn or self.id or self.alias)

    @property
    def aws_managed(self) -> bool:
        """Whether it is an AWS managed key (`alias/aws/ebs`). Its policy cannot be changed."""
        return bool(self.alias and self.alias.startswith("alias/aws/"))
