"""Denials of one kind share a decision and a cause; those that differ have their own.

The rule: the decision of a denial in a large log is the one that the denial has alone. Sources: IAM
User Guide, "Policy evaluation logic"; AWS KMS Developer Guide, "AWS KMS condition keys".
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ebs_kms_audit.diagnosis.judge import kind_of_call
from ebs_kms_audit.model import Evidence, PrincipalKind
from tests.diagnosis.made import PLAIN
from tests.incidents import (
    ACCOUNT,
    ADMINS,
    CLIENT,
    DELEGATES,
    OTHER_KEY,
    ROLE,
    USE,
    USER,
    bound,
    denied,
    pair,
    session,
    statement,
)
from tests.records import audit

ALIAS = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/app"


# --- what a decision depends on

# A denial that differs from PLAIN in one respect that a policy can tell.
OTHERS = [
    replace(PLAIN, iam_actions=("kms:Encrypt",)),
    replace(PLAIN, event=replace(PLAIN.event, name="Encrypt")),
    replace(PLAIN, event=replace(PLAIN.event, account="444455556666")),
    replace(PLAIN, event=replace(PLAIN.event, region="eu-west-1")),
    replace(PLAIN, via_service="autoscaling.amazonaws.com"),
    replace(PLAIN, via_service=None, via_known=True),
    replace(PLAIN, via_service=None, via_known=False),
    replace(PLAIN, key=replace(PLAIN.key, arn=OTHER_KEY)),
    replace(PLAIN, principal=replace(PLAIN.principal, arn=USER)),
    replace(PLAIN, principal=replace(PLAIN.principal, kind=PrincipalKind.USER)),
    replace(PLAIN, principal=replace(PLAIN.principal, evidence=Evidence.INFERRED)),
]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("by_session", [True, False])
def test_denials_that_a_policy_can_tell_apart(other, by_session):
    kinds = {kind_of_call(one, by_session=by_session) for one in (PLAIN, *OTHERS)}
    assert len(kinds) == 1 + len(OTHERS)
    assert kind_of_call(other, by_session=by_session) in kinds


def test_the_session_counts_if_the_policy_names_sessions_or_the_role_is_unknown():
    other = replace(PLAIN, principal=replace(PLAIN.principal, user_name="run-2"))
    assert kind_of_call(PLAIN) != kind_of_call(other)
    assert kind_of_call(PLAIN, by_session=False) == kind_of_call(other, by_session=False)
    unknown = [replace(one, principal=replace(one.principal, arn=None)) for one in (PLAIN, other)]
    assert len({kind_of_call(one, by_session=False) for one in unknown}) == 2


def test_denials_of_one_kind_differ_in_what_no_policy_sees():
    event = replace(
        PLAIN.event, event_id="other", line=9, source_ip=CLIENT, user_agent="x", request_id="y"
    )
    assert kind_of_call(PLAIN) == kind_of_call(replace(PLAIN, event=event))


RUN_2 = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run-2"


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (statement(RUN_2, USE, "one session"), "missing_allow"),
        (statement(ROLE, USE, "x", Condition={"StringLike": {"aws:userId": "*:run-2"}}),
         "condition_unmet"),
    ],
)  # fmt: skip
def test_two_sessions_of_a_role_are_judged_each_by_itself(made, verdict):
    records = [
        denied("Decrypt", None, eventID=name, userIdentity=session(ROLE, name))
        for name in ("run-1", "run-2")
    ]
    (finding,) = audit(*records, **bound(ADMINS, made)).findings
    assert [one.verdict for one in finding.denials] == [verdict, "allowed_now"]


# --- causes: each denial of a finding has the cause that it has alone

VARIANTS = [
    denied("Decrypt", None, eventID="no message"),
    denied("Decrypt", "resource", eventID="resource"),
    denied("Decrypt", "identity", eventID="identity"),
    denied("Decrypt", "deny resource", eventID="deny resource"),
    denied("Decrypt", "deny identity", eventID="deny identity"),
    denied("Decrypt", "scp", eventID="scp"),
    denied("Decrypt", "not found", eventID="not found"),
    denied("Decrypt", "", eventID="no reason"),
    denied("Decrypt", "deny", eventID="deny"),
    denied("DescribeKey", "resource", eventID="describe"),
    denied("DescribeKey", "resource", eventID="probe", sourceIPAddress="config.amazonaws.com"),
    denied("CreateGrant", "resource", eventID="grant"),
    denied("CreateGrant", "resource", eventID="by hand", sourceIPAddress=CLIENT),
    denied("Decrypt", None, eventID="endpoint", errorCode="VpceAccessDenied",
           eventCategory="NetworkActivity", eventType="AwsVpceEvent"),
    denied("RetireGrant", None, eventID="retire"),
]  # fmt: skip
POLICIES = {
    "no policy": {},
    "nobody": bound(ADMINS),
    "account": bound(DELEGATES),
    "caller": bound(DELEGATES, *pair(ROLE)),
    "deny": bound(DELEGATES, statement("*", "kms:Decrypt", "fence", Effect="Deny")),
}


def causes(report) -> dict[str, str]:
    """Return the cause of each event."""
    found = {}
    for finding in report.findings:
        others = {event for other in finding.cause.others for event in other.denials}
        names = {one.event.event_id for one in finding.denials}
        found |= dict.fromkeys(names - others, str(finding.cause.id))
        for other in finding.cause.others:
            found |= dict.fromkeys(other.denials, str(other.id))
    return found


@pytest.mark.parametrize("given", POLICIES)
def test_a_denial_among_others_has_the_cause_that_it_has_alone(given):
    alone = {}
    for one in VARIANTS:
        alone |= causes(audit(one, **POLICIES[given]))
    assert len(alone) == len(VARIANTS)
    assert causes(audit(*VARIANTS, **POLICIES[given])) == alone
    assert causes(audit(*reversed(VARIANTS), **POLICIES[given])) == alone
