"""What check() says of each call, and the calls that each operation makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ebs_kms_audit import CheckReport, Outcome, check
from tests.checking.documents import (
    KEY,
    OTHER,
    policy,
)

CREATE = ["kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"]
COPY = [*CREATE, "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant", "kms:DescribeKey"]
BY_GRANT = "kms:Decrypt as aws:ec2-infrastructure"
LAUNCH = [*CREATE, "kms:CreateGrant", BY_GRANT]
A, D, U = Outcome.ALLOWED, Outcome.DENIED, Outcome.UNDECIDED


def iam(*actions: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """Return an IAM policy of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*"} | more
    return {"Version": "2012-10-17", "Statement": [statement]}


FOREIGN = f"arn:aws:iam::{OTHER}:role/app"
KMS = iam("kms:*")
VIA_ELSEWHERE = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}


def deny(principal: Any = "*", actions: Any = "kms:*", **more: Any) -> dict[str, Any]:
    """Return a Deny of a key policy."""
    return {"Effect": "Deny", "Principal": principal, "Action": actions, "Resource": "*"} | more


def outcomes(report: CheckReport) -> list[tuple[str, Outcome]]:
    """Return action and outcome of each call of the one principal."""
    [principal] = report.policies[0].principals
    actor = {"caller": "", "aws:ec2-infrastructure": " as aws:ec2-infrastructure"}
    return [(f"{call.action}{actor[call.actor]}", call.outcome) for call in principal.calls]


def judged(
    statements: Sequence[Any], principal: str, operation: str, **more: Any
) -> list[tuple[str, Outcome]]:
    """Return the outcomes of an operation of one principal under a key policy."""
    return outcomes(check(policy(*statements), principal, operation, **{"key": KEY} | more))
