"""Inputs other than events and policies: pasted texts, and the output of AWS commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class PastedText:
    """A text that can contain error messages.

    file  the input that contains it
    text  the text
    """

    file: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyState:
    """A KMS key as `aws kms describe-key` shows it. Missing fields are None.

    Source: AWS KMS API Reference, KeyMetadata.

    file           the input that contains it
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

    file  the input that contains it
    key   the key: an ARN, a bare key id, or an alias (`alias/aws/ebs`)
    """

    file: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedAuthorization:
    """The output of `aws sts decode-authorization-message`. Missing fields are None.

    file           the input that contains it
    allowed        whether the request was allowed
    explicit_deny  whether a Deny statement matched; otherwise no statement allowed the request
    principal      the ARN of the caller: a user, or the session of a role
    action         the action (`ec2:RunInstances`, `kms:CreateGrant`)
    resource       the ARN of the resource
    statements     the Sids of the statements that matched; empty if the output has none
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
    """The result for one type of policy in the evaluation of a request by AWS.

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
    """The evaluation of one action on one resource by AWS.

    Source: output of `aws iam-toolbox get-request-authorization-details` (preview).

    file      the input that contains it
    action    the action (`kms:Decrypt`)
    resource  the ARN of the resource, or None
    effect    ALLOW, EXPLICIT_DENY or IMPLICIT_DENY
    checks    the result for each type of policy
    principal the ARN of the caller in the request context, or None
    """

    file: str
    action: str
    resource: str | None
    effect: str
    checks: tuple[AuthorizationCheck, ...] = ()
    principal: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """The output of a describe command, or an event, that can show why a volume failed.

    file     the input that contains it
    command  `describe-instances`, `describe-volumes`, `describe-scaling-activities`, or
             `EBS Volume Notification` (an event of EventBridge)
    content  one element of the output: an instance, a volume, an activity, or the event, as JSON
             values
    """

    file: str
    command: str
    content: dict[str, Any]
