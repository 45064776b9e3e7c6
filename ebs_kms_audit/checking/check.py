"""check(): whether a key policy will let principals use the key for EBS."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ebs_kms_audit.aws.arns import Arn, partition_of
from ebs_kms_audit.checking.callers import DEFAULT_OPERATIONS, CheckedCaller, read_caller
from ebs_kms_audit.checking.calls import INSTANCE, Actor, KmsCall, calls_of
from ebs_kms_audit.checking.other_policies import OtherPolicies
from ebs_kms_audit.checking.outcome import Outcome
from ebs_kms_audit.checking.policy_file import PolicyInFile, read_policy_file
from ebs_kms_audit.checking.reason import reason, through_grant
from ebs_kms_audit.checking.result import (
    CheckedCall,
    CheckedPolicy,
    CheckedPrincipal,
    CheckReport,
)
from ebs_kms_audit.checking.templates import UNKNOWN, Deployment
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.plan.step import Step
from ebs_kms_audit.policy import Decision, KeyPolicy, Request, evaluate
from ebs_kms_audit.policy.context import Like
from ebs_kms_audit.policy.kms_rules import owner_of
from ebs_kms_audit.reading.key_policies import GivenPolicy


def check(
    policy: Any,
    principals: str | Iterable[str],
    operation: str | Iterable[str] | None = None,
    *,
    key: str | None = None,
    region: str | None = None,
    account: str | None = None,
    identity_policies: Any = None,
    permissions_boundary: Any = None,
    session_policy: Any = None,
    service_control_policies: Any = None,
    resource_control_policies: Any = None,
    context: Mapping[str, Any] | None = None,
) -> CheckReport:
    """Say whether a key policy lets principals use the key for EBS, before anything fails.

    policy       a key policy (dict or KeyPolicy), or a file: a policy, the output of
                 `terraform show -json`, or a CloudFormation template in JSON
    principals   one or several of: an ARN of a user, role or account; a name of a documented
                 role of the key's account (autoscaling, spot, ec2-fleet, backup, image-builder);
                 NAME=ROLE_ARN (also karpenter, ebs-csi, dlm, eks-auto-mode)
    operation    EC2 operations; without it the usual ones of a named principal, and
                 CreateVolume, AttachVolume, CreateSnapshot and CopySnapshot of an ARN
    key          the ARN of the key
    region       the AWS Region of the key, where its ARN is not given
    account      the account of the key, 12 digits, where its ARN is not given
    context      condition keys of the requests, beside those that AWS documents

    The other policies are as in `evaluate`; `identity_policies` may be a mapping of ARN to
    policies. What is not given is not known. Grants are not judged.

    Raises InputError for a file that cannot be read, PolicyError for a document that is not a
    policy, and UsageError for a principal or an operation that is not known.
    """
    others = OtherPolicies.of(
        identity_policies,
        permissions_boundary=permissions_boundary,
        session_policy=session_policy,
        service_control_policies=service_control_policies,
        resource_control_policies=resource_control_policies,
    )
    names = [principals] if isinstance(principals, str) else list(principals)
    operations = [operation] if isinstance(operation, str) else list(operation or ())
    if not names:
        raise UsageError("give at least one principal", source="--principal")
    known = _deployment(key, region, account, names)
    read, not_checked = _policies(policy, known, key)
    return CheckReport(
        policies=tuple(
            _checked(
                one, names, operations, _Key.of(one, key, region, account), others, context or {}
            )
            for one in read
        ),
        not_checked=not_checked,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Key:
    """What is known of the key of a policy."""

    arn: str | None
    account: str | None
    region: str | None
    partition: str

    @classmethod
    def of(
        cls,
        policy: PolicyInFile | KeyPolicy,
        key: str | None,
        region: str | None,
        account: str | None,
    ) -> _Key:
        if isinstance(policy, PolicyInFile):
            key, document = policy.key or key, policy.policy
        else:
            document = policy
        arn = Arn.parse(key)
        region = arn.region if arn else region
        return cls(
            arn=key,
            account=(arn.account if arn else account) or owner_of(document),
            region=region,
            partition=(arn.partition if arn else None) or partition_of(region) or "aws",
        )


def _deployment(
    key: str | None, region: str | None, account: str | None, principals: Sequence[str]
) -> Deployment:
    """Say where a template is deployed: as given, else in the account of the first principal."""
    arn = Arn.parse(key)
    if key is not None and (arn is None or arn.service != "kms" or arn.resource_type != "key"):
        raise UsageError(
            f"{key} is not the ARN of a key (arn:aws:kms:us-east-1:111122223333:key/…)",
            source="--key-policy",
        )
    for name, given, known in (
        ("--region", region, arn and arn.region),
        ("--account", account, arn and arn.account),
    ):
        if given and known and given != known:
            raise UsageError(f"{given} differs from the ARN of the key ({known})", source=name)
    found = [Arn.parse(one[max(one.find("arn:"), 0) :]) for one in principals]
    accounts = [one.account for one in found if one]
    return Deployment(
        account=(arn.account if arn else account) or next(iter(accounts), UNKNOWN.account),
        region=(arn.region if arn else region) or UNKNOWN.region,
    )


def _policies(
    given: Any, deployment: Deployment, key: str | None
) -> tuple[tuple[PolicyInFile | KeyPolicy, ...], tuple[str, ...]]:
    if isinstance(given, KeyPolicy):
        return (given,), ()
    if isinstance(given, Mapping):
        return (KeyPolicy.from_dict(dict(given)),), ()
    if not isinstance(given, str | os.PathLike):
        raise UsageError(
            f"a key policy cannot be read from an object of type {type(given).__name__}",
            source="policy",
        )
    file = read_policy_file(given, deployment)
    if key is not None and len(file.policies) + len(file.unknown) > 1:
        raise UsageError(
            f"{file.file} has several key policies, so that KEY_ARN= does not say which one it is",
            source="--key-policy",
        )
    return file.policies, file.not_checked


def _checked(
    read: PolicyInFile | KeyPolicy,
    names: Sequence[str],
    operations: Sequence[str],
    key: _Key,
    others: OtherPolicies,
    context: Mapping[str, Any],
) -> CheckedPolicy:
    in_file = read if isinstance(read, PolicyInFile) else None
    policy = in_file.policy if in_file else read
    assert isinstance(policy, KeyPolicy)
    callers = [read_caller(name, partition=key.partition, account=key.account) for name in names]
    others.check_used(callers)
    calls = [tuple(_calls(policy, one, operations, key, others, context)) for one in callers]
    name = in_file.file if in_file else "key policy"
    address = in_file.address if in_file else None
    return CheckedPolicy(
        name=name,
        address=address,
        key=key.arn,
        region=key.region,
        policy=policy,
        principals=tuple(
            CheckedPrincipal(
                given=caller.given,
                arn=caller.arn,
                note=caller.note,
                calls=some,
            )
            for caller, some in zip(callers, calls, strict=True)
        ),
        plan=_plan(name, address, key, policy, others, list(zip(callers, calls, strict=True))),
        source=in_file,
    )


def _plan(
    name: str,
    address: str | None,
    key: _Key,
    policy: KeyPolicy,
    others: OtherPolicies,
    calls: Sequence[tuple[CheckedCaller, tuple[CheckedCall, ...]]],
) -> tuple[Step, ...]:
    """Return the steps for the denied calls; what makes them is imported only if there are any."""
    if not any(call.outcome is Outcome.DENIED for _, some in calls for call in some):
        return ()
    from ebs_kms_audit.checking.missing_change import missing_change

    given = GivenPolicy(name=name, key=key.arn, policy=policy)
    return missing_change(given, address, key.region, others, calls)


def _calls(
    policy: KeyPolicy,
    caller: CheckedCaller,
    operations: Sequence[str],
    key: _Key,
    others: OtherPolicies,
    context: Mapping[str, Any],
) -> Iterator[CheckedCall]:
    for operation in operations or caller.operations or DEFAULT_OPERATIONS:
        for call in calls_of(
            operation,
            key=key.arn,
            region=key.region,
            more=context,
        ):
            if call.actor is Actor.CALLER:
                yield _by_caller(policy, caller, call, key, others)
            else:
                yield _by_grant(policy, caller, call, key, others)


def _by_caller(
    policy: KeyPolicy, caller: CheckedCaller, call: KmsCall, key: _Key, others: OtherPolicies
) -> CheckedCall:
    request = Request(
        principal=caller.arn, action=call.action, resource=_resource(key), context=call.context
    )
    decision = evaluate(request, policy, **others.for_caller(caller))
    return _judged(call, caller.arn, decision, reason(decision, caller))


def _by_grant(
    policy: KeyPolicy, caller: CheckedCaller, call: KmsCall, key: _Key, others: OtherPolicies
) -> CheckedCall:
    """Judge a call through a grant: as if a statement allowed what the grant allows."""
    arn = Arn.parse(caller.arn)
    assert arn is not None
    role = f"role/aws:ec2-infrastructure/{INSTANCE}"
    session = (
        f"arn:{arn.partition}:sts::{arn.account}:assumed-role/aws:ec2-infrastructure/{INSTANCE}"
    )
    request = Request(
        principal=session,
        action=call.action,
        resource=_resource(key),
        context={"aws:PrincipalArn": f"arn:{arn.partition}:iam::{arn.account}:{role}"}
        | dict(call.context),
    )
    statements = policy.document["Statement"]
    grant = {
        "Effect": "Allow",
        "Principal": {"AWS": session},
        "Action": call.action,
        "Resource": "*",
    }
    granted = KeyPolicy.from_dict(
        dict(policy.document)
        | {"Statement": [*(statements if isinstance(statements, list) else [statements]), grant]}
    )
    decision = evaluate(
        request, granted, identity_policies=grant_as_iam(call), **others.of_organization
    )
    return _judged(call, session, decision, through_grant(decision), granted=True)


def grant_as_iam(call: KmsCall) -> dict[str, Any]:
    """Return an IAM policy that allows a call: across accounts a grant needs no other half."""
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": call.action, "Resource": "*"},
    }


def _resource(key: _Key) -> str | None:
    """Return the ARN of the key; of one that is known by its account only, one in its place."""
    if key.arn or not key.account:
        return key.arn
    region = key.region or "us-east-1"
    return (
        f"arn:{key.partition}:kms:{region}:{key.account}:key/00000000-0000-0000-0000-000000000000"
    )


def _judged(
    call: KmsCall, principal: str, decision: Decision, why: str, *, granted: bool = False
) -> CheckedCall:
    outcomes = {True: Outcome.ALLOWED, False: Outcome.DENIED, None: Outcome.UNDECIDED}
    allowed = granted and decision.allowed
    return CheckedCall(
        operation=call.operation,
        action=call.action,
        actor=call.actor,
        principal=principal,
        conditions={
            key: value.pattern if isinstance(value, Like) else value
            for key, value in call.context.items()
        },
        outcome=outcomes[decision.allowed],
        why=why,
        decided_by=() if allowed else decision.decided_by,
        decision=decision,
    )
