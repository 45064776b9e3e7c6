"""The kind of an access key id, and the account id encoded in it.

Prefixes: IAM User Guide, "IAM identifiers". AWS does not document the account encoding. It was
found by Scott Piper (2018), Aidan Steele (2020) and Tal Be'ery (2023). After the four-letter
prefix come base32 characters of five bits each: one marker bit, then the forty bits of the
account id. An id with the marker bit 0 (fifth character A to P) has the old format and holds no
account id.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

_UNIQUE_ID = re.compile(
    r"(?:ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA)[A-Z2-7]{12,124}"
)
_BASE32 = {character: value for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")}


def key_kind(access_key: str | None) -> Literal["long_term", "temporary"] | None:
    """Return whether a key is long-term (AKIA: an IAM user, the root user) or temporary (ASIA).

    A temporary key does not distinguish a role from a user: console sessions, MFA sessions and
    calls that a service forwards for a user have ASIA as well.
    """
    match (access_key or "")[:4]:
        case "AKIA":
            return "long_term"
        case "ASIA":
            return "temporary"
    return None


@lru_cache(maxsize=100_000)
def account_of(unique_id: str | None) -> str | None:
    """Return the account that owns the credential, 12 digits; None if the id does not contain it.

    This is the account of the caller, not of the KMS key. The id has no checksum, so the result is
    not certain.
    """
    if not unique_id or not _UNIQUE_ID.fullmatch(unique_id):
        return None
    number = 0
    for character in unique_id[4:13]:
        number = number << 5 | _BASE32[character]
    has_account = number >> 44
    account = number >> 4 & (1 << 40) - 1
    return f"{account:012d}" if has_account and account < 10**12 else None
