"""The JSONPath expressions by which fields are taken out of JSON, each with a name.

They are compiled at first use, with jsonpath-ng. A path finds nothing where the document has
another shape, in silence: what absence means is said where a path is used.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_PATHS = {
    # an entry of a console export's Resources cell
    "entry": "$[*]",
    "entry type": "$.resourceType",
    "entry name": "$.resourceName",
    # a CloudTrail record
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
    "issuer type": "$.userIdentity.sessionContext.sessionIssuer.type",
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
    "role asked": "$.requestParameters.roleArn",
    "role named": "$.requestParameters.roleName",
    "key handed out": "$.responseElements.credentials.accessKeyId",
    "session handed out": "$.responseElements.assumedRoleUser.arn",
}

# The names of a record's members as the paths have them. An ARN among the resources is written
# otherwise (ARN) than a caller's (arn).
MEMBERS = frozenset(re.findall(r"\w+", " ".join(_PATHS.values()))) - {"ARN"}


def texts_at(path: str, document: Any) -> list[str]:
    """Return the non-empty texts at a named path; what is no text counts as absent."""
    found = (match.value for match in _compiled(path).find(document))
    return [value for value in found if isinstance(value, str) and value]


def text_at(path: str, document: Any) -> str | None:
    """Return the first text at a named path, or None."""
    return next(iter(texts_at(path, document)), None)


def values_at(path: str, document: Any) -> list[Any]:
    """Return whatever is at a named path."""
    return [match.value for match in _compiled(path).find(document)]


@cache
def _compiled(path: str) -> Any:
    from jsonpath_ng.parser import parse

    return parse(_PATHS[path])
