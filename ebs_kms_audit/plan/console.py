"""The way through the KMS console, and what to do when a change is made.

Sources: AWS KMS Developer Guide, "Changing a key policy", "Default key policy" (Key users, Other
AWS accounts); EBS User Guide, "How Amazon EBS encryption works"; EC2 Auto Scaling User Guide,
"Required KMS key policy for use with encrypted volumes".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ebs_kms_audit.aws.arns import Arn, owner_of
from ebs_kms_audit.aws.statements import GRANTS_SID, USAGE_SID
from ebs_kms_audit.model import Denial, Principal, PrincipalKind
from ebs_kms_audit.plan.doubts import listed
from ebs_kms_audit.plan.key_group import KeyGroup
from ebs_kms_audit.plan.needs import WantedStatement, is_ebs, works_by_grant
from ebs_kms_audit.plan.routing import Part


class _Kind(NamedTuple):
    """How callers of one kind are named, and the maximum number of names."""

    one: str
    several: str
    most: int


_USER = _Kind("the user", "the users", 10)
_ROLE = _Kind("the role", "the roles", 10)
_ROOT = _Kind("the user or role that does the work instead of root", "", 1)
_INSTANCE = _Kind("the role of the instance", "the roles of the instances", 3)
_SESSION = _Kind("the user or role of the session", "the users or roles of the sessions", 3)


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
        yield f"Under Key policy, Key users, choose Add: {', '.join(_names(own))}."
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


def _names(parts: Iterable[Part]) -> Iterator[str]:
    """Give the callers to add, those of a kind together."""
    kinds: dict[_Kind, dict[str, None]] = {}
    for part in parts:
        kind, name = _kind_and_name(part.finding.principal)
        kinds.setdefault(kind, {})[name] = None
    for kind, names in kinds.items():
        words = kind.one if len(names) == 1 else kind.several
        yield f"{words} {listed(sorted(names), kind.most)}".strip()


def _kind_and_name(principal: Principal) -> tuple[_Kind, str]:
    name = (principal.arn or "").rpartition("/")[2]
    match principal.kind:
        case PrincipalKind.USER if user := name or principal.user_name:
            return _USER, user
        case PrincipalKind.ROLE | PrincipalKind.SERVICE_LINKED_ROLE if role := (
            name or principal.role_name
        ):
            return _ROLE, role
        case PrincipalKind.INSTANCE_ROLE:
            return _INSTANCE, principal.user_name or "(no name)"
        case PrincipalKind.ROOT:
            return _ROOT, ""
    return _SESSION, principal.user_name or "(no name)"


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
