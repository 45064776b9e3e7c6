"""Statements of the least privilege: what was denied, what the workflow needs, and no more."""

import json

from tests import rows
from tests.records import ACCOUNT, KEY_ARN, ROLE, audit, record

ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*", "Resource": "*"}  # fmt: skip


def test_only_what_is_needed_and_of_the_grants_create_grant_alone():
    (step,) = rows.audit(rows.row(event_name="GenerateDataKey"), least_privilege=True).plan
    usage, grants = step.statements
    assert usage["Action"] == [
        "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt",
    ]  # fmt: skip
    assert usage["Sid"] == "Allow use of the key (least privilege)"
    assert grants["Action"] == ["kms:CreateGrant"]
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_the_console_can_not_give_it_and_the_steps_say_so():
    (step,) = rows.audit(rows.row(), least_privilege=True).plan
    assert step.console_steps == (
        "Open the KMS console in us-east-1, Customer managed keys, the key of the volume or "
        "snapshot.",
        "Under Key policy choose Switch to policy view, Edit, and add the statements. Do not add "
        "the callers under Key users: that allows more actions.",
    )


def test_outside_ebs_nothing_but_the_denied_actions():
    direct = rows.row(event_name="Decrypt", source_ip_address=rows.CLIENT)
    (step,) = rows.audit(direct, least_privilege=True).plan
    (usage,) = step.statements
    assert usage["Action"] == ["kms:Decrypt"]


def test_a_broader_statement_does_not_take_the_principal_in():
    broad = {"Sid": "Allow use of the key", "Effect": "Allow",
             "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:user/bob"]},
             "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                        "kms:DescribeKey"], "Resource": "*"}  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [ROOT, broad]}
    report = audit(record(), key_policies={KEY_ARN: policy}, least_privilege=True)
    applied = report.plan[0]
    assert applied.disposition == "safe"
    assert applied.document["Statement"][1] == broad
    assert ROLE not in json.dumps(applied.document["Statement"][:2])
    allowed = {one.action for one in applied.proof.newly_allowed}
    assert allowed == {"kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"}
    again = applied.apply(applied.document)
    assert not again.changed
