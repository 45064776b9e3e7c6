"""The fields of CloudTrail records that an Event needs: named JSONPath expressions.

One walk over a record finds all. A path finds nothing in a record of another shape.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ebs_kms_audit.reading.records.paths import steps_of

_PATHS = {
    "event id": "$.eventID",
    "request id": "$.requestID",
    "time": "$.eventTime",
    "source": "$.eventSource",
    "name": "$.eventName",
    "region": "$.awsRegion",
    "source address": "$.sourceIPAddress",
    "user agent": "$.userAgent",
    "error code": "$.errorCode",
    "error message": "$.errorMessage",
    "read only": "$.readOnly",
    "account": "$.recipientAccountId",
    "caller type": "$.userIdentity.type",
    "caller arn": "$.userIdentity.arn",
    "caller account": "$.userIdentity.accountId",
    "caller name": "$.userIdentity.userName",
    "caller id": "$.userIdentity.principalId",
    "caller key": "$.userIdentity.accessKeyId",
    "caller service": "$.userIdentity.invokedBy",
    "issuer arn": "$.userIdentity.sessionContext.sessionIssuer.arn",
    "resource arn": "$.resources[*].ARN",
    "kms key": "$.requestParameters.keyId",
    "ec2 key": "$.requestParameters.kmsKeyId",
    "created key": "$.responseElements.keyMetadata.keyId",
    "volume asked": "$.requestParameters.volumeId",
    "volume made": "$.responseElements.volumeId",
    "snapshot asked": "$.requestParameters.snapshotId",
    "snapshot made": "$.responseElements.snapshotId",
    "instance asked": "$.requestParameters.instanceId",
    "instances made": "$.responseElements.instancesSet.items[*].instanceId",
    "instances asked": "$.requestParameters.instancesSet.items[*].instanceId",
    "request": "$.requestParameters",
    "response": "$.responseElements",
    "role asked": "$.requestParameters.roleArn",
    "role named": "$.requestParameters.roleName",
    "key handed out": "$.responseElements.credentials.accessKeyId",
    "session handed out": "$.responseElements.assumedRoleUser.arn",
}

_LISTS = frozenset(name for name, path in _PATHS.items() if "[*]" in path)


class Fields:
    """What the named paths find in a record. What has another shape counts as absent.

    A path through a list finds a list.
    """

    __slots__ = ("found",)

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found

    @classmethod
    def of(cls, record: dict[str, Any]) -> Fields:
        """Look along all paths at once: most of a record is on none, and many begin alike."""
        found: dict[str, Any] = {}
        _gather(record, _tree(), found)
        return cls(found)

    def text(self, path: str) -> str | None:
        """Return the text at a path; None where there is none, or an empty one."""
        value = self.found.get(path)
        return value if isinstance(value, str) and value else None

    def texts(self, path: str) -> list[str]:
        """Return the non-empty texts at a path."""
        value = self.found.get(path)
        values = value if path in _LISTS and isinstance(value, list) else [value]
        return [one for one in values if isinstance(one, str) and one]

    def flag(self, path: str) -> bool | None:
        """Return the boolean at a path, or None."""
        value = self.found.get(path)
        return value if isinstance(value, bool) else None


class _Branch:
    """The paths that begin alike: the name of the one that ends here, and how others continue."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.members: dict[str, _Branch] = {}
        self.each: _Branch | None = None  # element of a list


def _gather(value: Any, branch: _Branch, found: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for member, inner in branch.members.items():
            if member in value:
                if inner.name is not None:
                    found[inner.name] = value[member]
                if inner.members or inner.each is not None:
                    _gather(value[member], inner, found)
    elif branch.each is not None and isinstance(value, list):
        for element in value:
            one: dict[str, Any] = {}
            _gather(element, branch.each, one)
            for name, inner in one.items():
                found.setdefault(name, []).append(inner)


@cache
def _tree() -> _Branch:
    root = _Branch()
    for name, path in _PATHS.items():
        branch = root
        for step in steps_of(path):
            if step is None:
                branch.each = branch = branch.each or _Branch()
            else:
                branch = branch.members.setdefault(step, _Branch())
        branch.name = name
    return root
