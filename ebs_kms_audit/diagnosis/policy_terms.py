"""Terms for a key policy that is judged: is it the key's, and what does it say of a call."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ebs_kms_audit.model import Verdict

if TYPE_CHECKING:
    from ebs_kms_audit.policy import Decision

ALLOWED, DELEGATED, NOT_ALLOWED = 2, 1, 0
"""Ranks of what a key policy says of a call."""


class Binding(StrEnum):
    """Whether a policy is that of the denied key."""

    KEY = "key"
    """It is: by the key's full ARN, or as the only policy where only one key occurs."""
    IF_THIS_KEY = "if_this_key"
    """It may be: the key is unknown, or nothing binds the policy to the key."""


class Comparison(StrEnum):
    """How a given policy compares to the last one in the log."""

    EQUAL = "equal"
    """It is the last policy in the log."""
    NEWER = "newer"
    """It is none of the policies in the log, so it was set later."""
    OLDER = "older"
    """It is an earlier policy in the log: the last one in the log is used instead."""


def rank(decision: Decision) -> int:
    """Return whether a key policy allows a call, leaves that to IAM policies, or neither."""
    if decision.verdict is Verdict.EXPLICIT_DENY:
        return NOT_ALLOWED
    if decision.key_policy_allows:
        return ALLOWED
    return DELEGATED if decision.verdict is Verdict.DELEGATED_TO_IAM else NOT_ALLOWED
