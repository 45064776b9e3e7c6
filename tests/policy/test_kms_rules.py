"""The account of a key, and AWS's own keys, from a key policy; and what the results of an
evaluation say of their place.

Sources: AWS KMS Developer Guide, "AWS KMS permissions" (no cross-account PutKeyPolicy), "AWS
managed keys" (the policy of aws/ebs); AWS Organizations User Guide, "SCP evaluation".
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.policy import KeyPolicy, Request, evaluate
from ebs_kms_audit.policy.kms_rules import is_of_aws_managed_key, owner_of

from .cases import (
    ACCOUNT,
    KEY,
    OTHER,
    OTHER_ROOT,
    ROLE,
    ROOT,
    USE,
    USER,
    allow,
    deny,
    policy,
)


@pytest.mark.parametrize(
    ("statements", "account"),
    [
        ([allow("A", ROOT)], ACCOUNT),
        ([allow("A", ACCOUNT)], ACCOUNT),
        ([allow("A", USER, "kms:PutKeyPolicy")], ACCOUNT),
        ([allow("A", USER, "kms:Put*")], ACCOUNT),
        ([allow("A", USER, "kms:Decrypt")], None),
        ([allow("A", "*")], None),
        ([allow("A", {"Service": "ec2.amazonaws.com"})], None),
        ([allow("A", ROOT), allow("B", OTHER_ROOT, USE)], ACCOUNT),
        ([allow("A", ROOT), allow("B", OTHER_ROOT)], None),
        ([allow("A", [ROOT, ROLE])], ACCOUNT),
        ([deny("D", OTHER_ROOT)], None),
        ([deny("D", OTHER_ROOT), allow("A", ROOT)], ACCOUNT),
        ([allow("A", None, NotPrincipal={"AWS": OTHER_ROOT})], None),
        ([allow("A", OTHER_ROOT) | {"Effect": "allow"}, allow("B", ROOT)], ACCOUNT),
        ([allow("A", OTHER_ROOT, None, NotAction="kms:Decrypt")], OTHER),
        ([], None),
    ],
)
def test_the_account_that_can_change_the_policy_owns_the_key(statements, account):
    assert owner_of(KeyPolicy.from_dict(policy(*statements))) == account


CALLER = {"kms:CallerAccount": ACCOUNT}
VIA = {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}
BY_AWS = allow("Use", "*", USE, Condition={"StringEquals": CALLER | VIA})


@pytest.mark.parametrize(
    ("document", "managed"),
    [
        (policy(BY_AWS), True),
        (policy(BY_AWS, allow("R", ROOT, ["kms:Describe*", "kms:List*"])), True),
        (policy(allow("R", ROOT, "kms:Decrypt"), BY_AWS), True),
        (policy(BY_AWS, allow("R", ROOT)), False),  # the account can change the policy
        (policy(allow("Use", "*", USE, Condition={"StringEquals": CALLER})), False),
        (policy(allow("Use", "*", USE, Condition={"StringEquals": VIA})), False),
        (policy(allow("Use", ROLE, USE, Condition={"StringEquals": CALLER | VIA})), False),
        (policy(allow("Use", [ROLE, "*"], USE, Condition={"StringEquals": CALLER | VIA})), True),
        (policy(deny("Use", "*", USE, Condition={"StringEquals": CALLER | VIA})), False),
        (policy(allow("Use", None, USE, Condition={"StringEquals": CALLER | VIA})), False),
        (policy(allow("R", ROOT)) | {"Id": "auto-ebs-2"}, True),
        (policy(allow("R", ROOT)) | {"Id": "key-auto-1"}, False),
        (policy(allow("R", ROOT)), False),
    ],
)
def test_the_policy_of_an_aws_managed_key(document, managed):
    assert is_of_aws_managed_key(KeyPolicy.from_dict(document)) is managed


def test_each_result_says_in_which_policy_of_its_layer_it_is():
    levels = [[policy(allow("S0")), policy(allow("S1"), deny("S2", actions="s3:*"))],
              [policy(allow("S3"))]]  # fmt: skip
    request = Request(principal=ROLE, action="kms:Decrypt", resource=KEY)
    decision = evaluate(request, policy(allow("A", ROLE)), service_control_policies=levels)
    assert [(one.sid, one.policy, one.index) for one in decision.statements] == [
        ("A", 0, 0), ("S0", 0, 0), ("S1", 1, 0), ("S2", 1, 1), ("S3", 2, 0),
    ]  # fmt: skip
    assert decision.statements[0].condition.why == "there is no condition"
