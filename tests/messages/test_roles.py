"""The role of the ARN in a message.

Source: IAM User Guide, "IAM identifiers": the ARN of a session has no path, that of a role has.
"""

from __future__ import annotations

import pytest

from ebs_kms_audit import parse_denial_message
from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.messages.roles import SessionRole, role_of_session
from tests.messages.made import PATH_UNKNOWN, denial

IAM, STS = "arn:aws:iam::111122223333:", "arn:aws:sts::111122223333:"


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        (f"{IAM}role/ci/deploy",
         SessionRole("deploy", f"{IAM}role/ci/deploy", "the message names the role itself")),
        (f"{IAM}role/é", SessionRole()),  # IAM allows no role of this name
        (f"{IAM}user/alice", SessionRole()),
        (f"{IAM}root", SessionRole()),
        (f"{IAM}assumed-role/deploy/run", SessionRole()),  # a session is an ARN of STS
        (f"{STS}role/deploy", SessionRole()),  # and a role one of IAM
        (f"{STS}federated-user/alice", SessionRole()),
        (f"{STS}assumed-role/deploy/run", SessionRole(
            "deploy", None,
            "the ARN of a session does not show the role's path; aws iam get-role shows it")),
    ],
)  # fmt: skip
def test_the_role_of_an_arn(arn, role):
    assert role_of_session(Arn.parse(arn)) == role


SERVICE_ROLES = "arn:aws:iam::111122223333:role/aws-service-role/"
DOCUMENTED = "AWS documents the path of this service-linked role"
GET_ROLE = "which the ARN of a session does not show; aws iam get-role shows it"
ROLES = {
    "AWSServiceRoleForAutoScaling/AutoScaling": (
        SERVICE_ROLES + "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", DOCUMENTED),
    "AWSServiceRoleForAutoScaling_blue/AutoScaling": (
        SERVICE_ROLES + "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_blue", DOCUMENTED),
    "AWSServiceRoleForEC2Spot/spot": (
        SERVICE_ROLES + "spot.amazonaws.com/AWSServiceRoleForEC2Spot", DOCUMENTED),
    "AWSServiceRoleForEC2Fleet/fleet": (
        None, "the path of a service-linked role is aws-service-role/ and the name of its service, "
        + GET_ROLE),
    "AWSReservedSSO_Admin_0123456789abcdef/alice@example.com": (
        None, "the path of a role of IAM Identity Center is aws-reserved/sso.amazonaws.com/ and "
        "mostly a Region, " + GET_ROLE),
    "aws:ec2-infrastructure/i-0123456789abcdef0": (
        None, "EC2's identity-only role of an instance; a policy never names it"),
    "deploy/ci": (None, PATH_UNKNOWN),
    "AWSServiceRoleForAutoScaling_<é>/AutoScaling": (None, "IAM allows no role of this name"),
}  # fmt: skip


@pytest.mark.parametrize("session", ROLES)
def test_the_role_behind_a_session(session):
    arn, why = ROLES[session]
    message = parse_denial_message(denial(who=f"arn:aws:sts::111122223333:assumed-role/{session}"))
    assert message.role_name == session.split("/")[0]
    assert message.role_arn == arn
    assert message.role_why == why


def test_a_message_may_name_the_role_itself_or_another_partition():
    role = "arn:aws-us-gov:iam::111122223333:role/ci/HR"
    message = parse_denial_message(denial(who=role))
    assert (message.principal, message.role_name, message.role_arn) == (role, "HR", role)
    spot = "arn:aws-cn:sts::111122223333:assumed-role/AWSServiceRoleForEC2Spot/x"
    assert parse_denial_message(denial(who=spot)).role_arn == (
        SERVICE_ROLES.replace("arn:aws:", "arn:aws-cn:")
        + "spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    )
