"""Failed KMS calls → events as columns, those of one kind together.

A caller without a permission tries again and again. The records of these calls differ in time,
address, ids and access key only. What they have in common is decoded once.
"""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple

from ebs_kms_audit.aws.arns import is_account_id, is_region
from ebs_kms_audit.aws.callers import source_kind
from ebs_kms_audit.aws.kms_actions import KMS_EVENT_SOURCE
from ebs_kms_audit.model import AlikeEvents, Event, EventColumns, EventKind
from ebs_kms_audit.reading.records.decoder import record_of
from ebs_kms_audit.reading.records.events import RecordFields, caller_in, read_record_events
from ebs_kms_audit.reading.records.fields import Fields
from ebs_kms_audit.reading.records.log_format import IDENTITY, IDENTITY_END, TIME, TIME_END
from ebs_kms_audit.reading.records.sketches import FIRST_ID, IDS, Parts
from ebs_kms_audit.reading.stats import InputStats

_PLAIN = rb"[ !#-\[\]-~]*"  # what a text of JSON stands for: nothing in it is escaped
_CALL = re.compile(
    rb'"eventSource":"[a-z.]+","eventName":"\w+","awsRegion":"[a-z0-9-]+",'
    rb'"sourceIPAddress":"(%b)","userAgent":"(%b)","errorCode":"' % (_PLAIN, _PLAIN)
)
_ACCESS_KEY, _CREATED, _SHARED = b'"accessKeyId":"', b'"creationDate":"', b'"sharedEventID":"'
_order = attrgetter("time", "number")
_OWN = ("time", "user agent", "request id", "event id")


class FailedCall(NamedTuple):
    """A failed KMS call. `marshal` takes it as a tuple.

    kind        what calls of one kind have in common: the fields of their records, packed; empty
                are time, User agent, ids, access key, and the address if it is not a service
    number      the number of the record in its file
    time        the Event time
    address     the Source IP address; empty if it is that of the kind
    user_agent  the User agent
    event_id    the Event ID
    request_id  the Request ID
    access_key  the access key id; empty if it is that of the kind
    """

    kind: bytes
    number: int
    time: bytes
    address: bytes
    user_agent: bytes
    event_id: bytes
    request_id: bytes
    access_key: bytes


class FailedCalls:
    """Reads the failed KMS calls of records. What records have in common is decoded once."""

    def __init__(self) -> None:
        self._kinds = Parts(_fields_in)

    def call(
        self, number: int, text: bytes, begin: int, source: int, end: int
    ) -> FailedCall | None:
        """Return the failed call in a record; None if the record must be decoded.

        The record begins at `begin`, its Event source at `source`, and its last brace is at `end`.
        """
        call = _CALL.match(text, source, end)
        ids = IDS.match(text, text.rfind(FIRST_ID, source, end), end)
        if call is None or ids is None or not call[1]:  # no address is a kind of its own
            return None
        address, user_agent = call.groups()
        rest = call.end(1)
        if not _is_number(address.decode()):
            address = b""
        identity_end = source - IDENTITY_END
        key, after_key = _text_after(_ACCESS_KEY, text, begin + IDENTITY, identity_end)
        created, after_created = _text_after(_CREATED, text, after_key, identity_end)
        shared, after_shared = _text_after(_SHARED, text, ids.end(), end)
        kind = self._kinds[
            b"".join((
                text[begin:key], text[after_key:created], text[after_created : source - TIME],
                text[source - TIME_END : rest - len(address)], text[rest : call.start(2)],
                text[call.end(2) : ids.start(1)], text[ids.end(1) : ids.start(2)],
                text[ids.end(2) : shared], text[after_shared : end + 1],
            ))
        ]  # fmt: skip
        if kind is None:
            return None
        time = text[source - TIME : source - TIME_END]
        access_key = text[key:after_key]
        return FailedCall(kind, number, time, address, user_agent, ids[2], ids[1], access_key)


def _text_after(name: bytes, text: bytes, begin: int, end: int) -> tuple[int, int]:
    """Return where the text after a name begins and ends; an empty place without such a text."""
    at = text.find(name, begin, end)
    if at == -1:
        return begin, begin
    at += len(name)
    after = text.find(b'"', at, end)
    # An id or a time: nothing in it is escaped.
    return (at, after) if text[at:after].translate(None, b"-:").isalnum() else (at, at)


def _fields_in(record: bytes) -> bytes | None:
    """Return the fields of a record without its own texts, packed; None if they are in doubt."""
    try:
        read = record_of(0, json.loads(record))
    except (ValueError, RecursionError):
        return None
    fields = Fields.of(read.content)
    found = fields.found
    if (
        read.fault
        or read.document
        or read.envelopes
        or any(found.get(name) != "" for name in _OWN)
        or (b'"accessKeyId":""' in record and found.get("caller key") != "")
        or _is_number(fields.text("source address") or "")
        or fields.text("source") != KMS_EVENT_SOURCE
        or fields.text("error code") is None
        or not is_region(fields.text("region") or "")
        or not is_account_id(fields.text("account"))
        or caller_in(fields) is None
    ):
        return None
    return marshal.dumps(found, 2)  # without references: equal fields have equal bytes


def _is_number(address: str) -> bool:
    """Return whether calls from an address are of the same kind as those from any other one."""
    return source_kind(address) != address


def events_of(calls: Iterable[tuple[str, FailedCall]]) -> Iterator[AlikeEvents]:
    """Yield the events of failed calls, each with its file: those of a kind in a file together."""
    files: dict[str, dict[bytes, list[FailedCall]]] = {}
    for file, call in calls:
        files.setdefault(file, {}).setdefault(call.kind, []).append(call)
    events: dict[bytes, Event] = {}
    for file, kinds in files.items():
        for fields, of_kind in kinds.items():
            event = events.get(fields)
            if event is None:
                record = RecordFields(0, Fields(marshal.loads(fields)), None)
                stats = InputStats(file, form="records")
                (event,) = read_record_events([record], stats, timed=False)
                events[fields] = event
            yield _alike(event if event.file == file else replace(event, file=file), of_kind)


def _alike(event: Event, calls: list[FailedCall]) -> AlikeEvents:
    """Return the events of calls of one kind, in order of time.

    An event has what they have in common.
    """
    calls.sort(key=_order)
    columns = EventColumns(
        lines=[one.number for one in calls],
        seconds=[datetime.fromisoformat(one.time.decode()).timestamp() for one in calls],
        user_names=[event.user_name] * len(calls),
        source_ips=[one.address.decode() or event.source_ip for one in calls],
        user_agents=[one.user_agent.decode() or None for one in calls],
        event_ids=[one.event_id.decode() for one in calls],
        request_ids=[one.request_id.decode() for one in calls],
        access_keys=[one.access_key.decode() or event.access_key for one in calls],
    )
    kind = EventKind(event)
    time = datetime.fromtimestamp(columns.seconds[0], UTC)
    own = (column[0] for column in columns[3:])
    first = kind.event(columns.lines[0], time, event.user_name, own)
    return AlikeEvents(first, kind, columns)
