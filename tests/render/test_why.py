"""What a report says under WHY beside the cause: later successes, grants and retired grants."""

import pytest

from ebs_kms_audit.render.text import render
from tests.context.test_grants import created, denied
from tests.context.test_history import made
from tests.records import KEY_ARN, ROLE, record
from tests.records import audit as audit_records
from tests.render.text_parts import why_of
from tests.rows import audit, row

UNKNOWN = (
    "The input does not show which policy denied the calls: the key policy, an IAM policy, an SCP, "
    "an RCP, a permissions boundary, or a Deny in one of them. "
)
FINE = {"error_code": "", "event_time": "2026-05-18T09:00:00Z"}


def later(name, **cells):
    return row(user_name=name, event_id=f"later {name}", **FINE | cells)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(user_name="ann"), later("ann")],
         "CreateGrant by ann succeeded later, at 2026-05-18 09:00:00 UTC. The cause may be gone."),
        # Another action was denied after the success.
        ([row(user_name="ann"), later("ann"),
          row(user_name="ann", event_name="Decrypt", event_time="2026-05-18T10:00:00Z")],
         "CreateGrant by ann succeeded later, at 2026-05-18 09:00:00 UTC. Other calls were denied "
         "after that."),
        ([row(user_name="ann"), later("ann"), row(user_name="bob")],
         "CreateGrant by ann succeeded later, at 2026-05-18 09:00:00 UTC. The cause may be gone."),
        # The latest success is the example.
        ([row(user_name="ann"), later("ann"), row(user_name="bob"), row(user_name="carl"),
          later("bob", event_time="2026-05-18T09:30:00Z"),
          row(user_name="bob", event_name="Decrypt", event_time="2026-05-18T10:00:00Z")],
         "2 of 3 callers made a denied call with success later, for example bob: CreateGrant at "
         "2026-05-18 09:30:00 UTC. The cause may be gone for those who were not denied after that "
         "(1 caller)."),
        ([row(user_name="ann")], ""),
    ],
)  # fmt: skip
def test_a_later_success_does_not_contradict_an_unknown_cause(rows, said):
    report = audit(*rows)
    assert why_of(report) == (UNKNOWN + said).strip()
    assert [one.cause.contradicted_by for one in report.findings] == [()] * len(report.findings)


def test_a_grant_does_not_contradict_an_unknown_cause():
    grant = created("06:00:00", grantee=ROLE)
    silent = {"resources": [{"ARN": KEY_ARN}], "errorMessage": "absent"}
    report = audit_records(grant, record(**silent | {"eventName": "Decrypt"}))
    (trace,) = report.findings[0].history.grants
    said = (
        f"Grant {trace.grant.id} on the key lists the denied action for deploy-7f3a. A grant can "
        "allow what the policies do not, if its constraints let the call pass."
    )
    assert said in why_of(report)
    assert report.findings[0].cause.contradicted_by == ()
    assert "A grant on the key lists a denied action for deploy-7f3a." in report.plan[0].reasons
    assert "on the key lists the denied action for the caller" in render(report, details=True)


@pytest.mark.parametrize(
    ("change", "denial", "is_said"),
    [
        ("RetireGrant", record(), False),
        ("RetireGrant", denied(), True),  # to EC2 infrastructure, which uses the key by a grant
        ("RevokeGrant", record(), True),
        ("PutKeyPolicy", record(), True),
        ("DisableKey", record(), True),
    ],
)
def test_a_retired_grant_before_a_denial_is_not_said(change, denial, is_said):
    """AWS services retire their grants as soon as a task is complete."""
    changed = made(change, "06:50:00", resources=[{"ARN": KEY_ARN}])
    said = why_of(audit_records(denial, changed))
    assert (f"({change}, 2026-05-18 06:50:00 UTC)" in said) == is_said
