"""A decision takes well under a millisecond; the bound here is wide for the sake of slow machines.

Measure with `python tests/policy/test_speed.py` after `pip install -e .`
"""

from __future__ import annotations

import timeit

from ebs_kms_audit.policy import KeyPolicy, Request, evaluate

ROLE = "arn:aws:iam::111122223333:role/Builder"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
FOR_EC2 = {"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}}


def _statement(number: int) -> dict[str, object]:
    names = [f"arn:aws:iam::111122223333:role/role-{number}-{at}" for at in range(5)]
    return {
        "Effect": "Allow",
        "Principal": {"AWS": names},
        "Action": USE,
        "Resource": "*",
        "Condition": FOR_EC2,
    }


def microseconds(statements: int) -> float:
    """Time one decision on a parsed key policy of so many statements with five principals each."""
    policy = KeyPolicy.from_dict({"Statement": [_statement(at) for at in range(statements)]})
    request = Request(
        principal=ROLE,
        action="kms:Decrypt",
        resource=KEY,
        context={"kms:ViaService": "ec2.us-east-1.amazonaws.com"},
    )
    return min(timeit.repeat(lambda: evaluate(request, policy), number=50, repeat=5)) / 50 * 1e6


def test_a_decision_is_quick() -> None:
    assert microseconds(4) < 1_000
    assert microseconds(20) < 5_000


if __name__ == "__main__":
    for count in (1, 4, 20):
        print(f"{count:3} statements: {microseconds(count):6.0f} µs a decision")
