"""The errors that this library raises.

EbsKmsAuditError        the base: catch it to catch all of them
├── InputError          an input that cannot be read: what it is, what is expected, how to get it
├── PolicyError         a document that is not a policy: the JSON path, and what is wrong there
└── UsageError          an argument that cannot be followed, for example a session ARN as principal
"""

from __future__ import annotations

from typing import ClassVar

from ebs_kms_audit.printable import escape_unprintable


class EbsKmsAuditError(Exception):
    """The base of every error that this library raises on purpose.

    The text has one line for each sentence. Invisible characters of a file name or a log field
    are written as escapes.

    sentences  one sentence, or several where several inputs could not be read
    source     the name of the input or the argument that the error is about; it precedes the
               text. None where the error is about no single one
    json_path  the place in the document (`$.Statement[0].Action`); it precedes the sentence. None
               where the error is about no single place
    exit_code  the exit status of the command line for this error
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self, *sentences: str, source: str | None = None, json_path: str | None = None
    ) -> None:
        super().__init__(*sentences)
        self.source = source
        self.json_path = json_path

    def __str__(self) -> str:
        where = "".join(f"{one}: " for one in (self.source, self.json_path) if one)
        return "\n".join(escape_unprintable(f"{where}{sentence}") for sentence in self.args)


class InputError(EbsKmsAuditError):
    """An input that cannot be read at all. A row that cannot be read is set aside instead."""


class PolicyError(EbsKmsAuditError):
    """A document that is not a policy. A fault inside a policy is kept as a fault of it."""


class UsageError(EbsKmsAuditError):
    """An argument of the caller that cannot be followed."""
