"""The role of a session, from AssumeRole events.

Source: CloudTrail User Guide, "CloudTrail userIdentity element"; IAM User Guide, "Logging IAM and
AWS STS API calls with AWS CloudTrail" (resources of an AssumeRole event).
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.identify import assumed_roles
from ebs_kms_audit.identify.assumed_roles import AssumedRoles
from tests import rows
from tests.identify.events import ACCOUNT, OTHER, event, resources
from tests.identify.test_user_identity import handed_out

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
KEY, KEY_2, KEY_3 = "ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPL2", "ASIAIOSFODNN7EXAMPL3"
WEB = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
    "AWSServiceRoleForAutoScaling_web"
)
BATCH = WEB.replace("_web", "_batch")
ELSEWHERE = WEB.replace(ACCOUNT, OTHER)


def assume(*roles, key=KEY, session="deploy-7f3a", entry="AWS::STS::AssumedRole", **fields):
    """Return a successful AssumeRole of the roles."""
    named = [("AWS::IAM::Role", role) for role in roles]
    found = resources(("AWS::IAM::AccessKey", key), (entry, session), *named)
    return event(**{"name": "AssumeRole", "source": "sts.amazonaws.com", "error_code": None,
                    "resources": found} | fields)  # fmt: skip


OF_KEY = {
    "the role": (assume(ROLE), ROLE),
    "AssumeRoleWithSAML": (assume(ROLE, name="AssumeRoleWithSAML"), ROLE),
    "AssumeRoleWithWebIdentity": (assume(ROLE, name="AssumeRoleWithWebIdentity"), ROLE),
    "another operation": (assume(ROLE, name="GetSessionToken"), None),
    "a denied call": (assume(ROLE, error_code="AccessDenied"), None),
    "no role": (assume(), None),
    "one role, twice": (assume(ROLE, ROLE), ROLE),
    "two roles": (assume(ROLE, ROLE + "-2"), None),
    "a role and a user": (assume(ROLE, f"arn:aws:iam::{ACCOUNT}:user/ci-runner"), ROLE),
    "a role and a role of a wildcard": (assume(ROLE, f"arn:aws:iam::{ACCOUNT}:role/*"), ROLE),
    "a user only": (assume(f"arn:aws:iam::{ACCOUNT}:user/deploy"), None),
    "a longer text than an ARN": (assume(f"arn:aws:iam::{ACCOUNT}:role/{'x' * 2048}"), None),
    "another access key": (assume(ROLE, key=KEY_2), None),
    "resources that cannot be read": (assume(ROLE, resources=None), None),
}  # fmt: skip


@pytest.mark.parametrize(("one", "role"), OF_KEY.values(), ids=OF_KEY)
def test_the_role_of_an_access_key(one, role):
    known = AssumedRoles()
    known.add(one)
    found = known.of_key(KEY)
    assert (found and found.role_arn) == role
    assert known.of_key(None) is None
    if found:
        assert (found.event_id, found.place) == ("event-0", ("a.csv", 2))


@pytest.mark.parametrize("order", [1, -1])
def test_the_last_event_by_file_and_line_counts_in_any_order(order):
    known = AssumedRoles()
    events = [
        assume(ROLE, file="a.csv", line=9),
        assume(ROLE + "-2", file="b.csv", line=3),
        assume(ROLE + "-3", file="b.csv", line=4),
    ]
    for one in events[::order]:
        known.add(one)
    assert known.of_key(KEY).role_arn == ROLE + "-3"


def test_of_two_events_at_one_place_the_last_counts():
    known = AssumedRoles()
    known.add(assume(ROLE))
    known.add(assume(ROLE + "-2"))
    assert known.of_key(KEY).role_arn == ROLE + "-2"


@pytest.mark.parametrize(("keys", "kept"), [({KEY}, [KEY]), (set(), []), (None, [KEY, KEY_2])])
def test_only_the_given_access_keys_are_kept(keys, kept):
    known = AssumedRoles(keys)
    known.add(assume(ROLE))
    known.add(assume(ROLE, key=KEY_2))
    assert [key for key in (KEY, KEY_2) if known.of_key(key)] == kept
    assert known.overflowed is False


def test_above_the_limit_the_roles_of_other_keys_are_not_kept(monkeypatch):
    monkeypatch.setattr(assumed_roles, "_KEPT", 2)
    known = AssumedRoles()
    known.add(assume(ROLE))
    known.add(assume(ROLE, key=KEY_2))
    assert known.overflowed is False
    known.add(assume(ROLE + "-2", line=3))  # a known key
    assert known.overflowed is False
    known.add(assume(ROLE, key=KEY_3))
    assert known.overflowed is True
    assert (known.of_key(KEY).role_arn, known.of_key(KEY_3)) == (ROLE + "-2", None)


AUTO_SCALING = {"session": "AutoScaling", "key": None}
UNIQUE = AUTO_SCALING | {"session": "AROA2NCBAL3RPBAGXM7CZ:AutoScaling"}
ARN = AUTO_SCALING | {
    "session": f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAutoScaling_web/AutoScaling"
}

# The events, the account of the caller, and the role of the session AutoScaling.
OF_SESSION = {
    "by its name": ([assume(WEB, **AUTO_SCALING)], ACCOUNT, WEB),
    "by its unique id": ([assume(WEB, **UNIQUE)], ACCOUNT, WEB),
    "by its ARN": ([assume(WEB, **ARN)], ACCOUNT, WEB),
    "the same role twice": ([assume(WEB, **AUTO_SCALING), assume(WEB, **ARN)], ACCOUNT, WEB),
    "another session": ([assume(WEB, session="AutoScaling2", key=None)], ACCOUNT, None),
    "no session": ([assume(WEB, session=None, key=None)], ACCOUNT, None),
    "two roles": ([assume(WEB, **AUTO_SCALING), assume(BATCH, **AUTO_SCALING)], ACCOUNT, None),
    "another account": ([assume(ELSEWHERE, **AUTO_SCALING)], ACCOUNT, None),
    "a role of each account": (
        [assume(ELSEWHERE, **AUTO_SCALING), assume(WEB, **AUTO_SCALING)], ACCOUNT, WEB),
    "one role, the caller's account unknown": ([assume(WEB, **AUTO_SCALING)], None, WEB),
    "a role of each account, the caller's account unknown": (
        [assume(ELSEWHERE, **AUTO_SCALING), assume(WEB, **AUTO_SCALING)], None, None),
    "a role that is not service-linked": ([assume(ROLE, **AUTO_SCALING)], ACCOUNT, None),
    "a resource of another type": (
        [assume(WEB, entry="AWS::IAM::Role", **AUTO_SCALING)], ACCOUNT, None),
}  # fmt: skip


@pytest.mark.parametrize(("events", "account", "role"), OF_SESSION.values(), ids=OF_SESSION)
def test_the_service_linked_role_of_a_session(events, account, role):
    known = AssumedRoles()
    for one in events:
        known.add(one)
    found = known.of_service_session("AutoScaling", account)
    assert (found and found.role_arn) == role


def test_a_session_with_an_access_key_is_not_inferred_to_be_a_service_linked_role():
    # Rows of a service-linked role carry no access key; anyone can choose the name of a session.
    denied = rows.row(
        user_name="AutoScaling", aws_access_key=rows.SESSION, source_ip_address=rows.CLIENT
    )
    event = handed_out(WEB, key="ASIAIOSFODNN7OTHERXX", name="AutoScaling")
    (finding,) = rows.audit(denied, event).findings
    assert (finding.principal.arn, finding.principal.kind) == (None, "user_or_role_session")
    by_role = rows.audit(denied | {"AWS access key": ""}, event).findings[0].principal
    assert (by_role.arn, by_role.evidence) == (WEB, "derived")
