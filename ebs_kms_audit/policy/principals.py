"""Principals as a key policy names them.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "… NotPrincipal"; AWS KMS
Developer Guide, "Key policies in AWS KMS" (elements in a key policy).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ebs_kms_audit.aws.arns import Arn, is_account_id

_UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,127}")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.[a-z.]+")


class PrincipalForm(StrEnum):
    """What an entry of a Principal or NotPrincipal element names."""

    ANYONE = "anyone"
    """`*`, plain or under AWS."""
    ACCOUNT = "account"
    """An account id or `arn:…:iam::ACCOUNT:root`: every principal of the account."""
    USER = "user"
    ROLE = "role"
    """Every session of the role."""
    ROLE_SESSION = "role_session"
    FEDERATED_USER = "federated_user"
    SERVICE = "service"
    IDENTITY_PROVIDER = "identity_provider"
    """Under Federated: the sessions that came through a SAML or web identity provider."""
    CANONICAL_USER = "canonical_user"
    DELETED = "deleted"
    """The unique id (AIDA…, AROA…) of a deleted user or role: covers nobody."""
    INVALID = "invalid"
    """An entry that AWS rejects: covers nobody. `problem` says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyPrincipal:
    """One entry of a Principal or NotPrincipal element.

    `type` is AWS, Service, Federated, CanonicalUser, or `*` for the bare `"Principal": "*"`;
    `text` is the entry as written; `json_path` says where. `account` and `arn` are None where the
    form has none.
    """

    form: PrincipalForm
    type: str
    text: str
    json_path: str
    account: str | None = None
    arn: Arn | None = None
    problem: str | None = None


def read_principal(type_: str, entry: object, json_path: str) -> PolicyPrincipal:
    """Return what one entry of a Principal element names; one that AWS would reject is INVALID."""

    def named(
        form: PrincipalForm,
        *,
        account: str | None = None,
        arn: Arn | None = None,
        problem: str | None = None,
    ) -> PolicyPrincipal:
        return PolicyPrincipal(
            form=form,
            type=type_,
            text=entry if isinstance(entry, str) else f"({type(entry).__name__})",
            json_path=json_path,
            account=account,
            arn=arn,
            problem=problem,
        )

    def invalid(problem: str) -> PolicyPrincipal:
        return named(PrincipalForm.INVALID, problem=problem)

    if not isinstance(entry, str):
        return invalid("a principal must be a string")
    match type_:
        case "AWS" | "*" if entry == "*":
            return named(PrincipalForm.ANYONE)
        case "*":
            return invalid('the only principal without a type is "*"')
        case _ if "*" in entry or "?" in entry:
            return invalid("the only wildcard that a principal can be is *")
        case "Service":
            if not _SERVICE.fullmatch(entry):
                return invalid("not the name of an AWS service (ec2.amazonaws.com)")
            return named(PrincipalForm.SERVICE)
        case "Federated":
            return named(PrincipalForm.IDENTITY_PROVIDER)
        case "CanonicalUser":
            return named(PrincipalForm.CANONICAL_USER)
        case "AWS":
            pass
        case _:
            return invalid("the types are AWS, Service, Federated and CanonicalUser")

    if is_account_id(entry):
        return named(PrincipalForm.ACCOUNT, account=entry)
    arn = Arn.parse(entry)
    if arn is None:
        if _UNIQUE_ID.fullmatch(entry):
            return named(
                PrincipalForm.DELETED, problem="the user or role with this unique id was deleted"
            )
        return invalid("neither an ARN nor an account id")
    form = _form_of(arn)
    if form is None:
        return invalid(
            "a group cannot be a principal"
            if arn.resource.startswith("group/")
            else "no user, role, session or account has such an ARN"
        )
    return named(form, account=arn.account, arn=arn)


def _form_of(arn: Arn) -> PrincipalForm | None:
    """Return which kind of principal an ARN is; None where it is none."""
    if arn.region or not is_account_id(arn.account):
        return None
    parts = arn.resource.split("/")
    match arn.service, parts[0], len(parts):
        case "iam", "root", 1:
            return PrincipalForm.ACCOUNT
        case "iam", "user", count if count > 1 and parts[-1]:
            return PrincipalForm.USER
        case "iam", "role", count if count > 1 and parts[-1]:
            return PrincipalForm.ROLE
        case "sts", "assumed-role", 3 if parts[1] and parts[2]:
            return PrincipalForm.ROLE_SESSION
        case "sts", "federated-user", 2 if parts[1]:
            return PrincipalForm.FEDERATED_USER
    return None
