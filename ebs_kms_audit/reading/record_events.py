"""CloudTrail records → Events: the records that matter; the others are counted, or set aside.

A record's resources are put in the form of the console's CSV, so that what is told from them is
told in one place; the ARNs that only a record has stand beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ebs_kms_audit.aws.access_keys import key_kind
from ebs_kms_audit.aws.arns import Arn, is_account_id
from ebs_kms_audit.model import Event, Identity, Resource
from ebs_kms_audit.reading.events import FileReading, matters
from ebs_kms_audit.reading.json_records import Record
from ebs_kms_audit.reading.paths import text_at, texts_at, values_at
from ebs_kms_audit.reading.times import TimeReader

KMS_KEY = "AWS::KMS::Key"

# The paths in a record under which each type of resource is named.
_RESOURCE_PATHS = (
    (KMS_KEY, ("resource arn", "kms key", "created key", "ec2 key")),
    ("AWS::IAM::AccessKey", ("key handed out",)),
    ("AWS::STS::AssumedRole", ("session handed out",)),
    ("AWS::IAM::Role", ("role asked", "role named")),
    ("AWS::EC2::Volume", ("volume asked", "volume made")),
    ("AWS::EC2::Snapshot", ("snapshot asked", "snapshot made")),
    ("AWS::EC2::Instance", ("instance asked", "instances asked", "instances made")),
)


def read_record_events(records: Iterable[Record], reading: FileReading) -> Iterator[Event]:
    """Yield the events that matter; count every record, and set aside what can't be read."""
    times = TimeReader()
    for record in records:
        reading.rows += 1
        if record.fault:
            reading.put_aside(record.number, record.fault)
            continue
        content = record.content
        time = times.read(text_at("time", content) or "")
        if time is None:
            reading.put_aside(record.number, "it has no eventTime")
            continue
        reading.see_time(time)
        identity = content.get("userIdentity")
        access_key = identity.get("accessKeyId") if isinstance(identity, dict) else None
        long_term = key_kind(access_key) == "long_term"
        if long_term or matters(content.get("eventSource"), content["eventName"]):
            yield _event(record, reading, time)


def _event(record: Record, reading: FileReading, time: Any) -> Event:
    content = record.content
    account = text_at("account", content)
    read_only = next((v for v in values_at("read only", content) if isinstance(v, bool)), None)
    identity = _identity(content)
    return Event(
        file=reading.name,
        line=record.number,
        time=time,
        name=content["eventName"],
        source=text_at("source", content),
        event_id=text_at("event id", content),
        request_id=text_at("request id", content),
        region=text_at("region", content),
        source_ip=text_at("source address", content),
        user_agent=text_at("user agent", content),
        error_code=text_at("error code", content),
        user_name=_user_name(identity),
        access_key=text_at("caller key", content),
        resources=_resources(content),
        read_only=read_only,
        account=account if is_account_id(account) else None,
        identity=identity,
        error_message=text_at("error message", content),
    )


def _identity(content: dict[str, Any]) -> Identity:
    return Identity(
        type=text_at("caller type", content),
        arn=text_at("caller arn", content),
        account=text_at("caller account", content),
        user_name=text_at("caller name", content),
        principal_id=text_at("caller id", content),
        issuer_type=text_at("issuer type", content),
        issuer_arn=text_at("issuer arn", content),
        service=text_at("caller service", content),
    )


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


def _resources(content: dict[str, Any]) -> tuple[Resource, ...]:
    """Return what the record names, each once. A denied call often names nothing."""
    found = [
        Resource(type=kind, name=name)
        for kind, paths in _RESOURCE_PATHS
        for path in paths
        for name in texts_at(path, content)
        if path != "resource arn" or ":kms:" in name
    ]
    return tuple(dict.fromkeys(found))
