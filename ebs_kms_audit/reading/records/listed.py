"""Kept records that a finding lists, and the events in their texts."""

from __future__ import annotations

import json
import zlib
from typing import NamedTuple

from ebs_kms_audit.model import Event, Listed
from ebs_kms_audit.model.event_list import Summary
from ebs_kms_audit.reading.records.decoder import record_of
from ebs_kms_audit.reading.records.events import fields_of, read_record_events
from ebs_kms_audit.reading.stats import InputStats


class ListedRecord(NamedTuple):
    """A record that can be listed, as `Rows` of one record.

    file        the file
    number      the number of the record in the file
    seconds     the Event time in seconds since 1970
    alike       an event with the same Event name, account and keys
    id          the Event ID
    caller      the User name
    packed      texts that are packed together
    begin, end  where its text is in these
    """

    file: str
    number: int
    seconds: float
    alike: Event
    id: str
    caller: str | None
    packed: bytes
    begin: int
    end: int

    @property
    def listed(self) -> Listed:
        """The record as a finding lists it."""
        return self.seconds, self.file, self.number, self

    @property
    def have_zone(self) -> bool:
        """Whether the time zone is known: it is UTC."""
        return True

    def event(self, line: int = 0) -> Event:  # noqa: ARG002 - for `Rows` of several records
        """Return the event of the record, or what a damaged record is counted by."""
        text = zlib.decompress(self.packed)[self.begin : self.end]
        event = event_in(text, self.file, self.number)
        return event or damaged_event(self.alike, self.file, self.number)

    def summary(self, line: int) -> Summary:  # noqa: ARG002
        """Return what a list shows of the event."""
        return self.alike.name, None, self.id, self.caller


def event_in(text: bytes, file: str, number: int) -> Event | None:
    """Return the event of the record with a text; None if the record is damaged."""
    try:
        content = json.loads(text.decode("utf-8", "backslashreplace"))
    except (ValueError, RecursionError):
        return None
    decoded = (record_of(number, content),)
    return next(read_record_events(fields_of(decoded), InputStats(file, form="records")), None)


def damaged_event(alike: Event, file: str, number: int) -> Event:
    """Return what a damaged record is counted by: what it has in common with another event."""
    return Event(
        file=file,
        line=number,
        time=None,
        name=alike.name,
        source=alike.source,
        region=alike.region,
        read_only=alike.read_only,
        account=alike.account,
    )
