"""ARNs, partitions, and the names in ARNs.

Source: IAM User Guide, "IAM identifiers"; partitions and Region patterns from botocore's
partitions.json.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# Patterns for `re`, which caches compiled patterns. Most exports need only the first ones.
_PARTITION_BY_REGION = (
    ("aws", r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+"),
    ("aws-cn", r"cn-[a-z]+-\d+"),
    ("aws-us-gov", r"us-gov-[a-z]+-\d+"),
    ("aws-iso", r"us-iso-[a-z]+-\d+"),
    ("aws-iso-b", r"us-isob-[a-z]+-\d+"),
    ("aws-iso-e", r"eu-isoe-[a-z]+-\d+"),
    ("aws-iso-f", r"us-isof-[a-z]+-\d+"),
    ("aws-eusc", r"eusc-de-[a-z]+-\d+"),
)
_KEY_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32}")
_REGION = re.compile(r"[a-z]{2,8}(?:-[a-z]{2,16}){1,3}-[0-9]{1,2}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_IAM_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*)"
    r":(?P<account>[0-9]{12}|aws|):(?P<resource>\S+)"
)
_OWNED_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}):\S+")

_LONGEST_KEPT = 2048
"""The longest text that is remembered with its ARN. No ARN of AWS is longer."""


def partition_of(region: str | None) -> str | None:
    """Return the partition of a Region, or None for an unknown Region."""
    for partition, pattern in _PARTITION_BY_REGION:
        if region and re.fullmatch(pattern, region):
            return partition
    return None


def is_region(text: str | None) -> bool:
    """Return whether the text has the form of a Region name. Future Regions are included."""
    return bool(text and _REGION.fullmatch(text))


def is_account_id(text: str | None) -> bool:
    """Return whether the text is an account id: 12 ASCII digits."""
    return bool(text and _ACCOUNT_ID.fullmatch(text))


def is_key_id(text: str | None) -> bool:
    """Return whether the text is a key id. The id of a multi-Region key begins with `mrk-`."""
    return bool(text and _KEY_ID.fullmatch(text))


def is_iam_name(text: str | None) -> bool:
    """Return whether the text is a valid name for an IAM user or role."""
    return bool(text and _IAM_NAME.fullmatch(text))


class Arn(NamedTuple):
    """An ARN. `str()` returns the text that was parsed.

    partition  the partition (`aws`)
    service    the service namespace (`kms`)
    region     the AWS Region, or ""
    account    the account id, or ""
    resource   the resource (`key/1234abcd-12ab-34cd-56ef-1234567890ab`)
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str | None) -> Arn | None:
        """Parse an ARN. Return None if the whole text is not an ARN."""
        if text is None or not text.startswith("arn:"):
            return None
        return _parsed(text) if len(text) <= _LONGEST_KEPT else _parsed.__wrapped__(text)

    def __str__(self) -> str:
        where = f"{self.partition}:{self.service}:{self.region}:{self.account}"
        return f"arn:{where}:{self.resource}"

    @property
    def resource_type(self) -> str:
        """The part of the resource before its first slash (`role`, `user`, `key`)."""
        return self.resource.partition("/")[0]

    @property
    def name(self) -> str:
        """The part of the resource after its last slash."""
        return self.resource.rpartition("/")[2]

    @property
    def is_key(self) -> bool:
        """Whether this is a KMS key ARN with a Region, an account id and a key id."""
        return (
            self.service == "kms"
            and is_region(self.region)
            and is_account_id(self.account)
            and self.resource_type == "key"
            and is_key_id(self.resource.removeprefix("key/"))
        )

    @property
    def is_user_or_role(self) -> bool:
        """Whether an IAM user or role can have this ARN.

        The characters of the name are not checked. A path can have any character from `!` to `~`.
        `*` and `?` are not accepted, because they are wildcards in a policy.

        Source: IAM User Guide, "IAM identifiers"; IAM API Reference, CreateRole (Path).
        """
        return (
            self.service == "iam"
            and not self.region
            and is_account_id(self.account)
            and re.fullmatch(r"(?:user|role)/[!-~]*[!-.0-~]", self.resource) is not None
            and not {"*", "?"} & set(self.resource)
        )


def owner_of(text: str | None) -> str | None:
    """Return the account id in an ARN; None if there is none, or if the text is not an ARN."""
    match = _OWNED_ARN.fullmatch(text) if text and text.startswith("arn:") else None
    return match[1] if match else None


@lru_cache(maxsize=1024)  # a log has few ARNs, each of them many times
def _parsed(text: str) -> Arn | None:
    match = _ARN.fullmatch(text)
    return Arn(*match.groups()) if match else None
