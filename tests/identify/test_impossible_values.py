"""Values of a log that cannot be what they stand for: unknown when read, with a caveat.

Sources: IAM User Guide, "IAM identifiers"; AWS KMS API Reference, KeyId; the rule that nothing
executable comes from a log.
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.aws.arns import Arn, is_region
from tests import rows
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, audit, record, session

IAM = f"arn:aws:iam::{ACCOUNT}"


def user(arn):
    return {"type": "IAMUser", "arn": arn, "accountId": ACCOUNT, "userName": "alice"}


@pytest.mark.parametrize(
    ("identity", "arn"),
    [
        (user(f"{IAM}:user/alice"), f"{IAM}:user/alice"),
        (user(f"{IAM}:user/a(b)/alice"), f"{IAM}:user/a(b)/alice"),  # a path takes ! to ~
        (user(f"{IAM}:user/"), None),
        (user(f"{IAM}:user/*"), None),
        (user(f"{IAM}:user/al?ce"), None),
        (user("arn:aws:iam::aws:user/x"), None),
        (user(f"{IAM}:role/alice"), None),
        (user(f"{IAM}:user/ålice"), None),
        (session(f"{IAM}:role/ci/deploy"), f"{IAM}:role/ci/deploy"),
        (session(f"{IAM}:role/x;touch"), f"{IAM}:role/x;touch"),  # recorded, and to be reviewed
        (session(f"{IAM}:role/"), None),
        (session(f"{IAM}:role/*"), None),
        (session(f"{IAM}:role/ci/"), None),
        (session("arn:aws:iam::aws:role/x"), None),
        ({"type": "Root", "arn": f"{IAM}:root", "accountId": ACCOUNT}, f"{IAM}:root"),
        ({"type": "Root", "arn": f"{IAM}:user/root", "accountId": ACCOUNT}, None),
    ],
)
def test_an_impossible_arn_is_undecided_by_itself(identity, arn):
    policy = {"Version": "2012-10-17", "Statement": []}
    report = audit(record(userIdentity=identity), record(eventID="b"), key_policies=policy)
    denied = next(
        denial
        for finding in report.findings
        for denial in finding.denials
        if denial.event.event_id == "event-0"
    )
    assert denied.principal.arn == arn
    assert (denied.principal.evidence == "unknown") is (arn is None)
    assert ("is not a valid IAM ARN" in denied.principal.why) is (arn is None)
    assert sum(finding.count for finding in report.findings) == 2
    # The user in the place of the root user has a possible ARN: only its kind is wrong.
    expected = arn is None and identity["arn"] != f"{IAM}:user/root"
    noted = [caveat.text for caveat in report.caveats if caveat.id == "cells_unreadable"]
    is_noted = expected and ":role/alice" not in identity["arn"]
    assert noted == ["<StringIO>: userIdentity cannot be read at line 1."] * is_noted


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("us-east-1", True),
        ("us-gov-west-1", True),
        ("eusc-de-east-1", True),
        ("mx-central-12", True),
        ("us-east-1;touch x", False),
        ("us-east-1\ntouch x", False),
        ("us-east-1\n", False),
        ("US-EAST-1", False),
        ("us-east", False),
        ("$(id)", False),
        ("", False),
        (None, False),
    ],
)
def test_a_region_has_the_form_of_one(text, possible):
    assert is_region(text) is possible


def test_an_impossible_region_is_unknown_with_a_caveat():
    report = audit(record(awsRegion="us-east-1;touch x"))
    (finding,) = report.findings
    assert finding.region is None
    noted = [caveat.text for caveat in report.caveats if caveat.id == "cells_unreadable"]
    assert noted == ["<StringIO>: awsRegion cannot be read at line 1."]
    assert "touch" not in report.to_json()


def test_a_row_with_an_impossible_region_is_set_aside():
    report = rows.audit(rows.row(aws_region="us-east-1;touch x"), rows.row())
    assert (len(report.findings), report.coverage.rows_set_aside) == (1, 1)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        (KEY_ARN, True),
        (KEY_ARN.replace(KEY_ID, "mrk-" + "0" * 32), True),
        (KEY_ARN.replace(KEY_ID, "$(id)"), False),
        (KEY_ARN.replace(KEY_ID, ""), False),
        (KEY_ARN.replace("us-east-1", ""), False),
        (KEY_ARN.replace(ACCOUNT, ""), False),
        (KEY_ARN.replace(":key/", ":alias/"), False),
        (KEY_ARN.replace(":key/", ":key/x/"), False),
    ],
)
def test_a_key_arn_has_a_region_an_account_and_a_key_id(text, possible):
    arn = Arn.parse(text)
    assert arn is not None
    assert arn.is_key is possible


def test_a_key_arn_with_a_command_is_not_the_key():
    hostile = [{"ARN": KEY_ARN.replace(KEY_ID, "$(id)")}]
    (finding,) = audit(
        record(errorMessage="absent", resources=hostile, requestParameters={"keyId": KEY_ID})
    ).findings
    assert (finding.key.arn, finding.key.id) == (None, KEY_ID)
