"""A row of IAM gives the ARN of an IAM user of the same name. Source: the rule, measured on real
exports: 27 % of the names that only temporary keys carry have such a row.
"""

from __future__ import annotations

import json

import pytest

from tests.rows import SESSION, audit, row
from tests.sample_incident import access_key

ALICE = "arn:aws:iam::111122223333:user/teams/storage/alice"
OWN_KEY = access_key("ASIA", "111122223333", "alice")


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


SAME_NAME = "an event of IAM names an IAM user of the same name"
ELECTED = (
    "; a spreadsheet damaged the account id of the call, and the account is inferred from other "
    "rows"
)

SHOWS_ACCOUNT = row(user_name="carl", aws_access_key=OWN_KEY, error_code="", event_id="shows it")


@pytest.mark.parametrize(
    ("cell", "key", "why"),
    [
        ("111122223333", SESSION, f"{SAME_NAME} in the same account"),
        ("1.11122E+11", SESSION, f"{SAME_NAME}{ELECTED}"),
        ("1.11122E+11", OWN_KEY, f"{SAME_NAME} in the same account"),
        ("4.44456E+11", SESSION, SAME_NAME),  # no row shows an account that fits
    ],
)
def test_that_the_account_is_the_same_is_said_if_the_row_shows_it(cell, key, why):
    """Source: the ids 111122223333 and 111122229999 are both shown as 1.11122E+11."""
    denied = row(aws_access_key=key, recipient_account_id=cell)
    (finding,) = audit(denied, of_iam(ALICE), SHOWS_ACCOUNT).findings
    assert finding.principal.why == why
    assert finding.principal.arn == ALICE


def test_an_account_of_other_rows_is_said_of_the_damaged_row_only():
    cells = ["111122223333", "1.11122E+11", "111122223333"]
    rows = [
        row(aws_access_key=SESSION, event_id=f"e{at}", recipient_account_id=cell)
        for at, cell in enumerate(cells)
    ]
    report = audit(*rows, of_iam(ALICE), SHOWS_ACCOUNT)
    whys = [denial.principal.why for one in report.findings for denial in one.denials]
    assert sorted(whys) == sorted(
        [f"{SAME_NAME} in the same account"] * 2 + [f"{SAME_NAME}{ELECTED}"]
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
