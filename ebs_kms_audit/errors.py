"""What this library raises.

EbsKmsAuditError        catch this to catch all of it; its text is one sentence for the user
├── InputError          an export that can't be read: what it is, what was expected, where to get it
├── PolicyError         no policy document where one was expected; starts with the JSON path
└── UsageError          an argument that makes no sense (a session ARN as a principal, say)
"""

from __future__ import annotations


class EbsKmsAuditError(Exception):
    """The base of every error this library raises on purpose."""


class InputError(EbsKmsAuditError):
    """An input that can't be read at all. Rows that can't be read are set aside instead."""


class PolicyError(EbsKmsAuditError):
    """A document in which no policy can be made out. Faults inside a policy are remembered."""


class UsageError(EbsKmsAuditError):
    """An argument of the caller's that can't be followed."""
