"""What is judged: one request to KMS, given as such or taken from a Denial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ebs_kms_audit.aws.arns import partition_of
from ebs_kms_audit.aws.callers import is_instance_id
from ebs_kms_audit.aws.kms_actions import is_kms_action
from ebs_kms_audit.aws.statements import GRANT_ACTIONS
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Denial, Evidence, PrincipalKind
from ebs_kms_audit.policy.caller import Caller, CallerKind
from ebs_kms_audit.policy.context import Like

# Kinds of principals that are sessions of a role. The ARN of the role may be unknown.
_ROLES = frozenset(
    {PrincipalKind.ROLE, PrincipalKind.SERVICE_LINKED_ROLE, PrincipalKind.INSTANCE_ROLE}
)

# For these kinds `arn` is the ARN that a policy names, not the ARN of the caller.
_NAMED_FOR_OTHERS = frozenset({PrincipalKind.ACCOUNT, PrincipalKind.FEDERATED_USER})

# Callers for whom no service forwards a request.
_NOT_FORWARDED = frozenset({PrincipalKind.INFRASTRUCTURE, PrincipalKind.SERVICE})

# What a call that no AWS service makes for somebody does not carry.
_DIRECT_CALL: dict[str, Any] = {
    "kms:GrantIsForAWSResource": "false",
    "kms:ViaService": None,
    "aws:ViaAWSService": "false",
    "aws:CalledVia": None,
    "aws:CalledViaFirst": None,
    "aws:CalledViaLast": None,
}
_FOR_AWS_RESOURCE = {"kms:GrantIsForAWSResource": "true"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request to KMS: the caller, the action and the key.

    `principal` is the ARN of the caller as a policy or as CloudTrail writes it: a user, a role, an
    assumed-role session, a federated user, `arn:…:root` for the root user, or the name of an AWS
    service (`ec2.amazonaws.com`). It is None if the ARN is unknown. Then `account` is the account
    of the caller, and `session_name` the session of a role, as far as they are known. A caller
    without an ARN is assumed not to be the root user, because CloudTrail names the root user.

    `resource` is the ARN of the key, None where it is not known. `context` holds condition keys;
    a value is a string, a number, a boolean, `Like` for a value that is known in part, a list of
    those, or None for a key that is absent.
    A key that is not in it is unknown, or with `context_complete` absent. What follows from the
    principal (aws:PrincipalArn, aws:PrincipalAccount, kms:CallerAccount, …) need not be given.
    """

    principal: str | None
    action: str
    resource: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    context_complete: bool = False
    session_name: str | None = None
    account: str | None = None

    def __post_init__(self) -> None:
        """Check the action. Raises UsageError for one that is not `kms:` and an operation."""
        if not is_kms_action(self.action):
            raise UsageError(
                f"action {self.action!r}: Not an action of KMS. Write the service prefix and the "
                "operation, for example kms:Decrypt."
            )

    def caller(self) -> Caller:
        """Return who asks. Raises UsageError where `principal` names no possible caller."""
        return Caller.of(self.principal, account=self.account, session=self.session_name)


def requests_of(denial: Denial) -> tuple[Request, ...]:
    """Return the requests behind a denial: one for each IAM action that its call needs."""
    principal = denial.principal
    named = principal.kind not in _NAMED_FOR_OTHERS
    arn = (principal.arn if named else None) or _infrastructure_arn(denial)
    return tuple(
        Request(
            principal=arn,
            action=action,
            resource=denial.key.arn,
            context=_context(denial, action),
            session_name=principal.session_name,
            # A row that names nobody may be that of a caller from another account.
            account=denial.event.account if principal.user_name else None,
        )
        for action in denial.iam_actions
        if is_kms_action(action)
    )


def caller_of(denial: Denial) -> Caller:
    """Return who asks, with what a denial knows beyond the principal's ARN."""
    requests = requests_of(denial)
    if not requests:
        return Caller(kind=CallerKind.UNKNOWN)
    request = requests[0]
    try:
        kind, caller = denial.principal.kind, request.caller()
    except UsageError:  # an ARN of a log that no principal has: it stays undecided by itself
        return Caller(kind=CallerKind.UNKNOWN, account=request.account)
    if caller.kind is CallerKind.UNKNOWN:
        if kind is PrincipalKind.SERVICE:
            return Caller(kind=CallerKind.SERVICE)
        if kind in _ROLES:
            return Caller(
                kind=CallerKind.ROLE, account=caller.account, session=request.session_name
            )
        if kind is PrincipalKind.USER:
            return Caller(
                kind=CallerKind.USER, account=caller.account, name=denial.principal.user_name
            )
    elif denial.principal.evidence is Evidence.INFERRED and caller.kind is CallerKind.USER:
        # The ARN of a user known from a row alone assumes that the user has no path.
        return Caller(
            kind=CallerKind.USER,
            account=caller.account,
            partition=caller.partition,
            name=caller.name,
            arn=caller.arn,
            path_known=False,
        )
    return caller


def _context(denial: Denial, action: str) -> dict[str, Any]:
    """Return what the row shows of the condition keys.

    Source: AWS KMS Developer Guide, "AWS KMS condition keys" (kms:ViaService names the service and
    the Region of the key; kms:GrantIsForAWSResource); EBS User Guide, "How Amazon EBS encryption
    works" (EC2 forwards the caller's request).
    """
    if denial.called_directly:
        return dict(_DIRECT_CALL)
    context: dict[str, Any] = {}
    if denial.ebs_traffic and action in GRANT_ACTIONS:
        context |= _FOR_AWS_RESOURCE
    service, region = denial.via_service, denial.event.region
    if service and region and denial.principal.kind not in _NOT_FORWARDED:
        context["kms:ViaService"] = _via_service(service, region)
    return context


def _via_service(source: str, region: str) -> str | Like:
    """Return kms:ViaService for a call that a service forwards, as far as it is known.

    AWS documents the suffix `amazonaws.com`; whether it is another one in China is not documented.
    """
    known_suffix = partition_of(region) in ("aws", "aws-us-gov")
    if source.startswith("ec2") and known_suffix:
        return f"ec2.{region}.amazonaws.com"
    return Like(f"{'ec2' if source.startswith('ec2') else '*'}.{region}.*")


def _infrastructure_arn(denial: Denial) -> str | None:
    """Return the session ARN of an instance's identity-only role."""
    principal, account = denial.principal, denial.event.account
    partition = partition_of(denial.event.region)
    name = principal.user_name
    known = partition and account and is_instance_id(name)
    if principal.kind is not PrincipalKind.INFRASTRUCTURE or not known:
        return None
    return f"arn:{partition}:sts::{account}:assumed-role/aws:ec2-infrastructure/{name}"
