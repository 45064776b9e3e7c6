"""An EC2 operation → the KMS calls that it makes: which action, as whom, in which context.

EC2 calls KMS for the caller, with the caller's permissions (a forward access session). When a
volume is attached, the instance's own role aws:ec2-infrastructure then calls Decrypt through the
grant that CreateGrant made.

Sources: EBS User Guide, "How Amazon EBS encryption works" and "Requirements for Amazon EBS
encryption"; AWS KMS Developer Guide, "How Amazon EBS uses AWS KMS" (encryption context) and "AWS
KMS condition keys"; IAM User Guide, "Forward access sessions".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from ebs_kms_audit.aws.arns import Arn, partition_of
from ebs_kms_audit.aws.ebs_operations import EBS_OPERATIONS, Workflow, workflow_of
from ebs_kms_audit.aws.kms_actions import IAM_ACTIONS
from ebs_kms_audit.aws.statements import GRANT_ACTIONS
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.policy.actions import action_matches
from ebs_kms_audit.policy.context import Like
from ebs_kms_audit.policy.statement import Patterns

_EBS_ID = "kms:EncryptionContext:aws:ebs:id"
_OF_ANY_VOLUME = frozenset({"AttachVolume", "StartInstances", "CreateSnapshot"})
"""Operations on a volume that exists already. The others make a volume with a new id."""
_ATTACHING = frozenset({"AttachVolume", "StartInstances", "RunInstances"})
_VOLUME, _SNAPSHOT = "vol-0123456789abcdef0", "snap-0123456789abcdef0"
INSTANCE = "i-0123456789abcdef0"
"""The id that stands for the instance to which a volume is attached."""
# EC2 calls from an address of its own: in no range of a customer, and in 0.0.0.0/0.
_ADDRESS_OF_EC2 = "240.0.0.1"
_NO_VPC: dict[str, Any] = {
    "aws:SourceIp": _ADDRESS_OF_EC2,
    "aws:VpcSourceIp": None,
    "aws:SourceVpc": None,
    "aws:SourceVpce": None,
    "aws:SourceAccount": None,
    "aws:SourceArn": None,
    "aws:SecureTransport": "true",
}
# EBS takes symmetric encryption keys only.
_SYMMETRIC = {
    "kms:KeySpec": "SYMMETRIC_DEFAULT",
    "kms:KeyUsage": "ENCRYPT_DECRYPT",
    "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
}


class Actor(StrEnum):
    """As whom a KMS call is made."""

    CALLER = "caller"
    """The caller of the EC2 operation; EC2 makes the call for it."""
    INFRASTRUCTURE = "aws:ec2-infrastructure"
    """The instance's own role, through the grant that CreateGrant made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KmsCall:
    """One KMS call of an EC2 operation.

    operation  the EC2 operation
    action     the KMS action
    actor      as whom
    context    the condition keys that the request carries, as far as they are known
    """

    operation: str
    action: str
    actor: Actor
    context: Mapping[str, Any] = field(default_factory=dict)


def workflow(operation: str) -> Workflow:
    """Return the documented calls of an EC2 operation, spelled in any case.

    Raises UsageError for an operation that has none.
    """
    by_name = {name.lower(): name for name in EBS_OPERATIONS}
    found = workflow_of(by_name.get(operation.lower(), operation))
    if found is None:
        known = sorted(name for name in EBS_OPERATIONS if workflow_of(name))
        nearest = get_close_matches(operation, known, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        raise UsageError(
            f"AWS documents no KMS calls for {operation}. Known: {', '.join(known)}.{hint}",
            source="--operation",
        )
    return found


def calls_of(
    operation: str,
    *,
    key: str | None,
    region: str | None,
    more: Mapping[str, Any],
) -> Iterator[KmsCall]:
    """Yield the KMS calls of an EC2 operation, in the order that AWS documents.

    `more` are condition keys that the user gives; they replace the documented ones.
    """
    found = workflow(operation)
    for pattern in found.actions:
        for action in IAM_ACTIONS:
            if action_matches(Patterns(values=(pattern,)), action):
                context = _context(found.operation, action, key, region) | dict(more)
                yield KmsCall(
                    operation=found.operation, action=action, actor=Actor.CALLER, context=context
                )
    if found.operation in _ATTACHING:
        own = _NO_VPC | _SYMMETRIC | _of_key(key, region) | {"aws:ViaAWSService": "false"}
        context = own | {"kms:EncryptionContextKeys": ["aws:ebs:id"]} | dict(more)
        yield KmsCall(
            operation=found.operation,
            action="kms:Decrypt",
            actor=Actor.INFRASTRUCTURE,
            context=context,
        )


def _context(operation: str, action: str, key: str | None, region: str | None) -> dict[str, Any]:
    """Return the condition keys of a call that EC2 makes for a caller."""
    context: dict[str, Any] = _NO_VPC | _SYMMETRIC | _of_key(key, region)
    context |= {
        "kms:EncryptionContextKeys": ["aws:ebs:id"],
        "aws:ViaAWSService": "true",
    }
    if region and partition_of(region) not in ("aws-cn", None):  # not documented for aws-cn
        context["kms:ViaService"] = f"ec2.{region}.amazonaws.com"
    if operation in _OF_ANY_VOLUME:
        context[_EBS_ID] = Like("vol-*")
    else:
        context[_EBS_ID] = _SNAPSHOT if operation == "CopySnapshot" else _VOLUME
    if action in GRANT_ACTIONS:
        context["kms:GrantIsForAWSResource"] = "true"
        if operation in _ATTACHING:
            context["kms:GrantOperations"] = ["Decrypt"]
            context["kms:GrantConstraintType"] = "EncryptionContextSubset"
    return context


def _of_key(key: str | None, region: str | None) -> dict[str, Any]:
    arn = Arn.parse(key)
    context: dict[str, Any] = {}
    if arn:
        context["kms:MultiRegion"] = "true" if arn.name.startswith("mrk-") else "false"
    if region:
        context["aws:RequestedRegion"] = region
    return context
