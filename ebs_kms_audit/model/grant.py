"""A grant on a KMS key, as `aws kms list-grants` or a CloudTrail record shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A grant on a KMS key. Missing fields are None or empty.

    Source: AWS KMS API Reference, GrantListEntry.

    id          the grant id
    key         the key: an ARN, or a bare key id
    grantee     the principal that can use the key: an ARN or a service principal
    retiring    the principal that can retire the grant
    issuer      the account or principal that created the grant
    operations  the allowed operations (`Decrypt`, `CreateGrant`, …), without the prefix `kms:`
    context     the encryption context that the grant requires, as pairs of name and value
    created     the time of creation
    file        the input that contains it
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
