"""Repairs of statements that are there: near misses, and conditions that EC2's calls do not meet.

A near miss is repaired in place only if its statement names no other principal. A repair of a
condition applies to every principal of the statement, so the step that makes it is `review`.

Sources: AWS KMS Developer Guide, "AWS KMS condition keys" (kms:ViaService) and "AWS global
condition keys" (aws:SourceIp on calls that an AWS service makes); EBS User Guide, "Requirements for
Amazon EBS encryption" (the role aws:ec2-infrastructure, the encryption context aws:ebs:id).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.cause import CauseId
from ebs_kms_audit.diagnosis.near_misses import NearMiss, NearMissKind
from ebs_kms_audit.diagnosis.unmet import UnmetCondition
from ebs_kms_audit.model import Denial
from ebs_kms_audit.plan.change import Change, copy_of
from ebs_kms_audit.plan.routing import Part, may_be_exempted
from ebs_kms_audit.policy import KeyPolicy, Layer

_VIA_SERVICE, _VOLUME = "kms:viaservice", "kms:encryptioncontext:aws:ebs:id"
_SERVICE_NAME = re.compile(r"[a-z0-9-]+\.[a-z0-9*?-]+\.amazonaws\.com(?:\.cn)?")
# The other role is added instead: the one that is named may exist.
_NOT_IN_PLACE = frozenset({NearMissKind.ROLE_SUFFIX, NearMissKind.ACTION_MISSPELLED})
# The part can only mean the caller: role names are unique in an account, whatever their path.
_SURELY_THE_CALLER = frozenset(
    {NearMissKind.SESSION, NearMissKind.ROLE_PATH, NearMissKind.NAME_CASE}
)
# The part names something that can call KMS, so it can lose a permission.
_CAN_CALL = frozenset({NearMissKind.SESSION, NearMissKind.SERVICE_PRINCIPAL})


def repaired(policy: KeyPolicy, parts: Iterable[Part], key: str | None) -> Change:
    """Return the policy with the repairs that the causes of the parts call for.

    `parts` were judged by this policy. `key` is the ARN of the key, or None.
    """
    document = copy_of(policy.document)
    elements = document["Statement"]
    statements: list[Any] = elements if isinstance(elements, list) else [elements]
    replaced: list[str] = []
    remarks: list[str] = []
    conditions = False
    for part in parts:
        for near in part.finding.cause.near_misses:
            if near.alone and near.meant and near.kind not in _NOT_IN_PLACE:
                replaced += _repair_near_miss(statements[near.statement.index], near)
                if near.element == "Principal" and near.kind not in _SURELY_THE_CALLER:
                    remarks.append(f"The change replaces the principal {near.written}.")
        for unmet in part.finding.cause.unmet:
            statement = statements[unmet.statement.index]
            conditions |= _repair_condition(statement, unmet, part.denials[0], key)
        if part.cause.id is CauseId.EXPLICIT_DENY and may_be_exempted(
            part.finding, part.denials[0]
        ):
            for result in part.finding.cause.statements:
                if result.layer is Layer.KEY_POLICY:
                    conditions |= _exempt(statements[result.index], key)
    return Change(
        document=document,
        patch=tuple(_patch(policy.document["Statement"], elements)),
        replaced=tuple(dict.fromkeys(replaced)),
        remarks=tuple(dict.fromkeys(remarks)),
        conditions=conditions,
    )


def _repair_near_miss(statement: dict[str, Any], near: NearMiss) -> list[str]:
    """Repair one near miss; return the principals that are no longer named and cannot call."""
    if near.element == "Resource":
        statement["Resource"] = near.meant
    elif near.element == "Action":
        statement["Action"] = _with(statement["Action"], near.written, near.meant)
    elif near.element == "Principal" and isinstance(statement["Principal"], dict):
        statement["Principal"] = {"AWS": near.meant}
        return [] if near.kind in _CAN_CALL else [near.written]
    return []


def _with(value: Any, old: str, new: str | None) -> Any:
    if isinstance(value, list):
        return list(dict.fromkeys(new if one == old else one for one in value))
    return new if value == old else value


def _repair_condition(
    statement: dict[str, Any], unmet: UnmetCondition, denial: Denial, key: str | None
) -> bool:
    """Repair one line of a Condition; return whether anything changed."""
    operator, name = unmet.test.operator, unmet.test.key
    condition = statement["Condition"]
    if "not" in operator.lower():
        return False
    block = condition.get(operator)
    if not isinstance(block, dict) or name not in block:
        return False
    if name.lower() == _VIA_SERVICE:
        needed = _via_service(denial, key)
        if needed is None or needed in unmet.test.required:
            return False
        kept = [one for one in unmet.test.required if _SERVICE_NAME.fullmatch(one)]
        block[name] = [*kept, needed] if kept else needed
        return True
    if name.lower() == _VOLUME:
        del block[name]
        if not block:
            del condition[operator]
        condition.setdefault("StringLike", {})[name] = ["vol-*", "snap-*"]
        return True
    return False


def _via_service(denial: Denial, key: str | None) -> str | None:
    """Return the value of kms:ViaService in a call that a service makes for the caller."""
    arn = Arn.parse(key)
    region = arn.region if arn else denial.event.region
    if not region or not denial.via_service:
        return None
    service = "ec2" if denial.ebs_traffic else denial.via_service.partition(".")[0]
    found = f"{service}.{region}.amazonaws.com"
    return found if _SERVICE_NAME.fullmatch(found) else None


def _exempt(statement: dict[str, Any], key: str | None) -> bool:
    """Limit a Deny by network to calls that no AWS service makes; return whether it changed.

    Such calls come from the network of the service: those that EC2 makes for the caller, and the
    Decrypt of the instance's own role.
    """
    arn = Arn.parse(key)
    condition = statement["Condition"]
    names = {name.lower() for block in condition.values() for name in block}
    changed = False
    if "aws:viaawsservice" not in names:
        condition.setdefault("Bool", {})["aws:ViaAWSService"] = "false"
        changed = True
    if "aws:principalarn" not in names:
        partition, account = (arn.partition, arn.account) if arn else ("aws", "*")
        role = f"arn:{partition}:iam::{account}:role/aws:ec2-infrastructure/*"
        condition.setdefault("ArnNotLike", {})["aws:PrincipalArn"] = role
        changed = True
    return changed


def _patch(old: Any, new: Any) -> Iterator[dict[str, Any]]:
    """Give a `replace` operation for each element of a statement that changed."""
    whole = isinstance(new, list)
    before: Sequence[Any] = old if whole else [old]
    after: Sequence[Any] = new if whole else [new]
    for at, (one, other) in enumerate(zip(before, after, strict=True)):
        if one == other:
            continue
        where = f"/Statement/{at}" if whole else "/Statement"
        for name, value in other.items():
            if one.get(name) != value:
                path = f"{where}/{name}"
                yield {"op": "replace", "path": path, "value": copy_of(value)}
