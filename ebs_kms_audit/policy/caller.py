"""The caller: what its ARN shows, and whether an entry of a policy covers it.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "IAM identifiers" (names of users
and of roles are unique in an account whatever their path), "Policy evaluation logic".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import partial

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.policy.principals import PolicyPrincipal, PrincipalForm, read_principal

_SERVICE_LINKED = "role/aws-service-role/"
_SERVICE_LINKED_NAME = "AWSServiceRoleFor"


class CallerKind(StrEnum):
    """What sort of identity makes the request."""

    ROOT = "root"
    USER = "user"
    ROLE = "role"
    """A session of a role; the session's name may be unknown."""
    FEDERATED_USER = "federated_user"
    SERVICE = "service"
    UNKNOWN = "unknown"


class Reach(IntEnum):
    """How an Allow names the caller, which decides what else must allow."""

    ACCOUNT = 1
    """As a member of the account: IAM policies must allow as well."""
    ROLE = 2
    """By the role: a permissions boundary or session policy must allow as well."""
    ITSELF = 3
    """By the user, session or service: in the same account nothing else need allow."""
    ANYONE = 4
    """As anyone (`*`, or not among those of NotPrincipal): as ITSELF, but not by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The identity that makes a request, as far as it is known.

    `path_known` is False where `arn` is a role's or user's as it would be without a path.
    """

    kind: CallerKind
    account: str | None = None
    partition: str | None = None
    name: str | None = None
    arn: str | None = None
    session: str | None = None
    path_known: bool = True

    @property
    def service_linked(self) -> bool:
        """Whether it is a service-linked role: by its path, or by the name where no path shows."""
        if self.path_known:
            return bool(self.arn and f":{_SERVICE_LINKED}" in self.arn)
        return self.kind is CallerKind.ROLE and (self.name or "").startswith(_SERVICE_LINKED_NAME)

    @classmethod
    def of(
        cls, principal: str | None, *, account: str | None = None, session: str | None = None
    ) -> Caller:
        """Read the ARN of a caller, or a service's name; None is somebody (of the account).

        Raises UsageError for a text that names no possible caller.
        """
        if principal is None:
            return cls(kind=CallerKind.UNKNOWN, account=account)
        arn = Arn.parse(principal)
        if arn is None:
            if read_principal("Service", principal, "$").form is PrincipalForm.SERVICE:
                return cls(kind=CallerKind.SERVICE, name=principal)
            raise UsageError(f"{principal!r} is neither an ARN nor the name of an AWS service")
        return _of_arn(arn, session)


def _of_arn(arn: Arn, session: str | None) -> Caller:
    form = read_principal("AWS", str(arn), "$").form
    known = partial(Caller, account=arn.account, partition=arn.partition)
    match form:
        case PrincipalForm.ACCOUNT:
            return known(kind=CallerKind.ROOT, arn=str(arn))
        case PrincipalForm.USER:
            return known(kind=CallerKind.USER, name=arn.name, arn=str(arn))
        case PrincipalForm.ROLE:
            return known(kind=CallerKind.ROLE, name=arn.name, arn=str(arn), session=session)
        case PrincipalForm.ROLE_SESSION:
            _, name, session = arn.resource.split("/")
            return known(
                kind=CallerKind.ROLE,
                name=name,
                arn=f"arn:{arn.partition}:iam::{arn.account}:role/{name}",
                session=session,
                path_known=False,
            )
        case PrincipalForm.FEDERATED_USER:
            return known(kind=CallerKind.FEDERATED_USER, name=arn.name, arn=str(arn))
    raise UsageError(f"{arn} is not the ARN of a user, role, session or account")


def covers(entry: PolicyPrincipal, caller: Caller) -> tuple[bool | None, Reach]:
    """Return whether an entry of a Principal element covers the caller, and how it names them."""
    form = entry.form
    if form is PrincipalForm.ANYONE:
        return True, Reach.ANYONE
    if form in (PrincipalForm.INVALID, PrincipalForm.DELETED):
        return False, Reach.ITSELF
    if form is PrincipalForm.SERVICE:
        return _service(entry, caller), Reach.ITSELF
    if caller.kind is CallerKind.SERVICE:
        return False, Reach.ITSELF
    if form is PrincipalForm.CANONICAL_USER:
        return None, Reach.ACCOUNT  # the account of the canonical id is unknown
    if form is PrincipalForm.IDENTITY_PROVIDER:
        # Nothing shows through which provider a session came.
        may = caller.kind in (CallerKind.ROLE, CallerKind.UNKNOWN) and not caller.service_linked
        return (None if may else False), Reach.ITSELF
    if entry.arn and caller.partition and entry.arn.partition != caller.partition:
        return False, Reach.ITSELF
    if form is PrincipalForm.ACCOUNT:
        # The root user is the account itself and needs no IAM policy.
        reach = Reach.ITSELF if caller.kind is CallerKind.ROOT else Reach.ACCOUNT
        return (None if caller.account is None else caller.account == entry.account), reach
    reach = Reach.ROLE if form is PrincipalForm.ROLE else Reach.ITSELF
    if caller.account is not None and caller.account != entry.account:
        return False, reach
    return (None if caller.kind is CallerKind.UNKNOWN else _named(entry, caller)), reach


def _service(entry: PolicyPrincipal, caller: Caller) -> bool | None:
    if caller.kind is CallerKind.SERVICE:
        return None if caller.name is None else caller.name == entry.text
    return None if caller.kind is CallerKind.UNKNOWN and caller.account is None else False


def _named(entry: PolicyPrincipal, caller: Caller) -> bool | None:
    """Return whether a user, role or session of the caller's account is the caller."""
    assert entry.arn is not None
    match entry.form, caller.kind:
        case PrincipalForm.USER, CallerKind.USER:
            return _same_identity(entry.arn, caller)
        case PrincipalForm.USER, CallerKind.FEDERATED_USER:
            return None  # a permission of the user who federated holds for the session
        case PrincipalForm.ROLE, CallerKind.ROLE:
            return _same_identity(entry.arn, caller)
        case PrincipalForm.ROLE_SESSION, CallerKind.ROLE:
            _, name, session = entry.arn.resource.split("/")
            if caller.name is not None and name != caller.name:
                return False
            if caller.session is not None and session != caller.session:
                return False
            return None if caller.name is None or caller.session is None else True
        case PrincipalForm.FEDERATED_USER, CallerKind.FEDERATED_USER:
            return entry.arn.name == caller.name
    return False


def _same_identity(arn: Arn, caller: Caller) -> bool | None:
    if caller.name is None:
        return None
    if caller.path_known:
        return str(arn) == caller.arn
    return arn.name == caller.name
