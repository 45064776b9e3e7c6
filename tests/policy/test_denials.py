"""Denials, as `identify` makes them, judged against a key policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ebs_kms_audit.aws.kms_actions import kms_action
from ebs_kms_audit.identify import EvidenceIndex, Overrides, resolve
from ebs_kms_audit.model import (
    Denial,
    Event,
    Evidence,
    KeyRef,
    Principal,
    PrincipalKind,
    StatementKind,
    Verdict,
)
from ebs_kms_audit.policy import evaluate, requests_of
from ebs_kms_audit.policy.caller import Caller, CallerKind
from ebs_kms_audit.policy.request import caller_of

from .cases import (
    ACCOUNT,
    FOR_AWS,
    GRANT,
    KEY,
    LINKED,
    PATH_ROLE,
    ROLE,
    ROOT,
    SESSION,
    USE,
    USER,
    allow,
    deny,
    policy,
)

_PAIR = (allow("Use", ROLE, USE), allow("Grants", ROLE, GRANT, Condition=FOR_AWS))
_EC2 = "ec2-frontend-api.amazonaws.com"


def denial(
    event_name: str,
    arn: str | None = ROLE,
    *,
    source_ip: str | None = _EC2,
    kind: PrincipalKind = PrincipalKind.ROLE,
    user_name: str | None = "monday",
    session: bool = True,
    evidence: Evidence = Evidence.GIVEN,
    account: str | None = ACCOUNT,
    key: str | None = KEY,
) -> Denial:
    event = Event(
        file="x.csv",
        line=2,
        time=datetime(2026, 3, 4, tzinfo=UTC),
        name=event_name,
        source="kms.amazonaws.com",
        region="us-east-1",
        source_ip=source_ip,
        error_code="AccessDenied",
        user_name=user_name,
        account=account,
    )
    principal = Principal(
        arn=arn,
        kind=kind,
        user_name=user_name,
        session_name=user_name if session else None,
        evidence=evidence,
        why="made for the test",
    )
    known = resolve(event, (), (), EvidenceIndex(), Overrides.of())
    reference = KeyRef(arn=key, id=None, alias=None, evidence=Evidence.GIVEN, why="given")
    return replace(known, event=event, principal=principal, key=reference)


def test_a_grant_that_ec2_makes_is_for_an_aws_resource() -> None:
    for name in ("CreateGrant", "ListGrants", "RevokeGrant"):
        decision = evaluate(denial(name), policy(*_PAIR))
        assert decision.verdict is Verdict.ALLOWED_NOW
        assert [result.sid for result in decision.decided_by] == ["Grants"]


def test_a_direct_call_is_not() -> None:
    decision = evaluate(denial("CreateGrant", source_ip="203.0.113.7"), policy(*_PAIR))
    assert decision.verdict is Verdict.CONDITION_UNMET


def test_through_which_door_is_not_known() -> None:
    decision = evaluate(denial("CreateGrant", source_ip=None), policy(*_PAIR))
    assert decision.verdict is Verdict.UNDECIDED
    assert decision.depends_on == ("kms:GrantIsForAWSResource",)


def test_a_direct_call_goes_through_no_service() -> None:
    through_ec2 = {"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}
    document = policy(allow("A", ROLE, USE, Condition=through_ec2))
    assert evaluate(denial("Decrypt"), document).verdict is Verdict.ALLOWED_NOW
    direct = denial("Decrypt", source_ip="203.0.113.7")
    assert evaluate(direct, document).verdict is Verdict.CONDITION_UNMET


def test_a_usage_action_never_carries_the_grant_key() -> None:
    document = policy(allow("A", ROLE, [*USE, *GRANT], Condition=FOR_AWS))
    assert evaluate(denial("Decrypt"), document).verdict is Verdict.CONDITION_UNMET


@pytest.mark.parametrize(
    ("statements", "verdict", "action"),
    [
        ([allow("A", ROLE, "kms:ReEncrypt*")], Verdict.ALLOWED_NOW, None),
        ([allow("A", ROLE, "kms:ReEncrypt")], Verdict.MISSING_ALLOW, None),
        ([allow("A", ROLE, "kms:ReEncryptFrom")], Verdict.MISSING_ALLOW, "kms:ReEncryptTo"),
        ([allow("A", ROLE, "kms:ReEncryptTo")], Verdict.MISSING_ALLOW, "kms:ReEncryptFrom"),
        (
            [allow("A", ROLE, "kms:ReEncrypt*"), deny("D", ROLE, "kms:ReEncryptTo")],
            Verdict.EXPLICIT_DENY,
            "kms:ReEncryptTo",
        ),
    ],
)
def test_of_two_actions_the_worse_decides(
    statements: list[Any], verdict: Verdict, action: str | None
) -> None:
    decision = evaluate(denial("ReEncrypt"), policy(*statements))
    assert decision.verdict is verdict
    assert action in (None, decision.request.action)


def test_each_action_can_be_judged_for_itself() -> None:
    first, second = requests_of(denial("ReEncrypt"))
    document = policy(allow("A", ROLE, "kms:ReEncryptFrom"))
    assert evaluate(first, document).verdict is Verdict.ALLOWED_NOW
    assert evaluate(second, document).verdict is Verdict.MISSING_ALLOW


def test_a_session_name_known_beside_the_role() -> None:
    document = policy(allow("A", SESSION, USE))
    assert evaluate(denial("Decrypt", PATH_ROLE), document).verdict is Verdict.ALLOWED_NOW
    other = denial("Decrypt", PATH_ROLE, user_name="friday")
    assert evaluate(other, document).verdict is Verdict.MISSING_ALLOW


def test_an_inferred_user_may_have_a_path() -> None:
    document = policy(allow("A", USER.replace("user/", "user/team/"), USE))
    user: dict[str, Any] = {"kind": PrincipalKind.USER, "user_name": "ana", "session": False}
    inferred = denial("Decrypt", USER, evidence=Evidence.INFERRED, **user)
    assert evaluate(inferred, document).verdict is Verdict.ALLOWED_NOW
    assert evaluate(denial("Decrypt", USER, **user), document).verdict is Verdict.MISSING_ALLOW


def test_a_principal_that_is_not_known() -> None:
    unknown = denial("Decrypt", None, kind=PrincipalKind.USER_OR_ROLE_SESSION)
    assert evaluate(unknown, policy(*_PAIR)).verdict is Verdict.UNDECIDED
    assert evaluate(unknown, policy(_PAIR[1])).verdict is Verdict.MISSING_ALLOW
    assert evaluate(unknown, policy(allow("R", ROOT))).verdict is Verdict.DELEGATED_TO_IAM


def test_the_role_of_an_instance_is_no_user() -> None:
    instance = denial(
        "Decrypt", None, kind=PrincipalKind.INSTANCE_ROLE, user_name="i-0123456789abcdef0"
    )
    assert evaluate(instance, policy(allow("A", USER, USE))).verdict is Verdict.MISSING_ALLOW
    assert evaluate(instance, policy(allow("A", ROLE, USE))).verdict is Verdict.UNDECIDED
    named = policy(allow("A", SESSION, USE))
    assert evaluate(instance, named).verdict is Verdict.MISSING_ALLOW


def test_a_row_that_names_nobody_may_be_of_another_account() -> None:
    nameless = denial(
        "Decrypt", None, kind=PrincipalKind.UNKNOWN, user_name=None, source_ip="203.0.113.7"
    )
    assert evaluate(nameless, policy(allow("R", ROOT))).verdict is Verdict.UNDECIDED


def test_a_service_on_its_own_behalf() -> None:
    service = denial("Decrypt", None, kind=PrincipalKind.SERVICE, user_name=None)
    assert evaluate(service, policy(allow("R", ROOT))).verdict is Verdict.MISSING_ALLOW
    named = policy(allow("A", {"Service": "ec2.amazonaws.com"}))
    assert evaluate(service, named).verdict is Verdict.UNDECIDED


def test_the_infrastructure_role_is_hit_by_a_deny_and_never_named() -> None:
    infrastructure = denial(
        "Decrypt",
        None,
        kind=PrincipalKind.INFRASTRUCTURE,
        user_name="i-0123456789abcdef0",
        source_ip="AWS Internal",
    )
    assert evaluate(infrastructure, policy(*_PAIR)).verdict is Verdict.MISSING_ALLOW
    denied = policy(allow("R", ROOT), deny("D", "*"))
    assert evaluate(infrastructure, denied).verdict is Verdict.EXPLICIT_DENY


def test_auto_scaling_needs_the_key_policy() -> None:
    linked = denial(
        "CreateGrant",
        LINKED,
        kind=PrincipalKind.SERVICE_LINKED_ROLE,
        user_name="AutoScaling",
        source_ip="autoscaling.amazonaws.com",
    )
    assert evaluate(linked, policy(allow("R", ROOT))).verdict is Verdict.DELEGATED_TO_IAM
    pair = policy(allow("G", LINKED, GRANT, Condition=FOR_AWS))
    assert evaluate(linked, pair).verdict is Verdict.ALLOWED_NOW


def test_an_event_that_is_no_call_is_undecided_or_less() -> None:
    assert kms_action("DeleteKey").iam_actions == ()
    assert evaluate(denial("DeleteKey"), policy(allow("A", "*"))).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("name", ["DeleteKey", "No Call", "1Call", "", "Décrypt"])
def test_an_event_name_that_is_no_action_gives_no_request(name: str) -> None:
    # IAM User Guide, "IAM JSON policy elements: Action": the name of an action has letters only.
    assert requests_of(denial(name)) == ()
    assert caller_of(denial(name)) == Caller(kind=CallerKind.UNKNOWN)
    decision = evaluate(denial(name), policy(allow("A", "*")))
    assert decision.verdict is Verdict.UNDECIDED
    assert decision.request.action == ("kms:DeleteKey" if name == "DeleteKey" else "kms:Unknown")


def test_the_name_of_a_user_who_is_not_named_is_not_known() -> None:
    # IAM User Guide, "IAM policy elements: Variables and tags": a user has aws:username.
    condition = {"StringEquals": {"aws:username": "ana"}}
    user = denial("Decrypt", None, kind=PrincipalKind.USER, user_name=None)
    decision = evaluate(user, policy(allow("A", "*", Condition=condition)))
    # The account is not known either, and a caller of another account needs an IAM policy.
    assert decision.verdict is Verdict.UNDECIDED
    assert decision.depends_on == ("aws:username", "identity_policies")
    role = denial("Decrypt", None, kind=PrincipalKind.ROLE, user_name=None)
    decision = evaluate(role, policy(allow("A", "*", Condition=condition)))
    assert decision.verdict is Verdict.MISSING_ALLOW


def test_identity_only_and_an_unknown_name() -> None:
    listing = denial("ListKeys", key=None)
    assert listing.statement_kind is StatementKind.IDENTITY_ONLY
    assert evaluate(listing, policy(allow("A", "*"))).verdict is Verdict.NOT_GRANTABLE
    future = denial("FutureOperation")
    assert evaluate(future, policy(allow("A", ROLE))).verdict is Verdict.ALLOWED_NOW


def test_the_key_of_a_csv_row_is_not_known() -> None:
    decision = evaluate(denial("Decrypt", key=None), policy(allow("R", ROOT), *_PAIR))
    assert decision.verdict is Verdict.ALLOWED_NOW
    assert decision.key_account == ACCOUNT
    assert decision.key_account_inferred is True


@pytest.mark.parametrize(
    ("source_ip", "region", "required", "verdict"),
    [
        (_EC2, "us-east-1", "ec2.us-east-1.amazonaws.com", Verdict.ALLOWED_NOW),
        (_EC2, "us-east-1", "ec2.eu-west-1.amazonaws.com", Verdict.CONDITION_UNMET),
        (_EC2, "us-east-1", "ec2.<region>.amazonaws.com", Verdict.CONDITION_UNMET),
        (_EC2, "us-east-1", "rds.us-east-1.amazonaws.com", Verdict.CONDITION_UNMET),
        (_EC2, "cn-north-1", "ec2.cn-north-1.amazonaws.com", Verdict.UNDECIDED),
        (_EC2, "cn-north-1", "ec2.cn-northwest-1.amazonaws.com", Verdict.CONDITION_UNMET),
        ("AWS Internal", "us-east-1", "ec2.us-east-1.amazonaws.com", Verdict.UNDECIDED),
        ("AWS Internal", "us-east-1", "ec2.eu-west-1.amazonaws.com", Verdict.CONDITION_UNMET),
        ("198.51.100.7", "us-east-1", "ec2.us-east-1.amazonaws.com", Verdict.CONDITION_UNMET),
        (None, "us-east-1", "ec2.us-east-1.amazonaws.com", Verdict.UNDECIDED),
    ],
)
def test_the_service_and_region_of_a_forwarded_call_are_known(
    source_ip: str | None, region: str, required: str, verdict: Verdict
) -> None:
    # AWS KMS Developer Guide, "AWS KMS condition keys", kms:ViaService.
    condition = {"StringEquals": {"kms:ViaService": required}}
    called = denial("Decrypt", source_ip=source_ip)
    called = replace(called, event=replace(called.event, region=region))
    assert evaluate(called, policy(allow("A", ROLE, Condition=condition))).verdict is verdict


_VIA_EC2 = {"StringNotEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}
_INSTANCE: dict[str, Any] = {
    "kind": PrincipalKind.INFRASTRUCTURE, "user_name": "i-0123456789abcdef0",
}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        # For these no service forwards a request, so kms:ViaService is not known.
        (denial("Decrypt", None, **_INSTANCE), Verdict.UNDECIDED),
        (denial("Decrypt", None, kind=PrincipalKind.SERVICE, user_name=None), Verdict.UNDECIDED),
        (denial("Decrypt"), Verdict.ALLOWED_NOW),
        (denial("Decrypt", source_ip="rds.amazonaws.com"), Verdict.UNDECIDED),  # or another one
        (denial("Decrypt", source_ip="203.0.113.7"), Verdict.EXPLICIT_DENY),
    ],
)
def test_a_deny_of_calls_that_ec2_does_not_forward(one: Denial, verdict: Verdict) -> None:
    document = policy(allow("A", "*"), deny("D", "*", Condition=_VIA_EC2))
    assert evaluate(one, document).verdict is verdict


def test_an_unknown_operation_through_ec2_may_not_be_a_grant() -> None:
    document = policy(allow("A", ROLE, Condition=FOR_AWS))
    decision = evaluate(denial("FutureOperation"), document)
    assert decision.verdict is Verdict.UNDECIDED
    assert decision.depends_on == ("kms:GrantIsForAWSResource",)


@pytest.mark.parametrize("kind", [PrincipalKind.FEDERATED_USER, PrincipalKind.ACCOUNT])
def test_the_arn_of_another_than_the_caller_is_not_the_caller(kind: PrincipalKind) -> None:
    one = denial("Decrypt", USER, kind=kind)
    (request,) = requests_of(one)
    assert (request.principal, request.account) == (None, ACCOUNT)
    assert evaluate(one, policy(allow("A", USER, USE))).verdict is Verdict.UNDECIDED


def test_an_arn_that_no_caller_can_have_leaves_the_account() -> None:
    one = denial("Decrypt", f"arn:aws:iam::{ACCOUNT}:group/admins")
    assert evaluate(one, policy(allow("R", ROOT))).verdict is Verdict.DELEGATED_TO_IAM
    assert evaluate(one, policy(allow("A", ROLE, USE))).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("name", "account", "region", "kind", "principal"),
    [
        ("i-0123456789abcdef0", ACCOUNT, "us-east-1", PrincipalKind.INFRASTRUCTURE,
         f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0"),
        ("i-0123456789abcdef0", ACCOUNT, "cn-north-1", PrincipalKind.INFRASTRUCTURE,
         f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0"),
        ("i-0123456789abcdef0", None, "us-east-1", PrincipalKind.INFRASTRUCTURE, None),
        ("i-0123456789abcdef0", ACCOUNT, None, PrincipalKind.INFRASTRUCTURE, None),
        ("web", ACCOUNT, "us-east-1", PrincipalKind.INFRASTRUCTURE, None),
        ("i-0123456789abcdef0", ACCOUNT, "us-east-1", PrincipalKind.INSTANCE_ROLE, None),
    ],
)  # fmt: skip
def test_the_session_of_the_infrastructure_role(
    name: str, account: str | None, region: str | None, kind: PrincipalKind, principal: str | None
) -> None:
    one = denial("Decrypt", None, kind=kind, user_name=name, account=account)
    one = replace(one, event=replace(one.event, region=region))
    assert [request.principal for request in requests_of(one)] == [principal]


@pytest.mark.parametrize(
    "condition",
    [
        {"Null": {"kms:ViaService": "true"}},
        {"Null": {"aws:CalledVia": "true"}},
        {"Null": {"aws:CalledViaFirst": "true"}},
        {"Null": {"aws:CalledViaLast": "true"}},
        {"Bool": {"aws:ViaAWSService": "false"}},
    ],
)
def test_what_a_direct_call_does_not_carry(condition: dict[str, Any]) -> None:
    # IAM User Guide, "AWS global condition context keys": keys of calls that services make.
    document = policy(allow("A", ROLE, USE, Condition=condition))
    direct = denial("Decrypt", source_ip="203.0.113.7")
    assert evaluate(direct, document).verdict is Verdict.ALLOWED_NOW
    assert evaluate(denial("Decrypt"), document).verdict is not Verdict.ALLOWED_NOW
