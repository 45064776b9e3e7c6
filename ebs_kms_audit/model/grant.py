"""A grant on a KMS key, as `aws kms list-grants` or a CloudTrail record shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A grant on a KMS key. What the source does not show is None or empty.

    Source: AWS KMS API Reference, GrantListEntry.

    id          the grant id
    key         the key: an ARN, or a bare key id
    grantee     the principal that may use the key: an ARN or a service principal
    retiring    the principal that may retire the grant
    issuer      the account or principal that made the grant
    operations  what the grant allows (`Decrypt`, `CreateGrant`, …), without the prefix `kms:`
    context     the encryption context that the grant requires, as pairs of name and value
    created     when it was made
    file        the input that holds it
    """

    id: str | None
    key: str | None
    grantee: str | None = None
    retiring: str | None = None
    issuer: str | None = None
    operations: tuple[str, ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    created: datetime | None = None
    file: str = ""

    @property
    def key_id(self) -> str | None:
        """The bare key id."""
        return self.key.rpartition("/")[2] if self.key else None
