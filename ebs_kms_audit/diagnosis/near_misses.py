"""Parts of a key policy that nearly name the caller or the action, and why they do not count.

Sources: IAM User Guide, "AWS JSON policy elements: Principal" and "IAM identifiers"; AWS KMS
Developer Guide, "Key policies in AWS KMS"; EC2 Auto Scaling User Guide, "Required KMS key policy
for use with encrypted volumes" (full ARN of the service-linked role).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import is_known_kms_action, nearest_kms_action
from ebs_kms_audit.model import Denial, Principal, PrincipalKind
from ebs_kms_audit.policy import (
    Decision,
    KeyPolicy,
    Layer,
    PolicyPrincipal,
    PrincipalForm,
    Statement,
    StatementResult,
)
from ebs_kms_audit.policy.wildcards import matches, pattern_of


class NearMissKind(StrEnum):
    """Why a part of a statement does not count."""

    ACTION_WITHOUT_WILDCARD = "action_without_wildcard"
    """`kms:GenerateDataKey` or `kms:ReEncrypt`, where the caller needs the form with `*`."""
    ACTION_WITHOUT_SERVICE = "action_without_service"
    """`Decrypt` instead of `kms:Decrypt`."""
    ACTION_MISSPELLED = "action_misspelled"
    ROLE_PATH = "role_path"
    """The path of the user or role is missing or is another one."""
    ROLE_SUFFIX = "role_suffix"
    """A service-linked role with another custom suffix, or without one."""
    NAME_CASE = "name_case"
    """The name differs in upper and lower case only."""
    SESSION = "session"
    """A session of the role instead of the role."""
    SERVICE_PRINCIPAL = "service_principal"
    """The service instead of its service-linked role."""
    INSTANCE_PROFILE = "instance_profile"
    WILDCARD = "wildcard"
    """A principal with `*`, which a Principal element does not take."""
    PARTITION = "partition"
    """The right user or role in another partition (`arn:aws:` in China or GovCloud)."""
    DELETED_PRINCIPAL = "deleted_principal"
    """The unique id of a deleted user or role."""
    RESOURCE = "resource"
    """The Resource is an alias or another key: in a key policy it is `*`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NearMiss:
    """A part of a statement that nearly names the caller or the action.

    kind       why it does not count
    statement  the statement
    element    the element of the statement: Principal, Action or Resource
    written    the part as written in the policy
    meant      what would count instead; None where it is not known
    alone      whether the statement names no other principal, so that the part can be changed in
               place
    """

    kind: NearMissKind
    statement: StatementResult
    element: str
    written: str
    meant: str | None
    alone: bool


def near_misses(
    policy: KeyPolicy, denials: Sequence[Denial], decisions: Sequence[Decision]
) -> tuple[NearMiss, ...]:
    """Return the near misses of a key policy for denials of one caller.

    `decisions` are those of the policy on the denials, in the same order.
    """
    found: dict[object, NearMiss] = {}
    for denial, decision in zip(denials, decisions, strict=True):
        of_key = [one for one in decision.statements if one.layer is Layer.KEY_POLICY]
        for statement, result in zip(policy.statements, of_key, strict=True):
            if statement.allows and not result.matched and statement.principals:
                for one in _of_statement(statement, result, denial, decision):
                    found.setdefault((one.kind, result.index, one.written), one)
    return tuple(found.values())


def _of_statement(
    statement: Statement, result: StatementResult, denial: Denial, decision: Decision
) -> Iterator[NearMiss]:
    assert statement.principals is not None
    entries = statement.principals.entries
    alone = len(entries) == 1 and not statement.principals.negated
    action = decision.request.action
    if result.principal.matched:
        if result.action.matched is False:
            for kind, written, meant in _of_actions(statement, action):
                yield NearMiss(
                    kind=kind, statement=result, element="Action",
                    written=written, meant=meant, alone=alone,
                )  # fmt: skip
        elif result.resource.matched is False and statement.resources:
            for written in statement.resources.values:
                yield NearMiss(
                    kind=NearMissKind.RESOURCE, statement=result, element="Resource",
                    written=written, meant="*", alone=alone,
                )  # fmt: skip
        return
    if not (result.action.matched or any(_of_actions(statement, action))):
        return
    part = _part_of_name(denial.principal)
    for entry in entries:
        if entry.form in _BY_NAME and (part is None or part not in entry.text.lower()):
            continue
        named = None if statement.principals.negated else _kind_of(entry, denial.principal)
        if named is not None:
            yield NearMiss(
                kind=named, statement=result, element="Principal",
                written=entry.text, meant=denial.principal.arn, alone=alone,
            )  # fmt: skip


def _of_actions(statement: Statement, action: str) -> Iterator[tuple[NearMissKind, str, str]]:
    """Yield the action patterns that nearly cover an action: kind, as written, and as meant."""
    wanted = action.lower()
    if statement.actions is None or statement.actions.negated:
        return
    for written in statement.actions.values:
        pattern = written.lower()
        if ":" not in pattern:
            if pattern != "*" and matches(pattern_of(f"kms:{pattern}"), wanted):
                yield NearMissKind.ACTION_WITHOUT_SERVICE, written, f"kms:{written}"
        elif wanted != pattern and wanted.startswith(pattern):
            yield NearMissKind.ACTION_WITHOUT_WILDCARD, written, f"{written}*"
        elif (
            "*" not in pattern
            and not is_known_kms_action(pattern)
            and (nearest_kms_action(pattern) or "").lower() == wanted
        ):
            yield NearMissKind.ACTION_MISSPELLED, written, action


_BY_NAME = frozenset({PrincipalForm.ROLE, PrincipalForm.USER, PrincipalForm.ROLE_SESSION})


def _part_of_name(principal: Principal) -> str | None:
    """Return a text that each entry with a similar name holds: the name without its suffix."""
    name = (principal.arn or "").rpartition("/")[2] or principal.role_name
    return name.partition("_")[0].lower() if name else None


def _kind_of(entry: PolicyPrincipal, principal: Principal) -> NearMissKind | None:
    """Return why an entry of a Principal element nearly names a caller; None where it does not."""
    caller = Arn.parse(principal.arn)
    name = caller.name if caller else principal.role_name
    if entry.form is PrincipalForm.DELETED:
        return NearMissKind.DELETED_PRINCIPAL
    if entry.form is PrincipalForm.SERVICE:
        return NearMissKind.SERVICE_PRINCIPAL if _is_service_of(entry.text, caller) else None
    if name is None:
        return None
    named = entry.arn or Arn.parse(entry.text)
    if named is None or (caller and named.account != caller.account):
        return None
    if entry.form is PrincipalForm.INVALID:
        if named.resource_type == "instance-profile" and named.name == name:
            return NearMissKind.INSTANCE_PROFILE
        wild = "*" in entry.text or "?" in entry.text
        covers = wild and caller and matches(pattern_of(entry.text), str(caller))
        return NearMissKind.WILDCARD if covers else None
    if entry.form is PrincipalForm.ROLE_SESSION:
        is_role = caller is None or caller.resource_type == "role"
        return NearMissKind.SESSION if is_role and named.resource.split("/")[1] == name else None
    if entry.form not in (PrincipalForm.ROLE, PrincipalForm.USER):
        return None
    if caller is None or caller.resource_type != named.resource_type:
        return None
    return _difference(named, caller, linked=principal.kind is PrincipalKind.SERVICE_LINKED_ROLE)


def _difference(named: Arn, caller: Arn, *, linked: bool) -> NearMissKind | None:
    """Return how the ARN of a user or role differs from that of the caller."""
    if named.resource == caller.resource:
        return NearMissKind.PARTITION if named.partition != caller.partition else None
    if named.name == caller.name:
        return NearMissKind.ROLE_PATH
    if named.resource.lower() == caller.resource.lower():
        return NearMissKind.NAME_CASE
    if linked and named.name.partition("_")[0] == caller.name.partition("_")[0]:
        return NearMissKind.ROLE_SUFFIX
    return None


def _is_service_of(service: str, caller: Arn | None) -> bool:
    """Return whether a service principal is the service of a service-linked role, or EC2."""
    if caller is None:
        return False
    return service.startswith("ec2.") or f"aws-service-role/{service}/" in caller.resource
