"""Facts about callers from other events, and the principal that follows from them.

Sources: IAM User Guide, "IAM identifiers" (AKIA keys belong to IAM users and the root user);
CloudTrail User Guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.identify.principal import EvidenceIndex, principal_of
from ebs_kms_audit.model import AlikeEvents, Identity
from tests.identify.events import ACCOUNT, EC2, OTHER, event, resources
from tests.sample_incident import access_key

LONG_TERM, TEMPORARY = "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"
CLIENT = "198.51.100.7"
RECORD = Identity(type="IAMUser")


def index(*events):
    found = EvidenceIndex()
    for one in events:
        found.add(one)
    return found


def holder(**fields):
    return event(**{"access_key": LONG_TERM, "event_id": "event-1"} | fields)


@pytest.mark.parametrize(
    ("events", "proof"),
    [
        ([holder()], "event-1"),
        ([holder(access_key=TEMPORARY)], None),
        ([holder(user_name="bob")], None),
        ([holder(user_name=None)], None),
        ([holder(account=OTHER)], None),
        ([holder(account=None)], None),
        ([holder(account=OTHER), holder(event_id="event-2")], "event-2"),
        # Rows before records, then the first by file and line, in any order.
        ([holder(), holder(event_id="event-2", line=3)], "event-1"),
        ([holder(), holder(event_id="event-2", line=1)], "event-2"),
        ([holder(), holder(event_id="event-2", file="b.csv", line=1)], "event-1"),
        ([holder(file="b.csv", line=1), holder(event_id="event-2")], "event-2"),
        ([holder(), holder(event_id="event-2", line=1, identity=RECORD)], "event-1"),
        ([holder(identity=RECORD, line=1), holder(event_id="event-2", line=9)], "event-2"),
    ],
)
def test_the_event_that_shows_a_long_term_access_key(events, proof):
    for ordered in (events, events[::-1]):
        in_columns = EvidenceIndex()
        for one in ordered:
            in_columns.add_alike(AlikeEvents.of(one))
        for evidence in (index(*ordered), in_columns):
            found = evidence.long_term_key_row("alice", ACCOUNT)
            assert (found and found.event_id) == proof


def test_of_two_events_at_one_place_the_first_counts():
    found = index(holder(), holder(event_id="event-2")).long_term_key_row("alice", ACCOUNT)
    assert found.event_id == "event-1"


def test_a_long_term_key_of_a_damaged_account_counts_for_the_repaired_one():
    key = access_key("AKIA", ACCOUNT, "x")
    damaged = holder(account=None, account_cell="1.11122E+11", access_key=key)
    other = holder(account=None, account_cell="4.44456E+11", event_id="event-2", line=1,
                   access_key=access_key("AKIA", OTHER, "x"))  # fmt: skip
    found = index(damaged, other)
    assert found.long_term_key_row("alice", ACCOUNT).event_id == "event-1"
    assert found.long_term_key_row("alice", OTHER).event_id == "event-2"


def test_the_accounts_of_a_file_are_repaired_by_its_other_events():
    found = index(event(access_key=access_key("ASIA", ACCOUNT, "x")))
    damaged = event(account=None, account_cell="1.11122E+11")
    assert found.accounts.account(damaged) == ACCOUNT


def test_only_roles_of_the_given_access_keys_are_kept_from_then_on():
    role = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"

    def assume(key):
        return event(name="AssumeRole", error_code=None, resources=resources(
            ("AWS::IAM::AccessKey", key), ("AWS::IAM::Role", role)))  # fmt: skip

    found = index(assume("ASIA1"))
    assert found.assumed_roles.of_key("ASIA1").role_arn == role
    assert found.overflowed is False
    found.keep_roles_of({"ASIA2"})
    for key in ("ASIA1", "ASIA2"):
        found.add(assume(key))
    assert found.assumed_roles.of_key("ASIA1") is None
    assert found.assumed_roles.of_key("ASIA2").role_arn == role


INSTANCE = "i-0123456789abcdef0"


# The event and what the index holds; the kind, the session name, the evidence and its event.
@pytest.mark.parametrize(
    ("one", "others", "kind", "session", "proof"),
    [
        (event(access_key=LONG_TERM), [], "user", None, "event-0"),
        (event(access_key=TEMPORARY), [holder()], "user", None, "event-1"),
        (event(access_key=TEMPORARY, event_id=None), [], "user_or_role_session", None, None),
        # A session named after an instance is not a user, whatever other rows show.
        (event(user_name=INSTANCE, access_key=TEMPORARY), [holder(user_name=INSTANCE)],
         "instance_role", INSTANCE, "event-0"),
        # EC2's own role decrypts from inside AWS, with no long-term access key.
        (event(user_name=INSTANCE, name="Decrypt", source_ip="AWS Internal"), [],
         "infrastructure", INSTANCE, "event-0"),
        (event(user_name=INSTANCE, name="CreateGrant", source_ip="AWS Internal"), [],
         "instance_role", INSTANCE, "event-0"),
        (event(user_name=INSTANCE, name="Decrypt", source_ip=EC2), [],
         "instance_role", INSTANCE, "event-0"),
        (event(user_name="alice", name="Decrypt", source_ip="AWS Internal"), [],
         "user_or_role_session", None, "event-0"),
        (event(user_name=INSTANCE, name="Decrypt", source_ip="AWS Internal",
               access_key=LONG_TERM), [], "user", None, "event-0"),
        # Auto Scaling: a service calls, or no access key shows.
        (event(user_name="AutoScaling", access_key=TEMPORARY), [], "service_linked_role",
         "AutoScaling", "event-0"),
        (event(user_name="AutoScaling", access_key=None, source_ip=CLIENT), [],
         "service_linked_role", "AutoScaling", "event-0"),
        (event(user_name="AutoScaling", access_key=TEMPORARY, source_ip=CLIENT), [],
         "user_or_role_session", None, "event-0"),
        (event(user_name="AutoScaling", access_key=TEMPORARY, source_ip=None), [],
         "service_linked_role", "AutoScaling", "event-0"),
    ],
)  # fmt: skip
def test_the_kind_of_caller(one, others, kind, session, proof):
    found = principal_of(one, one.account, index(*others), None, {})
    assert (found.kind, found.session_name) == (kind, session)
    assert found.event_ids == ((proof,) if proof else ())


@pytest.mark.parametrize(
    ("account", "region", "arn"),
    [
        (ACCOUNT, "us-east-1", f"arn:aws:iam::{ACCOUNT}:root"),
        (ACCOUNT, "cn-north-1", f"arn:aws-cn:iam::{ACCOUNT}:root"),
        (ACCOUNT, None, None),
        (None, "us-east-1", None),
    ],
)
def test_an_arn_needs_the_account_and_the_partition(account, region, arn):
    root = event(user_name="root", account=account, region=region)
    assert principal_of(root, account, index(), None, {}).arn == arn
    linked = event(user_name="AutoScaling", account=account, region=region)
    path = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    expected = arn and arn.replace("root", path)
    assert principal_of(linked, account, index(), None, {}).arn == expected
    user = event(access_key=LONG_TERM, account=account, region=region)
    assert principal_of(user, account, index(), None, {}).arn == (
        arn and arn.replace("root", "user/alice")
    )
