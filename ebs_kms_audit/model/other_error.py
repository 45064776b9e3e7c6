"""KMS calls that failed for another reason than a denial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherError:
    """KMS events with one name that failed with one error code that is not a denial.

    error_code  the code
    event_name  the operation
    account     the account in which they were recorded, or None
    region      the AWS Region, or None
    meaning     the meaning of the code
    count       the number of events
    first_seen  the earliest time, or None
    last_seen   the latest time, or None
    keys        the ARNs of the keys, or the key ids if there are no ARNs; at most 20
    """

    error_code: str
    event_name: str
    account: str | None
    region: str | None
    meaning: str
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    keys: tuple[str, ...] = ()
