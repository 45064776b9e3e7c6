"""What this library raises.

EbsKmsAuditError        catch this to catch all of it; its text is one sentence for the user
├── InputError          an export that can't be read: what it is, what was expected, where to get it
├── PolicyError         no policy document where one was expected; starts with the JSON path
└── UsageError          an argument that makes no sense (a session ARN as a principal, say)
"""

from __future__ import annotations

from ebs_kms_audit.printable import escape_unprintable


class EbsKmsAuditError(Exception):
    """The base of every error this library raises on purpose.

    It takes one sentence, or several where several inputs could not be read. Its text has one line
    for each: invisible characters of a file name or a log field are written as escapes.
    """

    def __str__(self) -> str:
        return "\n".join(escape_unprintable(str(sentence)) for sentence in self.args)


class InputError(EbsKmsAuditError):
    """An input that can't be read at all. Rows that can't be read are set aside instead."""


class PolicyError(EbsKmsAuditError):
    """A document in which no policy can be made out. Faults inside a policy are remembered."""


class UsageError(EbsKmsAuditError):
    """An argument of the caller's that can't be followed."""
