"""The caller of an event, from the userIdentity of its CloudTrail record.

A policy names a role, not its sessions. The ARN of the role, with its path, is in the sessionIssuer
element of the record.

Source: CloudTrail User Guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ebs_kms_audit.aws.arns import Arn, is_account_id, partition_of
from ebs_kms_audit.identify.overrides import kind_of
from ebs_kms_audit.model import Event, Evidence, Principal, PrincipalKind

if TYPE_CHECKING:
    from ebs_kms_audit.model import Identity

_INFRASTRUCTURE = "aws:ec2-infrastructure"
_IDENTITY_CENTER = "AWSReservedSSO_"


def recorded_principal(event: Event) -> Principal | None:
    """Return the principal of a record; None for a row, and for an identity without a principal."""
    identity = event.identity
    if identity is None or identity.type is None:
        return None
    rule = _RULES.get(identity.type or "", _unknown)
    return rule(event, identity)


def _user(event: Event, identity: Identity) -> Principal | None:
    arn = Arn.parse(identity.arn)
    if arn is None or not arn.is_user_or_role or arn.resource_type != "user":
        return _invalid_arn(event) if identity.arn else None
    return _principal(
        event, PrincipalKind.USER, str(arn), "the record's userIdentity is this IAM user"
    )


def _assumed_role(event: Event, identity: Identity) -> Principal | None:
    session = Arn.parse(identity.arn)
    role = session.resource.split("/")[1] if session and "/" in session.resource else ""
    if role == _INFRASTRUCTURE or _INFRASTRUCTURE in (identity.issuer_arn or ""):
        return _principal(
            event,
            PrincipalKind.INFRASTRUCTURE,
            None,
            "the record's userIdentity is aws:ec2-infrastructure, which works through a grant "
            "and is never named in a policy",
        )
    issuer = Arn.parse(identity.issuer_arn)
    if identity.issuer_arn and not (issuer and issuer.is_user_or_role):
        return _invalid_arn(event)
    if issuer and issuer.resource_type == "role":
        return _principal(
            event, kind_of(issuer), str(issuer), "the record names the role that issued the session"
        )
    if not role:
        return None
    why = "the record names the session but not its issuer: the role's path is not known"
    if role.startswith(_IDENTITY_CENTER):
        why += " (Identity Center puts its roles under aws-reserved/sso.amazonaws.com/)"
    return replace(_principal(event, PrincipalKind.ROLE, None, why), role_name=role)


def _root(event: Event, identity: Identity) -> Principal | None:
    arn = Arn.parse(identity.arn)
    if identity.arn and not (arn and arn.resource == "root" and is_account_id(arn.account)):
        return _invalid_arn(event)
    return _principal(
        event, PrincipalKind.ROOT, identity.arn, "the record's userIdentity is the root user"
    )


def _federated(event: Event, identity: Identity) -> Principal | None:
    issuer = Arn.parse(identity.issuer_arn)
    of_user = issuer and issuer.is_user_or_role and issuer.resource_type == "user"
    named = str(issuer) if of_user else None
    return _principal(
        event,
        PrincipalKind.FEDERATED_USER,
        named,
        "the record of a GetFederationToken session names the user who requested the token"
        if named
        else "the record of a GetFederationToken session does not name the user who requested it",
    )


def _account(event: Event, identity: Identity) -> Principal | None:
    partition = partition_of(event.region)
    known = partition and is_account_id(identity.account)
    return _principal(
        event,
        PrincipalKind.ACCOUNT,
        f"arn:{partition}:iam::{identity.account}:root" if known else None,
        "the caller belongs to another account; the record names only the account",
    )


def _service(event: Event, identity: Identity) -> Principal | None:
    return _principal(
        event, PrincipalKind.SERVICE, None, "the record's userIdentity is an AWS service"
    )


def _unknown(event: Event, identity: Identity) -> Principal | None:
    """Return an unknown principal: SAML, web and Identity Center identities have no IAM ARN."""
    return _unidentified(
        event, "the record's userIdentity is of a type that names no IAM user or role"
    )


def _invalid_arn(event: Event) -> Principal:
    return _unidentified(event, "the ARN in the record's userIdentity is not a valid IAM ARN")


def _unidentified(event: Event, why: str) -> Principal:
    return Principal(
        arn=None,
        kind=PrincipalKind.UNKNOWN,
        user_name=event.user_name,
        session_name=None,
        evidence=Evidence.UNKNOWN,
        why=why,
        event_ids=(event.event_id,) if event.event_id else (),
    )


_RULES = {
    "IAMUser": _user,
    "AssumedRole": _assumed_role,
    "Root": _root,
    "FederatedUser": _federated,
    "AWSAccount": _account,
    "AWSService": _service,
}
_OF_SESSIONS = frozenset(
    {
        PrincipalKind.ROLE,
        PrincipalKind.SERVICE_LINKED_ROLE,
        PrincipalKind.INFRASTRUCTURE,
        PrincipalKind.FEDERATED_USER,
    }
)


def _principal(event: Event, kind: PrincipalKind, arn: str | None, why: str) -> Principal:
    return Principal(
        arn=arn,
        kind=kind,
        user_name=event.user_name,
        session_name=event.user_name if kind in _OF_SESSIONS else None,
        evidence=Evidence.RECORDED,
        why=why,
        event_ids=(event.event_id,) if event.event_id else (),
    )
