"""The coverage of the input: files, rows, time span, Regions and accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ebs_kms_audit.model.window import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCoverage:
    """The contents of one input.

    name            the name of the input
    recognized_as   the recognized kind of input ("console CSV", "key policy"); None if unknown
    layout          the layout of a console CSV; None for other kinds
    rows_read       the number of rows, records or documents
    rows_set_aside  the number of these that could not be read
    error           why the input could not be read at all, or None
    """

    name: str
    recognized_as: str | None = None
    layout: str | None
    rows_read: int
    rows_set_aside: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """The coverage of the input.

    `rows_read` is always `events + rows_set_aside`. Relevant events are KMS events, events of EC2
    and EBS operations that use a key, and AssumeRole, CreateRole and DeleteRole events. A record of
    a trail log that an audit does not need is counted and not decoded, so it is never set aside,
    unless it is the first or last record of its file.

    files                   the inputs
    rows_read               the number of all rows and records
    events                  the number of rows and records that could be read
    rows_set_aside          the number of rows and records that could not be read
    kms_rows                the number of KMS events
    read_only_rows          the number of read-only KMS events
    ec2_rows                the number of events of EC2 operations that use an EBS key
    denials                 the number of denials in the window
    duplicate_denials       the number of repeated rows and records of a denial
    denials_outside_window  the number of denials outside the window
    first_event             the earliest time of all rows of exports and of the decoded records, or
                            None
    last_event              the latest time of these, or None
    regions                 the AWS Regions of the relevant events
    accounts                the account ids of the relevant events
    window                  the window of the audit, or None
    shows_denials           whether the input can show denials: it has a KMS event and a read-only
                            KMS event in the window
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
    shows_denials: bool = True
