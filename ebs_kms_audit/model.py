"""The words of this library, each a frozen dataclass: Event, Denial, Principal, KeyRef, ….

All of them are plain values. `audit` makes them, `render/` shows them, and `Report.to_dict()`
gives their public form. Times are `datetime`: in UTC where the zone is known, naive where not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import StatementKind

__all__ = [
    "Coverage",
    "Denial",
    "DenialMessage",
    "Effect",
    "Event",
    "Evidence",
    "FileCoverage",
    "Helps",
    "Identity",
    "KeyRef",
    "MessageKind",
    "OtherError",
    "PolicyType",
    "Principal",
    "PrincipalKind",
    "RecordRef",
    "Resource",
    "SetAside",
    "StatementKind",
    "Verdict",
    "Window",
]


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One entry of a row's Resources: type (`AWS::KMS::Key`) and name; either may be missing."""

    type: str | None
    name: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRef:
    """Where the record of an event stands: its file, and its number in it, from 1."""

    file: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
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
    def uid(self) -> object:
        """What tells it from other events: its id, else where it stands, else only itself."""
        return self.event_id or (f"{self.file}:{self.line}" if self.line else object())


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
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
        """Whether it is a key that AWS manages (`alias/aws/ebs`): its policy can't be edited."""
        return bool(self.alias and self.alias.startswith("alias/aws/"))


class MessageKind(StrEnum):
    """What the text is."""

    DENIAL = "denial"
    ENCODED = "encoded"
    """EC2's refusal with an encoded authorization failure message and nothing else."""
    NOT_RECOGNISED = "not_recognised"


class PolicyType(StrEnum):
    """The types of policy that a message can name. A key's resource-based policy is its key
    policy.
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
    """How a policy refused: nothing in it allows the call, or a Deny in it matches the call."""

    IMPLICIT = "implicit"
    EXPLICIT = "explicit"


class Helps(StrEnum):
    """Whether an edit of the key policy can cure this refusal."""

    YES = "yes"
    NO = "no"
    PERHAPS = "perhaps"


@dataclass(frozen=True, kw_only=True, slots=True)
class DenialMessage:
    """An access-denied message, taken apart. What the message does not say is None.

    `principal` is the ARN as it stands there: a user, the root user, or a session. Of a role,
    `role_name` is the name and `role_arn` the ARN that a policy would name; a session does not
    show the role's path, so `role_arn` is mostly None, and `role_why` says what is known.

    `policy_type` is the type of policy that refused; AWS names one, even if several refuse.
    `through` is the policy that passed the refusal on ("… transitively through …"). `policy_arn`
    is the policy that refused, where the message names it. `key_not_found` tells KMS's answer for
    a key that is not there, or that the caller may not learn about. `encoded` tells that the
    message goes on with an encoded authorization failure message of EC2's.

    `key_policy_edit` says whether an edit of the key policy can cure the refusal, `why` so, and
    `what_helps` what would. Only AWS's ARNs and names are taken over from the text; `why` and
    `what_helps` repeat nothing of it.
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
    key_policy_edit: Helps | None = None
    why: str | None = None
    what_helps: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Denial:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherError:
    """KMS events of one name that failed with one code which is no denial."""

    error_code: str
    event_name: str
    account: str | None
    region: str | None
    meaning: str
    count: int
    first_seen: datetime | None
    last_seen: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAside:
    """A row that could not be read: its file, its line (the header is line 1) and the reason.

    `line` is 0 where a cluster read the file.
    """

    file: str
    line: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of time, both ends included, in UTC."""

    start: datetime
    end: datetime

    def holds(self, time: datetime | None) -> bool:
        """Tell whether the time lies within; a time without a zone can't be excluded."""
        if time is None or time.tzinfo is None:
            return True
        return self.start <= time <= self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCoverage:
    """What one input held. `error` says why it could not be read at all, or is None."""

    name: str
    layout: str | None
    rows_read: int
    rows_set_aside: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
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
