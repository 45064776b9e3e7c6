"""Denials of one kind share a decision and a cause; those that differ have their own.

The rule: the decision of a denial in a large log is the one that the denial has alone. Sources: IAM
User Guide, "Policy evaluation logic"; AWS KMS Developer Guide, "AWS KMS condition keys".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ebs_kms_audit.context.history import ContextCollector
from ebs_kms_audit.diagnosis.grouping import group_denials, shared_identity, with_verdicts
from ebs_kms_audit.diagnosis.judgement import (
    Layers,
    best_key,
    kind_of_call,
    worst,
)
from ebs_kms_audit.model import Denial, Denials, Evidence, PrincipalKind, Verdict
from ebs_kms_audit.policy import KeyPolicy
from ebs_kms_audit.reading.key_policies import GivenPolicy
from tests.incidents import (
    ACCOUNT,
    ADMINS,
    CLIENT,
    DELEGATES,
    KEY_ARN,
    OTHER_KEY,
    ROLE,
    USE,
    USER,
    bound,
    denied,
    key_policy,
    pair,
    session,
    statement,
)
from tests.records import KEY_ID, audit, record
from tests.rows import SESSION, row
from tests.rows import audit as audit_rows


def denial(*asked: Any, **fields: Any) -> Denial:
    (finding,) = audit(denied(*asked, **fields)).findings
    return finding.denials[0]


PLAIN = denial("Decrypt")
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


# --- which denials make a finding


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, principal=replace(PLAIN.principal, arn=USER)),
        replace(PLAIN, key=replace(PLAIN.key, id="5678abcd-12ab-34cd-56ef-1234567890ab")),
        replace(PLAIN, event=replace(PLAIN.event, account="444455556666")),
        replace(PLAIN, event=replace(PLAIN.event, region="eu-west-1")),
    ],
)
def test_denials_of_two_findings(other):
    assert shared_identity(PLAIN) != shared_identity(other)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, ebs_traffic=False),  # the key is known
        replace(PLAIN, principal=replace(PLAIN.principal, user_name="run-2")),
        replace(PLAIN, principal=replace(PLAIN.principal, kind=PrincipalKind.USER)),
        replace(PLAIN, key=replace(PLAIN.key, arn=None, alias="alias/app")),
        replace(PLAIN, event=replace(PLAIN.event, name="Encrypt", error_code="x")),
    ],
)
def test_denials_of_one_finding(other):
    assert shared_identity(PLAIN) == shared_identity(other)


UNKNOWN_KEY = replace(PLAIN, key=replace(PLAIN.key, arn=None, id=None, alias=None))
UNNAMED = replace(PLAIN, principal=replace(PLAIN.principal, arn=None))


def test_without_a_key_ebs_traffic_is_a_finding_of_its_own():
    assert shared_identity(UNKNOWN_KEY) != shared_identity(replace(UNKNOWN_KEY, ebs_traffic=False))


def test_without_an_arn_the_kind_and_the_name_are_the_caller():
    for principal in (
        replace(UNNAMED.principal, kind=PrincipalKind.USER),
        replace(UNNAMED.principal, user_name="run-2"),
        replace(UNNAMED.principal, user_name=None),
    ):
        assert shared_identity(UNNAMED) != shared_identity(replace(UNNAMED, principal=principal))


def test_a_key_by_its_alias_alone():
    alone = replace(UNKNOWN_KEY, key=replace(UNKNOWN_KEY.key, alias="alias/app"))
    other = replace(UNKNOWN_KEY, key=replace(UNKNOWN_KEY.key, alias="alias/other"))
    assert len({shared_identity(one) for one in (UNKNOWN_KEY, alone, other)}) == 3


def at(minutes: int | None, **fields: Any) -> Denial:
    start = PLAIN.event.time
    time = None if minutes is None else start + timedelta(minutes=minutes)
    return replace(PLAIN, event=replace(PLAIN.event, time=time, **fields))


def grouped(*denials: Denial):
    return group_denials(denials, ContextCollector())


def test_denials_are_in_order_of_time_then_of_file_and_line():
    made = [
        at(None, event_id="no time"),
        at(2, event_id="late"),
        at(1, event_id="b 1", file="b", line=1),
        at(1, event_id="a 10", file="a", line=10),
        at(1, event_id="a 9", file="a", line=9),
        at(0, event_id="first"),
    ]
    (group,) = grouped(*made)
    assert [one.event.event_id for one in group.denials] == [
        "first", "a 9", "a 10", "b 1", "late", "no time",
    ]  # fmt: skip


# --- the id of a finding: the same in each run, whatever else the log holds


def ids(*denials: Denial) -> list[str]:
    return [group.id for group in grouped(*denials)]


def test_the_id_is_that_of_the_earliest_event():
    (alone,) = ids(at(0, event_id="first"))
    assert alone == "F-a7937b64b8"  # SHA-256 of "first"
    assert ids(at(1, event_id="second"), at(0, event_id="first")) == [alone]
    assert ids(at(0, event_id="other")) != [alone]


def test_without_an_event_id_the_file_name_the_time_and_the_event_name_make_the_id():
    made = at(0, event_id=None, file="folder/a.csv", line=2)
    (alone,) = ids(made)
    assert ids(replace(made, event=replace(made.event, line=7, file="elsewhere/a.csv"))) == [alone]
    for fields in ({"file": "b.csv"}, {"name": "Encrypt"}, {"time": None},
                   {"time": made.event.time + timedelta(seconds=1)}):  # fmt: skip
        assert ids(replace(made, event=replace(made.event, **fields))) != [alone]


def test_two_findings_with_the_same_event_have_different_ids():
    twin = replace(PLAIN, principal=replace(PLAIN.principal, arn=USER))
    third = replace(PLAIN, principal=replace(PLAIN.principal, arn=f"{USER}2"))
    first, second, last = ids(PLAIN, twin, third)
    assert len({first, second, last}) == 3
    assert ids(PLAIN, twin, third) == [first, second, last]
    assert ids(PLAIN) == [first]


# --- causes: each denial of a finding has the cause that it has alone

SAME_KEY = {"resources": [{"ARN": KEY_ARN}]}
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


# --- small values


def test_the_worst_verdict_is_the_first_of_the_table():
    assert worst(Verdict) is Verdict.NOT_GRANTABLE
    assert worst([Verdict.MISSING_ALLOW, Verdict.DELEGATED_TO_IAM]) is Verdict.DELEGATED_TO_IAM
    assert worst([Verdict.ALLOWED_NOW, Verdict.UNDECIDED]) is Verdict.UNDECIDED
    assert worst([]) is Verdict.NOT_JUDGED


def test_the_fullest_spelling_of_the_key():
    keys = [
        replace(PLAIN.key, arn=None, id=None, alias=None),
        replace(PLAIN.key, arn=None, id=None, alias="alias/app"),
        replace(PLAIN.key, arn=None, id=KEY_ID, alias=None),
        PLAIN.key,
    ]
    for count in range(1, 5):
        denials = [replace(PLAIN, key=key) for key in keys[:count]]
        assert best_key(denials) == keys[count - 1]
        assert best_key(denials[::-1]) == keys[count - 1]


ONE, EVERYONE = key_policy(ADMINS), key_policy(DELEGATES)


@pytest.mark.parametrize(
    ("iam_policies", "expected"),
    [
        ({}, None),
        ({None: (EVERYONE,)}, (EVERYONE,)),
        ({ROLE: (ONE,)}, (ONE,)),
        ({ROLE: (ONE,), None: (EVERYONE,)}, (ONE,)),
        ({USER: (ONE,), None: (EVERYONE,)}, (EVERYONE,)),
        ({USER: (ONE,)}, None),
        ({ROLE: ()}, ()),  # the caller is known to have none
    ],
)
def test_the_iam_policies_of_a_caller(iam_policies, expected):
    layers = Layers(
        iam_policies=iam_policies, boundary=("b",), session_policy=("s",), scps=("c",), rcps=("r",)
    )
    assert layers.of(PLAIN) == {
        "identity_policies": expected,
        "permissions_boundary": ("b",),
        "session_policy": ("s",),
        "service_control_policies": ("c",),
        "resource_control_policies": ("r",),
    }


def policy(*statements: Any, name: str = "given", key: str | None = None) -> GivenPolicy:
    return GivenPolicy(name=name, key=key, policy=KeyPolicy.from_dict(key_policy(*statements)))


def judged(*policies: GivenPolicy, denials: tuple[Denial, ...] = (PLAIN,)):
    (group,) = group_denials(denials, ContextCollector(), policies)
    return group


ELSEWHERE = KEY_ARN.replace("us-east-1", "eu-west-1")
REPLICA = "mrk-" + "0123456789abcdef" * 2


# The keys that policies are given for, the key of the denial, and which of them are judged.
@pytest.mark.parametrize(
    ("keys", "denial", "names"),
    [
        ([None], PLAIN, [None]),
        ([None, None], PLAIN, [None, None]),
        ([KEY_ARN], PLAIN, [KEY_ARN]),
        ([KEY_ID], PLAIN, [KEY_ID]),
        ([OTHER_KEY], PLAIN, []),
        ([OTHER_KEY, None], PLAIN, [None]),
        ([KEY_ARN, None], PLAIN, [KEY_ARN]),  # bound ones first
        ([KEY_ARN, KEY_ID], PLAIN, [KEY_ARN, KEY_ID]),
        ([ELSEWHERE], PLAIN, []),
        ([KEY_ARN], UNKNOWN_KEY, [KEY_ARN]),  # it may be the key
        ([ELSEWHERE], UNKNOWN_KEY, []),  # in another Region it is not
        ([KEY_ID], UNKNOWN_KEY, [KEY_ID]),
        ([KEY_ARN, OTHER_KEY], UNKNOWN_KEY, [KEY_ARN, OTHER_KEY]),
        ([ELSEWHERE], replace(UNKNOWN_KEY, event=replace(PLAIN.event, region=None)), [ELSEWHERE]),
        # a denial that names an alias may be about any key of the Region
        ([KEY_ARN], replace(PLAIN, key=replace(PLAIN.key, arn=None, id=None, alias="alias/a")),
         [KEY_ARN]),
        # a bare id is that of the ARN
        ([KEY_ARN], replace(PLAIN, key=replace(PLAIN.key, arn=None, id=KEY_ID)), [KEY_ARN]),
        ([OTHER_KEY], replace(PLAIN, key=replace(PLAIN.key, arn=None, id=KEY_ID)), []),
    ],
)  # fmt: skip
def test_which_policies_are_judged(keys, denial, names):
    policies = [policy(DELEGATES, key=key) for key in keys]
    found = judged(*policies, denials=(denial,)).judgements
    assert [one.policy.key for one in found] == names


def test_a_policy_for_an_arn_judges_the_denial_on_that_arn():
    only = statement(ROLE, USE, "use", Resource=KEY_ARN)
    unknown = judged(policy(only, key=KEY_ARN), denials=(UNKNOWN_KEY,))
    assert unknown.denials[0].verdict == "allowed_now"
    # without an ARN the Resource cannot be compared
    assert judged(policy(only), denials=(UNKNOWN_KEY,)).denials[0].verdict == "undecided"


WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.mark.parametrize(
    ("policies", "would_deny"),
    [
        ([policy(ADMINS)], [True]),
        ([policy(*pair(ROLE))], [False]),
        ([policy(ADMINS), policy(*pair(ROLE))], [True, False]),
        ([policy(statement(ROLE, USE, "x", Condition=WITH_MFA))], [None]),
    ],
)  # fmt: skip
def test_whether_a_policy_explains_the_denial(policies, would_deny):
    assert [one.would_deny for one in judged(*policies).judgements] == would_deny


def test_the_verdict_with_several_policies_is_open():
    assert with_verdicts(Denials([PLAIN]), ()) == (PLAIN,)
    one = judged(policy(ADMINS))
    assert [denial.verdict for denial in one.denials] == ["missing_allow"]
    assert one.judgements[0].verdict == "missing_allow"
    both = judged(policy(ADMINS), policy(*pair(ROLE)))
    assert [denial.verdict for denial in both.denials] == ["undecided"]


def test_near_misses_are_those_of_the_only_policy():
    near = statement(ROLE.replace("/ci/", "/"), USE, "use")
    assert [one.kind for one in judged(policy(ADMINS, near)).near_misses] == ["role_path"]
    assert judged(policy(ADMINS, near), policy(ADMINS)).near_misses == ()
    assert judged().near_misses == ()


def test_a_policy_for_another_key_is_foreign_only_if_no_denied_key_is_its_own():
    other = record(eventID="other", errorMessage="absent", resources=[{"ARN": OTHER_KEY}])
    alone = audit(other, key_policies={KEY_ARN: ONE})
    assert [one.cause.id for one in alone.findings] == ["other_key"]
    both = audit(record(), other, key_policies={KEY_ARN: ONE})
    assert {one.key.arn: one.cause.id for one in both.findings}[OTHER_KEY] == "unknown"
    # a row without a key may be about the key of the policy, in its Region
    rows = audit_rows(row(aws_access_key=SESSION), key_policies={ELSEWHERE: ONE})
    assert [one.cause.id for one in rows.findings] == ["other_key"]


def test_only_the_only_policy_is_surely_the_keys():
    assert [one.binding for one in judged(policy(ADMINS)).judgements] == ["key"]
    both = judged(policy(ADMINS), policy(DELEGATES)).judgements
    assert [one.binding for one in both] == ["if_this_key", "if_this_key"]
    # a policy for another key's ARN is a second policy
    other = judged(policy(ADMINS), policy(DELEGATES, key=OTHER_KEY)).judgements
    assert [one.binding for one in other] == ["if_this_key"]


@pytest.mark.parametrize(
    ("key", "denial", "is_bound"),
    [
        (KEY_ARN, PLAIN, True),
        (KEY_ID, PLAIN, False),
        (None, PLAIN, False),
        (KEY_ARN, UNKNOWN_KEY, False),
    ],
)
def test_whether_a_policy_is_bound_by_the_arn(key, denial, is_bound):
    (judgement,) = judged(policy(ADMINS, key=key), denials=(denial,)).judgements
    assert (judgement.bound_by_arn, judgement.from_log) == (is_bound, False)


def test_a_redacted_policy_has_no_lint():
    (judgement,) = judged(policy(statement("*", "kms:*", "open"))).judgements
    assert [one.id for one in judgement.lint] == ["open_to_everyone"]
    assert replace(judgement, can_be_shown=False).lint == ()
