"""Grants as evidence.

Sources: EBS User Guide, "How Amazon EBS encryption works" (the grant for aws:ec2-infrastructure and
the instance); AWS KMS Developer Guide, the CloudTrail entries of CreateGrant and RevokeGrant, and
"Grants in AWS KMS" (a grant allows beside the policies).
"""

import json

import pytest

import ebs_kms_audit
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, ROLE, log, record, session

INSTANCE = "i-0123456789abcdef0"
GRANT = "6caf442b4ff8a27511fb6de3e12cc5342f5382112adf75c1a91dbd221ec356fe"
# The grantee as CloudTrail records of EC2 write it, and as list-grants does.
GRANTEE = f"{ACCOUNT}:aws:ec2-infrastructure:{INSTANCE}"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/{INSTANCE}"
INFRASTRUCTURE = session(f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure", INSTANCE)
KEY = [{"ARN": KEY_ARN, "type": "AWS::KMS::Key"}]


def event(name, time, request, response=None, **more):
    fields = {
        "eventName": name,
        "eventTime": f"2026-05-18T{time}Z",
        "eventID": f"{name}-{time}",
        "errorCode": None,
        "errorMessage": None,
        "requestParameters": request,
        "responseElements": response,
        "resources": KEY,
    }
    return record(**(fields | more))


def created(time, grantee=GRANTEE, operations=("Decrypt",), **more):
    request = {
        "keyId": KEY_ARN,
        "granteePrincipal": grantee,
        "operations": list(operations),
        "constraints": {"encryptionContextSubset": {"aws:ebs:id": "vol-0123456789abcdef0"}},
    }
    return event("CreateGrant", time, request, {"grantId": GRANT}, **more)


def ended(name, time):
    return event(name, time, {"keyId": KEY_ARN, "grantId": GRANT})


def denied(time="07:00:00", **more):
    fields = {
        "eventName": "Decrypt",
        "eventTime": f"2026-05-18T{time}Z",
        "eventID": "denied",
        "userIdentity": INFRASTRUCTURE,
        "sourceIPAddress": "AWS Internal",
        "errorMessage": None,
        "resources": KEY,
    }
    return record(**(fields | more))


def support(*records, files=()):
    report = ebs_kms_audit.audit(list(files) or None, records=log(*records))
    (finding,) = (one for one in report.findings if one.denials[0].event.event_id == "denied")
    return finding


def listed(path, *grants):
    file = path / "grants.json"
    file.write_text(json.dumps({"Grants": list(grants), "Truncated": False}))
    return str(file)


def entry(grantee=SESSION, key=KEY_ARN, **more):
    return {
        "KeyId": key,
        "GrantId": GRANT,
        "GranteePrincipal": grantee,
        "Operations": ["Decrypt"],
        "CreationDate": "2026-05-18T06:00:00+00:00",
    } | more


# The events around a denial at 07:00, and what is said of the grant of the instance.
TIMES = [
    ([created("06:00:00")], "made by event CreateGrant-06:00:00", "It existed at the time"),
    ([created("07:00:00")], "made by event CreateGrant-07:00:00", "It existed at the time"),
    ([created("07:00:01")], "made by event", "It did not exist at the time"),
    ([created("06:00:00"), ended("RevokeGrant", "06:30:00")],
     "ended by event RevokeGrant-06:30:00", "It did not exist at the time"),
    ([created("06:00:00"), ended("RetireGrant", "07:00:00")],
     "ended by event RetireGrant-07:00:00", "It did not exist at the time"),
    ([created("06:00:00"), ended("RevokeGrant", "07:30:00")],
     "ended by event RevokeGrant-07:30:00", "It existed at the time"),
    ([], "The input shows no grant", "The input shows no grant"),
    ([created("06:00:00", grantee=GRANTEE[:-1] + "1")], "The input shows no grant", "no grant"),
    ([created("06:00:00", resources=[{"ARN": KEY_ARN[:-1] + "0"}])], "The input shows no", "grant"),
    ([created("06:00:00", errorCode="LimitExceededException")], "The input shows no", "grant"),
    ([created("06:00:00", operations=["CreateGrant"])], "The input shows no", "grant"),
]  # fmt: skip


@pytest.mark.parametrize(("events", "made", "state"), TIMES)
@pytest.mark.parametrize("order", [1, -1])
def test_whether_the_grant_of_the_instance_existed(events, made, state, order):
    finding = support(*[*events, denied()][::order])
    assert finding.cause.id == "infrastructure"
    text = " ".join(finding.cause.supported_by)
    assert made in text
    assert state in text


def test_list_grants_shows_the_grant_or_its_absence(tmp_path):
    shown = support(denied(), files=[listed(tmp_path, entry())])
    assert "It existed at the time" in " ".join(shown.cause.supported_by)
    other = entry(SESSION[:-1] + "1")
    absent = support(denied(), files=[listed(tmp_path, other)])
    assert f"list-grants shows no grant for {INSTANCE}" in " ".join(absent.cause.supported_by)
    another_key = support(denied(), files=[listed(tmp_path, entry(key=KEY_ARN[:-1] + "0"))])
    assert "The input shows no grant" in " ".join(another_key.cause.supported_by)


def test_a_grant_without_a_date_is_not_placed_in_time(tmp_path):
    finding = support(denied(), files=[listed(tmp_path, entry(CreationDate=None))])
    assert "It is not known whether it existed" in " ".join(finding.cause.supported_by)


NO_STATEMENT = (
    f"User: x is not authorized to perform: kms:Decrypt on resource: {KEY_ARN} because no "
    "resource-based policy allows the kms:Decrypt action"
)
# A grant to the denied role itself: what speaks against the cause.
TO_THE_CALLER = [
    ([created("06:00:00", grantee=ROLE)], True),
    ([created("06:00:00", grantee=ROLE, operations=["Encrypt"])], False),
    ([created("08:00:00", grantee=ROLE)], False),
    ([created("06:00:00", grantee=ROLE), ended("RevokeGrant", "06:30:00")], False),
    ([created("06:00:00", grantee=ROLE + "-2")], False),
]


@pytest.mark.parametrize(("events", "may_allow"), TO_THE_CALLER)
def test_a_grant_may_allow_what_the_policies_do_not(events, may_allow):
    finding = support(
        *events, denied(userIdentity=session(), sourceIPAddress="198.51.100.7",
                        errorMessage=NO_STATEMENT)
    )  # fmt: skip
    said = any(f"Grant {GRANT} on the key" in text for text in finding.cause.contradicted_by)
    assert said is may_allow


def test_a_redacted_report_shows_no_grant(tmp_path):
    report = ebs_kms_audit.audit(
        [listed(tmp_path, entry())], records=log(created("06:00:00"), denied()), redact=True
    )
    text = report.to_json()
    for name in (GRANT, INSTANCE, ACCOUNT, KEY_ID):
        assert name not in text
