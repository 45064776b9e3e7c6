"""`--principal` → who calls, and which IAM policies are known of them.

Sources: EC2 Auto Scaling User Guide, "Required AWS KMS key policy for use with encrypted volumes";
EC2 User Guide, "Service-linked role for EC2 Spot", "… for EC2 Fleet"; AWS Managed Policy Reference
(as of 2026-03), for the KMS actions that AWS's own policies have; Amazon EKS User Guide, "Amazon
EBS CSI driver" and "Encrypt EBS volumes in EKS Auto Mode"; EBS User Guide, "Data Lifecycle
Manager".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches

from ebs_kms_audit.aws.arns import Arn, is_iam_name
from ebs_kms_audit.aws.service_roles import service_role
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Evidence
from ebs_kms_audit.policy.caller import Caller, CallerKind

DEFAULT_OPERATIONS = ("CreateVolume", "AttachVolume", "CreateSnapshot", "CopySnapshot")
"""The operations that are checked for a principal that has no documented name."""

_NO_KMS = "AWS's policy for this role has no KMS action"
_NAME_THE_ROLE = (
    f"{_NO_KMS}, and no other policy can be attached to a service-linked role, so the key policy "
    "or a grant must allow it."
)
_IAM_OR_KEY = (
    f"{_NO_KMS}: the key policy must name the role, or the key policy allows the account and a "
    "policy that you attach to the role allows the actions."
)
_HAS_KMS = "AWS's policy for this role has KMS actions, which need a key policy that allows the"
_NO_PATH = (
    "AWS does not document the path of this role. Check its ARN: aws iam get-role --role-name"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedCaller:
    """A caller that AWS documents.

    name        what the user writes
    role        the role with its path; None where the customer makes the role, and gives its ARN
    operations  the EC2 operations that it usually makes with a key
    note        what AWS's own policy for the role allows, and what follows for the key policy
    aws_policy  whether AWS's own policy for the role has KMS actions
    documented  whether AWS documents the path of the role
    """

    name: str
    role: str | None
    operations: tuple[str, ...]
    note: str
    aws_policy: bool = False
    documented: bool = True


_SERVICE = "aws-service-role"
NAMED_CALLERS = {
    caller.name: caller
    for caller in (
        NamedCaller(
            name="autoscaling",
            role=f"{_SERVICE}/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
            operations=("RunInstances",),
            note=_NAME_THE_ROLE,
        ),
        NamedCaller(
            name="spot",
            role=f"{_SERVICE}/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
            operations=("RunInstances",),
            note=_NAME_THE_ROLE,
        ),
        NamedCaller(
            name="ec2-fleet",
            role=f"{_SERVICE}/ec2fleet.amazonaws.com/AWSServiceRoleForEC2Fleet",
            operations=("RunInstances",),
            note=f"{_NAME_THE_ROLE} {_NO_PATH} AWSServiceRoleForEC2Fleet.",
            documented=False,
        ),
        NamedCaller(
            name="backup",
            role="service-role/AWSBackupDefaultServiceRole",
            operations=("CreateSnapshot", "CopySnapshot", "CreateVolume"),
            note=f"{_HAS_KMS} account (partly through EC2 only). {_NO_PATH} "
            "AWSBackupDefaultServiceRole.",
            documented=False,
            aws_policy=True,
        ),
        NamedCaller(
            name="image-builder",
            role=f"{_SERVICE}/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder",
            operations=("RunInstances", "CreateSnapshot", "CopyImage"),
            note=f"{_HAS_KMS} account (partly through EC2 only).",
            aws_policy=True,
        ),
        NamedCaller(
            name="karpenter",
            role=None,
            operations=("RunInstances",),
            note=_IAM_OR_KEY,
        ),
        NamedCaller(
            name="ebs-csi",
            role=None,
            operations=("CreateVolume", "AttachVolume", "CreateSnapshot"),
            note=_IAM_OR_KEY,
        ),
        NamedCaller(
            name="dlm",
            role=None,
            operations=("CreateSnapshot", "CopySnapshot"),
            note=_IAM_OR_KEY,
        ),
        NamedCaller(
            name="eks-auto-mode",
            role=None,
            operations=("RunInstances", "CreateVolume", "AttachVolume"),
            note=f"{_HAS_KMS} account. The Amazon EKS User Guide names the cluster role in the "
            "usage and in the grants statement.",
            aws_policy=True,
        ),
    )
}
_SERVICE_LINKED_UNKNOWN = (
    "No policy can be attached to a service-linked role. What AWS's policy for this role allows "
    "is not known to this version."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedCaller:
    """A caller to check.

    given           as the user wrote it
    arn             the ARN of the user, role, session or account
    account         its account
    service_linked  whether it is a service-linked role
    operations      the operations that it usually makes; empty for one without a documented name
    note            what is known of its IAM policies; empty where nothing is
    aws_policy      whether AWS's own policy for it has, or may have, KMS actions
    named_as        the ARN that a key policy names: the role of a session; None where it is not
                    known
    evidence        given; inferred where `named_as` has a path that is not documented, or may have
                    one
    """

    given: str
    arn: str
    account: str
    service_linked: bool
    operations: tuple[str, ...]
    note: str
    aws_policy: bool
    named_as: str | None
    evidence: Evidence = Evidence.GIVEN


def read_caller(given: str, *, partition: str, account: str | None) -> CheckedCaller:
    """Read an ARN, a NAME, or NAME=ROLE_ARN. A NAME alone is a role of the key's account.

    Raises UsageError for a name that is not known, a name without its role, and a principal that
    cannot call KMS.
    """
    if given.startswith("arn:"):
        return _of_arn(given, given, None)
    name, equals, arn = given.partition("=")
    named = NAMED_CALLERS.get(name)
    if named is None:
        raise UsageError(_unknown(name), source="--principal")
    if equals:
        return _of_arn(given, arn, named)
    if named.role is None:
        raise UsageError(
            f"{name} needs the ARN of its role: {name}=arn:aws:iam::111122223333:role/NAME",
            source="--principal",
        )
    if account is None:
        raise UsageError(
            f"the account of {name} is not known: give the key policy as KEY_ARN=FILE, or give "
            "--account ID",
            source="--principal",
        )
    caller = _of_arn(given, f"arn:{partition}:iam::{account}:role/{named.role}", named)
    return caller if named.documented else replace(caller, evidence=Evidence.INFERRED)


def _of_arn(given: str, text: str, named: NamedCaller | None) -> CheckedCaller:
    arn = Arn.parse(text)
    if arn is None:
        raise UsageError(f"{text} is not an ARN", source="--principal")
    if "aws:ec2-infrastructure" in arn.resource:
        raise UsageError(
            "aws:ec2-infrastructure works through grants only. Check the principal that attaches "
            "the volume",
            source="--principal",
        )
    caller = Caller.of(text)
    if caller.account is None or caller.kind in (CallerKind.SERVICE, CallerKind.UNKNOWN):
        raise UsageError(f"{text} is not a user, role or account", source="--principal")
    _check_name(caller, text)
    linked = caller.service_linked
    if named:
        _check_role(named, caller, arn)
    note, aws_policy = (named.note, named.aws_policy) if named else ("", False)
    if named is None:
        documented = service_role(arn.name)
        if documented and not documented.kms_actions:
            note = _NAME_THE_ROLE if linked else _IAM_OR_KEY
        elif documented:
            note, aws_policy = f"{_HAS_KMS} account.", True
        elif linked:
            note, aws_policy = _SERVICE_LINKED_UNKNOWN, True
    return CheckedCaller(
        given=given,
        arn=text,
        account=caller.account,
        service_linked=linked,
        operations=named.operations if named else (),
        note=note,
        aws_policy=aws_policy,
        named_as=None if caller.kind is CallerKind.FEDERATED_USER else caller.arn,
        evidence=Evidence.GIVEN if caller.path_known else Evidence.INFERRED,
    )


def _check_name(caller: Caller, text: str) -> None:
    """Check that IAM accepts the name. Raises UsageError."""
    if caller.kind in (CallerKind.USER, CallerKind.ROLE) and not is_iam_name(caller.name):
        raise UsageError(f"{text}: IAM has no user or role of this name", source="--principal")


def _check_role(named: NamedCaller, caller: Caller, arn: Arn) -> None:
    """Check that an ARN can be the role of a documented caller. Raises UsageError."""
    if caller.kind is not CallerKind.ROLE or not caller.path_known:
        raise UsageError(f"{named.name} needs the ARN of a role, not {arn}", source="--principal")
    path = (named.role or "").rpartition("/")[0]
    if path.startswith(_SERVICE) and not arn.resource.startswith(f"role/{path}/"):
        raise UsageError(
            f"{arn} is not a service-linked role of {named.name}: its path is role/{path}/",
            source="--principal",
        )


def _unknown(name: str) -> str:
    if name.endswith(".amazonaws.com"):
        service = name.partition(".")[0]
        hint = f": write {service}" if service in NAMED_CALLERS else ""
        return (
            f"{name} is a service. A service uses the key of a volume as its role{hint}, or give "
            "the ARN of the role"
        )
    nearest = get_close_matches(name.lower(), NAMED_CALLERS, n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is not an ARN and not one of {', '.join(NAMED_CALLERS)}.{hint}"
