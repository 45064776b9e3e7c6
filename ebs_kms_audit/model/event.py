"""One row of an export, or one CloudTrail record, and where it was read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from ebs_kms_audit.model.grant import Grant


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
    issuer_arn: str | None = None
    service: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRef:
    """Where the record of an event stands: its file, and its number in it, from 1."""

    file: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyRecord:
    """What a record of PutKeyPolicy, CreateKey or ReplicateKey says of the key policy.

    document  the policy as JSON text, or None if the record holds none
    default   whether the key got the default policy that AWS documents (CreateKey or ReplicateKey
              without a policy); a record without request parameters leaves this unknown, so False
    key       the ARN or the id of the key that got the policy, or None
    of_key    False for a policy beside the key policy (AWS_RAM, of Resource Access Manager)
    """

    document: str | None
    default: bool = False
    key: str | None = None
    of_key: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One row of an export, or one CloudTrail record, that matters to the audit.

    Empty cells and missing columns are None. `time` is in UTC, or naive where the export has no
    zone. `source_inferred` tells that the Event source was told by the event name alone.
    `account` holds twelve digits or None; `account_cell` is what a spreadsheet left of an id:
    digits that were lost at its beginning are repaired in `account`.
    `resources` is None where the cell can't be read; those of a record are put as the console's
    CSV has them, with the record's key ARNs besides. `line` is the number of the line, of the row
    of a table, or of the record in its file; 0 where a cluster read the file. `identity` and
    `error_message` only a record has; where a row of an export has its record beside it, `record`
    says where that stands. `policy` is set for records of PutKeyPolicy, CreateKey and ReplicateKey
    only, `grant` for records of CreateGrant, RevokeGrant and RetireGrant only.
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
    policy: PolicyRecord | None = None
    grant: Grant | None = None

    @property
    def uid(self) -> object:
        """What tells it from other events: its id, else where it stands, else only itself."""
        return self.event_id or (f"{self.file}:{self.line}" if self.line else object())


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
        """Return whether the time lies within; a time without a zone can't be excluded."""
        if time is None or time.tzinfo is None:
            return True
        return self.start <= time <= self.end


class EventKind:
    """What events of one kind have in common. Makes such events ten times as fast as Event().

    The events of a kind differ in line, time, Event ID, Request ID and access key only.
    """

    __slots__ = ("_of_records", "_of_rows")

    def __init__(self, event: Event) -> None:
        self._of_rows = tuple(getattr(event, name) for name in _ROW_FIELDS)
        self._of_records = [(name, getattr(event, name)) for name in _RECORD_FIELDS]

    def event(
        self,
        line: int,
        time: datetime | None,
        event_id: str | None,
        request_id: str | None,
        access_key: str | None,
    ) -> Event:
        """Return the event of this kind with these fields."""
        made: Any = _Unfrozen()
        (
            made.file, made.name, made.source, made.source_inferred, made.region, made.source_ip,
            made.user_agent, made.error_code, made.user_name, made.resources, made.read_only,
            made.account, made.account_cell,
        ) = self._of_rows  # fmt: skip
        for name, value in self._of_records:
            setattr(made, name, value)
        made.line = line
        made.time = time
        made.event_id = event_id
        made.request_id = request_id
        made.access_key = access_key
        made.__class__ = Event  # from here on it is frozen
        event: Event = made
        return event


class _Unfrozen:
    """An Event before its fields are set: an object with the same slots."""

    __slots__ = tuple(field.name for field in fields(Event))


_ROW_FIELDS = (
    "file", "name", "source", "source_inferred", "region", "source_ip", "user_agent",
    "error_code", "user_name", "resources", "read_only", "account", "account_cell",
)  # fmt: skip
_OWN_FIELDS = ("line", "time", "event_id", "request_id", "access_key")
_RECORD_FIELDS = tuple(
    field.name for field in fields(Event) if field.name not in (*_ROW_FIELDS, *_OWN_FIELDS)
)
