"""The role of the ARN in a message.

Source: IAM User Guide, "IAM identifiers": the ARN of a session has no path, that of a role has.
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.messages.roles import SessionRole, role_of_session

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
