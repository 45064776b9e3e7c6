"""A group of denials → its cause."""

from __future__ import annotations

from ebs_kms_audit.diagnosis.cause import Cause, CauseId
from ebs_kms_audit.diagnosis.grouping import Group
from ebs_kms_audit.diagnosis.limits import is_noise
from ebs_kms_audit.model import Evidence


def cause_of(group: Group) -> Cause:
    """Return the one cause of a group's denials, weighed from message, policies and context."""
    if is_noise(group.denials):
        return Cause(
            id=CauseId.HARMLESS_PROBE,
            text="An AWS service checks every key in the account. The denial is harmless.",
            evidence=Evidence.RECORDED,
        )
    return Cause(
        id=CauseId.UNKNOWN,
        text="The input does not show which policy denied the calls.",
        evidence=Evidence.UNKNOWN,
    )
