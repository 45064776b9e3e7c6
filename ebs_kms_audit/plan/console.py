"""The way through the KMS console, and what to do when a change is made.

Sources: AWS KMS Developer Guide, "Changing a key policy", "Default key policy" (Key users, Other
AWS accounts); EBS User Guide, "How Amazon EBS encryption works"; EC2 Auto Scaling User Guide,
"Required KMS key policy for use with encrypted volumes".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ebs_kms_audit.aws.arns import Arn, owner_of
from ebs_kms_audit.aws.statements import GRANTS_SID, USAGE_SID
from ebs_kms_audit.model import Denial, PrincipalKind
from ebs_kms_audit.plan.key_group import KeyGroup
from ebs_kms_audit.plan.needs import WantedStatement, is_ebs, works_by_grant
from ebs_kms_audit.plan.routing import Part

_LISTED = 10


def key_policy_clicks(
    group: KeyGroup, parts: Sequence[Part], wanted: Sequence[WantedStatement]
) -> tuple[str, ...]:
    """Return the steps in the console; none for a service-linked role of another account."""
    if any(works_by_grant(denial) for part in parts for denial in part.denials.kinds):
        return ()
    return tuple(_clicks(group, parts, wanted))


def _clicks(
    group: KeyGroup, parts: Sequence[Part], wanted: Sequence[WantedStatement]
) -> Iterator[str]:
    region = group.region or "the Region of the key"
    key = group.key_id or "the key of the volume or snapshot"
    yield f"Open the KMS console in {region}, Customer managed keys, {key}."
    if {one.sid for one in wanted} != {USAGE_SID, GRANTS_SID}:
        yield (
            "Under Key policy choose Switch to policy view, Edit, and add the statements. Do not "
            "add the callers under Key users: that allows more actions."
        )
        return
    accounts = [_other_account(group, part) for part in parts]
    own = [part for part, other in zip(parts, accounts, strict=True) if not other]
    others = dict.fromkeys(filter(None, accounts))
    if own:
        names = list(dict.fromkeys(map(_name, own)))
        listed = ", ".join(names[:_LISTED])
        more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
        yield f"Under Key policy, Key users, choose Add: {listed}{more}."
    for account in others:
        yield (
            f"Under Other AWS accounts add {account}. This allows the whole account, which is "
            "wider than the statements here."
        )
    yield ("If there is no list of key users: Switch to policy view, Edit, add the statements.")


def _other_account(group: KeyGroup, part: Part) -> str | None:
    """Return the account of a caller who is not of the key's account."""
    key = Arn.parse(group.key)
    owner = owner_of(part.finding.principal.arn)
    return owner if key and owner != key.account else None


def _name(part: Part) -> str:
    principal = part.finding.principal
    name = (principal.arn or "").rpartition("/")[2]
    match principal.kind:
        case PrincipalKind.USER if name or principal.user_name:
            return f"the user {name or principal.user_name}"
        case PrincipalKind.ROLE | PrincipalKind.SERVICE_LINKED_ROLE if name or principal.role_name:
            return f"the role {name or principal.role_name}"
        case PrincipalKind.INSTANCE_ROLE:
            return "the role of the instance profile"
        case PrincipalKind.ROOT:
            return "the user or role that does the work instead of root"
    return f"the user or role of the session {principal.user_name or '(no name)'}"


def afterwards(denials: Sequence[Denial]) -> tuple[str, ...]:
    """Return what to do when the key policy is changed. `denials` are one of each kind or more."""
    return tuple(_afterwards(denials))


def _afterwards(denials: Sequence[Denial]) -> Iterator[str]:
    yield "A policy change takes effect within a few minutes."
    if not is_ebs(denials):
        yield "Make the denied call again."
        return
    names = {denial.event.name for denial in denials}
    if any(denial.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE for denial in denials):
        yield "Auto Scaling starts instances again by itself."
    if "GenerateDataKeyWithoutPlaintext" in names:
        yield "Create a volume again that EC2 deleted."
    yield "Attach the volume, or start the instance, again."
