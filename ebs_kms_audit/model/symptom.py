"""An error of EC2, Auto Scaling or a tool that points to a KMS key and is not a KMS denial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ebs_kms_audit.model.policy_type import PolicyType


@dataclass(frozen=True, kw_only=True, slots=True)
class Symptom:
    """An error that points to a KMS key and is not a KMS denial.

    id          the id of the symptom; `ebs-kms-audit explain ID` explains it
    code        the error code, or None
    text        the error text, at most 1,000 characters, or None
    file        the input that contains it
    line        the line of a row, the number of a record, or 0 where neither applies
    event_id    the Event ID of the row or record, or None
    request_id  the Request ID of the row or record, or None
    count       the number of equal rows, records or texts
    first_seen  the earliest time; None if no time is known
    last_seen   the latest time; None if no time is known
    account     the account id, 12 digits, or None
    region      the AWS Region, or None
    operation   the API operation that failed (`AttachVolume`), or None
    principal   the caller in the input (a User name or an ARN), or None
    resources   the ids of the volumes, instances and snapshots, and the ARNs of the keys
    meaning     the meaning, one or two sentences
    caller      the usual caller of KMS, by the name of its role; or None
    actions     the KMS actions that this caller needs
    next_step   the next step, one sentence
    command     the command or the console clicks for it
    policy_type the type of policy that denied, for a denial of another service; or None
    findings    the ids of the findings to which it was joined
    joined_by   for each of these findings, what joined them (`the same Request ID`, `vol-…`)
    """

    id: str
    code: str | None
    text: str | None
    file: str
    line: int = 0
    event_id: str | None = None
    request_id: str | None = None
    count: int = 1
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    account: str | None = None
    region: str | None = None
    operation: str | None = None
    principal: str | None = None
    resources: tuple[str, ...] = ()
    meaning: str
    caller: str | None = None
    actions: tuple[str, ...] = ()
    next_step: str
    command: str | None = None
    policy_type: PolicyType | None = None
    findings: tuple[str, ...] = ()
    joined_by: tuple[str, ...] = ()
