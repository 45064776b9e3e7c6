"""Changes of the key before the denials, and among them grants that were retired.

Source: AWS KMS Developer Guide, "Grants in AWS KMS".
"""

import pytest

import ebs_kms_audit
from ebs_kms_audit.context import key_changes
from tests.context.test_history import made
from tests.records import ACCOUNT, KEY_ID, audit, log, record, session

RETIRED = [made("RetireGrant", f"06:{minute:02}:00") for minute in range(8, 58)]


LAST_RETIRED = [f"RetireGrant 06:{minute}:00" for minute in (55, 56, 57)]


EDITED = made("PutKeyPolicy", "06:01:00", requestParameters={"keyId": KEY_ID})


REVOKED = [
    made("RevokeGrant", f"06:{minute:02}:00", requestParameters={"keyId": KEY_ID})
    for minute in range(30)
]


LAST_REVOKED = [f"RevokeGrant 06:{minute}:00" for minute in range(10, 30)]


DAYS_BEFORE = {"eventTime": "2026-05-10T06:00:00Z"}
OLD_EDIT, OLD_RETIRED = EDITED | DAYS_BEFORE, RETIRED[0] | DAYS_BEFORE


@pytest.mark.parametrize(
    ("changes", "listed", "count", "retired"),
    [
        ([], [], 0, 0),
        # AWS KMS Developer Guide, "Grants in AWS KMS": a service retires its grants routinely.
        ([*RETIRED, EDITED], [EDITED["eventID"]], 51, 50),
        (RETIRED[-2:], LAST_RETIRED[-2:], 2, 2),
        (RETIRED, LAST_RETIRED, 50, 50),
        (REVOKED, LAST_REVOKED, 30, 0),
        ([*REVOKED, *RETIRED], LAST_REVOKED, 80, 50),
        # Of changes more than 24 hours before the denial, the last one is listed.
        ([OLD_EDIT, *RETIRED], [EDITED["eventID"]], 51, 50),
        ([OLD_EDIT, OLD_RETIRED], [EDITED["eventID"]], 2, 1),
        ([OLD_RETIRED], [OLD_RETIRED["eventID"]], 1, 1),
    ],
)
def test_retired_grants_hide_no_other_change(changes, listed, count, retired):
    after = made("RetireGrant", "07:30:00"), made("PutKeyPolicy", "07:31:00")
    report = audit(record(), *changes, *after)
    history = report.findings[0].history
    assert [change.event_id for change in history.changes] == listed
    assert (history.changes_count, history.grants_retired) == (count, retired)
    written = report.to_dict()["findings"][0]["history"]
    assert (written["changes_count"], written["grants_retired"]) == (count, retired)


def test_the_answer_tells_what_changed_and_no_retired_grant_of_a_later_finding():
    elsewhere = {"awsRegion": "eu-west-1"}
    later = record(eventID="later", eventTime="2026-05-18T07:20:00Z", **elsewhere)
    retired = made("RetireGrant", "07:19:00", **elsewhere)
    text = " ".join(audit(record(), EDITED, later, retired).to_text().split())
    assert "changed the key policy (PutKeyPolicy, 2026-05-18 06:01:00 UTC), 59 minutes" in text
    assert "retired a grant" not in text


def test_the_grants_of_ec2_infrastructure_are_listed_beside_other_changes():
    """Source: EBS User Guide, "Requirements for Amazon EBS encryption": EC2 uses a grant."""
    infrastructure = f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure"
    denied = record(
        eventName="Decrypt", userIdentity=session(infrastructure, "i-0123456789abcdef0")
    )
    history = audit(denied, EDITED, *RETIRED).findings[0].history
    assert [one.event_id for one in history.changes] == [EDITED["eventID"], *LAST_RETIRED]


def test_too_many_retired_grants_are_a_caveat_and_hide_no_policy_change(monkeypatch):
    monkeypatch.setattr(key_changes, "_KEPT", 3)
    report = ebs_kms_audit.audit(records=log(record(), *RETIRED, EDITED))
    assert [change.name for change in report.findings[0].history.changes] == ["PutKeyPolicy"]
    assert "surroundings_incomplete" in {caveat.id for caveat in report.caveats}
