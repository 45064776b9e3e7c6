"""A step applied to a key policy is safe, or says each thing that is missing."""

import pytest

from tests.make_samples import SAMPLES
from tests.plan.console_policy import DENY, ROOT, STEP, USAGE, policy, step_of
from tests.records import ACCOUNT, KEY_ARN, ROLE


def test_safe_is_said_where_everything_is_known():
    applied = STEP.apply((SAMPLES / "key_policy.json").read_text(encoding="utf-8"))
    assert (applied.disposition, applied.reasons) == ("safe", ())
    allowed = {(one.principal, one.action, one.condition) for one in applied.proof.newly_allowed}
    usage = ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey",
             "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair",
             "GenerateDataKeyPairWithoutPlaintext", "DescribeKey")  # fmt: skip
    assert allowed == {(ROLE, f"kms:{name}", None) for name in usage} | {
        (ROLE, f"kms:{name}", "called by an AWS service")
        for name in ("CreateGrant", "ListGrants", "RevokeGrant")
    }
    assert applied.proof.lost == ()
    assert '+      "Sid": "Allow use of the key",' in applied.diff
    assert not any(line.startswith("-") for line in applied.diff.splitlines()[2:])


NOT_PROVED = [
    "kms:CreateGrant by deploy-7f3a was denied",
    "kms:Decrypt by deploy-7f3a is needed next",
    "kms:GenerateDataKeyWithoutPlaintext by deploy-7f3a is needed next",
]
CONTRADICTS = (
    "The message says that no IAM policy allows kms:CreateGrant, but the given policy does not "
    "leave it to IAM policies."
)
LOCKED_OUT = (
    "KMS may reject the document ($.Statement): No principal can call kms:PutKeyPolicy, so nobody "
    "can change this policy again."
)
ELSEWHERE = "arn:aws:iam::444455556666:root"


@pytest.mark.parametrize(
    ("fields", "document", "reasons"),
    [
        ({"userIdentity": {"type": "AssumedRole",
                           "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/x"}}, policy(ROOT),
         ["The ARN of x is unknown.", "The key policy was not given."]),
        ({"userIdentity": {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}}, policy(USAGE),
         ["In a key policy the ARN of root means the account, not only the root user.",
          CONTRADICTS, LOCKED_OUT]),
        ({"errorMessage": "absent"}, policy(ROOT), ["The input does not name the key."]),
        ({}, policy(ROOT, DENY),
         [*(f'{what}, and key_policy statement "fence" denies it.' for what in NOT_PROVED),
          "A Deny takes kms:DescribeKey, kms:Encrypt, kms:GenerateDataKey, kms:GenerateDataKeyPair,"
          " kms:GenerateDataKeyPairWithoutPlaintext, kms:ReEncryptFrom, kms:ReEncryptTo, "
          "kms:ListGrants and kms:RevokeGrant from deploy-7f3a, which the new statement allows."]),
        ({}, policy(ROOT, DENY | {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}),
         [f"{what}. The result depends on aws:SourceVpce, which is not known."
          for what in NOT_PROVED]),
        ({"resources": [{"ARN": KEY_ARN.replace(ACCOUNT, "444455556666")}],
          "errorMessage": "absent"},
         policy(ROOT | {"Principal": {"AWS": ELSEWHERE}}),
         [f"{what}. It also needs an IAM policy in account {ACCOUNT}, which was not given."
          for what in NOT_PROVED]),
        ({}, policy(ROOT, USAGE | {"Principal": {"AWS": ["AIDACKCEVSQ6C2EXAMPLE"]}}),
         ["KMS may reject the document ($.Statement[1].Principal.AWS[0]): AIDACKCEVSQ6C2EXAMPLE: "
          "the user or role with this unique id was deleted."]),
        ({}, policy(ROOT, USAGE | {"Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:group/ops"]}}),
         ["KMS may reject the document ($.Statement[1].Principal.AWS[0]): arn:aws:iam::"
          "111122223333:group/ops: a group cannot be a principal."]),
        ({}, policy(ROOT | {"Principal": {"AWS": ELSEWHERE}}),
         ["The policy names account 444455556666, but not the key's own account 111122223333.",
          CONTRADICTS, LOCKED_OUT]),
        ({}, policy(ROOT | {"Principal": {"AWS": [ELSEWHERE, "555566667777"]}}),
         ["The policy names accounts 444455556666 and 555566667777, but not the key's own account "
          "111122223333.", CONTRADICTS, LOCKED_OUT]),
        ({}, policy(ROOT | {"Principal": {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}}),
         [CONTRADICTS, "KMS may reject the document ($.Statement[0].Principal.AWS): The principal "
          "is in the partition aws-cn, and the key is in aws."]),
        ({}, policy(ROOT | {"Action": "kms:Decrypt"}), [CONTRADICTS, LOCKED_OUT]),
    ],
)  # fmt: skip
def test_review_says_each_thing_that_is_missing(fields, document, reasons):
    applied = step_of(**fields).apply(document)
    assert applied.disposition == "review"
    assert list(applied.reasons) == reasons
