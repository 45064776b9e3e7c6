"""What a report says beside the cause: later successes, grants, what to get next, and when."""

import re
from dataclasses import replace

import pytest

from ebs_kms_audit import Step, StepKind
from ebs_kms_audit.render.text import render
from tests.context.test_grants import created, denied
from tests.context.test_history import made
from tests.records import KEY_ARN, ROLE, record, session
from tests.records import audit as audit_records
from tests.render.text_parts import why_of, words_of
from tests.rows import audit, row

UNKNOWN = (
    "The input does not show which policy denied the calls: the key policy, an IAM policy, an SCP, "
    "an RCP, a permissions boundary, or a Deny in one of them. "
)
FINE = {"error_code": "", "event_time": "2026-05-18T09:00:00Z"}


def worked(name, **cells):
    return row(user_name=name, event_id=f"later {name}", **FINE | cells)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(user_name="ann"), worked("ann")],
         "CreateGrant by ann succeeded later, at 2026-05-18 09:00:00 UTC. The cause may be gone."),
        # Another action was denied after the success.
        ([row(user_name="ann"), worked("ann"),
          row(user_name="ann", event_name="Decrypt", event_time="2026-05-18T10:00:00Z")],
         "CreateGrant by ann succeeded later, at 2026-05-18 09:00:00 UTC. Other calls were denied "
         "after that."),
        ([row(user_name="ann"), worked("ann"), row(user_name="bob")],
         "CreateGrant by ann succeeded later, at 2026-05-18 09:00:00 UTC. The cause may be gone "
         "for ann."),
        # The latest success is the example.
        ([row(user_name="ann"), worked("ann"), row(user_name="bob"), row(user_name="carl"),
          worked("bob", event_time="2026-05-18T09:30:00Z"),
          row(user_name="bob", event_name="Decrypt", event_time="2026-05-18T10:00:00Z")],
         "For 2 of 3 callers, a denied call succeeded later, for example CreateGrant by bob at "
         "2026-05-18 09:30:00 UTC. 1 of them was not denied after that: the cause may be gone for "
         "this caller."),
        ([row(user_name="ann"), worked("ann"), row(user_name="bob"),
          worked("bob", event_time="2026-05-18T09:00:01Z")],
         "For both callers, a denied call succeeded later, for example CreateGrant by bob at "
         "2026-05-18 09:00:01 UTC. None of them was denied after that: the cause may be gone for "
         "these callers."),
        ([*(row(user_name=name) for name in ("ann", "bob")),
          worked("ann"), worked("bob", event_time="2026-05-18T09:00:01Z"),
          *(row(user_name=name, event_name="Decrypt", event_time="2026-05-18T10:00:00Z")
            for name in ("ann", "bob"))],
         "For both callers, a denied call succeeded later, for example CreateGrant by bob at "
         "2026-05-18 09:00:01 UTC. All of them were denied other calls after that."),
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


def test_of_the_grants_of_several_callers_one_is_said():
    silent = {"resources": [{"ARN": KEY_ARN}], "errorMessage": "absent", "eventName": "Decrypt"}
    roles = [ROLE, f"{ROLE}-2", f"{ROLE}-3"]
    denials = [
        record(**silent, eventID=f"e{number}", userIdentity=session(role, f"run-{number}"))
        for number, role in enumerate(roles)
    ]
    grants = [
        created("06:00:00", grantee=role, eventID=role, responseElements={"grantId": name * 64})
        for role, name in zip(roles, "01", strict=False)
    ]
    said = why_of(audit_records(*grants, *denials))
    begin = "2 of 3 callers have such a grant, for example: Grant ([01]){64} on the key lists the"
    assert re.search(rf"{begin} denied action for run-\1\. A grant can allow", said)


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


PLACES = [{"recipient_account_id": account, "aws_region": region}
          for account in ("111122223333", "444455556666")
          for region in ("us-east-1", "eu-west-1")]  # fmt: skip
ONE_PLACE = "The console shows one account and one Region at a time."


@pytest.mark.parametrize(("places", "shown"), [(1, None), (2, 2), (4, 4)])
def test_event_history_shows_one_account_and_region(places, shown):
    """Source: CloudTrail User Guide, "Working with CloudTrail event history"."""
    rows = [
        row(event_time=f"2026-05-18T0{hour}:00:00Z", event_id=f"{number} {hour}", **place)
        for number, place in enumerate(PLACES[:places])
        for hour in (6, 8)
    ]
    others = [row(user_name="bob", **PLACES[0] | {"event_time": "2026-05-18T09:00:00Z"})]
    said = words_of(audit(*rows, *others), "SETTLE", "CALLER")
    assert "CloudTrail console > Event history > the same search" in said
    assert (ONE_PLACE in said) == (shown is not None)
    if shown:
        assert f"Repeat the search in each account and Region of the denied calls ({shown})" in said


@pytest.mark.parametrize(
    ("times", "last", "later"),
    [
        (["2026-05-18T06:00:00Z", "2026-05-18T07:00:00Z"], " 07:00:00", "(09:00:00)"),
        (["2026-05-17T06:00:00Z", "2026-05-18T07:00:00Z"], " 05-18 07:00:00",
         "(05-18 09:00:00)"),
        (["2025-05-18T06:00:00Z", "2026-05-18T07:00:00Z"], " 2026-05-18 07:00:00",
         "(2026-05-18 09:00:00)"),
        # The success is on another day than the denied calls.
        (["2026-05-16T06:00:00Z", "2026-05-16T07:00:00Z"], " 07:00:00", "(05-18 09:00:00)"),
        (["2026-05-17T06:00:00", "2026-05-18T07:00:00"], " 05-18 07:00:00", "(05-18 09:00:00)"),
    ],
)  # fmt: skip
def test_a_time_has_its_date_where_the_denied_calls_are_of_several_days(times, last, later):
    rows = [row(user_name="ann", event_id=time, event_time=time) for time in times]
    report = audit(*rows, worked("ann"))
    text = render(report, width=120)
    assert re.search(rf" 2 {re.escape(last)}\s", text)
    assert f"succeeded later {later}" in text
    assert later in report.to_html()
    assert f"{last.strip()}<" in report.to_html()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "Attach it: step 2 instead of step 1."),
        (2, "Attach it: step 3 instead of step 1 and step 4 instead of step 2."),
        (4, "Attach it: steps 5, 6, 7 and 8 instead of steps 1, 2, 3 and 4, in this order."),
    ],
)
def test_what_replaces_which_step_is_said(number, said):
    numbers = range(number)
    steps = [Step(id=f"p{one}", kind=StepKind.KEY_POLICY, text=f"Change {one}.") for one in numbers]
    instead = [
        Step(id=f"i{one}", kind=StepKind.IAM_POLICY, text="Attach it.", alternative_to=f"p{one}")
        for one in numbers
    ]
    report = replace(audit(row()), plan=(*steps, *instead))
    assert words_of(report, "OR", "READ") == said
    assert said in report.to_html()
    for one in numbers:
        title = f"Step {number + one + 1}, instead of step {one + 1}"
        assert f"<summary>{title}</summary>" in report.to_markdown()
        assert f"This is instead of step {one + 1}." in render(report, details=True)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["a"], "It shows whether a statement allows the call."),
        # The command is that for most denied calls.
        (["a", "b", "b"], "It shows whether a statement allows the call. Do the same for 1 other "
                          "key."),
        (["a", "b", "b", "c"], "It shows whether a statement allows the call. Do the same for 2 "
                               "other keys."),
    ],
)  # fmt: skip
def test_the_next_evidence_is_asked_for_each_key(keys, said):
    named = {one: KEY_ARN.replace("1234abcd", one * 8) for one in "abc"}
    records = [
        record(
            eventID=f"e{number}", resources=[{"ARN": named[one]}],
            errorMessage=f"User: {ROLE} is not authorized to perform: kms:CreateGrant on resource: "
            f"{named[one]} because no resource-based policy allows the kms:CreateGrant action",
        )
        for number, one in enumerate(keys)
    ]  # fmt: skip
    settle = words_of(audit_records(*records), "SETTLE", "CALLER")
    assert settle.startswith(f"Get the present policy of the denied key. {said} aws kms ")
    assert f"--key-id {named['b' if 'b' in keys else 'a']} " in settle
