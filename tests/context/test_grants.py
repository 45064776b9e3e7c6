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


OF_INSTANCE = f"Grant {GRANT} for {INSTANCE}"
EXISTED = "It existed at the time of the denial."
ABSENT = "It did not exist at the time of the denial."
NONE = f"The input shows no grant for {INSTANCE}."


def made(time, state, end=""):
    return (
        f"{OF_INSTANCE} was made by event CreateGrant-{time} at 2026-05-18 {time} UTC{end}. {state}"
    )


def end(name, time):
    return f" and ended by event {name}-{time} at 2026-05-18 {time} UTC"


# The events around a denial at 07:00, and what is said of the grant of the instance.
TIMES = [
    ([created("06:00:00")], made("06:00:00", EXISTED)),
    ([created("07:00:00")], made("07:00:00", EXISTED)),
    ([created("07:00:01")], made("07:00:01", ABSENT)),
    ([created("06:00:00"), ended("RevokeGrant", "06:30:00")],
     made("06:00:00", ABSENT, end("RevokeGrant", "06:30:00"))),
    ([created("06:00:00"), ended("RetireGrant", "07:00:00")],
     made("06:00:00", ABSENT, end("RetireGrant", "07:00:00"))),
    ([created("06:00:00"), ended("RevokeGrant", "07:30:00")],
     made("06:00:00", EXISTED, end("RevokeGrant", "07:30:00"))),
    ([], NONE),
    ([created("06:00:00", grantee=GRANTEE[:-1] + "1")], NONE),
    ([created("06:00:00", resources=[{"ARN": KEY_ARN[:-1] + "0"}])], NONE),
    ([created("06:00:00", errorCode="LimitExceededException")], NONE),
    ([created("06:00:00", operations=["CreateGrant"])], NONE),
]  # fmt: skip


@pytest.mark.parametrize(("events", "text"), TIMES)
@pytest.mark.parametrize("order", [1, -1])
def test_whether_the_grant_of_the_instance_existed(events, text, order):
    finding = support(*[*events, denied()][::order])
    assert finding.cause.id == "infrastructure"
    assert finding.cause.supported_by == (text,)
    assert finding.cause.contradicted_by == ()


def test_list_grants_shows_the_grant_or_its_absence(tmp_path):
    shown = support(denied(), files=[listed(tmp_path, entry())])
    assert shown.cause.supported_by == (
        f"{OF_INSTANCE} was made at 2026-05-18 06:00:00 UTC. {EXISTED}",
    )
    other = entry(SESSION[:-1] + "1")
    absent = support(denied(), files=[listed(tmp_path, other)])
    assert absent.cause.supported_by == (
        f"list-grants shows no grant for {INSTANCE}: it was ended, or never made.",
    )
    another_key = support(denied(), files=[listed(tmp_path, entry(key=KEY_ARN[:-1] + "0"))])
    assert another_key.cause.supported_by == (NONE,)


def test_a_grant_without_a_date_is_not_placed_in_time(tmp_path):
    finding = support(denied(), files=[listed(tmp_path, entry(CreationDate=None))])
    assert finding.cause.supported_by == (
        f"{OF_INSTANCE}. It is not known whether it existed at the time of the denial.",
    )


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
    said = (
        f"Grant {GRANT} on the key lists the denied action for the caller. A grant can allow what "
        "the policies do not, if its constraints let the call pass."
    )
    assert finding.cause.contradicted_by == ((said,) if may_allow else ())


def test_a_redacted_report_shows_no_grant(tmp_path):
    report = ebs_kms_audit.audit(
        [listed(tmp_path, entry())], records=log(created("06:00:00"), denied()), redact=True
    )
    text = report.to_json()
    for name in (GRANT, INSTANCE, ACCOUNT, KEY_ID):
        assert name not in text


@pytest.mark.parametrize(("addresses", "is_found"), [(1, True), (99, True), (100, False)], ids=str)
def test_the_grants_of_the_first_100_kinds_of_denials_are_looked_up(addresses, is_found):
    caller = {"userIdentity": session(), "sourceIPAddress": "198.51.100.200"}
    others = [
        denied(
            **caller | {"sourceIPAddress": f"198.51.100.{number % addresses}"},
            eventID=f"other {number}" if number else "denied",
            errorMessage=NO_STATEMENT,
        )
        for number in range(120)
    ]
    late = denied(**caller, eventName="Encrypt", eventTime="2026-05-18T07:30:00Z", eventID="late",
                  errorMessage=NO_STATEMENT.replace("Decrypt", "Encrypt"))  # fmt: skip
    grant = created("06:00:00", grantee=ROLE, operations=["Encrypt"])
    found = support(grant, *others, late).history.grants
    assert len(found) == is_found
