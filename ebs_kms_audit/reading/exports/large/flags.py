"""What rows are, as bits: by what was called and its error, and by where it was recorded."""

from __future__ import annotations

from ebs_kms_audit.aws.arns import is_region
from ebs_kms_audit.aws.ebs_errors import symptom_of
from ebs_kms_audit.aws.kms_actions import EBS_KINDS, kms_action
from ebs_kms_audit.aws.kms_errors import DENIAL_CODES, shows_unusable
from ebs_kms_audit.aws.relevance import ONLY_NAMES_A_USER, Relevance
from ebs_kms_audit.reading.exports import header as columns
from ebs_kms_audit.reading.exports.cells import lost_digits
from ebs_kms_audit.reading.exports.events import judge
from ebs_kms_audit.reading.exports.header import Layout

(
    DOUBT, DAMAGED, NEEDED, USER, COUNTED, CALL, FAILED, SUCCESS, CHANGE, SESSION, ERROR, STATE,
) = (1 << n for n in range(12))  # fmt: skip
"""Rows without flags are ordinary: they can be read, and an audit does not need them.

DOUBT    rows that the plain reader must read
DAMAGED  rows with an account id that lost digits; they are read like other rows
NEEDED   rows that are needed one by one
USER     rows that are needed if their resources can be the ARN of an IAM user
COUNTED  rows that are only counted; of these:
CALL     EC2 calls; of these:
FAILED   calls with an error that is a symptom
SUCCESS  successful KMS calls of the kinds that EBS needs
CHANGE   changes to a key
SESSION  AssumeRole calls
ERROR    KMS calls that failed for another reason than a denial; of these:
STATE    calls that failed because of the state of a key
"""


def flags_of_call(cells: list[str], layout: Layout) -> int:
    """Return what the Event source, the Event name, the Region and the Error code say of a row."""
    found = judge(cells, layout)
    if found.fault:
        return DOUBT
    if not any(found.relevance):
        return 0
    source, name, region, error = (
        _cell(cells, layout, column)
        for column in (
            columns.EVENT_SOURCE, columns.EVENT_NAME, columns.REGION, columns.ERROR_CODE,
        )
    )  # fmt: skip
    if region and not is_region(region):
        return DOUBT
    return _of_relevant(found.relevance, source, name, error)


def flags_of_record(cells: list[str], layout: Layout) -> int:
    """Return what Read-only, the account and the category say of a row."""
    if layout.misfit(cells):
        return DOUBT
    return DAMAGED if lost_digits(_cell(cells, layout, columns.ACCOUNT)) else 0


def _cell(cells: list[str], layout: Layout, column: str) -> str:
    at = layout.positions.get(column)
    return "" if at is None else cells[at].strip()


def _of_relevant(relevance: Relevance, source: str, name: str, error: str) -> int:
    """Return the flags of rows that can be read and are relevant."""
    if relevance == ONLY_NAMES_A_USER:
        return USER
    if relevance.role_change or relevance.iam_user or (relevance.kms and not source):
        return NEEDED
    if name == "PutKeyPolicy":
        return NEEDED
    is_denied = error in DENIAL_CODES  # of a denied call, unreadable resources are reported
    if is_denied:
        return NEEDED
    if error and relevance.kms:
        return COUNTED | ERROR | (STATE if shows_unusable(name, error) else 0)
    if error and relevance.assume_role:
        return COUNTED
    flags = COUNTED
    if relevance.ec2_call:
        flags |= CALL
        if symptom_of(source or None, name, error or None):
            flags |= FAILED
    if relevance.assume_role:
        flags |= SESSION
    if relevance.key_change:
        flags |= CHANGE
    if relevance.kms and kms_action(name).kind in EBS_KINDS:
        flags |= SUCCESS
    return flags
