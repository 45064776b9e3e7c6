"""What only CloudTrail records hold: the userIdentity, the key policy, and their location."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The userIdentity of a CloudTrail record. Missing elements are None.

    Source: CloudTrail User Guide, "CloudTrail userIdentity element".

    type          the type of identity (`AssumedRole`)
    arn           the ARN of the caller; for a session the ARN of the session
    account       the account id of the caller
    user_name     the name of an IAM user
    principal_id  the unique id of the caller
    issuer_arn    the ARN of the role or user that issued the session (`sessionIssuer`)
    service       the AWS service that made the call (`invokedBy`)
    """

    type: str | None
    arn: str | None = None
    account: str | None = None
    user_name: str | None = None
    principal_id: str | None = None
    issuer_arn: str | None = None
    service: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRef:
    """The location of the record of an event.

    file    the file
    number  the number of the record in the file, from 1
    """

    file: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyRecord:
    """The key policy in a record of PutKeyPolicy, CreateKey or ReplicateKey.

    document  the policy as JSON text, or None if the record has no policy
    default   whether the key has the default policy that AWS documents (CreateKey or ReplicateKey
              without a policy); False if the record has no request parameters
    key       the ARN or the id of the key, or None
    of_key    whether it is the key policy (`default`) and not the policy of AWS Resource Access
              Manager (`AWS_RAM`)
    """

    document: str | None
    default: bool = False
    key: str | None = None
    of_key: bool = True
