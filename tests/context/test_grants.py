"""Grants as evidence.

Sources: EBS User Guide, "How Amazon EBS encryption works" (the grant for aws:ec2-infrastructure and
the instance); AWS KMS Developer Guide, the CloudTrail entries of CreateGrant and RevokeGrant, and
"Grants in AWS KMS" (a grant allows beside the policies).
"""

import io
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
        "errorCode": "absent",
        "errorMessage": "absent",
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
    # Grants are decoded only if a finding shows them, if a trail writes the log: without spaces.
    compact = json.dumps({"Records": records}, separators=(",", ":"))
    same = ebs_kms_audit.audit(list(files) or None, records=io.StringIO(compact))
    assert [one.history for one in same.findings] == [one.history for one in report.findings]
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


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([created("07:20:00")], "It existed at the time of a denial."),
        ([created("07:40:00")], "It did not exist at the time of any denial."),
        ([created("06:00:00"), ended("RevokeGrant", "07:10:00")],
         "It existed at the time of a denial."),
        ([created("06:00:00"), ended("RevokeGrant", "06:10:00")],
         "It did not exist at the time of any denial."),
    ],
)  # fmt: skip
def test_the_grant_of_an_instance_that_was_denied_twice(events, state):
    """At 07:00 and 07:30. The first denial alone does not say what was there at the second."""
    finding = support(*events, denied(), denied("07:30:00", eventID="second"))
    (text,) = finding.cause.supported_by
    assert text.endswith(f" UTC. {state}")


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


def of_role(time="07:00:00", operation="Decrypt", **more):
    """Return a denial of an operation to the role itself."""
    return denied(
        time, eventName=operation, userIdentity=session(),
        errorMessage=NO_STATEMENT.replace("Decrypt", operation),
        **{"sourceIPAddress": "198.51.100.7"} | more,
    )  # fmt: skip


@pytest.mark.parametrize("addresses", [1, 99, 100, 101, 120], ids=str)
def test_a_grant_counts_however_many_kinds_of_denials_are_earlier(addresses):
    others = [
        of_role(sourceIPAddress=f"198.51.100.{number % addresses}",
                eventID=f"other {number}" if number else "denied")
        for number in range(120)
    ]  # fmt: skip
    late = of_role("07:30:00", "Encrypt", eventID="late")
    grant = created("06:00:00", grantee=ROLE, operations=["Encrypt"])
    finding = support(grant, *others, late)
    assert [trace.grant.operations for trace in finding.history.grants] == [("Encrypt",)]
    assert len(finding.cause.contradicted_by) == 1


def test_a_grant_counts_however_many_grants_were_made_after_the_denial():
    later = [
        created(f"08:00:{second:02}", grantee=ROLE, responseElements={"grantId": f"{second:064}"})
        for second in range(20)
    ]
    finding = support(created("06:00:00", grantee=ROLE), of_role(), *later)
    assert [trace.existed for trace in finding.history.grants] == [True, *[False] * 4]
    assert [trace.made.event_id for trace in finding.history.grants] == [
        "CreateGrant-06:00:00", *(f"CreateGrant-08:00:{second}" for second in (16, 17, 18, 19)),
    ]  # fmt: skip
    assert len(finding.cause.contradicted_by) == 1


# Decrypt is denied at 07:00 and Encrypt at 08:00: a grant counts if it existed at the denial of an
# action that it allows. "Grants in AWS KMS": a grant allows its operations from its creation to its
# end.
@pytest.mark.parametrize(
    ("operations", "begin", "end", "existed"),
    [
        (["Decrypt"], "06:00:00", None, True),
        (["Decrypt"], "07:00:00", None, True),
        (["Decrypt"], "07:00:01", None, False),
        (["Decrypt"], "07:30:00", None, False),
        (["Encrypt"], "07:30:00", None, True),
        (["Encrypt"], "08:00:01", None, False),
        (["Encrypt"], "06:00:00", "07:30:00", False),
        (["Decrypt"], "06:00:00", "07:30:00", True),
        (["Decrypt"], "06:00:00", "07:00:00", False),
        (["Encrypt", "Decrypt"], "07:30:00", "08:00:01", True),
        (["Encrypt", "Decrypt"], "07:00:01", "08:00:00", False),
        (["Decrypt", "Encrypt"], "06:00:00", "07:30:00", True),
    ],
)
def test_a_grant_counts_for_the_actions_that_it_allows(operations, begin, end, existed):
    grant = created(begin, grantee=ROLE, operations=operations)
    ends = [ended("RevokeGrant", end)] if end else []
    second = of_role("08:00:00", "Encrypt", eventID="second")
    finding = support(grant, *ends, of_role(), second)
    assert [trace.existed for trace in finding.history.grants] == [existed]
    assert len(finding.cause.contradicted_by) == existed


def test_it_is_not_known_whether_a_grant_existed_at_a_time_without_a_zone():
    finding = support(created("08:00:00", grantee=ROLE), of_role(eventTime="2026-05-18T07:00:00"))
    assert [trace.existed for trace in finding.history.grants] == [None]


def test_it_is_not_known_whether_a_grant_existed_when_a_message_was_written(tmp_path):
    user = f"arn:aws:iam::{ACCOUNT}:user/alice"
    message = NO_STATEMENT.replace("User: x", f"User: {user}")
    grants = listed(tmp_path, entry(user))
    (finding,) = ebs_kms_audit.audit(grants, messages=message).findings
    assert [trace.existed for trace in finding.history.grants] == [None]
    assert len(finding.cause.contradicted_by) == 1


def test_a_grant_without_a_date_may_have_existed_until_its_end(tmp_path):
    undated = listed(tmp_path, entry(ROLE, CreationDate=None))
    (trace,) = support(of_role(), files=[undated]).history.grants
    assert trace.existed is None
    (trace,) = support(of_role(), ended("RevokeGrant", "06:30:00"), files=[undated]).history.grants
    assert trace.existed is False


@pytest.mark.parametrize("operations", [["Decrypt"], []], ids=["listed", "unknown"])
def test_a_grant_of_unknown_operations_may_allow_every_action(operations):
    grant = created("06:00:00", grantee=ROLE, operations=operations)
    finding = support(grant, of_role(), of_role("08:00:00", "Encrypt", eventID="second"))
    assert [trace.existed for trace in finding.history.grants] == [True]
