"""CloudTrail records → Events: the records that matter; the others are counted, or set aside.

The resources of a record get the form of the console's CSV, so that one rule reads both. The ARNs
that only a record has are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from ebs_kms_audit.aws.access_keys import key_kind
from ebs_kms_audit.aws.arns import Arn, is_account_id, is_region
from ebs_kms_audit.aws.callers import service_behind
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE, KMS_KEY, is_kms_event_name
from ebs_kms_audit.aws.relevance import is_relevant
from ebs_kms_audit.model import Event, Identity, Resource
from ebs_kms_audit.reading.exports.cells import is_of_another_service, read_account
from ebs_kms_audit.reading.records.changes import CHANGES, grant_record, policy_record
from ebs_kms_audit.reading.records.decoder import Record
from ebs_kms_audit.reading.records.fields import Fields
from ebs_kms_audit.reading.stats import InputStats
from ebs_kms_audit.reading.timestamps import TimeReader

_CALLERS_KEPT, _LONGEST_KEPT = 4_000, 2_000

# The paths in a record under which each type of resource is named.
_RESOURCE_PATHS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (KMS_KEY, ("resource arn", "kms key", "created key", "ec2 key")),
    ("AWS::IAM::AccessKey", ("key handed out",)),
    ("AWS::STS::AssumedRole", ("session handed out",)),
    ("AWS::IAM::Role", ("role asked", "role named")),
    ("AWS::EC2::Volume", ("volume asked", "volume made")),
    ("AWS::EC2::Snapshot", ("snapshot asked", "snapshot made")),
    ("AWS::EC2::Instance", ("instance asked", "instances asked", "instances made")),
)


class RecordFields(NamedTuple):
    """The fields of one record, its number, and why it cannot be read; None if it can."""

    number: int
    fields: Fields
    fault: str | None


def fields_of(records: Iterable[Record]) -> Iterator[RecordFields]:
    """Yield the fields of records that an Event needs."""
    return (RecordFields(one.number, Fields.of(one.content), one.fault) for one in records)


def read_record_events(
    records: Iterable[RecordFields], stats: InputStats, *, timed: bool = True
) -> Iterator[Event]:
    """Yield the events that matter; count every record, and set aside what cannot be read.

    Without `timed`, the input has no column for the time, and a record without a time is read.
    """
    times = TimeReader()
    for record in records:
        stats.rows += 1
        if record.fault:
            stats.put_aside(record.number, record.fault)
            continue
        fields = record.fields
        text = fields.text("time") or ""
        time = times.read(text)
        if time is None and (timed or text):
            stats.put_aside(record.number, "it has no eventTime")
            continue
        if time is not None:
            stats.add_time(time)
        if is_relevant(fields.text("source"), fields.text("name") or ""):
            if time is not None and time.tzinfo is None:
                stats.times_without_zone = True
            yield _event(record, stats, time)
        elif key_kind(fields.text("caller key")) == "long_term":
            yield _event(record, stats, time)


def _event(record: RecordFields, stats: InputStats, time: datetime | None) -> Event:
    fields = record.fields
    name, source = fields.text("name") or "", fields.text("source")
    named = [Resource(type=None, name=arn) for arn in fields.texts("resource arn")]
    inferred = source is None and is_kms_event_name(name) and not is_of_another_service(named)
    account, damaged = fields.text("account"), None
    if stats.form == "query result":  # a spreadsheet may have damaged it
        account, damaged = read_account(account or "")
    elif not is_account_id(account):
        account = None
    caller = _caller_of(fields)
    _note_impossible(record, caller, stats)
    return Event(
        file=stats.name,
        line=record.number,
        time=time,
        name=name,
        source=KMS_EVENT_SOURCE if inferred else source,
        source_inferred=inferred,
        event_id=fields.text("event id"),
        request_id=fields.text("request id"),
        region=_region(record, stats),
        source_ip=fields.text("source address"),
        user_agent=fields.text("user agent"),
        error_code=fields.text("error code"),
        user_name=caller.user_name,
        access_key=fields.text("caller key"),
        resources=_resources(fields),
        read_only=fields.flag("read only"),
        account=account,
        account_cell=damaged,
        identity=caller.identity,
        error_message=fields.text("error message"),
        **_changes(fields, time, stats.name),
    )


def _region(record: RecordFields, stats: InputStats) -> str | None:
    """Return the Region; None, with a note, for a text that cannot be one."""
    region = record.fields.text("region")
    if region is None or is_region(region):
        return region
    stats.note_unreadable("awsRegion", record.number)
    return None


def _note_impossible(record: RecordFields, caller: _Caller, stats: InputStats) -> None:
    """Note the account ids and ARNs of a record that cannot be such."""
    account = record.fields.text("account")
    if account is not None and not is_account_id(account):
        stats.note_unreadable("recipientAccountId", record.number)
    if caller.is_impossible:
        stats.note_unreadable("userIdentity", record.number)


def caller_in(fields: Fields) -> tuple[str | None, str | None, str | None] | None:
    """Return the User name, the ARN of the role of a session, and that ARN or the caller's ARN.

    None if one of these ARNs cannot be such.
    """
    identity, user_name, is_impossible = _caller_of(fields)
    if is_impossible:
        return None
    return user_name, identity.issuer_arn, identity.issuer_arn or identity.arn


def _changes(fields: Fields, time: datetime | None, file: str) -> dict[str, Any]:
    """Return what the record says of a key policy or a grant, as fields of an Event."""
    name = fields.text("name") or ""
    if name not in CHANGES or fields.text("source") != KMS_EVENT_SOURCE:
        return {}
    request, response = fields.found.get("request"), fields.found.get("response")
    arns = [arn for arn in fields.texts("resource arn") if ":kms:" in arn and ":key/" in arn]
    # KMS calls CreateKey in the Region of a replica, and may leave the request out.
    internal = fields.text("caller service") or service_behind(fields.text("source address"))
    complete = isinstance(request, dict) or ("request" in fields.found and not internal)
    return {
        "policy": policy_record(name, request, response, arns, complete=complete),
        "grant": grant_record(name, request, response, arns, time=time, file=file),
    }


class _Caller(NamedTuple):
    """The userIdentity of a record, the User name, and whether an ARN in it cannot be such."""

    identity: Identity
    user_name: str | None
    is_impossible: bool


_IDENTITY = {
    "type": "caller type",
    "arn": "caller arn",
    "account": "caller account",
    "user_name": "caller name",
    "principal_id": "caller id",
    "issuer_arn": "issuer arn",
    "service": "caller service",
}


def _caller_of(fields: Fields) -> _Caller:
    texts = tuple(map(fields.text, _IDENTITY.values()))
    is_short = sum(map(len, filter(None, texts))) <= _LONGEST_KEPT
    return _caller(texts) if is_short else _caller.__wrapped__(texts)


@lru_cache(_CALLERS_KEPT)
def _caller(texts: tuple[str | None, ...]) -> _Caller:
    """Return the caller with these fields; a session makes many calls."""
    identity = Identity(**dict(zip(_IDENTITY, texts, strict=True)))
    arns = filter(None, (identity.arn, identity.issuer_arn))
    return _Caller(identity, _user_name(identity), any(map(_is_impossible, arns)))


def _is_impossible(text: str) -> bool:
    """Return whether a text cannot be the ARN of a caller, or of the role of a session."""
    arn = Arn.parse(text)
    named = arn is not None and arn.resource_type in ("user", "role")
    return arn is None or not is_account_id(arn.account) or (named and not arn.is_user_or_role)


def _user_name(identity: Identity) -> str | None:
    """Return what the console's CSV has as User name: for a role the name of the session."""
    if identity.type == "Root":
        return "root"
    arn = Arn.parse(identity.arn)
    if arn and arn.resource_type in ("assumed-role", "federated-user"):
        return arn.name
    if identity.type == "AssumedRole" and ":" in (identity.principal_id or ""):
        return str(identity.principal_id).partition(":")[2] or None
    return identity.user_name


def _resources(fields: Fields) -> tuple[Resource, ...]:
    """Return what the record names, each once. A denied call often names nothing."""
    found = [
        Resource(type=kind, name=name)
        for kind, paths in _RESOURCE_PATHS
        for path in paths
        if path in fields.found
        for name in fields.texts(path)
        if path != "resource arn" or ":kms:" in name
    ]
    return tuple(dict.fromkeys(found))
