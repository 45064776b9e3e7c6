"""What the input spans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ebs_kms_audit.model.event import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCoverage:
    """What one input held.

    name            the name of the input
    recognized_as   what it was recognized as ("console CSV", "key policy"); None if it is unknown
    layout          the layout of a console CSV; None for anything else
    rows_read       how many rows, records or documents it holds
    rows_set_aside  how many of them could not be read
    error           why it could not be read at all, or None
    """

    name: str
    recognized_as: str | None = None
    layout: str | None
    rows_read: int
    rows_set_aside: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """What the input spans.

    `rows_read == events + rows_set_aside`, always. These count every row. A record of a trail log
    that an audit does not need is not decoded, so it is never set aside, unless it is the first or
    the last of its file. `first_event` and `last_event` are the earliest and latest time of all
    rows of exports; of records, they are those of the records that are decoded. The other figures
    are over the events that an audit needs: those of KMS, of the EC2 and EBS operations that use a
    key, AssumeRole, CreateRole and DeleteRole. `read_only_rows`
    counts KMS rows. `shows_denials` is whether the input could have shown a denial: a KMS row and a
    read-only KMS row lie in the window.
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
