"""Events: rows of an export and CloudTrail records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ebs_kms_audit.model.grant import Grant
    from ebs_kms_audit.model.record import Identity, PolicyRecord, RecordRef


Completeness = tuple[bool, int, bool, bool]
"""Whether an event is a record, how many of four fields it has, an access key, and resources."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One resource of an event.

    type  the resource type (`AWS::KMS::Key`), or None
    name  an ARN, id or name, or None
    """

    type: str | None
    name: str | None

    @classmethod
    def of(cls, type_: str | None, name: str | None) -> Resource:
        """Return a resource. This is several times as fast as `Resource()`."""
        made: Any = _UnfrozenResource()
        made.type = type_
        made.name = name
        made.__class__ = cls  # now it is immutable
        resource: Resource = made
        return resource


class _UnfrozenResource:
    """A Resource before its fields are set: an object with the same slots."""

    __slots__ = ("name", "type")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One row of an export, or one CloudTrail record, that an audit needs.

    Empty cells, missing columns and missing elements are None.

    file             the input
    line             the number of the line, of the table row, or of the record, from 1; 0 if Spark
                     read the file
    time             the Event time, in UTC; naive if the time zone is unknown
    name             the Event name (`Decrypt`)
    source           the Event source (`kms.amazonaws.com`)
    source_inferred  whether the Event source is inferred from the Event name
    event_id         the Event ID
    request_id       the Request ID
    region           the AWS Region
    source_ip        the Source IP address, or the name of the service that made the call
    user_agent       the User agent
    error_code       the Error code; None for a successful call
    user_name        the User name: the name of a user or of a session
    access_key       the AWS access key id
    resources        the resources, and the key ARNs of a record; None if the cell cannot be read
    read_only        whether it is a read-only event
    account          the Recipient Account Id, 12 digits, repaired if a spreadsheet damaged it
    account_cell     the damaged account id, as it is in the input
    identity         the userIdentity; only in a record
    error_message    the error message; only in a record
    record           the location of the record, for an event that is both a row and a record
    policy           the key policy; only in records of PutKeyPolicy, CreateKey and ReplicateKey
    grant            the grant; only in records of CreateGrant, RevokeGrant and RetireGrant
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
        """A unique value: the Event ID, or file and line, or a new object."""
        return self.event_id or (f"{self.file}:{self.line}" if self.line else object())

    @property
    def completeness(self) -> Completeness:
        """How much it says. Of rows and records with one Event ID, the most complete one counts.

        The fields are those by which a caller and a key are found, and a column can be missing.
        """
        places = (self.user_name, self.region, self.account, self.request_id)
        known = len(places) - places.count(None)
        return self.identity is not None, known, bool(self.access_key), bool(self.resources)

    @property
    def rank(self) -> tuple[object, ...]:
        """What decides which of several rows or records with one Event ID counts: the highest rank.

        The most complete one counts, and of equal ones that of the last file by name. So the order
        in which events are found does not matter.
        """
        return *self.completeness, self.file, self.line

    @property
    def seconds(self) -> float:
        """The time in seconds since 1970, 0 if there is none. A naive time is compared as UTC."""
        time = self.time
        if time is None:
            return 0.0
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()

    @property
    def reference(self) -> str:
        """The Event ID; without one `file:line`; without a line, the file, the name and the time.

        Only Spark does not know the line. A reference without a line need not be unique.
        """
        if self.event_id or self.line:
            return self.event_id or f"{self.file}:{self.line}"
        time = f" at {self.time.isoformat()}" if self.time else ""
        return f"{self.file}: {self.name}{time}"


class EventKind:
    """Creates events that differ only in line, time, User name, source, ids and access key.

    The source is the Source IP address and the User agent. This is ten times as fast as `Event()`.

    first  the event that the others are like
    """

    __slots__ = ("_of_records", "_of_rows", "first")

    def __init__(self, event: Event) -> None:
        self.first = event
        self._of_rows = _of_rows(event)
        self._of_records = _of_records(event)

    def event(
        self,
        line: int,
        time: datetime | None,
        user_name: str | None,
        own: Iterable[str | None],
        resources: tuple[Resource, ...] | None = None,
    ) -> Event:
        """Return the event of this kind with these fields.

        `own` are the Source IP address, User agent, Event ID, Request ID and access key. With
        `resources`, it has resources of its own.
        """
        made: Any = _Unfrozen()
        (
            made.file, made.name, made.source, made.source_inferred, made.region, made.error_code,
            made.resources, made.read_only, made.account, made.account_cell,
        ) = self._of_rows  # fmt: skip
        (
            made.identity, made.error_message, made.record, made.policy, made.grant,
        ) = self._of_records  # fmt: skip
        made.line = line
        made.time = time
        made.user_name = user_name
        (
            made.source_ip, made.user_agent, made.event_id, made.request_id, made.access_key,
        ) = own  # fmt: skip
        if resources is not None:
            made.resources = resources
        made.__class__ = Event  # now it is immutable
        event: Event = made
        return event


class _Unfrozen:
    """An Event before its fields are set: an object with the same slots."""

    __slots__ = tuple(field.name for field in fields(Event))


_of_rows = attrgetter(
    "file", "name", "source", "source_inferred", "region", "error_code", "resources",
    "read_only", "account", "account_cell",
)  # fmt: skip
_of_records = attrgetter("identity", "error_message", "record", "policy", "grant")
