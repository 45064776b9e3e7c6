"""A row of IAM gives the ARN of an IAM user of the same name. Source: the rule, measured on real
exports: 27 % of the names that only temporary keys carry have such a row.
"""

from __future__ import annotations

import json

import pytest

from tests.rows import SESSION, audit, row

ALICE = "arn:aws:iam::111122223333:user/teams/storage/alice"


def of_iam(*names, event_name="ListAccessKeys", **cells):
    resources = [{"resourceType": "AWS::IAM::User", "resourceName": name} for name in names]
    return row(
        user_name="admin", aws_access_key=SESSION, event_source="iam.amazonaws.com",
        event_name=event_name, error_code="", resources=json.dumps(resources), **cells,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "arn"),
    [
        ([of_iam("alice", ALICE)], ALICE),
        ([of_iam(ALICE, event_name="CreateUser")], ALICE),
        ([of_iam("alice")], None),  # the name alone is no ARN
        ([of_iam(ALICE.replace("alice", "bob"))], None),
        ([of_iam(ALICE.replace("111122223333", "444455556666"))], None),
        ([of_iam(ALICE), of_iam(ALICE.replace("teams/", "people/"))], None),  # one of two
        ([of_iam(ALICE, event_name="ListRoles")], None),  # not an operation on a user
        ([of_iam("arn:aws:iam::111122223333:user/*alice")], None),
    ],
)
def test_a_caller_of_the_same_name_in_the_same_account(rows, arn):
    report = audit(row(aws_access_key=SESSION), *rows)
    (finding,) = report.findings
    assert finding.principal.arn == arn
    if arn:
        assert (finding.principal.kind, finding.principal.evidence) == ("user", "inferred")
        assert finding.principal.event_ids == ("event-1",)


def test_the_path_of_a_user_with_a_long_term_key():
    (finding,) = audit(row(), of_iam(ALICE)).findings
    assert finding.principal.arn == ALICE
    assert finding.principal.why == (
        "the row carries a long-term access key (AKIA), so the caller is an IAM user; an event of "
        "IAM names the user's ARN"
    )


def test_rows_of_iam_change_no_figure():
    denied = row(aws_access_key=SESSION)
    alone, beside = audit(denied).coverage, audit(denied, of_iam(ALICE)).coverage
    assert (beside.rows_read, beside.events) == (alone.rows_read + 1, alone.events + 1)
    assert (beside.kms_rows, beside.regions, beside.accounts, beside.ec2_rows) == (
        alone.kms_rows, alone.regions, alone.accounts, alone.ec2_rows,
    )  # fmt: skip


def test_a_session_named_after_an_instance_is_no_user():
    name = "i-0123456789abcdef0"
    user = f"arn:aws:iam::111122223333:user/{name}"
    (finding,) = audit(row(user_name=name, aws_access_key=SESSION), of_iam(user)).findings
    assert finding.principal.arn is None
