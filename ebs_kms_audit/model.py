"""The words of this library, each a frozen dataclass: Event, Denial, Principal, KeyRef, ….

All of them are plain values. `audit` makes them, `render/` shows them, and `Report.to_dict()`
gives their public form. Times are `datetime`: in UTC where the zone is known, naive where not.
"""

from __future__ import annotations

from dataclasses import Field, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import StatementKind

if TYPE_CHECKING:
    from ebs_kms_audit.messages.model import DenialMessage

__all__ = [
    "Coverage",
    "Denial",
    "Event",
    "Evidence",
    "FileCoverage",
    "Identity",
    "KeyRef",
    "OtherError",
    "Principal",
    "PrincipalKind",
    "RecordRef",
    "Resource",
    "SetAside",
    "StatementKind",
    "Value",
    "Verdict",
    "Window",
]


class Value:
    """A value: shown, compared and hashed by its fields.

    Said here once: what `dataclass` would write for each class takes a third of the time that
    it takes to make one, and each run of the command makes some twenty.
    """

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __repr__(self) -> str:
        fields = zip(self.__dataclass_fields__, self._values(), strict=True)
        return f"{type(self).__qualname__}({', '.join(f'{name}={one!r}' for name, one in fields)})"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__dataclass_fields__])


class Evidence(StrEnum):
    """How a thing is known, best first."""

    RECORDED = "recorded"
    """A row or record says so."""
    DERIVED = "derived"
    """Another row of the export proves it."""
    GIVEN = "given"
    """The caller told us."""
    INFERRED = "inferred"
    """A rule of thumb, named in `why`."""
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What the key policy says of a denial, worst first."""

    NOT_GRANTABLE = "not_grantable"
    EXPLICIT_DENY = "explicit_deny"
    UNDECIDED = "undecided"
    ALLOWED_NOW = "allowed_now"
    BLOCKED_ELSEWHERE = "blocked_elsewhere"
    CONDITION_UNMET = "condition_unmet"
    DELEGATED_TO_IAM = "delegated_to_iam"
    MISSING_ALLOW = "missing_allow"
    NOT_JUDGED = "not_judged"


class PrincipalKind(StrEnum):
    """What sort of caller a denial had."""

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
    """A caller of another account, of whom only the account is known."""
    ROOT = "root"
    SERVICE = "service"
    USER_OR_ROLE_SESSION = "user_or_role_session"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Resource(Value):
    """One entry of a row's Resources: type (`AWS::KMS::Key`) and name; either may be missing."""

    type: str | None
    name: str | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Identity(Value):
    """The userIdentity of a CloudTrail record; what it does not hold is None.

    `issuer_arn` is the role (or the user) that issued the session, `service` the AWS service that
    called (`invokedBy`).
    """

    type: str | None
    arn: str | None = None
    account: str | None = None
    user_name: str | None = None
    principal_id: str | None = None
    issuer_type: str | None = None
    issuer_arn: str | None = None
    service: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class RecordRef(Value):
    """Where the record of an event stands: its file, and its number in it, from 1."""

    file: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Event(Value):
    """One row of an export, or one CloudTrail record, that matters to the audit.

    Empty cells and missing columns are None. `time` is in UTC, or naive where the export has no
    zone. `source_inferred` tells that the Event source was told by the event name alone.
    `account` holds twelve digits or None; `account_cell` is what a spreadsheet left of an id.
    `resources` is None where the cell can't be read; those of a record are put as the console's
    CSV has them, with the record's key ARNs besides. `line` is the number of the line, of the row
    of a table, or of the record in its file; 0 where a cluster read the file. `identity` and
    `error_message` only a record has; where a row of an export has its record beside it, `record`
    says where that stands.
    """

    file: str
    line: int
    time: datetime | None
    name: str
    source: str | None
    source_inferred: bool = False
    event_id: str | None = None
    request_id: str | None = None
    region: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    error_code: str | None = None
    user_name: str | None = None
    access_key: str | None = None
    resources: tuple[Resource, ...] | None = ()
    read_only: bool | None = None
    account: str | None = None
    account_cell: str | None = None
    identity: Identity | None = None
    error_message: str | None = None
    record: RecordRef | None = None

    @property
    def key(self) -> object:
        """What tells it from other events: its id, else where it stands, else only itself."""
        return self.event_id or (f"{self.file}:{self.line}" if self.line else object())


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Principal(Value):
    """Who was refused, as a key policy would name them, and how that is known.

    `arn` is what a policy may name: a user, a role or an account, never a session. `user_name` is
    the export's User name column; `session_name` the same where it surely names a session.
    `role_name` is set where the role's name is known and its ARN is not, for want of its path.
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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class KeyRef(Value):
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
        """Whether it is a key that AWS manages (`alias/aws/ebs`): its policy can't be edited."""
        return bool(self.alias and self.alias.startswith("alias/aws/"))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Denial(Value):
    """A KMS event refused for lack of permission.

    `via_service` is the AWS service that called for the principal, None where the principal
    called directly; `via_known` is False where the export does not show which of the two.
    `message` is the access-denied message, of the record or pasted by the caller of the library.
    `credential_account` is the account that the access key seems to belong to: a hint, decoded in
    a way that AWS does not document.
    """

    event: Event
    principal: Principal
    key: KeyRef
    iam_actions: tuple[str, ...]
    statement_kind: StatementKind
    via_service: str | None
    via_known: bool
    ebs_traffic: bool
    message: DenialMessage | None = None
    credential_account: str | None = None
    verdict: Verdict = Verdict.NOT_JUDGED

    @property
    def key_account(self) -> str | None:
        """The account that owns the key, where its ARN is known."""
        arn = Arn.parse(self.key.arn)
        return arn.account if arn else None

    @property
    def cross_account(self) -> bool:
        """Whether the key surely belongs to another account than the caller."""
        caller = self.event.account
        return bool(caller and self.key_account and caller != self.key_account)

    @property
    def called_directly(self) -> bool:
        """Whether the principal surely called KMS itself, not through an AWS service."""
        return self.via_known and self.via_service is None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class OtherError(Value):
    """KMS events of one name that failed with one code which is no denial."""

    error_code: str
    event_name: str
    account: str | None
    region: str | None
    meaning: str
    count: int
    first_seen: datetime | None
    last_seen: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class SetAside(Value):
    """A row that could not be read: its file, its line (the header is line 1) and the reason.

    `line` is 0 where a cluster read the file.
    """

    file: str
    line: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Window(Value):
    """A span of time, both ends included, in UTC."""

    start: datetime
    end: datetime

    def holds(self, time: datetime | None) -> bool:
        """Tell whether the time lies within; a time without a zone can't be excluded."""
        if time is None or time.tzinfo is None:
            return True
        return self.start <= time <= self.end


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class FileCoverage(Value):
    """What one input held. `error` says why it could not be read at all, or is None."""

    name: str
    layout: str | None
    rows_read: int
    rows_set_aside: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Coverage(Value):
    """What the input spans.

    `rows_read == events + rows_set_aside`, always. These count every row; one that can't matter
    (it begins as rows of other services do) is not looked at further, so it is never set aside,
    unless it is the first or the last of its file. The rest is over the rows that matter: those of
    KMS, of the EC2 operations that use an EBS key, AssumeRole, CreateRole and DeleteRole.
    `first_event` and `last_event` are the earliest and latest time among these and the first and
    last row of each file, which in an untouched export is the span of all rows. `read_only_rows`
    counts KMS rows.
    """

    files: tuple[FileCoverage, ...]
    rows_read: int
    events: int
    rows_set_aside: int
    kms_rows: int
    read_only_rows: int
    ec2_rows: int
    denials: int
    duplicate_denials: int
    denials_outside_window: int
    first_event: datetime | None
    last_event: datetime | None
    regions: tuple[str, ...]
    accounts: tuple[str, ...]
    window: Window | None
