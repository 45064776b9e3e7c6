"""The role of a session, from the ARN of the session."""

from __future__ import annotations

from typing import NamedTuple

from ebs_kms_audit.aws.arns import Arn, is_iam_name
from ebs_kms_audit.aws.service_roles import documented_arn


class SessionRole(NamedTuple):
    """The role of a session.

    name  the name of the role, or None
    arn   the ARN of the role, or None if the path is unknown
    why   how the role is known, as a clause, or None
    """

    name: str | None = None
    arn: str | None = None
    why: str | None = None


_GET_ROLE = "aws iam get-role shows it"


def role_of_session(principal: Arn) -> SessionRole:
    """Return the role for the ARN of a role or session. All fields are None for a user."""
    if principal.service == "iam" and principal.resource_type == "role":
        if not is_iam_name(principal.name):
            return SessionRole()
        return SessionRole(principal.name, str(principal), "the message names the role itself")
    if principal.service != "sts" or not principal.resource.startswith("assumed-role/"):
        return SessionRole()
    name = principal.resource.split("/")[1]
    if name == "aws:ec2-infrastructure":
        return SessionRole(
            name, None, "EC2's identity-only role of an instance; a policy never names it"
        )
    if not is_iam_name(name):
        return SessionRole(name, None, "IAM allows no role of this name")
    if arn := documented_arn(name, principal.partition, principal.account):
        return SessionRole(name, arn, "AWS documents the path of this service-linked role")
    if name.startswith("AWSServiceRoleFor"):
        why = (
            "the path of a service-linked role is aws-service-role/ and the name of its service, "
            "which the ARN of a session does not show; "
        )
    elif name.startswith("AWSReservedSSO_"):
        why = (
            "the path of a role of IAM Identity Center is aws-reserved/sso.amazonaws.com/ and "
            "mostly a Region, which the ARN of a session does not show; "
        )
    else:
        why = "the ARN of a session does not show the role's path; "
    return SessionRole(name, None, why + _GET_ROLE)
