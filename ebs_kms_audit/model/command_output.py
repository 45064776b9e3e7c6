"""What an input holds besides events and policies: texts, and the output of AWS commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class PastedText:
    """A text that may hold error messages, as a person pasted or saved it.

    file  the input that holds it
    text  the text
    """

    file: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyState:
    """A KMS key as `aws kms describe-key` shows it. What the output does not show is None.

    Source: AWS KMS API Reference, KeyMetadata.

    file           the input that holds it
    id             the bare key id
    arn            the key ARN
    account        the account that owns the key
    state          Enabled, Disabled, PendingDeletion, PendingImport, Unavailable, …
    manager        CUSTOMER (customer managed key) or AWS (AWS managed key)
    origin         AWS_KMS, EXTERNAL, AWS_CLOUDHSM or EXTERNAL_KEY_STORE
    spec           SYMMETRIC_DEFAULT, RSA_2048, …; EBS needs SYMMETRIC_DEFAULT
    usage          ENCRYPT_DECRYPT, SIGN_VERIFY, …; EBS needs ENCRYPT_DECRYPT
    deletion_date  when the key will be deleted
    """

    file: str
    id: str | None
    arn: str | None
    account: str | None = None
    state: str | None = None
    manager: str | None = None
    origin: str | None = None
    spec: str | None = None
    usage: str | None = None
    deletion_date: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DefaultKey:
    """The default key for EBS encryption, as `aws ec2 get-ebs-default-kms-key-id` shows it.

    file  the input that holds it
    key   the key: an ARN, a bare key id, or an alias (`alias/aws/ebs`)
    """

    file: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedAuthorization:
    """The output of `aws sts decode-authorization-message`. What it does not show is None.

    file           the input that holds it
    allowed        whether the request was allowed
    explicit_deny  whether a Deny statement matched; otherwise no statement allowed the request
    principal      the ARN of the caller: a user, or the session of a role
    action         the action (`ec2:RunInstances`, `kms:CreateGrant`)
    resource       the ARN of the resource
    statements     the Sids of the statements that matched, where the output names them
    """

    file: str
    allowed: bool | None
    explicit_deny: bool | None
    principal: str | None = None
    action: str | None = None
    resource: str | None = None
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizationCheck:
    """One type of policy in AWS's own evaluation of a request.

    type      SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY, VPC_ENDPOINT, RESOURCE, PRINCIPAL,
              PERMISSIONS_BOUNDARY or SESSION
    effect    ALLOW, NO_IMPACT, IMPLICIT_DENY or EXPLICIT_DENY
    target    the ARN that the policies are attached to, or None
    policies  the policies that matched, by ARN or name
    """

    type: str
    effect: str
    target: str | None = None
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizationEvaluation:
    """AWS's own evaluation of one action on one resource.

    Source: output of `aws iam-toolbox get-request-authorization-details` (preview).

    file      the input that holds it
    action    the action (`kms:Decrypt`)
    resource  the ARN of the resource, or None
    effect    ALLOW, EXPLICIT_DENY or IMPLICIT_DENY
    checks    the result for each type of policy
    principal the ARN of the caller, where the request context names it, or None
    """

    file: str
    action: str
    resource: str | None
    effect: str
    checks: tuple[AuthorizationCheck, ...] = ()
    principal: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """The output of a describe command, or an event, that may show why a volume failed.

    file     the input that holds it
    command  `describe-instances`, `describe-volumes`, `describe-scaling-activities`, or
             `EBS Volume Notification` (an event of EventBridge)
    content  one element of the output: an instance, a volume, an activity, or the event, as JSON
             values
    """

    file: str
    command: str
    content: dict[str, Any]
