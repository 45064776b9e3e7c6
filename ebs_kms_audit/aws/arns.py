"""ARNs, partitions and the names that may enter them.

Source: IAM User Guide, "IAM identifiers"; partitions and Region patterns from botocore's
partitions.json.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARTITION_BY_REGION = (
    ("aws", re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")),
    ("aws-cn", re.compile(r"cn-[a-z]+-\d+")),
    ("aws-us-gov", re.compile(r"us-gov-[a-z]+-\d+")),
    ("aws-iso", re.compile(r"us-iso-[a-z]+-\d+")),
    ("aws-iso-b", re.compile(r"us-isob-[a-z]+-\d+")),
    ("aws-iso-e", re.compile(r"eu-isoe-[a-z]+-\d+")),
    ("aws-iso-f", re.compile(r"us-isof-[a-z]+-\d+")),
    ("aws-eusc", re.compile(r"eusc-de-[a-z]+-\d+")),
)
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_IAM_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*)"
    r":(?P<account>[0-9]{12}|aws|):(?P<resource>\S+)"
)


def partition_of(region: str | None) -> str | None:
    """Return the partition that a Region belongs to, or None for a Region that is not known."""
    for partition, pattern in _PARTITION_BY_REGION:
        if region and pattern.fullmatch(region):
            return partition
    return None


def is_account_id(text: str | None) -> bool:
    """Tell whether the text is an account id: twelve ASCII digits."""
    return bool(text and _ACCOUNT_ID.fullmatch(text))


def is_iam_name(text: str | None) -> bool:
    """Tell whether IAM would accept the text as the name of a user or role."""
    return bool(text and _IAM_NAME.fullmatch(text))


@dataclass(frozen=True, slots=True)
class Arn:
    """An ARN in its six parts. `str()` gives back the text it was parsed from."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str | None) -> Arn | None:
        """Return the ARN that the text is, whole; None where it is none."""
        match = _ARN.fullmatch(text or "")
        return cls(**match.groupdict()) if match else None

    def __str__(self) -> str:
        return ":".join(
            ("arn", self.partition, self.service, self.region, self.account, self.resource)
        )

    @property
    def resource_type(self) -> str:
        """The part of the resource before its first slash: `role`, `user`, `key`, `alias`, …"""
        return self.resource.partition("/")[0]

    @property
    def name(self) -> str:
        """The part of the resource after its last slash."""
        return self.resource.rpartition("/")[2]
